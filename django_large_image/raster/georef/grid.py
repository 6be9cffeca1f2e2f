"""Where the pixels of a GeoBox lie in an image.

A coarse grid of nodes is transformed exactly, and the positions between them are interpolated. A position is a column
and a row of the image, which count from the upper left corner of its first pixel.
"""

from __future__ import annotations

import math

import numpy as np

from django_large_image.pixels import Array
from django_large_image.raster.georef.geobox import CELL, SMALL, GeoBox, GeoWindow
from django_large_image.raster.georef.georeference import Georeference

#: How many times the smallest scale the largest may be within a window that is read from one level.
_SCALE_RANGE = 2.0


def positions_at(
    georeference: Georeference, geobox: GeoBox, shift: float, columns: Array, rows: Array
) -> Array:
    """Return the positions in the image of a grid on the GeoBox, float64 (len(rows), len(columns), 2).

    `columns` and `rows` are those of the GeoBox, from its upper left corner. A position is not finite where the image's
    CRS has none.
    """
    affine = geobox.affine
    xs, ys = affine.a * columns + affine.c - shift, affine.e * rows + affine.f
    positions: Array = np.empty((len(ys), len(xs), 2))
    if geobox.target is None:
        positions[:, :, 0], positions[:, :, 1] = xs, ys[:, None]
    else:
        positions[:, :, 0], positions[:, :, 1] = georeference.grid_to_pixels(xs, ys, geobox.target)
    return positions


def grid_of(georeference: Georeference, geobox: GeoBox, window: GeoWindow, error: float) -> tuple[Array, int]:
    """Return the positions of a window's nodes, (rows, columns, 2), and the cell: the pixels from one node to the next.

    Nodes are corners of pixels of the GeoBox. The cell is the largest with which an interpolated position is off by at
    most `error`, in pixels of the image or of the answer, whichever is larger. A cell of 1 means that nothing may be
    interpolated: the window is small, or bent too much, or some positions do not exist.
    """
    smallest = min(last - first for first, last in window.sides)
    cell = CELL if window.width * window.height > SMALL else 1
    while cell > 1 and 4 * cell > smallest:
        cell //= 2
    with np.errstate(invalid='ignore', over='ignore'):
        return _fine_enough(georeference, geobox, window, error, cell)


def _fine_enough(
    georeference: Georeference, geobox: GeoBox, window: GeoWindow, error: float, cell: int
) -> tuple[Array, int]:
    while cell > 1:
        nodes = [np.arange(first, last + cell, cell, dtype=float) for first, last in window.sides]
        clipped = [axis.clip(*side) for axis, side in zip(nodes, window.sides, strict=True)]
        grid = positions_at(georeference, geobox, window.shift, *clipped)
        # `_bend` finds the error of a grid with cells twice as large. That is four times the error of this one.
        most = 4 * error * max(1.0, _smaller_scale(grid, cell))
        bend = 0.0 if geobox.target is None else _bend(grid, clipped)
        if bend < most:
            # The last node may lie beyond the window, where there may be no position. It continues the line before it.
            for axis, (_, last) in enumerate(window.sides):
                lines = np.moveaxis(grid, 1 - axis, 0)
                lines[-1] = lines[-2] + (lines[-1] - lines[-2]) * (cell / (last - nodes[axis][-2]))
            return grid, cell
        cell //= 2
        # Leave out the cells that are too large in all likelihood.
        while cell > 2 and math.isfinite(bend) and bend > 4 * most:
            cell, bend = cell // 2, bend / 4
    corners = [np.arange(first, last + 1.0) for first, last in window.sides]
    return positions_at(georeference, geobox, window.shift, *corners), 1


def centres_of(
    georeference: Georeference, geobox: GeoBox, window: GeoWindow, corners: Array, move: Array | None
) -> Array:
    """Return the positions of the centres of a window's pixels, (rows, columns, 2), moved by `move`.

    `corners` are those of the corners of all pixels (rows + 1, columns + 1, 2), moved already. Where the world begins
    anew between a centre and its upper left corner, the centre stays on the side of the corner.
    """
    middles = [np.arange(first, last) + 0.5 for first, last in window.sides]
    centres = positions_at(georeference, geobox, window.shift, *middles)
    if georeference.wrap_offset is None:
        return centres
    moved = centres if move is None else centres + move
    steps = moved - corners[:-1, :-1]
    found: Array = np.where(
        np.isfinite(steps), corners[:-1, :-1] + _without_turns(steps, georeference.wrap_offset), moved
    )
    return found


