"""GDALRaster of GeoDjango, named and in memory, whose libgdal lives beside rasterio's in one process."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests import reference
from tests.images import GeoTiff, content, geo
from tests.services.answers import copies_in
from tests.services.rasters import RASTERS, answer, asked
from tests.services.skipping import missing

pytestmark = pytest.mark.django_db

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEB = {'projection': 'EPSG:3857'}
SIDE = 1024


@pytest.fixture(scope='module')
def gdal_raster() -> Any:
    """Return GeoDjango's class."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        from django.contrib.gis.gdal import GDALRaster
        from django.contrib.gis.gdal.libgdal import gdal_version

        gdal_version()
    except (ImproperlyConfigured, OSError):
        missing('GeoDjango finds no libgdal')
    return GDALRaster


@pytest.fixture
def rasters() -> Iterator[dict[str, Any]]:
    """Return what the viewset serves, by key."""
    yield RASTERS
    RASTERS.clear()


@pytest.fixture(scope='module')
def path(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a georeferenced colour COG of 1024 × 1024 pixels."""
    image = GeoTiff(content.rgb(SIDE, SIDE), geo.UTM, geo.UTM_TRANSFORM, photometric='rgb', cog=True)
    return image.write(tmp_path_factory.mktemp('rasters') / 'colours.tif')


def same_answers(key: str, expected: str = 'path') -> None:
    """Assert that all answers about an image are those about another."""
    for endpoint, query, kwargs in asked(key, SIDE):
        assert answer(key, endpoint, query, **kwargs) == answer(expected, endpoint, query, **kwargs), (
            endpoint,
            kwargs,
        )


def test_a_named_raster_is_read_where_it_is(
    gdal_raster: Any, rasters: dict[str, Any], path: pathlib.Path, copies: pathlib.Path
) -> None:
    rasters['path'], rasters['named'] = str(path), gdal_raster(str(path))
    same_answers('named')
    assert copies_in(copies) == []


def test_a_raster_from_bytes_is_the_file_of_these_bytes(
    gdal_raster: Any, rasters: dict[str, Any], path: pathlib.Path, copies: pathlib.Path
) -> None:
    """GDALRaster(bytes) keeps them under /vsimem/, which rasterio's libgdal cannot see."""
    rasters['path'], rasters['bytes'] = str(path), gdal_raster(path.read_bytes())
    assert rasters['bytes'].name.startswith('/vsimem/')
    same_answers('bytes')
    (copy,) = copies_in(copies)
    assert copy.read_bytes() == path.read_bytes()


def test_a_raster_of_the_memory_driver(gdal_raster: Any, rasters: dict[str, Any], path: pathlib.Path) -> None:
    """What a RasterField returns: no name, no file, its values and its place on Earth."""
    array = content.rgb(600, 500)
    raster = gdal_raster(
        {
            'driver': 'MEM',
            'width': 600,
            'height': 500,
            'srid': 32633,
            'origin': (500_000, 5_600_000),
            'scale': (10, -10),
            'datatype': 1,
            'bands': [{'data': band.tobytes(), 'nodata_value': None} for band in array],
        }
    )
    rasters['mem'] = raster
    got = reference.decoded(answer('mem', 'region', {'left': 100, 'top': 50, 'right': 400, 'bottom': 300,
                                                     'units': 'pixels'}, fmt='png'), 'RGB')  # fmt: skip
    assert np.array_equal(got, array[:, 50:300, 100:400])
    values = json.loads(answer('mem', 'pixel', {'left': 599, 'top': 499, 'units': 'pixels'}))
    assert list(values['bands'].values()) == array[:, 499, 599].tolist()
    image = GeoTiff(array, 32633, (10, 0, 500_000, 0, -10, 5_600_000), photometric='rgb', overviews=False)
    file = image.write(path.parent / 'mem.tif')
    z, x, y = reference.tiles_covering(file, reference.native_zoom(file))[0]
    tile = reference.decoded(answer('mem', 'tile', WEB, z=z, x=x, y=y, fmt='png'), 'RGBA')
    expected, valid = reference.warped_tile(file, z, x, y)
    assert ((tile[3] > 0) == valid).mean() > 0.995
    assert reference.psnr(tile[:3], expected, valid & (tile[3] > 0)) > 50


@pytest.mark.parametrize('kind', ['float32', 'uint16', 'int16'])
def test_values_and_nodata_of_a_raster_in_memory(
    gdal_raster: Any, rasters: dict[str, Any], kind: str
) -> None:
    values = (np.arange(64 * 48).reshape(48, 64) - 500).clip(0 if kind[0] == 'u' else -500).astype(kind)
    raster = gdal_raster(
        {
            'driver': 'MEM',
            'width': 64,
            'height': 48,
            'srid': 4326,
            'origin': (10, 50),
            'scale': (0.01, -0.01),
            'datatype': {'float32': 6, 'uint16': 2, 'int16': 3}[kind],
            'bands': [{'data': values.tobytes(), 'nodata_value': 77}],
        }
    )
    rasters['mem'] = raster
    for column, row in ((0, 0), (63, 47), (13, 9)):
        pixel = json.loads(answer('mem', 'pixel', {'left': column, 'top': row, 'units': 'pixels'}))
        assert pixel['bands']['1'] == values[row, column]
    region = answer(
        'mem', 'region', {'left': 5, 'top': 5, 'right': 60, 'bottom': 40, 'units': 'pixels'}, fmt='tif'
    )
    import rasterio

    with rasterio.MemoryFile(region) as memory, memory.open() as dataset:
        assert np.array_equal(dataset.read(1), values[5:40, 5:60])
        assert (dataset.nodata, dataset.crs.to_epsg()) == (77, 4326)
        assert dataset.transform.almost_equals(rasterio.Affine(0.01, 0, 10.05, 0, -0.01, 49.95))


def test_a_changed_raster_has_new_answers(gdal_raster: Any, rasters: dict[str, Any]) -> None:
    raster = gdal_raster({'driver': 'MEM', 'width': 8, 'height': 8, 'srid': 4326, 'datatype': 1, 'origin': (1, 1),
                          'scale': (1, -1), 'bands': [{'data': bytes(64)}]})  # fmt: skip
    rasters['mem'] = raster
    place = {'left': 3, 'top': 4, 'units': 'pixels'}
    assert json.loads(answer('mem', 'pixel', place))['bands']['1'] == 0
    raster.bands[0].data(bytes([9] * 64))
    assert json.loads(answer('mem', 'pixel', place))['bands']['1'] == 9


@pytest.mark.slow
def test_two_libgdals_in_one_process_live_together_under_load(gdal_raster: Any, path: pathlib.Path) -> None:
    """In a process of its own: what is feared here is a crash."""
    program = 'import django; django.setup(); from tests.services.rasters import load; load({!r}, 200, 8)'
    command = [sys.executable, '-c', program.format(str(path))]
    env = {**os.environ, 'DJANGO_SETTINGS_MODULE': 'tests.settings'}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {'answers': 1600, 'differing': [], 'failures': []}
