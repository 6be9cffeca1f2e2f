"""GDAL's default, a GeoTIFF in strips without overviews: served at every zoom, or refused with what mends it."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from django.test import override_settings
from numpy.typing import NDArray
from PIL import Image

pytestmark = pytest.mark.django_db

SIDE = 6000
PIXEL = 10.0


def field(bands: int) -> NDArray[np.float32]:
    """Return bands of a smooth field of 0 to 1: (count, height, width)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    return np.stack([(x + y * (band + 1)) / (band + 2) for band in range(bands)])


def write(path: pathlib.Path, values: NDArray[Any], **options: Any) -> pathlib.Path:
    """Write bands with GDAL's own defaults."""
    with rasterio.open(
        path, 'w', driver='GTiff', count=len(values), height=values.shape[1], width=values.shape[2],
        dtype=values.dtype, crs='EPSG:32633', transform=Affine(PIXEL, 0, 4e5, 0, -PIXEL, 5.4e6), **options,
    ) as target:  # fmt: skip
        target.write(values)
    return path


def opened(response: Any) -> NDArray[np.uint8]:
    assert response.status_code == 200, response.content
    return np.asarray(Image.open(io.BytesIO(response.content)).convert('RGB'))


@pytest.mark.parametrize('kind', ['rgb', 'uint16', 'float32'])
def test_every_zoom_of_gdals_default(get: Any, image_file: Any, tmp_path: pathlib.Path, kind: str) -> None:
    """108 to 144 MB in strips: more than was ever served without tiles."""
    if kind == 'rgb':
        values = (field(3) * 255).astype(np.uint8)
    else:
        values = (field(2 if kind == 'uint16' else 1) * 4000).astype(kind)
    image = image_file(write(tmp_path / 'strips.tif', values, compress='DEFLATE'))
    said = get('metadata', image).json()
    assert (said['sizeX'], said['sizeY'], said['geospatial']) == (SIDE, SIDE, True)
    shown = values.astype(float)
    if kind != 'rgb':
        shown = shown[:1] if kind == 'float32' else shown
    for z in range(said['levels']):
        step = 2 ** (said['levels'] - 1 - z)
        x = y = SIDE // step // 256 // 2
        picture = opened(get('tile', image, z=z, x=x, y=y, fmt='png', query={'style': style(kind)})).astype(
            float
        )
        part = shown[:1, y * 256 * step : (y + 1) * 256 * step, x * 256 * step : (x + 1) * 256 * step]
        height, width = part.shape[1] // step, part.shape[2] // step
        means = part[0, : height * step, : width * step].reshape(height, step, width, step).mean(axis=(1, 3))
        expected = means if kind == 'rgb' else means * 255 / 4000
        # Averages of the file's pixels; at the edge of the image a tile has less than one of them.
        assert np.abs(picture[: height - 1, : width - 1, 0] - expected[:-1, :-1]).max() <= 1.6, z
    thumbnail = opened(
        get('thumbnail', image, fmt='png', query={'projection': 'EPSG:3857', 'style': style(kind)})
    )
    assert thumbnail.std() > 20
    pixel = get('pixel', image, query={'left': 4321, 'top': 1234}).json()
    assert pixel['bands']['1'] == pytest.approx(float(values[0, 1234, 4321]))


def style(kind: str) -> str:
    """Return a style that shows the first band as it is, or 0 to 4000 as grey."""
    if kind == 'rgb':
        return '{"bands": [{"band": 1, "palette": ["#000000", "#ffffff"], "min": 0, "max": 255}]}'
    return '{"bands": [{"band": 1, "palette": ["#000000", "#ffffff"], "min": 0, "max": 4000}]}'


def test_what_is_too_much_is_refused_before_it_is_read_and_the_rest_is_served(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    values = (field(1)[:, :1000, :1000] * 255).astype(np.uint8)
    image = image_file(write(tmp_path / 'strips.tif', values))
    with override_settings(LARGE_IMAGE_MAX_DECODED_BYTES=400_000):
        levels = get('metadata', image).json()['levels']
        refused = get('tile', image, z=0, x=0, y=0, fmt='png')
        served = get('tile', image, z=levels - 1, x=1, y=1, fmt='png')
    assert refused.status_code == 409
    assert refused.json()['code'] == 'needs_conversion'
    assert 'gdal_translate -of COG' in refused.json()['detail']
    assert served.status_code == 200


def test_one_strip_as_large_as_the_image_is_decoded_as_a_whole(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    values = (field(1)[:, :1000, :1000] * 255).astype(np.uint8)
    image = image_file(write(tmp_path / 'one.tif', values, blockysize=1000))
    with override_settings(LARGE_IMAGE_MAX_UNTILED_SIZE=200):
        refused = get('metadata', image)
    assert refused.status_code == 409
    assert 'gdal_translate -of COG' in refused.json()['detail']
