"""The reader of everything that the engine (`raster/`) draws."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import rasterio.warp
from rasterio.crs import CRS

from django_large_image.inspection.pages.directory import SubImage
from django_large_image.pixels import Array, Json
from django_large_image.raster import ranges, strips
from django_large_image.raster.blocks.decimation import everything
from django_large_image.raster.colour.rendered import RenderedImage, to_uint8
from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.georef.georeference import TargetCRS, target_crs
from django_large_image.raster.georef.projected import mean_side
from django_large_image.raster.georef.tile_matrix import TileMatrix
from django_large_image.raster.handle import RasterHandle
from django_large_image.raster.statistics import samples, valid_values
from django_large_image.raster.view import StyledView
from django_large_image.readers import described, geotiff
from django_large_image.readers.base import BoundingBox, ImageReader, Pieces, ReadWindow, Strips

if TYPE_CHECKING:
    from django_large_image.readers.geosource import GeoSourceReader

#: The palettes from black to white: large-image's picture of one band in them has one channel.
_GRAY = (['#000000', '#ffffff'], ['#000', '#fff'])


class RasterReader(ImageReader):
    """Read an image through an open handle of the engine."""

    name = 'rasterio'
    resamples = True
    writes_geotiff = True

    def __init__(
        self,
        handle: RasterHandle,
        projection: str | None = None,
        style: Json | None = None,
        resampling: str | None = None,
    ) -> None:
        """Read an image in a projection and a style.

        `projection` is EPSG:n or WKT, None for the image's own pixels. `style` None means what fits the file, and
        `resampling` is that of `StyledView`. Raises `InvalidParameter` for a projection that the image cannot be shown
        in.
        """
        self.handle, self.style = handle, style
        self._code = projection
        target = None if projection is None else _target_of(projection)
        self.view = StyledView(handle, style, target, resampling)

    def styled(self, style: Json | None, resampling: str | None) -> RasterReader:
        """Return a reader of the same handle with another style and resampling."""
        return RasterReader(self.handle, self._code, style, resampling)

    # -- what the image is

    @property
    def matrix(self) -> TileMatrix:
        return self.view.matrix

    @property
    def projection(self) -> CRS | None:
        return None if self.view.target is None else self.view.target.crs

    @property
    def is_geospatial(self) -> bool:
        return self.crs is not None

    @property
    def frame_count(self) -> int:
        return self.handle.frame_count

    @property
    def band_count(self) -> int:
        return self.handle.info().count

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return self.handle.info().dtype

    def metadata(self) -> Json:
        return described.metadata(self.handle, self.view)

    def internal_metadata(self) -> Json:
        return described.internal_metadata(self.handle)

    def bands(self, statistics: bool = False, frame: int = 0) -> dict[int, Json]:
        found = ranges.statistics(self.handle, frame) if statistics else ranges.bands(self.handle, frame)
        return {band: cast(Json, entry) for band, entry in found.items()}

    def ranges(self) -> list[Json] | None:
        return [dict(entry) for entry in ranges.automatic(self.handle)]

    # -- where it is

    @property
    def crs(self) -> CRS | None:
        return self.handle.facts.georeference.crs

    @property
    def affine(self) -> tuple[float, float, float, float, float, float]:
        a, b, c, d, e, f = self.handle.facts.georeference.affine[:6]
        return a, b, c, d, e, f

    @property
    def world_width(self) -> float | None:
        return None if self.view.target is None else self.view.target.world_width

    def pixel_metres(self) -> float | None:
        sides = self.handle.pixel_metres()
        return None if sides is None else mean_side(self.handle.facts.georeference, sides)

    def bounds(self, crs: object) -> BoundingBox | None:
        found = self.handle.bounds(CRS.from_user_input(crs))
        if found is None:
            return None
        left, bottom, right, top = found.extent
        return BoundingBox(left, bottom, right, top, found.crs)

    def to_pixels(self, x: float, y: float, crs: object) -> tuple[float, float]:
        there = target_crs(CRS.from_user_input(crs))
        position = self.handle.facts.georeference.to_pixels(np.array([float(x)]), np.array([float(y)]), there)
        column, row = (float(value[0]) for value in position)
        return column, row

    def transform_bounds(
        self, source: object, target: object, sides: tuple[float, float, float, float]
    ) -> tuple[float, ...]:
        return tuple(rasterio.warp.transform_bounds(source, target, *sides, densify_pts=21))

    # -- what may be asked of it

    def check_work(self, style: Json | None) -> None:
        # The engine's work depends on the size of each picture: `check_window` bounds it.
        return None

    def check_window(self, width: int, height: int, frame: int) -> None:
        if self.view.can_paint(frame):
            strips.check_work(self.view, width, height, frame)

    # -- pixels

    @functools.cached_property
    def _engine(self) -> GeoSourceReader:
        """Return a reader through large-image's engine, for styles that the colorizer's tables do not know."""
        from django_large_image.readers.geosource import GeoSourceReader
        from django_large_image.readers.plugin import RasterTileSource

        return GeoSourceReader(RasterTileSource(self, noCache=True))

    def stored_tile(self, z: int, x: int, y: int, frame: int, encoding: str) -> bytes | None:
        return self.view.stored_tile(z, x, y, frame, encoding)

    def tile(self, z: int, x: int, y: int, frame: int, lossy: bool) -> RenderedImage | None:
        if not self.view.can_paint(frame):
            pixels = self._engine.source.getTile(x, y, z, numpyAllowed='always', frame=frame)
            return RenderedImage(to_uint8(pixels)) if pixels.any() else None
        return self.view.paint(self.view.tile_geobox(z, x, y), frame, lossy)

    def whole(self, max_width: int, max_height: int) -> ReadWindow:
        matrix = self.matrix
        if matrix.world is None:
            left, top, right, bottom = 0.0, 0.0, float(matrix.width), float(matrix.height)
            width, height = right, bottom
        else:
            bounds = self.bounds(self.projection)
            assert bounds is not None
            limit = matrix.world / 2
            left, right = bounds.xmin, bounds.xmax
            top, bottom = min(bounds.ymax, limit), max(bounds.ymin, -limit)
            width, height = (right - left) / matrix.resolution, (top - bottom) / matrix.resolution
        scale = min(1.0, max_width / width, max_height / height)
        columns, rows = max(1, int(width * scale + 1e-6)), max(1, int(height * scale + 1e-6))
        return ReadWindow(left, top, right, bottom, columns, rows)

    def _geobox(self, window: ReadWindow) -> GeoBox:
        return self.view.geobox(
            window.left, window.top, window.right, window.bottom, window.width, window.height
        )

    def thumbnail(self, max_width: int, max_height: int, frame: int, lossy: bool) -> Array:
        if not self.view.can_paint(frame):
            return self._engine.thumbnail(max_width, max_height, frame, lossy)
        return self.window(self.whole(max_width, max_height), frame, lossy)

    def window(self, window: ReadWindow, frame: int, lossy: bool) -> Array:
        if not self.view.can_paint(frame):
            return self._engine.window(window, frame, lossy)
        return strips.whole(self.view, self._geobox(window), frame, lossy)

    def strips(self, window: ReadWindow, frame: int) -> Strips | None:
        if not self.view.can_paint(frame):
            return None
        geobox = self._geobox(window)
        channels = strips.channels_of(self.view, geobox, frame)
        return Strips(channels, strips.strips(self.view, geobox, frame, channels))

    def pixel(self, column: int, row: int, frame: int) -> Json:
        if self._code is not None or not self.view.can_paint(frame):
            return self._engine.pixel(column, row, frame)
        if self.handle.facts.stack is not None and not self.style and self.dtype != np.uint8:
            # As in large-image's source of stacks, which has no automatic range: the values are what is shown.
            values = self.view.values(column, row, frame)
            return {'value': values, 'bands': dict(enumerate(values, 1))}
        picture = self.view.paint(self.view.geobox(column, row, column + 1, row + 1, 1, 1), frame)
        values = self.view.values(column, row, frame)
        style = self.view.colours(frame).style
        colour = [0, 0, 0, 0] if picture is None else picture.array()[0, 0].tolist()
        if len(colour) == 3 and style:
            colour.append(255)
        if len(values) == 1 and _is_gray(style) and colour[3:] == [255]:
            return {'value': colour[:1], 'l': colour[0], 'bands': {1: values[0]}}
        named = dict(zip('rgba', colour, strict=False))
        return {'value': colour, **named, 'bands': dict(enumerate(values, 1))}

    def values(self, exact: bool, frame: int) -> Iterator[Pieces]:
        blocks = self.handle.blocks(frame)
        info, bands = blocks.info, tuple(range(blocks.info.count))

        def pieces() -> Iterator[list[Array]]:
            for values, mask in everything(blocks, bands):
                yield [valid_values(info, band, values[:, :, band], mask) for band in bands]

        if exact:
            yield pieces
            return
        for _, sample in samples(blocks, bands):
            yield functools.partial(iter, [[sample]])

    # -- pictures beside it

    def associated_images(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self._associated())

    def associated_image(self, name: str) -> Array | None:
        page = dict(self._associated()).get(name)
        return None if page is None else to_uint8(self.handle.page(page))

    def _associated(self) -> tuple[tuple[str, SubImage], ...]:
        found = self.handle.facts.scan or self.handle.facts.stack
        return () if found is None else found.associated

    def write_geotiff(self, path: Path, window: ReadWindow, frame: int, pixels: Array | None) -> None:
        geotiff.write(path, self.view, window, frame, pixels)


@functools.lru_cache(maxsize=256)
def _target_of(projection: str) -> TargetCRS:
    """Return the `TargetCRS` of a code or a WKT; raises rasterio's `CRSError`."""
    return target_crs(CRS.from_user_input(projection))


def _is_gray(style: Json | None) -> bool:
    bands: list[Json] = style.get('bands', []) if style else []
    if len(bands) != 1:
        return False
    palette = bands[0].get('palette', ['#000000', '#ffffff'])
    return [str(colour).lower()[:7] for colour in palette] in _GRAY
