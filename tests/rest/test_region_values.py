"""Regions as GeoTIFF in a projection: the file's own values, band by band, and what says that there is none."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from rasterio.enums import MaskFlags
from rasterio.io import MemoryFile

from tests import reference
from tests.images import GeoTiff, content, geo
from tests.services.answers import body_of

pytestmark = pytest.mark.django_db
METRES = 20_037_508.342789244 / 180


@contextmanager
def region(get: Any, image: Any, **sides: Any) -> Iterator[Any]:
    """Yield a region of an image in web mercator, opened."""
    query = {'units': 'pixels', 'projection': 'EPSG:3857'} | sides
    with MemoryFile(body_of(get('region', image, fmt='tif', query=query))) as memory, memory.open() as got:
        yield got


#: Far from the middle of a zone of UTM: some degrees turned in web mercator.
TURNED = (30, 0, 900_000, 0, -30, 6_000_000)
WHOLE = {'left': 0, 'top': 0, 'right': 400, 'bottom': 300}


@pytest.mark.parametrize('dtype', ['uint8', 'int16', 'uint16', 'int32', 'float32', 'float64'])
def test_values_are_those_of_the_nearest_pixels(
    get: Any, image_file: Any, tmp_path: pathlib.Path, dtype: str
) -> None:
    array = content.rgb(400, 300)[:2].astype(dtype)
    path = GeoTiff(array, geo.UTM, geo.UTM_TRANSFORM).write(tmp_path / 'a.tif')
    with region(get, image_file(path), **WHOLE) as got:
        expected, valid = reference.warped(path, got.transform, got.width, got.height, 'nearest', 3857)
        values = got.read()
        assert got.dtypes == (dtype, dtype)
    # A place between two pixels may be the other one's.
    same = (values == expected).all(axis=0) | ~valid
    assert same.mean() > 0.99
    assert valid.mean() > 0.9


def test_nan_in_one_band_stays_in_that_band(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    array = content.rgb(400, 300)[:2].astype(np.float32)
    array[1, 100:200, 100:200] = np.nan
    path = GeoTiff(array, geo.UTM, geo.UTM_TRANSFORM).write(tmp_path / 'a.tif')
    with region(get, image_file(path), **WHOLE) as got:
        first, second = got.read()
    inside = np.s_[
        first.shape[0] // 3 + 9 : first.shape[0] * 2 // 3 - 9,
        first.shape[1] // 4 + 9 : first.shape[1] // 2 - 9,
    ]
    assert np.isnan(second[inside]).all()
    assert np.isfinite(first[inside]).all()
    assert np.isfinite(second).mean() > 0.7


def test_outside_the_image_is_nodata_or_masked(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    array = np.full((1, 300, 400), 7, np.uint8)
    for nodata in (None, 9):
        path = GeoTiff(array, geo.UTM, TURNED, nodata=nodata).write(tmp_path / f'{nodata}.tif')
        with region(get, image_file(path), **WHOLE) as got:
            values, mask = got.read(1), got.read_masks(1)
            own = any(MaskFlags.per_dataset in flags for flags in got.mask_flag_enums)
            assert got.nodata == nodata
        assert own == (nodata is None)
        assert set(np.unique(values[mask > 0]).tolist()) == {7}
        assert set(np.unique(values[mask == 0]).tolist()) == {nodata or 0}
        assert mask[150, 200] == 255
        assert 0 < (mask == 0).mean() < 0.2


def test_a_mask_of_the_file_goes_along(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    mask = np.full((300, 400), 255, np.uint8)
    mask[100:200, 100:300] = 0
    path = GeoTiff(content.rgb(400, 300), geo.UTM, geo.UTM_TRANSFORM, mask=mask).write(tmp_path / 'a.tif')
    with region(get, image_file(path), **WHOLE) as got:
        share = (got.dataset_mask() == 0).mean()
    assert share == pytest.approx(100 * 200 / (300 * 400), abs=0.05)


@pytest.mark.parametrize('left', [1, -100, -179.5, 10, 170])
def test_a_globe_that_begins_at_greenwich(
    get: Any, image_file: Any, tmp_path: pathlib.Path, left: float
) -> None:
    ramp = np.broadcast_to(np.arange(720), (1, 240, 720)).astype(np.uint16)
    path = GeoTiff(ramp, 4326, (0.5, 0, 0, 0, -0.5, 60)).write(tmp_path / 'globe.tif')
    sides = {'left': left * METRES, 'right': (left + 30) * METRES, 'top': 4e6, 'bottom': 1e6}
    with region(get, image_file(path), units='EPSG:3857', **sides) as got:
        row = got.read(1)[got.height // 2].astype(int)
    longitudes = left + (np.arange(row.size) + 0.5) / row.size * 30
    assert row.size > 50
    assert np.abs(row - longitudes % 360 * 2)[2:-2].max() <= 1


def test_strips_meet(
    get: Any, image_file: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django_large_image.readers import geotiff

    path = GeoTiff(content.rgb(400, 300), geo.UTM, TURNED).write(tmp_path / 'a.tif')
    image = image_file(path)
    with region(get, image, **WHOLE) as got:
        whole, mask = got.read(), got.dataset_mask()
    monkeypatch.setattr(geotiff, 'STRIP_ROWS', 64)
    with region(get, image, **WHOLE) as got:
        assert (got.read() == whole).mean() > 0.995
        # The first strips had nothing to leave out, and a mask all the same.
        assert (got.dataset_mask() == mask).mean() > 0.999
        assert MaskFlags.per_dataset in got.mask_flag_enums[0]
