"""GeoDjango's GDALRaster, of a file or in memory.

GeoDjango loads a libgdal of the system, and rasterio brings one of its own. They share no memory, so a raster in memory
is handed over by its bytes.
"""

from __future__ import annotations

import hashlib
import io
import sys
import uuid
from typing import TYPE_CHECKING, TypeGuard

from django_large_image.access.path import path_ref
from django_large_image.access.ref import ImageRef
from django_large_image.exceptions import ImageUnreadable

if TYPE_CHECKING:
    from django.contrib.gis.gdal.raster.source import GDALRaster


def is_raster(value: object) -> TypeGuard[GDALRaster]:
    """Return whether `value` is a GDALRaster, without loading libgdal to find out."""
    module = sys.modules.get('django.contrib.gis.gdal.raster.source')
    return module is not None and isinstance(value, module.GDALRaster)


def raster_ref(raster: GDALRaster, identity: str = '') -> ImageRef:
    """Return the `ImageRef` of a GDALRaster: of its file, or of its bytes if it has none; raises `ImageUnreadable`."""
    if raster.driver.name != 'MEM' and not raster.name.startswith('/vsimem/'):
        return path_ref(raster.name)
    content = _bytes(raster)
    digest = hashlib.sha256(content).hexdigest()
    return ImageRef(
        key=f'raster:{digest}',
        version='1',
        path=None,
        name=f'{digest[:16]}.tif',
        identity=identity,
        remote=True,
        fetch=lambda: io.BytesIO(content),
    )


def _bytes(raster: GDALRaster) -> bytes:
    """Return the bytes of a raster in memory, as a GeoTIFF or in the format that it has."""
    from django.contrib.gis.gdal.error import GDALException

    try:
        if raster.driver.name == 'MEM':
            # A raster of the MEM driver (what a RasterField returns) is no file; its copy as GeoTIFF is one.
            raster = raster.warp({'driver': 'GTiff', 'name': f'/vsimem/{uuid.uuid4().hex}.tif'})
        content = raster.vsi_buffer
    except GDALException:
        raise ImageUnreadable('The raster cannot be read.') from None
    if not content:
        raise ImageUnreadable('The raster is empty.')
    return content
