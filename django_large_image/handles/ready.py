"""Make the readers ready: import what they need, and set up GDAL and PROJ, once, before two threads need them.

During requests, what a reader uses is imported only here (see `loading`). PROJ is used here for the first time, too:
while one thread sets it up, rasterio 1.4.4 tells the others that there is no proj.db.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

from django_large_image.exceptions import Misconfigured
from django_large_image.loading import load, lock

logger = logging.getLogger(__name__)

#: The packages that a source of large-image imports only when it opens its first image.
NEEDS: dict[str, tuple[str, ...]] = {
    'rasterio': ('rasterio', 'affine'),
    'gdal': ('osgeo', 'pyproj'),
    'openslide': ('openslide',),
    'tifffile': ('tifffile', 'zarr'),
    'tiff': ('libtiff',),
    'ometiff': ('libtiff',),
}

#: By source: '' if it is ready, else why it cannot be used.
_made: dict[str, str] = {}


def make_ready(name: str) -> None:
    """Import a source of large-image with everything that it uses. After the first call this does nothing.

    Raises `Misconfigured` if it cannot be used, for instance because a shared library is missing.
    """
    if name not in _made:
        with lock:
            if name not in _made:
                _made[name] = _make(name)
    if _made[name]:
        raise Misconfigured(_made[name])


def _make(name: str) -> str:
    try:
        _MAKERS.get(name, lambda: _import(*NEEDS.get(name, ()), f'large_image_source_{name}'))()
    except (AppRegistryNotReady, ImproperlyConfigured):
        # Django is not set up yet. A later call may succeed.
        raise
    except Exception as error:
        # A missing shared library is an OSError, but a package can raise any error while it is imported.
        logger.error('The source %s is installed but cannot be used: %s', name, type(error).__name__)
        return f'The source {name} is installed on the server but cannot be used.'
    return ''


def _import(*names: str) -> None:
    for name in names:
        load(name)


def _rasterio() -> None:
    _import(
        'rasterio', 'rasterio.crs', 'rasterio.enums', 'rasterio.transform', 'rasterio.warp', 'rasterio.windows',
        'django_large_image.readers.plugin', 'django_large_image.readers.rasterreader',
    )  # fmt: skip
    _pil()
    with load('rasterio').Env():
        # The first transformation sets PROJ up.
        crs = load('rasterio.crs').CRS
        load('rasterio.warp').transform(crs.from_epsg(4326), crs.from_epsg(3857), [0.0], [0.0])


def _gdal() -> None:
    _import('osgeo.gdal', 'osgeo.osr', 'pyproj', 'django_large_image.readers.sources.osgeosource')
    load('pyproj').CRS.from_epsg(3857)


def _openslide() -> None:
    _import('openslide', 'large_image_source_openslide', 'django_large_image.readers.sources.slides')


def _tifffile() -> None:
    _import('tifffile', 'zarr', 'django_large_image.readers.sources.multiframe')


def _pil() -> None:
    _import('PIL.Image', 'django_large_image.readers.sources.plainpicture')
    # Pillow 12 imports its plugins when the first picture is opened.
    load('PIL.Image').init()


_MAKERS: dict[str, Callable[[], None]] = {
    'rasterio': _rasterio,
    'gdal': _gdal,
    'tifffile': _tifffile,
    'openslide': _openslide,
    'pil': _pil,
}
