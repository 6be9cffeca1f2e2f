"""Overviews and masks that GDAL puts beside an image: read if the project says so, and only as TIFFs."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from django.test import override_settings
from rasterio.enums import Resampling

from tests import reference

pytestmark = pytest.mark.django_db

SIDE = 1024
VRT = '<VRTDataset rasterXSize="512" rasterYSize="512"><VRTRasterBand dataType="Byte" band="1"/></VRTDataset>'


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    with override_settings(LARGE_IMAGE_SIDECAR_FILES=True):
        yield


@pytest.fixture
def image(image_file: Any, tmp_path: pathlib.Path) -> Any:
    """Return a grey image of the value 60."""
    path = tmp_path / 'image.tif'
    with rasterio.open(
        path, 'w', driver='GTiff', count=1, height=SIDE, width=SIDE, dtype='uint8', crs='EPSG:32633',
        transform=Affine(10, 0, 4e5, 0, -10, 5.4e6), tiled=True,
    ) as target:  # fmt: skip
        target.write(np.full((1, SIDE, SIDE), 60, np.uint8))
    return image_file(path)


def add_overviews(path: str, value: int) -> None:
    """Put overviews beside the file that show another value than it."""
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(path, 'r+') as dataset:
        dataset.build_overviews([2, 4], Resampling.nearest)
    with rasterio.open(f'{path}.ovr', 'r+') as overview:
        overview.write(np.full((1, overview.height, overview.width), value, np.uint8))
    with rasterio.open(f'{path}.ovr', 'r+', OVERVIEW_LEVEL=0) as smaller:
        smaller.write(np.full((1, smaller.height, smaller.width), value, np.uint8))


def grey(response: Any) -> int:
    assert response.status_code == 200, response.content
    return int(np.median(reference.decoded(response.content, 'RGBA')[0]))


def test_overviews_beside_the_image_are_its_smaller_levels(get: Any, image: Any) -> None:
    add_overviews(image.file.path, 200)
    asked = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}
    assert grey(get('tile', image, **asked)) == 200
    assert grey(get('tile', image, **asked | {'z': 2})) == 60
    with override_settings(LARGE_IMAGE_SIDECAR_FILES=False):
        assert grey(get('tile', image, **asked)) == 60


def test_what_is_beside_belongs_to_the_version(get: Any, image: Any) -> None:
    asked = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}
    plain = get('tile', image, **asked)
    assert grey(plain) == 60
    add_overviews(image.file.path, 200)
    with_overviews = get('tile', image, **asked, headers={'If-None-Match': plain['ETag']})
    assert grey(with_overviews) == 200
    pathlib.Path(f'{image.file.path}.ovr').unlink()
    without = get('tile', image, **asked, headers={'If-None-Match': with_overviews['ETag']})
    assert grey(without) == 60


def test_a_mask_beside_the_image_hides_pixels(get: Any, image: Any) -> None:
    valid = np.full((SIDE, SIDE), 255, np.uint8)
    valid[:, : SIDE // 2] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(image.file.path, 'r+') as dataset:
        dataset.write_mask(valid)
    assert pathlib.Path(f'{image.file.path}.msk').exists()
    alpha = reference.decoded(get('tile', image, z=0, x=0, y=0, fmt='png').content, 'RGBA')[3]
    assert alpha[100, 40] == 0
    assert alpha[100, 200] == 255


@pytest.mark.parametrize('ending', ['.ovr', '.msk', '.msk.ovr', '.OVR', '.oVr'])
def test_another_format_under_such_a_name_is_refused(get: Any, image: Any, ending: str) -> None:
    pathlib.Path(image.file.path + ending).write_text(VRT)
    response = get('tile', image, z=0, x=0, y=0, fmt='png')
    assert response.status_code == 422
    assert response.json()['code'] == 'image_refused'


def test_a_bomb_under_such_a_name_is_refused(get: Any, image: Any) -> None:
    with rasterio.open(
        f'{image.file.path}.ovr', 'w', driver='GTiff', count=1, height=20_000, width=20_000, dtype='uint8',
        tiled=True, blockxsize=16_384, blockysize=16_384, sparse_ok=True,
    ):  # fmt: skip
        pass
    assert get('tile', image, z=0, x=0, y=0, fmt='png').status_code in (409, 422)
