"""The reader of large-image's own geospatial sources: that of osgeo's GDAL, and those that a project opens."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from large_image.tilesource.geo import GDALBaseFileTileSource

from django_large_image.loading import is_there, load
from django_large_image.pixels import Array
from django_large_image.raster.georef.tile_matrix import TileMatrix
from django_large_image.readers.base import BoundingBox, ReadWindow
from django_large_image.readers.largeimage import LargeImageReader

Affine = tuple[float, float, float, float, float, float]


class GeoSourceReader(LargeImageReader):
    """Read a georeferenced raster through a source of large-image that is not ours."""

    source: GDALBaseFileTileSource

    def __init__(self, source: GDALBaseFileTileSource) -> None:
        super().__init__(source)
        self.writes_geotiff = self.name == 'gdal'

    @property
    def matrix(self) -> TileMatrix:
        source = self.source
        world = float(source.unitsAcrossLevel0) if source.projection else None
        return TileMatrix(
            int(source.levels), int(source.tileWidth), int(source.tileHeight),
            int(source.sourceSizeX), int(source.sourceSizeY), world,
        )  # fmt: skip

    @property
    def projection(self) -> object | None:
        return self.source.projection or None

    @property
    def is_geospatial(self) -> bool:
        return bool(self.source.geospatial or self.crs)

    @property
    def crs(self) -> object | None:
        try:
            return cast(object, self.source.getCrs()) or None
        except AttributeError:
            # In large-image 1.35.6 only the sources of GDAL and rasterio have the method.
            return None

    @property
    def affine(self) -> Affine:
        c, a, b, f, d, e = self.source._getGeoTransform()
        return a, b, c, d, e, f

    def pixel_metres(self) -> float | None:
        found = self.source.getPixelSizeInMeters()
        return float(found) if found else None

    def bounds(self, crs: object) -> BoundingBox | None:
        found = self.source.getBounds(crs)
        if not found:
            return None
        xmin, ymin, xmax, ymax = (float(found[side]) for side in ('xmin', 'ymin', 'xmax', 'ymax'))
        return BoundingBox(xmin, ymin, xmax, ymax, str(found.get('srs', '')))

    def to_pixels(self, x: float, y: float, crs: str) -> tuple[float, float]:
        column, row = self.source.toNativePixelCoordinates(x, y, crs, roundResults=False)
        return float(column), float(row)

    def transform_bounds(
        self, source: object, target: object, sides: tuple[float, float, float, float]
    ) -> tuple[float, ...]:
        name = 'rasterio.warp' if is_there('rasterio') else 'django_large_image.readers.sources.osgeosource'
        return tuple(load(name).transform_bounds(source, target, *sides, densify_pts=21))

    def _touches(self, z: int, x: int, y: int) -> bool:
        bounds = self.bounds(self.projection) if self.projection else None
        if bounds is None:
            return True
        xmin, ymin, xmax, ymax = self.matrix.corners(z, x, y)
        return xmin < bounds.xmax and xmax > bounds.xmin and ymin < bounds.ymax and ymax > bounds.ymin

    def _cleared(self, z: int, x: int, y: int, pixels: Array) -> Array:
        return pixels if self.projection else super()._cleared(z, x, y, pixels)

    def window(self, window: ReadWindow, frame: int, lossy: bool) -> Array:
        if not self.projection:
            return super().window(window, frame, lossy)
        return self._region(window, window.top, window.bottom, 'projection', window.height, frame)

    def write_geotiff(self, path: Path, window: ReadWindow, frame: int, pixels: Array | None) -> None:
        load('django_large_image.readers.geotiff_osgeo').write(path, self.source, window, pixels, frame)