def same_grid(grid: Array, cell: int) -> tuple[int, int] | None:
    """Return column and row of the answer's first pixel in a level, if the answer's pixels are those of the level.

    `grid` holds indices of pixels of the level, 0 the centre of the first, at nodes that are `cell` pixels apart. None
    where an index is off by more than a hundredth, or the first pixel lies outside the level to the left or above.
    """
    first = np.rint(grid[0, 0] + 0.5)
    rows, columns = np.indices(grid.shape[:2]) * cell
    if np.abs(grid + 0.5 - first - np.stack([columns, rows], axis=-1)).max() > 1e-2:
        return None
    left, top = (int(value) for value in first)
    return (left, top) if left >= 0 and top >= 0 else None


def existing(grid: Array) -> tuple[Array, Array]:
    """Return the columns and the rows of a grid's positions, without those that do not exist."""
    x, y = grid[:, :, 0], grid[:, :, 1]
    there = np.isfinite(x) & np.isfinite(y)
    return (x, y) if there.all() else (x[there], y[there])


def scales_of(grid: Array, cell: int, wrap_offset: Array | None) -> tuple[float, float, str]:
    """Return how many columns and how many rows of the image a pixel of the answer takes, on average, and what varies.

    That is the axis of the answer, 'x' or 'y', along which the scale varies too much for one level, or else ''. The
    scales are NaN where no position exists. `wrap_offset` is that of the georeference: jumps by it do not count.
    """
    with np.errstate(invalid='ignore', over='ignore'):
        across, down = grid[:-1, 1:] - grid[:-1, :-1], grid[1:, :-1] - grid[:-1, :-1]
        if wrap_offset is not None:
            across, down = _without_turns(across, wrap_offset), _without_turns(down, wrap_offset)
        steps = np.sqrt(across * across + down * down) / cell
    if not steps.size:
        return 1.0, 1.0, ''
    finite = np.isfinite(steps).all(axis=2)
    if not finite.any():
        return math.nan, math.nan, ''
    whole, varying, means = bool(finite.all()), '', []
    for axis in (0, 1):
        own = steps[:, :, axis]
        flat = own if whole else own[finite]
        low, high, mean = flat.min(), flat.max(), flat.mean()
        means.append(float(mean))
        if high > _SCALE_RANGE * low and high > 1:
            rows = np.array([row.mean() for row in (own if whole else np.where(np.isfinite(own), own, mean))])
            varying = 'y' if np.ptp(rows) > 0.3 * (high - low) else 'x'
    return means[0], means[1], varying


def _without_turns(steps: Array, wrap_offset: Array) -> Array:
    """Return differences of positions without those parts that go once round the world."""
    turns = steps @ (wrap_offset / (wrap_offset @ wrap_offset))
    if not np.abs(turns).max(initial=0, where=np.isfinite(turns)) > 0.5:
        return steps
    result: Array = steps - np.rint(turns)[:, :, None] * wrap_offset
    return result


def _smaller_scale(grid: Array, cell: int) -> float:
    """Return how many pixels of the image lie between two pixels of the answer, across or down, whichever is less."""
    steps = [np.abs(grid[:, 1:] - grid[:, :-1]).max(), np.abs(grid[1:] - grid[:-1]).max()]
    smaller = float(min(steps)) / cell
    return smaller if math.isfinite(smaller) else 1.0


def _bend(grid: Array, nodes: list[Array]) -> float:
    """Return how far a node lies off the line between its neighbours, at most, in pixels of the image."""
    worst = 0.0
    for lines, positions in ((grid.swapaxes(0, 1), nodes[0]), (grid, nodes[1])):
        if len(lines) >= 3:
            # One half, except at the end of a window that ends within a cell.
            share = (positions[1:-1] - positions[:-2]) / (positions[2:] - positions[:-2])
            between = lines[:-2] + (lines[2:] - lines[:-2]) * share[:, None, None]
            off = float(np.abs(lines[1:-1] - between).max())
            worst = max(worst, off if math.isfinite(off) else math.inf)
    return worst
