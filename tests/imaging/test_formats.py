"""What the settings of the formats change: the quality of those that lose something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from django_large_image.imaging.formats import Format, by_extension, encode
from tests import reference
from tests.images import content

LOSSY = [fmt for fmt in dict.fromkeys(by_extension().values()) if fmt.lossy]


def test_the_lossy_formats_are_known() -> None:
    assert {Format.JPEG, Format.WEBP} <= set(LOSSY) <= {Format.JPEG, Format.WEBP, Format.AVIF}


@pytest.mark.parametrize('fmt', LOSSY)
def test_the_quality_is_that_of_the_setting(settings: Any, fmt: Format) -> None:
    picture = np.ascontiguousarray(content.rgb(256, 256).transpose(1, 2, 0))
    sizes, likeness = [], []
    for quality in (10, 50, 95):
        settings.LARGE_IMAGE_QUALITY = quality
        body = encode(picture, fmt)
        sizes.append(len(body))
        likeness.append(reference.psnr(reference.decoded(body, 'RGB'), picture.transpose(2, 0, 1)))
    assert sizes[0] * 1.5 < sizes[1] < sizes[2] / 1.5
    assert likeness[0] + 1 < likeness[1] < likeness[2] - 1


@pytest.mark.parametrize('fmt', [Format.PNG, Format.TIFF])
def test_nothing_is_lost_of_the_others(settings: Any, fmt: Format) -> None:
    settings.LARGE_IMAGE_QUALITY = 1
    picture = np.ascontiguousarray(content.rgb(256, 256).transpose(1, 2, 0))
    np.testing.assert_array_equal(reference.decoded(encode(picture, fmt), 'RGB'), picture.transpose(2, 0, 1))
