"""The geospatial source: a source of large-image that draws its pixels with our own warp and styles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from affine import Affine
from large_image.constants import TILE_FORMAT_NUMPY
from large_image.exceptions import TileSourceError
from large_image.tilesource.utilities import JSONDict

from django_large_image import colors
from django_large_image.caching.kept import Kept
from django_large_image.exceptions import InvalidParameter
from django_large_image.inspection.costs import Budget
from django_large_image.pixels import Array
from django_large_image.raster import passthrough
from django_large_image.raster.colour import colorizer
from django_large_image.raster.colour.colorizer import Colorizer
from django_large_image.raster.colour.rendered import RenderedImage
from django_large_image.raster.encoded_blocks import read_block
from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.resampling.warp import draw
from django_large_image.raster.statistics import white_is_zero
from django_large_image.readers.placed import PlacedSource

#: The painters used last, by image, frame and style: the tables of one take a quarter of a megabyte a band.
_painters: Kept[Colorizer] = Kept(32 * 2**20)


class GeoSource(PlacedSource):
    """Read georeferenced rasters, and plain TIFFs, through a rasterio dataset that the caller opened.

    What large-image 1.35.6's own source does for each tile is done once here: for a file, or for a style.
    """

    cacheName = 'geosource'
    cacheMaxSize = 1
    name = 'rasterio'

    def _setDefaultStyle(self) -> None:
        # For code that calls large-image itself; a lease has colours already.
        style = getattr(self, '_style', None)
        if style:
            try:
                self._style: Any = JSONDict(colors.with_colours(style))
            except InvalidParameter as error:
                raise TileSourceError(error.message) from None
        super()._setDefaultStyle()
        if getattr(self, '_style', None):
            self._style = JSONDict(colors.bounded(self._style))

    def _styleBands(self) -> list[dict[str, Any]]:
        bands: list[dict[str, Any]] = super()._styleBands()
        if not hasattr(self, '_style') and white_is_zero(self.dataset):
            bands = [
                entry | {'palette': ['#ffffff', '#000000']}
                if entry.get('palette') == ['#000000', '#ffffff']
                else entry
                for entry in bands
            ]
        return bands

    def _painter(self, frame: int) -> Colorizer | None:
        """Return what makes colours of values for this view's style; None where only large-image's engine can."""
        key = (self._key, frame, self._jsonstyle, bool(self.projection))
        painter = _painters.get(key)
        if painter is not None:
            return painter
        layout, style = self.layout(frame), getattr(self, '_style', None)
        if not style:
            if self.isPlainPicture():
                painter = colorizer.plain_painter((0, 1, 2))
        else:
            painter = colorizer.compile_style(
                style, layout.dtype, layout.count, layout.alpha, self._getMinMax, frame
            )
        if painter is not None:
            _painters.put(key, painter, painter.nbytes + len(self._jsonstyle or ''))
        return painter

    def canPaint(self, frame: int | None = None) -> bool:
        """Return whether `paint` makes this view's pictures, on any canvas."""
        return self._painter(self._getFrame(frame=frame)) is not None

    def paint(
        self, canvas: GeoBox, frame: int | None = None, lossy: bool = False, budget: Budget | None = None
    ) -> RenderedImage | None:
        """Return the picture of a canvas in this view's style, None if the image does not touch it.

        With `lossy`, for a picture that is encoded with losses, the file's JPEGs are decoded fast. `budget` is what all
        strips of a picture may decode together.
        """
        number = self._getFrame(frame=frame)
        painter = self._painter(number)
        if painter is None:
            raise TileSourceError('This style is drawn tile by tile.')
        drawing = draw(
            self.raster(number),
            self._placement,
            canvas,
            painter.bands,
            self._method(),
            painter.nodata,
            lossy,
            budget,
        )
        return None if drawing is None else painter.paint(drawing)

    def values(self, column: int, row: int, frame: int | None = None) -> list[Any]:
        """Return the file's own values of a pixel, band by band."""
        raster = self.raster(self._getFrame(frame=frame))
        window, bands = (column, row, column + 1, row + 1), tuple(range(raster.layout.count))
        found: list[Any] = raster.raw(0, window, bands, Budget())[0][0, 0].tolist()
        return found

    def paintSteps(self, frame: int | None = None) -> int:
        """Return how many bands are drawn or coloured for each pixel of the pictures of this view."""
        number = self._getFrame(frame=frame)
        painter = self._painter(number)
        return self.layout(number).count if painter is None else painter.steps

    def bareValues(
        self, canvas: GeoBox, frame: int | None = None, budget: Budget | None = None
    ) -> tuple[Array, Array]:
        """Return the file's values at the nearest pixels of a canvas, and their validity.

        Shapes are (bands, height, width), and (height, width) as 0 to 255 for whether any band is valid. What is not
        valid is the band's nodata, NaN, or 0 where it can be neither.
        """
        number = self._getFrame(frame=frame)
        layout, raster = self.layout(number), self.raster(number)
        every = tuple(range(layout.count))
        # NaN in one band is nothing in that band alone.
        groups = [(band,) for band in every] if layout.dtype.kind == 'f' else [every]
        values: Array = np.empty((layout.count, canvas.height, canvas.width), layout.dtype)
        valid: Array = np.zeros((canvas.height, canvas.width), np.uint8)
        for bands in groups:
            drawing = draw(raster, self._placement, canvas, bands, 'nearest', budget=budget)
            there = None if drawing is None else drawing.mask
            for position, band in enumerate(bands):
                missing = layout.nodata[band]
                if missing is None:
                    missing = math.nan if layout.dtype.kind == 'f' else 0
                values[band] = missing if drawing is None else drawing.values[:, :, position]
                if there is not None:
                    values[band][there == 0] = missing
            if drawing is not None:
                np.maximum(valid, 255 if there is None else there, out=valid)
        return values, valid

    def paintsOpaque(self, canvas: GeoBox, frame: int | None = None) -> bool:
        """Return whether no pixel of a canvas can be transparent."""
        number = self._getFrame(frame=frame)
        painter, layout = self._painter(number), self.layout(number)
        sure = layout.alpha is None and not layout.masked and layout.dtype.kind != 'f'
        sure = sure and all(nodata is None for nodata in layout.nodata)
        return bool(sure and painter is not None and painter.opaque and self._inside(canvas))

    def _inside(self, canvas: GeoBox) -> bool:
        if canvas.target is not None:
            return False
        right, bottom = canvas.affine @ (canvas.width, canvas.height)
        slack = 1e-6
        return (
            canvas.affine.c >= -slack
            and canvas.affine.f >= -slack
            and right <= self.sourceSizeX + slack
            and bottom <= self.sourceSizeY + slack
        )

    def wholeCanvas(self, most_width: int, most_height: int) -> GeoBox:
        """Return a canvas of the whole image, no larger than it is and than the given width and height."""
        if self.projection is None:
            left, top, right, bottom = 0.0, 0.0, float(self.sourceSizeX), float(self.sourceSizeY)
            width, height = right, bottom
        else:
            bounds = self.getBounds(self.projection)
            assert bounds is not None
            limit = self.unitsAcrossLevel0 / 2
            left, right = bounds['xmin'], bounds['xmax']
            top, bottom = min(bounds['ymax'], limit), max(bounds['ymin'], -limit)
            pixel = self.unitsAcrossLevel0 / self.tileWidth / 2 ** (self.levels - 1)
            width, height = (right - left) / pixel, (top - bottom) / pixel
        scale = min(1.0, most_width / width, most_height / height)
        columns, rows = max(1, int(width * scale + 1e-6)), max(1, int(height * scale + 1e-6))
        return self.canvas(left, top, right, bottom, columns, rows)

    def canvas(self, left: float, top: float, right: float, bottom: float, width: int, height: int) -> GeoBox:
        """Return the canvas of a rectangle, given in the projection or else in pixels of the image."""
        affine = Affine((right - left) / width, 0, left, 0, (bottom - top) / height, top)
        return GeoBox(affine, width, height, self._target)

    def worldWidth(self) -> float | None:
        """Return the width of the world in the projection, None where x does not go round it evenly."""
        return None if self._target is None else self._target.period

    def _method(self) -> str:
        return self.resampling or 'bilinear'

    def tileCanvas(self, z: int, x: int, y: int) -> GeoBox:
        """Return the canvas of a tile."""
        width, height = self.tileWidth, self.tileHeight
        if self.projection is None:
            factor = 2.0 ** (self.levels - 1 - z)
            return GeoBox(
                Affine(factor, 0, x * width * factor, 0, factor, y * height * factor), width, height
            )
        xmin, ymin, xmax, ymax = self.getTileCorners(z, x, y)
        affine = Affine((xmax - xmin) / width, 0, xmin, 0, (ymin - ymax) / height, ymax)
        return GeoBox(affine, width, height, self._target)

    def getTile(
        self,
        x: int,
        y: int,
        z: int,
        pilImageAllowed: bool = False,
        numpyAllowed: bool | str = False,
        **kwargs: Any,
    ) -> Any:
        """Return a tile by large-image's contract: encoded, or an array or a picture where these are allowed."""
        frame = self._getFrame(**kwargs)
        if self.projection is None:
            self._xyzInRange(x, y, z)
        options = (TILE_FORMAT_NUMPY, x, y, z, pilImageAllowed, numpyAllowed)
        if self._painter(frame) is None:
            return self._outputTile(self._bare(self.tileCanvas(z, x, y), frame), *options, **kwargs)
        picture = self.paint(self.tileCanvas(z, x, y), frame)
        pixels = (
            np.zeros((self.tileHeight, self.tileWidth, 4), np.uint8) if picture is None else picture.array()
        )
        return self._outputTile(pixels, *options, applyStyle=False, **kwargs)

    def _bare(self, canvas: GeoBox, frame: int) -> Array:
        """Return the file's own bands, as large-image's styles expect them: with nodata, and alpha in a projection."""
        layout = self.layout(frame)
        bands = tuple(range(layout.count))
        drawing = draw(self.raster(frame), self._placement, canvas, bands, self._method())
        shape = (canvas.height, canvas.width)
        if drawing is None:
            values, valid = np.zeros((*shape, layout.count), layout.dtype), np.zeros(shape, np.uint8)
        else:
            values = drawing.values
            valid = np.full(shape, 255, np.uint8) if drawing.mask is None else drawing.mask
        missing = valid == 0
        for band, nodata in enumerate(layout.nodata):
            if nodata is not None and missing.any():
                values[missing, band] = nodata
        if self.projection is None or layout.alpha is not None:
            return values
        top = np.iinfo(layout.dtype).max if layout.dtype.kind in 'iu' else 1
        alpha = (valid * (top / 255)).astype(layout.dtype)
        return np.concatenate([values, alpha[:, :, None]], axis=2)

    def storedTile(self, z: int, x: int, y: int, frame: int | None, encoding: str) -> bytes | None:
        """Return a tile that lies ready in the file, if that is local, in that encoding ('JPEG', 'WEBP'), or None."""
        path = self._largeImagePath
        if (
            frame
            or path.startswith('/vsi')
            or self._jsonstyle not in (None, '{}')
            or not self.isPlainPicture()
        ):
            return None
        if 'stored' not in self._info:
            self._info['stored'] = passthrough.encoding_of(self.dataset)
        if self._info['stored'] != encoding:
            return None
        found = passthrough.block_of(self.raster(0), self._placement, self.tileCanvas(z, x, y))
        if found is None:
            return None
        body = read_block(self.dataset, path, *found, (self.tileWidth, self.tileHeight))
        self._check()
        return body
