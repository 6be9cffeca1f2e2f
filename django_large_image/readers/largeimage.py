"""The reader of everything that a source of large-image reads: whole slides, frames, pictures, a project's own."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from large_image.constants import TILE_FORMAT_NUMPY
from large_image.exceptions import TileSourceXYZRangeError
from large_image.tilesource import TileSource

from django_large_image import colors
from django_large_image.exceptions import InvalidParameter, TileOutsideGrid
from django_large_image.pixels import Array, Json, finite, strips_of, summary
from django_large_image.raster.colour.rendered import RenderedImage, to_uint8
from django_large_image.raster.georef.tile_matrix import TileMatrix
from django_large_image.readers.base import ImageReader, Pieces, ReadWindow
from django_large_image.readers.sources.pooled import PooledSource, SourceFacts

#: The most pixels that large-image's engine colours for an answer, counted once for each band of the style. The rest of
#: the work takes as long as two bands, and thresholds such as min:0.02 as long as four (large-image 1.35.6).
MAX_ENGINE_WORK, _WITHOUT, _THRESHOLDS = 120_000_000, 2, 4
#: The most pixels of a level, or of a tile, that are coloured at a time.
MAX_STYLED_PIXELS = 2**25
#: The rows of a region that are read at a time.
STRIP_ROWS = 512
#: The pixels that are read at a time for an exact histogram, and the longest side of a sample.
_PIECE_PIXELS, _SAMPLE_SIDE = 4_000_000, 1024


class LargeImageReader(ImageReader):
    """Read an image through a tile source of large-image, which has its style and its projection already."""

    def __init__(self, source: TileSource) -> None:
        self.source = source
        #: The source without a style, whose pixels are the values of the file.
        self.raw: TileSource = source._unstyled
        self.name = str(source.name)
        self._pooled = source if isinstance(source, PooledSource) else None
        self._facts = SourceFacts() if self._pooled is None else self._pooled.facts

    @property
    def _stored(self) -> TileSource:
        """Return the source in its style, but never in automatic ranges: then it is that of the file's own values."""
        automatic = self._pooled is not None and self._pooled.automatic_ranges_shown
        return self.raw if automatic else self.source

    @property
    def matrix(self) -> TileMatrix:
        source = self.source
        return TileMatrix(
            int(source.levels), int(source.tileWidth), int(source.tileHeight), int(source.sizeX), int(source.sizeY)
        )  # fmt: skip

    @property
    def projection(self) -> object | None:
        return None

    @property
    def is_geospatial(self) -> bool:
        return bool(self.source.geospatial)

    @property
    def frame_count(self) -> int:
        facts = self._facts
        if facts.frame_count is None:
            facts.frame_count = max(1, int(self.source.frames))
        return facts.frame_count

    @property
    def band_count(self) -> int:
        facts = self._facts
        if facts.band_count is None:
            facts.band_count = self._count_bands()
        return facts.band_count

    def _count_bands(self) -> int:
        known = None if self._pooled is None else self._pooled.count_bands()
        return len(self.raw.getBandInformation()) if known is None else known

    @property
    def dtype(self) -> np.dtype[np.generic]:
        found: np.dtype[np.generic] = np.dtype(self.source.dtype)
        return found

    def metadata(self) -> Json:
        found = dict(self.source.getMetadata())
        if 'bands' in found:
            found['bands'] = self.bands(statistics=True)
        return found

    def internal_metadata(self) -> Json:
        return dict(self.source.getInternalMetadata() or {})

    def bands(self, statistics: bool = False, frame: int = 0) -> dict[int, Json]:
        options: Json = {'frame': frame} if frame else {}
        with np.errstate(over='ignore', invalid='ignore'):
            found = dict(self._stored.getBandInformation(statistics=statistics, **options))
        if statistics and not all(map(_is_finite, found.values())):
            # large-image 1.35.6 adds infinite values up, and half floats beyond their range.
            sample = next(next(self.values(False, frame))())
            for band, values in zip(found.values(), sample, strict=False):
                band.update(summary(values))
        return found

    def ranges(self) -> list[Json] | None:
        found = None if self._pooled is None else self._pooled.automatic_ranges()
        return [] if found is None and self.dtype == np.uint8 else found

    # -- what may be asked of it

    def check_work(self, style: Json | None) -> None:
        """Raise `InvalidParameter` for a style of so many bands that large-image's engine takes too long to apply it.

        The engine colours the bands one by one. A tile that is zoomed out takes all pixels of the smallest level.
        """
        if not style:
            return
        matrix = self.matrix
        width, height = matrix.width, matrix.height
        levels = matrix.levels if self._pooled is None else self._pooled.stored_levels
        if self._pooled is not None and self._pooled.decodes_whole:
            # A picture that Pillow decodes is small, but a region of all of it is coloured at once.
            levels = 1
        pixels = max(
            width * height // 4 ** (levels - 1),
            min(width, matrix.tile_width) * min(height, matrix.tile_height),
        )
        bands = colors.bands_of(style)
        most = MAX_ENGINE_WORK // max(1, pixels) - _WITHOUT
        if any(':' in str(entry.get(end)) for entry in bands for end in ('min', 'max')):
            most -= _THRESHOLDS
        # The engine holds four doubles for each pixel that it colours at a time.
        most = max(0, most) if pixels <= MAX_STYLED_PIXELS else 0
        if len(bands) > most:
            allowed = f'at most {most} bands like these for an image whose smallest level has {pixels} pixels'
            raise InvalidParameter('style', f'{len(bands)} bands', allowed)

    # -- pixels

    def tile(self, z: int, x: int, y: int, frame: int, lossy: bool) -> RenderedImage | None:
        if not self._touches(z, x, y):
            return None
        try:
            pixels = self.source.getTile(x, y, z, numpyAllowed='always', frame=frame, sparseFallback=True)
        except TileSourceXYZRangeError:
            raise TileOutsideGrid() from None
        return RenderedImage(self._cleared(z, x, y, to_uint8(pixels)))

    def _touches(self, z: int, x: int, y: int) -> bool:
        return True

    def _cleared(self, z: int, x: int, y: int, pixels: Array) -> Array:
        """Return a tile made transparent beyond the sides of the image, where it is black in large-image 1.35.6."""
        matrix = self.matrix
        scale = 2 ** (matrix.levels - 1 - z)
        width = math.ceil(matrix.width / scale) - x * matrix.tile_width
        height = math.ceil(matrix.height / scale) - y * matrix.tile_height
        if width >= pixels.shape[1] and height >= pixels.shape[0]:
            return pixels
        if pixels.shape[2] in (1, 3):
            alpha = np.full((*pixels.shape[:2], 1), 255, np.uint8)
            pixels = np.concatenate([pixels, alpha], axis=2)
        else:
            pixels = pixels.copy()
        pixels[height:], pixels[:, width:] = 0, 0
        return pixels

    def whole(self, max_width: int, max_height: int) -> ReadWindow:
        width, height = self.matrix.width, self.matrix.height
        scale = min(1.0, max_width / width, max_height / height)
        return ReadWindow(0, 0, width, height, max(1, int(width * scale)), max(1, int(height * scale)))

    def thumbnail(self, max_width: int, max_height: int, frame: int, lossy: bool) -> Array:
        pixels, _ = self.source.getThumbnail(
            width=max_width, height=max_height, frame=frame, format=TILE_FORMAT_NUMPY
        )
        return to_uint8(pixels)

    def window(self, window: ReadWindow, frame: int, lossy: bool) -> Array:
        # A source without levels makes its only tile, which is the whole picture, for each strip.
        step = window.height if window.is_scaled or self.source.levels == 1 else STRIP_ROWS
        result: Array | None = None
        for first, end in strips_of(0, window.height, step):
            top = window.top + first
            bottom = window.bottom if window.is_scaled else window.top + end
            part = self._region(window, top, bottom, 'base_pixels', end - first, frame)
            if window.is_scaled:
                return part
            if result is None:
                result = np.empty((window.height, window.width, part.shape[2]), np.uint8)
            result[first:end] = part
        assert result is not None
        return result

    def _region(
        self, window: ReadWindow, top: float, bottom: float, units: str, rows: int, frame: int
    ) -> Array:
        pixels, _ = self.source.getRegion(
            region={'left': window.left, 'top': top, 'right': window.right, 'bottom': bottom, 'units': units},
            output={'maxWidth': window.width, 'maxHeight': rows},
            format=TILE_FORMAT_NUMPY,
            frame=frame,
        )
        return to_uint8(pixels)

    def pixel(self, column: int, row: int, frame: int) -> Json:
        region = {'left': column, 'top': row, 'units': 'base_pixels'}
        return dict(self._stored.getPixel(region=region, frame=frame))

    def values(self, exact: bool, frame: int) -> Iterator[Pieces]:
        width, height = self.matrix.width, self.matrix.height
        sample = {'maxWidth': min(width, _SAMPLE_SIDE), 'maxHeight': min(height, _SAMPLE_SIDE)}
        output: Json = {} if exact else {'output': sample}
        rows = max(1, _PIECE_PIXELS // width) if exact else height

        def pieces() -> Iterator[list[Array]]:
            for top, bottom in strips_of(0, height, rows):
                region = {'left': 0, 'top': top, 'right': width, 'bottom': bottom, 'units': 'base_pixels'}
                pixels, _ = self.raw.getRegion(
                    region=region, format=TILE_FORMAT_NUMPY, resample=None, frame=frame, **output
                )
                yield [finite(band.ravel()) for band in np.moveaxis(np.asarray(pixels), 2, 0)]

        yield pieces

    # -- pictures beside it

    def associated_images(self) -> tuple[str, ...]:
        return tuple(self.source.getAssociatedImagesList())

    def associated_image(self, name: str) -> Array | None:
        found = self.source.getAssociatedImage(name, format=TILE_FORMAT_NUMPY)
        return to_uint8(found[0]) if found else None


def _is_finite(band: Json) -> bool:
    """Return whether the statistics of a band are finite numbers."""
    return all(math.isfinite(band.get(name) or 0) for name in ('min', 'max', 'mean', 'stdev'))
