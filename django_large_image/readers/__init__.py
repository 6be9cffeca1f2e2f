"""The readers of images: one interface, and what is behind it."""

from __future__ import annotations

from large_image.tilesource import TileSource
from large_image.tilesource.geo import GDALBaseFileTileSource

from django_large_image.loading import is_there, load
from django_large_image.readers.base import ImageReader
from django_large_image.readers.geosource import GeoSourceReader
from django_large_image.readers.largeimage import LargeImageReader

__all__ = ['ImageReader', 'reader_of']


def reader_of(source: TileSource) -> ImageReader:
    """Return the reader of a tile source of large-image; that of the engine if the source is our plug-in."""
    if source.name == 'rasterio' and is_there('rasterio'):
        plugin = load('django_large_image.readers.plugin')
        if isinstance(source, plugin.RasterTileSource):
            reader: ImageReader = source.reader
            return reader
    if isinstance(source, GDALBaseFileTileSource):
        return GeoSourceReader(source)
    return LargeImageReader(source)
