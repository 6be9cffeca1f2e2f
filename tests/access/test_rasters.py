"""GeoDjango's rasters, with a stand-in for libgdal: of a file they are that file, in memory they are their bytes."""

from __future__ import annotations

import pathlib
import sys
import types
from typing import Any

import pytest

from django_large_image import access
from django_large_image.exceptions import ImageUnreadable


class GDALException(Exception):
    """As GeoDjango's."""


class GDALRaster:
    """What is used of GeoDjango's raster."""

    def __init__(self, driver: str, name: str, content: bytes | None = b'') -> None:
        self.driver = types.SimpleNamespace(name=driver)
        self.name = name
        self.content = content
        self.copied: list[dict[str, Any]] = []

    @property
    def vsi_buffer(self) -> bytes | None:
        """Return the bytes of a file in memory."""
        if self.content == b'broken':
            raise GDALException
        return self.content if self.name.startswith('/vsimem/') else None

    def warp(self, wanted: dict[str, Any]) -> GDALRaster:
        """Return a copy."""
        self.copied.append(wanted)
        return GDALRaster(wanted['driver'], wanted['name'], self.content)


@pytest.fixture(autouse=True)
def geodjango(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let GeoDjango's modules be there, without the library that they load."""
    for name, about in (
        ('', {}),
        ('.error', {'GDALException': GDALException}),
        ('.raster', {}),
        ('.raster.source', {'GDALRaster': GDALRaster}),
    ):
        module = types.ModuleType(f'django.contrib.gis.gdal{name}')
        vars(module).update(about)
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_a_raster_of_a_file_is_that_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / 'a.tif').write_bytes(b'12345')
    raster = GDALRaster('GTiff', str(tmp_path / 'a.tif'))
    assert access.image_ref(raster) == access.image_ref(tmp_path / 'a.tif')


@pytest.mark.parametrize(('driver', 'name'), [('MEM', ''), ('GTiff', '/vsimem/a.tif'), ('MEM', 'b')])
def test_a_raster_in_memory_is_its_bytes(driver: str, name: str) -> None:
    raster = GDALRaster(driver, name, b'12345')
    ref = access.raster_ref(raster, 'app.model/1/raster')
    assert ref.fetch is not None
    assert ref.fetch().read() == ref.fetch().read() == b'12345'
    assert (ref.path, ref.remote, ref.identity, ref.version) == (None, True, 'app.model/1/raster', '1')
    assert ref.key.startswith('raster:')
    assert ref.name == f'{ref.key.removeprefix("raster:")[:16]}.tif'
    assert access.image_ref(raster).key == ref.key
    assert access.image_ref(GDALRaster(driver, name, b'54321')).key != ref.key
    # One of no file is copied as a GeoTIFF, which is one.
    assert bool(raster.copied) == (driver == 'MEM')
    assert all(wanted['driver'] == 'GTiff' and wanted['name'].endswith('.tif') for wanted in raster.copied)


@pytest.mark.parametrize(
    ('content', 'message'), [(b'broken', 'cannot be read'), (b'', 'empty'), (None, 'empty')]
)
@pytest.mark.parametrize('driver', ['MEM', 'GTiff'])
def test_a_raster_without_bytes(driver: str, content: bytes | None, message: str) -> None:
    with pytest.raises(ImageUnreadable, match=message):
        access.image_ref(GDALRaster(driver, '/vsimem/a.tif', content))


def test_without_geodjango_nothing_is_a_raster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, 'django.contrib.gis.gdal.raster.source')
    with pytest.raises(ImageUnreadable, match='from a GDALRaster'):
        access.image_ref(GDALRaster('MEM', ''))
