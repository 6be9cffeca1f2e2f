"""8-bit colour is shown as it is in the file: nothing of it is stretched unless a style says so."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp

from tests import reference

pytestmark = pytest.mark.django_db


def write(path: pathlib.Path, bands: Any, alpha: bool = False) -> pathlib.Path:
    """Write bands of (count, height, width) as a georeferenced TIFF by rasterio."""
    with rasterio.open(
        path, 'w', driver='GTiff', count=len(bands), height=bands.shape[1], width=bands.shape[2], dtype='uint8',
        crs='EPSG:3857', transform=Affine(10, 0, 0, 0, -10, 0), photometric='RGB' if len(bands) > 2 else 'MINISBLACK',
    ) as target:  # fmt: skip
        target.write(bands)
        if alpha:
            target.colorinterp = [*target.colorinterp[:-1], ColorInterp.alpha]
    return path


def low(*shape: int) -> Any:
    """Return values of a dark picture, none above 90 and none below 40."""
    return np.random.default_rng(7).integers(40, 90, shape).astype('uint8')


def cases() -> dict[str, tuple[Any, bool]]:
    """Return bands by what is special about them, and whether the last of them is alpha."""
    opaque = np.full((1, 60, 90), 255, 'uint8')
    one = np.zeros((3, 60, 90), 'uint8')
    one[1] = low(60, 90)
    return {
        'opaque alpha': (np.concatenate([low(3, 60, 90), opaque]), True),
        'all white': (np.full((3, 60, 90), 255, 'uint8'), False),
        'white and grey': (np.full((1, 60, 90), 255, 'uint8'), False),
        'one band in use': (one, False),
        'grey that is dark': (low(1, 60, 90), False),
        'grey and opaque alpha': (np.concatenate([low(1, 60, 90), opaque]), True),
        'grey of 0 and 1': (low(1, 60, 90) % 2, False),
    }


@pytest.mark.parametrize('name', cases())
def test_rasterio_bytes_are_not_stretched(
    get: Any, image_file: Any, tmp_path: pathlib.Path, name: str
) -> None:
    bands, alpha = cases()[name]
    image = image_file(write(tmp_path / 'bytes.tif', bands, alpha))
    response = get('thumbnail', image, fmt='png', query={'max_width': 90, 'max_height': 90})
    assert response.status_code == 200, response.content
    colours = bands[:-1] if alpha else bands
    assert np.abs(reference.decoded(response.content, 'RGB').astype(int) - colours).max() <= 1


def test_a_style_spreads_its_colours_over_a_mask(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    image = image_file(write(tmp_path / 'mask.tif', low(1, 60, 90) % 2))
    query = {'max_width': 90, 'max_height': 90, 'band': 1, 'palette': 'gray'}
    shown = reference.decoded(get('thumbnail', image, fmt='png', query=query).content, 'L')
    assert {int(shown.min()), int(shown.max())} == {0, 255}


def test_a_style_of_a_white_picture_shows_it_white(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    image = image_file(write(tmp_path / 'white.tif', np.full((3, 60, 90), 255, 'uint8')))
    query = {'max_width': 90, 'max_height': 90, 'band': 1, 'palette': 'gray'}
    assert (reference.decoded(get('thumbnail', image, fmt='png', query=query).content, 'L') == 255).all()
