"""What is documented as the most is served, and one more is not."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest
from django.test import override_settings

from django_large_image.exceptions import ImageRefused, NeedsConversion, RegionTooLarge
from django_large_image.imaging import checks
from django_large_image.imaging.formats import Format
from django_large_image.inspection import limits
from tests.images import GeoTiff
from tests.images.geo import UTM, UTM_TRANSFORM


@pytest.mark.django_db
@pytest.mark.parametrize(
    ('endpoint', 'name', 'setting', 'most', 'path'),
    [
        ('thumbnail', 'max_width', 'MAX_THUMBNAIL_SIZE', 300, {'fmt': 'png'}),
        ('thumbnail', 'max_height', 'MAX_THUMBNAIL_SIZE', 300, {'fmt': 'png'}),
        ('histogram', 'bins', 'MAX_HISTOGRAM_BINS', 20, {}),
    ],
)
def test_the_largest_number_of_a_parameter(
    get: Any, image_file: Any, settings: Any, endpoint: str, name: str, setting: str, most: int, path: Any
) -> None:
    setattr(settings, f'LARGE_IMAGE_{setting}', most)
    image = image_file('png')
    for value, status in ((most, 200), (most + 1, 400)):
        response = get(endpoint, image, query={name: value}, **path)
        assert response.status_code == status, response.content
    assert response.json()['allowed'].endswith(f' to {most}')


@pytest.mark.django_db
def test_the_most_pixels_of_a_region(get: Any, image_file: Any, settings: Any) -> None:
    settings.LARGE_IMAGE_MAX_REGION_PIXELS = 100 * 50
    image = image_file('rgb')
    for right, status in ((100, 200), (101, 400)):
        query = {'left': 0, 'top': 0, 'right': right, 'bottom': 50, 'units': 'pixels'}
        response = get('region', image, fmt='png', query=query)
        assert response.status_code == status
    assert response.json()['code'] == 'region_too_large'


@override_settings(LARGE_IMAGE_MAX_DECODED_BYTES=1000 * 1000)
@pytest.mark.parametrize(
    ('width', 'height', 'size', 'served'),
    [
        # Of a square of 100 pixels a side with four bytes a pixel, that is 40 000 bytes.
        (100, 100, 4, True), (20_000, 2, 1, True), (20_001, 2, 1, False), (40_000, 1, 1, True), (40_001, 1, 1, False),
        # The sides are no longer, and there are more bytes.
        (100, 100, 100, True), (100, 100, 101, False), (101, 100, 4, False), (100, 101, 4, False),
    ],
)  # fmt: skip
def test_the_largest_image_without_tiles(width: int, height: int, size: int, served: bool) -> None:
    if served:
        limits.check_untiled(width, height, 100, size)
    else:
        with pytest.raises(NeedsConversion) as caught:
            limits.check_untiled(width, height, 100, size)
        assert caught.value.details['allowed'] == 100


@override_settings(
    LARGE_IMAGE_MAX_BLOCK_BYTES=1000, LARGE_IMAGE_MAX_DECODED_BYTES=5000, LARGE_IMAGE_MAX_BASE_PIXELS=2000
)
@pytest.mark.parametrize(
    ('check', 'most', 'more', 'error'),
    [
        (limits.check_bands, (4096,), (4097,), ImageRefused),
        (limits.check_block, (50, 10, 2), (50, 10, 2.01), ImageRefused),
        (limits.check_tile, (2048, 2048), (2049, 2048), ImageRefused),
        (limits.check_pyramid, (400, 500, 10), (401, 500, 10), NeedsConversion),
        (limits.check_pyramid, (50, 40, 1, 2.5), (50, 40, 1, 2.51), NeedsConversion),
        (limits.check_pyramid, (2000, 1, 1), (2001, 1, 1), NeedsConversion),
        (limits._check_frames, (10, 10, 50, 100, 1), (10, 10, 51, 100, 1), ImageRefused),
    ],
)
def test_the_most_of_a_file(check: Any, most: Any, more: Any, error: type[Exception]) -> None:
    check(*most)
    with pytest.raises(error):
        check(*more)


def test_the_most_values_of_a_region() -> None:
    source: Any = types.SimpleNamespace(dtype=np.dtype('uint16'), band_count=300)
    with override_settings(LARGE_IMAGE_MAX_DECODED_BYTES=2 * 10 * 10 * 300 * 2):
        checks.check_values(source, 10, 10)
        with pytest.raises(RegionTooLarge, match='of 300 bands'):
            checks.check_values(source, 11, 10)


@pytest.mark.django_db
def test_a_region_of_many_bands_has_a_bound_of_its_bytes(
    get: Any, image_file: Any, tmp_path: Any, settings: Any
) -> None:
    array = np.ones((200, 64, 64), np.uint8)
    options = {'blockxsize': 16, 'blockysize': 16}
    path = GeoTiff(array, UTM, UTM_TRANSFORM, overviews=False, options=options).write(tmp_path / 'a.tif')
    image = image_file(path)
    query = {'left': 0, 'top': 0, 'right': 40, 'bottom': 40, 'units': 'pixels'}
    assert get('region', image, fmt='tif', query=query).status_code == 200
    # Of more than four bands half of it.
    settings.LARGE_IMAGE_MAX_DECODED_BYTES = 2 * (200 * 40 * 40 - 1)
    response = get('region', image, fmt='tif', query=query)
    assert (response.status_code, response.json()['code']) == (400, 'region_too_large')
    assert response.json()['value'] == '40 × 40 pixels of 200 bands'
    assert response.json()['allowed'].startswith(f'at most {200 * 40 * 40 - 1} bytes of values')


@pytest.mark.parametrize(
    ('fmt', 'side'), [(Format.JPEG, 65_500), (Format.WEBP, 16_383), (Format.GIF, 65_535)]
)
def test_the_longest_side_of_a_format(fmt: Format, side: int) -> None:
    from django_large_image.imaging.formats import encode
    from tests import reference

    checks.check_size(side, 1, fmt)
    checks.check_size(1, side, fmt)
    pixels = np.full((1, side, 3), 200, np.uint8)
    # The library agrees, and takes no more.
    assert reference.decoded(encode(pixels, fmt), 'RGB').shape == (3, 1, side)
    for width, height in ((side + 1, 1), (1, side + 1)):
        with pytest.raises(RegionTooLarge, match=f'at most {side} pixels a side'):
            checks.check_size(width, height, fmt)
