"""Drawing a raster on a GeoBox: the pixels of a tile, a region or a thumbnail.

The nodes of a coarse grid on the GeoBox are transformed exactly to positions in the image. Those between the nodes are
interpolated, to within `GRID_ERROR` pixels. The window that they cover is read once, from the coarsest level whose
pixels are no larger than the answer's. If the answer's pixels are larger than those of the level, averages are made
first, so that every pixel of the level counts: a pixel of the answer is the average of the image below it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from django_large_image.inspection.costs import Budget
from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.blocks.blockreader import CACHED_BYTES, BlockReader
from django_large_image.raster.blocks.decimation import nearest
from django_large_image.raster.blocks.passthrough import stored_window
from django_large_image.raster.georef.geobox import GeoBox, GeoWindow, windows_of
from django_large_image.raster.georef.georeference import Georeference
from django_large_image.raster.georef.grid import centres_of, existing, grid_of, same_grid, scales_of
from django_large_image.raster.resampling import kernels
from django_large_image.raster.resampling.sampling import (
    Mosaic,
    finished,
    resampled,
    smoothed,
)
from django_large_image.raster.resampling.shrinking import factor_for, shrunk_window

#: The largest error of an interpolated position, in pixels (see `grid_of`). With 1/16 a textured image lost 1.7 dB.
GRID_ERROR = 1 / 128
#: The most pixels of a level that are read for one window of a GeoBox, as long as there is a coarser level.
_MOST_PIXELS = 16_000_000
#: Windows of more bytes are not read whole for nearest neighbours.
_WHOLE_BYTES = 64 * 2**20
#: The largest position that is handed to OpenCV, which would not fit a larger one into its integers.
_FAR = 1e6


def draw(
    blocks: BlockReader,
    georeference: Georeference,
    geobox: GeoBox,
    bands: tuple[int, ...],
    resampling: str = 'bilinear',
    nodata: float | None = None,
    lossy: bool = False,
    budget: Budget | None = None,
) -> MaskedPixels | None:
    """Return `bands` (from 0) of a raster on a GeoBox, in the file's dtype; None if nothing of it is there.

    Values that are not valid are 0. `resampling` is 'nearest', 'bilinear' or 'cubic'; classes are always 'nearest', and
    averages without a mask are interpolated by a cubic also for 'bilinear'. `nodata` is a further value that is not
    valid, of the only band. `lossy` says that the picture is wanted for a lossy format, see `BlockReader.read`.
    `budget` is shared by the strips of one picture. Raises `TooMuchToDecode`, `ImageChanged`, and what rasterio raises.
    """
    method = 'nearest' if blocks.info.categorical else resampling
    budget = Budget() if budget is None else budget
    rendering = _Rendering(
        blocks, georeference, geobox, bands, method, nodata, blocks.info.bands_for(bands), lossy, budget
    )
    stored = stored_window(blocks, geobox)
    if stored is not None:
        return finished(rendering.read(*stored), blocks.info.dtype, None, blocks.info.alpha is not None)
    parts = windows_of(georeference, geobox)
    if not parts:
        return None
    if len(parts) == 1 and parts[0].sides == ((0, geobox.width), (0, geobox.height)):
        return rendering.draw(parts[0])
    mosaic = Mosaic(geobox.width, geobox.height, len(bands), blocks.info.dtype)
    for part in parts:
        mosaic.lay(rendering.draw(part), part.left, part.top)
    return mosaic.pixels()


@dataclass(frozen=True, slots=True)
class _Rendering:
    """The parts of one answer: what they have in common."""

    blocks: BlockReader
    georeference: Georeference
    geobox: GeoBox
    bands: tuple[int, ...]
    resampling: str
    nodata: float | None
    #: The bands that are read: `bands`, or more of them (see `RasterInfo.bands_for`).
    together: tuple[int, ...]
    lossy: bool
    budget: Budget

    def draw(self, part: GeoWindow) -> MaskedPixels | None:
        """Return a part of the GeoBox; None if nothing of the image is in it."""
        width, height = part.width, part.height
        if max(width, height) > kernels.MAX_SIDE // 2:
            return self._halves(part, 'x' if width > height else 'y')
        grid, cell = grid_of(self.georeference, self.geobox, part, GRID_ERROR)
        scale_x, scale_y, varying = scales_of(grid, cell, self.georeference.wrap_offset)
        if varying and max(width, height) > 16 and self.geobox.target is not None:
            return self._halves(part, varying)
        if not (math.isfinite(scale_x) and math.isfinite(scale_y)):
            return None
        # Columns and rows each on their own: NumPy 2.4 takes ten times as long for both in one call.
        x, y = existing(grid)
        sides = (x.min(), y.min(), x.max(), y.max())
        moves = self._moves(sides)
        parts_drawn = [self._draw_moved(part, grid, cell, (scale_x, scale_y), sides, move) for move in moves]
        if len(parts_drawn) == 1:
            return parts_drawn[0]
        mosaic = Mosaic(width, height, len(self.bands), self.blocks.info.dtype)
        for masked in parts_drawn:
            mosaic.lay(masked, 0, 0)
        return mosaic.pixels()

    def _moves(self, sides: tuple[float, ...]) -> list[Array | None]:
        """Return by how much to move positions (columns, rows) that lie within `sides`, so that they are in the image.

        Once round the world is the same place on earth. The image can lie on both sides of where positions begin anew,
        so there may be several moves. None stands for no move.
        """
        turn, target = self.georeference.wrap_offset, self.geobox.target
        if turn is None or target is None or self.georeference.is_native(target):
            return [None]
        size = self.georeference.width, self.georeference.height
        moves: list[Array | None] = []
        for turns in (0, 1, -1):
            low, high = sides[:2] + turns * turn, sides[2:] + turns * turn
            if (low < size).all() and (high > 0).all():
                moves.append(turns * turn if turns else None)
        return moves

    def _draw_moved(
        self,
        part: GeoWindow,
        grid: Array,
        cell: int,
        scales: tuple[float, float],
        sides: tuple[float, ...],
        move: Array | None,
    ) -> MaskedPixels | None:
        width, height = part.width, part.height
        scale_x, scale_y = scales
        if move is not None:
            grid, sides = grid + move, (*(sides[:2] + move), *(sides[2:] + move))
        inside = sides[0] >= 0 and sides[1] >= 0
        inside = inside and sides[2] <= self.georeference.width and sides[3] <= self.georeference.height
        # With larger cells all positions exist.
        inside = inside and (cell > 1 or bool(np.isfinite(grid).all()))
        dtype, soft = self.blocks.info.dtype, self.blocks.info.alpha is not None
        index, factors = self._level(scales, sides)
        same = abs(scale_x / factors[0] - 1) < 0.01 and abs(scale_y / factors[1] - 1) < 0.01
        if inside and same and cell > 1:
            first = same_grid(grid / factors - 0.5, cell)
            if first is not None:
                own = self._own(index, (*first, first[0] + width, first[1] + height))
                if own is not None:
                    return finished(own, dtype, None, soft)
        sampled = self._sample(index, factors, scales, sides)
        if sampled is None:
            return None
        masked, (offset_x, offset_y), (pixel_x, pixel_y), method = sampled
        # Positions become indices of what was read, 0 the centre of its first pixel. In float64 as long as they are
        # large numbers.
        if cell == 1:
            grid = centres_of(self.georeference, self.geobox, part, grid, move)
        grid = (grid - [offset_x, offset_y]) / [pixel_x, pixel_y] - 0.5
        limits = [(np.array([0, end]) - offset) / pixel - 0.5 for end, offset, pixel in (
            (self.georeference.width, offset_x, pixel_x), (self.georeference.height, offset_y, pixel_y)
        )]  # fmt: skip
        dense = grid.astype(np.float32) if cell == 1 else kernels.enlarge(grid, cell, width, height)
        shown: Array | None = None
        if not inside:
            shown = kernels.within(dense, *limits)
            if not (np.abs(grid) < _FAR).all():
                # The mask hides these pixels. Their positions need only fit into OpenCV's integers.
                dense = np.where(shown[:, :, None] > 0, dense, np.float32(-1))
        return resampled(masked, dense, method, dtype, shown, soft)

    def _halves(self, part: GeoWindow, axis: str) -> MaskedPixels | None:
        """Draw a part in two halves, left and right or upper and lower, each from the level that fits it."""
        width, height = part.width, part.height
        if (axis == 'x' and width > 8) or height <= 8:
            middle = part.left + width // 2
            halves = [(part.left, part.top, middle, part.bottom), (middle, part.top, part.right, part.bottom)]
        else:
            middle = part.top + height // 2
            halves = [(part.left, part.top, part.right, middle), (part.left, middle, part.right, part.bottom)]
        mosaic = Mosaic(width, height, len(self.bands), self.blocks.info.dtype)
        for sides in halves:
            half = GeoWindow(*sides, part.shift)
            mosaic.lay(self.draw(half), half.left - part.left, half.top - part.top)
        return mosaic.pixels()

    # -- pixels

    def _level(self, scales: tuple[float, float], sides: tuple[float, ...]) -> tuple[int, Array]:
        """Return the level to read, and width and height of its pixels in those of the full resolution."""
        info = self.blocks.info
        index = info.level_for(min(scales))
        # At a pole a few pixels of the answer can show all of the image.
        area = math.prod(max(0.0, sides[axis + 2] - sides[axis]) for axis in (0, 1))
        while index + 1 < len(info.factors) and area / info.factors[index] ** 2 > _MOST_PIXELS:
            index += 1
        return index, np.array(self.blocks.factors(index))

    def _own(self, index: int, window: tuple[int, int, int, int]) -> MaskedPixels | None:
        """Return the pixels of a level as they are; None for a window that is not in it."""
        level = self.blocks.level(index)
        left, top, right, bottom = window
        if left < 0 or top < 0 or right > level.width or bottom > level.height:
            return None
        return self.read(index, window)

    def _sample(
        self, index: int, factors: Array, scales: tuple[float, float], sides: tuple[float, ...]
    ) -> tuple[MaskedPixels, tuple[float, float], tuple[float, float], str] | None:
        """Return the pixels below a part, and how to interpolate them; None if there are none.

        That is: pixels, the position of their upper left corner, their width and height (both in pixels of the full
        resolution), and the method. Averages are interpolated by a cubic, where a bilinear would blur them; but not
        with pixels that are not valid, among which negative weights do harm.
        """
        level, nearest = self.blocks.level(index), self.resampling == 'nearest'
        window, whole, offset, steps = [], [], [], []
        for axis, size in enumerate((level.width, level.height)):
            step = scales[axis] / factors[axis]
            shrunk = 1 if nearest else factor_for(step, size)
            # The neighbours that interpolation and `smoothed` need.
            margin = (1 if nearest else 4 if step >= 1.03 * shrunk else 2) * shrunk
            low = max(0, math.floor(max(-1e9, sides[axis]) / factors[axis]) - margin)
            high = min(size, math.ceil(min(1e9, sides[axis + 2]) / factors[axis]) + margin)
            if low >= high:
                return None
            # A multiple of what is averaged, if the level has that many.
            high = min(size, low + -(-(high - low) // shrunk) * shrunk)
            window.append((low, high))
            whole.append(shrunk)
            steps.append(step)
            offset.append(low * factors[axis])
        (left, right), (top, bottom) = window
        area = (left, top, right, bottom)
        if nearest:
            masked, pixels = self._nearest(index, area, steps[0], steps[1])
            return (
                masked,
                (offset[0], offset[1]),
                (pixels[0] * factors[0], pixels[1] * factors[1]),
                'nearest',
            )
        across, down = whole
        info = self.blocks.info
        self.budget.foresee(info.cost(level, area, len(self.together)))
        masked = shrunk_window(
            lambda window: self.read(index, window),
            area,
            across,
            down,
            info.columns_together(level, len(self.together), CACHED_BYTES),
            len(self.together) * info.dtype.itemsize,
        )
        averages = index > 0 or across > 1, index > 0 or down > 1
        sharp = all(averages) and masked.mask is None
        masked = smoothed(masked, steps[0] / across, steps[1] / down, averages, sharp)
        method = 'cubic' if sharp else self.resampling
        return masked, (offset[0], offset[1]), (across * factors[0], down * factors[1]), method

    def read(self, index: int, window: tuple[int, int, int, int]) -> MaskedPixels:
        """Return the pixels of a window of a level."""
        return self._without_nodata(*self.blocks.read(index, window, self.together, self.budget, self.lossy))

    def _without_nodata(self, values: Array, valid: Array | None) -> MaskedPixels:
        if self.nodata is not None:
            good = values[:, :, self.together.index(self.bands[0])] != self.nodata
            if not good.all():
                valid = np.where(good, 255 if valid is None else valid, 0).astype(np.uint8)
        if self.together != self.bands:
            values = kernels.select(values, [self.together.index(band) for band in self.bands])
        return MaskedPixels(values, valid)

    def _nearest(
        self, index: int, window: tuple[int, int, int, int], step_x: float, step_y: float
    ) -> tuple[MaskedPixels, tuple[float, float]]:
        left, top, right, bottom = window
        size = (right - left) * (bottom - top) * len(self.together) * self.blocks.info.dtype.itemsize
        few = size < _WHOLE_BYTES and max(right - left, bottom - top) < kernels.MAX_SIDE
        if few and step_x * step_y < 16:
            return self.read(index, window), (1.0, 1.0)
        # No overview is near the scale of the answer, so every n-th pixel is read.
        width = max(1, round((right - left) / max(1.0, step_x)))
        height = max(1, round((bottom - top) / max(1.0, step_y)))
        pixels = (right - left) / width, (bottom - top) / height
        columns = left + ((np.arange(width) + 0.5) * pixels[0]).astype(np.int64)
        rows = top + ((np.arange(height) + 0.5) * pixels[1]).astype(np.int64)
        found = nearest(self.blocks, index, rows, columns, self.together, self.budget)
        return self._without_nodata(*found), pixels
