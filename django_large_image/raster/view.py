"""A raster in a style and a projection."""

from __future__ import annotations

import math

import numpy as np
from affine import Affine

from django_large_image.colors.styles import Style
from django_large_image.exceptions import InvalidParameter, NotSupported
from django_large_image.inspection.costs import Budget
from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.blocks import passthrough
from django_large_image.raster.colour.rendered import RenderedImage
from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.georef.georeference import TargetCRS
from django_large_image.raster.georef.tile_matrix import TileMatrix
from django_large_image.raster.handle import RasterHandle
from django_large_image.raster.look import Colours, Look
from django_large_image.raster.resampling.warp import draw


class StyledView:
    """A raster's frames in one style and one projection. Of no use when its handle is given back."""

    def __init__(
        self,
        handle: RasterHandle,
        style: Style | None = None,
        target: TargetCRS | None = None,
        resampling: str | None = None,
    ) -> None:
        """View the raster of a handle.

        `style` None means what fits the file, `target` None the image's own pixels. `resampling` is 'nearest',
        'bilinear' or 'cubic'; None means bilinear, and classes are always nearest. Raises `InvalidParameter` for a
        projection that the image cannot be shown in, and `NotSupported` for any if it is not georeferenced.
        """
        self.handle = handle
        self.target = target
        self._look = Look(style)
        self.resampling = resampling
        matrix = handle.tile_matrix(target)
        if matrix is None and handle.facts.georeference.crs is None:
            raise NotSupported(
                'The image is not georeferenced, so it has no projection.', parameter='projection'
            )
        if matrix is None:
            raise InvalidParameter(
                'projection',
                None if target is None else target.crs.to_string(),
                'an EPSG code of a projected CRS that the image can be shown in',
            )
        self.matrix: TileMatrix = matrix

    @property
    def icc(self) -> object:
        """Return whether the ICC profile of the file is heeded, and by which rendering intent."""
        return self._look.icc

    # -- colours

    def colours(self, frame: int) -> Colours:
        """Return what the style means for a frame.

        Raises `InvalidParameter` for bands or colours that the file does not have, and `TooMuchToDecode` for a range
        that takes too much to find out.
        """
        return self._look.colours(self.handle, frame, self.target is not None)

    def can_paint(self, frame: int) -> bool:
        """Return whether `paint` can draw a frame in this style; if not, large-image's engine has to."""
        return self.colours(frame).colorizer is not None

    def steps(self, frame: int) -> int:
        """Return how many bands are resampled or coloured for each pixel, whichever is more."""
        colorizer = self.colours(frame).colorizer
        return self.handle.info(frame).count if colorizer is None else colorizer.steps

    # -- pixels

    def paint(
        self, geobox: GeoBox, frame: int, lossy: bool = False, budget: Budget | None = None
    ) -> RenderedImage | None:
        """Return the picture of a GeoBox; None if nothing of the image is in it. Only where `can_paint`.

        `lossy` says that the picture is wanted for a lossy format: then the file's JPEGs may be decoded by a faster
        decoder than GDAL's. `budget` is what all strips of a picture may decode together. Raises `TooMuchToDecode`.
        """
        colorizer = self.colours(frame).colorizer
        assert colorizer is not None
        budget = Budget() if budget is None else budget
        parts = []
        for number, bands in colorizer.reads:
            found = self._draw(number, geobox, bands, colorizer.nodata, lossy, budget)
            if found is None:
                # All frames are of one place and size.
                return None
            parts.append(found)
        return colorizer.paint(parts)

    def _draw(
        self,
        frame: int,
        geobox: GeoBox,
        bands: tuple[int, ...],
        nodata: float | None,
        lossy: bool,
        budget: Budget,
    ) -> MaskedPixels | None:
        """Return bands of a frame on a GeoBox, in sRGB if the file has a profile; None if nothing of it is there."""
        transform = self.handle.transform(self.icc)
        # A profile needs all colours, and its values are no longer those that nodata means.
        read = bands if transform is None else (0, 1, 2, *(band for band in bands if band > 2))
        found = draw(
            self.handle.blocks(frame), self.handle.facts.georeference, geobox, read, self.resampling or 'bilinear',
            nodata if transform is None else None, lossy, budget,
        )  # fmt: skip
        if transform is None or found is None:
            return found
        values = np.concatenate([transform.apply(found.values[:, :, :3]), found.values[:, :, 3:]], axis=2)
        if read != bands:
            values = values[:, :, [read.index(band) for band in bands]]
        return MaskedPixels(values, found.mask)

    def values(self, column: int, row: int, frame: int) -> list[float]:
        """Return the file's own values of a pixel, one for each band. Raises `TooMuchToDecode`."""
        blocks = self.handle.blocks(frame)
        window, bands = (column, row, column + 1, row + 1), tuple(range(blocks.info.count))
        found: list[float] = blocks.raw(0, window, bands, Budget())[0][0, 0].tolist()
        return found

    def nearest_values(self, geobox: GeoBox, frame: int, budget: Budget | None = None) -> tuple[Array, Array]:
        """Return the file's values at the nearest pixels of a GeoBox, and their validity.

        Values have the file's dtype and the shape (bands, height, width). Where they are not valid they are the band's
        nodata, or without one NaN (floats) or 0. Validity is uint8 (height, width), from 0 (no band is valid) to 255.
        Raises `TooMuchToDecode`.
        """
        blocks = self.handle.blocks(frame)
        info = blocks.info
        every = tuple(range(info.count))
        # Floats band by band: a NaN makes only its own band invalid.
        groups = [(band,) for band in every] if info.dtype.kind == 'f' else [every]
        values: Array = np.empty((info.count, geobox.height, geobox.width), info.dtype)
        valid: Array = np.zeros((geobox.height, geobox.width), np.uint8)
        for bands in groups:
            found = draw(blocks, self.handle.facts.georeference, geobox, bands, 'nearest', budget=budget)
            there = None if found is None else found.mask
            for position, band in enumerate(bands):
                missing = info.nodata[band]
                if missing is None:
                    missing = math.nan if info.dtype.kind == 'f' else 0
                values[band] = missing if found is None else found.values[:, :, position]
                if there is not None:
                    values[band][there == 0] = missing
            if found is not None:
                np.maximum(valid, 255 if there is None else there, out=valid)
        return values, valid

    def bare(self, geobox: GeoBox, frame: int) -> Array:
        """Return the file's bands at a GeoBox as large-image's engine expects them, (height, width, bands).

        They have the file's dtype, and are in sRGB if the file has a profile. What is not valid is nodata, or else 0.
        In a projection an image without an alpha band gets one behind the others. Raises `TooMuchToDecode`.
        """
        blocks = self.handle.blocks(frame)
        info, shape = blocks.info, (geobox.height, geobox.width)
        bands = tuple(range(info.count))
        found = self._draw(frame, geobox, bands, None, False, Budget())
        if found is None:
            values, valid = np.zeros((*shape, info.count), info.dtype), np.zeros(shape, np.uint8)
        else:
            values = found.values
            valid = np.full(shape, 255, np.uint8) if found.mask is None else found.mask
        missing = valid == 0
        for band, nodata in enumerate(info.nodata):
            if nodata is not None and missing.any():
                values[missing, band] = nodata
        if self.target is None or info.alpha is not None:
            return values
        top = np.iinfo(info.dtype.name).max if info.dtype.kind in 'iu' else 1
        alpha = (valid * (top / 255)).astype(info.dtype)
        return np.concatenate([values, alpha[:, :, None]], axis=2)

    def is_opaque(self, geobox: GeoBox, frame: int) -> bool:
        """Return whether no pixel of a GeoBox can be transparent."""
        colorizer, info = self.colours(frame).colorizer, self.handle.info(frame)
        sure = info.alpha is None and not info.masked and info.dtype.kind != 'f'
        sure = sure and all(nodata is None for nodata in info.nodata)
        return bool(sure and colorizer is not None and colorizer.opaque and self._is_inside(geobox))

    def _is_inside(self, geobox: GeoBox) -> bool:
        if geobox.target is not None:
            return False
        right, bottom = geobox.affine @ (geobox.width, geobox.height)
        slack = 1e-6
        return (
            geobox.affine.c >= -slack
            and geobox.affine.f >= -slack
            and right <= self.matrix.width + slack
            and bottom <= self.matrix.height + slack
        )

    # -- GeoBoxes

    def geobox(self, left: float, top: float, right: float, bottom: float, width: int, height: int) -> GeoBox:
        """Return the GeoBox of a rectangle, in `width` × `height` pixels.

        The sides are in units of the projection or, without one, in pixels of the image with y downwards.
        """
        affine = Affine((right - left) / width, 0, left, 0, (bottom - top) / height, top)
        return GeoBox(affine, width, height, self.target)

    def tile_geobox(self, z: int, x: int, y: int) -> GeoBox:
        """Return the GeoBox of a tile: level, column and row in the tile matrix."""
        width, height = self.matrix.tile_width, self.matrix.tile_height
        if self.target is None:
            factor = 2.0 ** (self.matrix.levels - 1 - z)
            affine = Affine(factor, 0, x * width * factor, 0, factor, y * height * factor)
            return GeoBox(affine, width, height)
        xmin, ymin, xmax, ymax = self.matrix.corners(z, x, y)
        return self.geobox(xmin, ymax, xmax, ymin, width, height)

    # -- passthrough

    def stored_tile(self, z: int, x: int, y: int, frame: int, encoding: str) -> bytes | None:
        """Return a tile that is a block of the file as it is, in an encoding ('JPEG' or 'WEBP'); else None.

        Only of a local file, without a style and a profile that is heeded. Raises `ImageChanged`.
        """
        handle = self.handle
        if handle.path is None or self._look.style or handle.transform(self.icc) is not None:
            return None
        if handle.info(frame).block_encoding != encoding:
            return None
        blocks = handle.blocks(frame)
        found = passthrough.block_of(blocks, handle.facts.georeference, self.tile_geobox(z, x, y))
        if found is None:
            return None
        body = blocks.encoded(*found, (self.matrix.tile_width, self.matrix.tile_height))
        handle.check()
        return body
