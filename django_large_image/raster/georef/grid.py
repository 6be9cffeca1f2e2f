"""Where the pixels of a geobox lie in an image: grids of exact places, and the places between them."""

from __future__ import annotations

import math

import numpy as np

from django_large_image.pixels import Array
from django_large_image.raster.georef.geobox import CELL, SMALL, GeoBox, GeoWindow
from django_large_image.raster.georef.georeference import Georeference

#: How much the scale may differ over a part of the answer that is read from one level.
_SCALE_RANGE = 2.0


def places_at(georeference: Georeference, geobox: GeoBox, shift: float, columns: Array, rows: Array) -> Array:
    """Return the image's pixel coordinates of places on the geobox, shape (rows, columns, 2)."""
    affine = geobox.affine
    xs, ys = affine.a * columns + affine.c - shift, affine.e * rows + affine.f
    places: Array = np.empty((len(ys), len(xs), 2))
    if geobox.target is None:
        places[:, :, 0], places[:, :, 1] = xs, ys[:, None]
    else:
        places[:, :, 0], places[:, :, 1] = georeference.grid_to_pixels(xs, ys, geobox.target)
    return places


def grid_of(georeference: Georeference, geobox: GeoBox, window: GeoWindow, error: float) -> tuple[Array, int]:
    """Return the places of corners of pixels, `cell` pixels apart so that places between them follow, and the cell.

    `error` is the largest error of a place between, in pixels of the image or of the answer, what is larger. With a
    cell of 1 nothing may be interpolated: some places do not exist, or the part is small.
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
        grid = places_at(georeference, geobox, window.shift, *clipped)
        # Twice as fine a grid has a quarter of the error, and this is the error of one that is twice as coarse.
        most = 4 * error * max(1.0, _smaller_scale(grid, cell))
        bend = 0.0 if geobox.target is None else _bend(grid, clipped)
        if bend < most:
            # The last node lies beyond the part, where there may be no place; it goes on straight.
            for axis, (_, last) in enumerate(window.sides):
                lines = np.moveaxis(grid, 1 - axis, 0)
                lines[-1] = lines[-2] + (lines[-1] - lines[-2]) * (cell / (last - nodes[axis][-2]))
            return grid, cell
        cell //= 2
        # At once to the cell that is likely to do.
        while cell > 2 and math.isfinite(bend) and bend > 4 * most:
            cell, bend = cell // 2, bend / 4
    corners = [np.arange(first, last + 1.0) for first, last in window.sides]
    return places_at(georeference, geobox, window.shift, *corners), 1


def centres_of(
    georeference: Georeference, geobox: GeoBox, window: GeoWindow, corners: Array, move: Array | None
) -> Array:
    """Return the places of the centres of pixels, in the turn round the world of those of their upper left corners.

    `corners` have been moved by `move`.
    """
    middles = [np.arange(first, last) + 0.5 for first, last in window.sides]
    centres = places_at(georeference, geobox, window.shift, *middles)
    if georeference.wrap_offset is None:
        return centres
    moved = centres if move is None else centres + move
    steps = moved - corners[:-1, :-1]
    found: Array = np.where(
        np.isfinite(steps), corners[:-1, :-1] + _without_turns(steps, georeference.wrap_offset), moved
    )
    return found


def same_grid(grid: Array, cell: int) -> tuple[int, int] | None:
    """Return the index of the answer's first pixel where its pixels are those that were read, else None."""
    first = np.rint(grid[0, 0] + 0.5)
    rows, columns = np.indices(grid.shape[:2]) * cell
    if np.abs(grid + 0.5 - first - np.stack([columns, rows], axis=-1)).max() > 1e-2:
        return None
    left, top = (int(value) for value in first)
    return (left, top) if left >= 0 and top >= 0 else None


def existing(grid: Array) -> tuple[Array, Array]:
    """Return the columns and the rows of a grid's places that exist."""
    x, y = grid[:, :, 0], grid[:, :, 1]
    there = np.isfinite(x) & np.isfinite(y)
    return (x, y) if there.all() else (x[there], y[there])


def scales_of(grid: Array, cell: int, turn: Array | None) -> tuple[float, float, str]:
    """Return how many columns and rows of the image a pixel of the answer takes, and along which axis that varies.

    `turn` is that of the georeference: where the grid jumps by it, the world begins anew.
    """
    with np.errstate(invalid='ignore', over='ignore'):
        across, down = grid[:-1, 1:] - grid[:-1, :-1], grid[1:, :-1] - grid[:-1, :-1]
        if turn is not None:
            across, down = _without_turns(across, turn), _without_turns(down, turn)
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


def _without_turns(steps: Array, turn: Array) -> Array:
    turns = steps @ (turn / (turn @ turn))
    if not np.abs(turns).max(initial=0, where=np.isfinite(turns)) > 0.5:
        return steps
    result: Array = steps - np.rint(turns)[:, :, None] * turn
    return result


def _smaller_scale(grid: Array, cell: int) -> float:
    """Return the smaller number of the image's pixels, across or down, between two places a pixel apart."""
    steps = [np.abs(grid[:, 1:] - grid[:, :-1]).max(), np.abs(grid[1:] - grid[:-1]).max()]
    smaller = float(min(steps)) / cell
    return smaller if math.isfinite(smaller) else 1.0


def _bend(grid: Array, nodes: list[Array]) -> float:
    """Return by how much the places of nodes lie off the line between their neighbours."""
    worst = 0.0
    for lines, positions in ((grid.swapaxes(0, 1), nodes[0]), (grid, nodes[1])):
        if len(lines) >= 3:
            # One half, but for the last node of a part that ends within a cell.
            share = (positions[1:-1] - positions[:-2]) / (positions[2:] - positions[:-2])
            between = lines[:-2] + (lines[2:] - lines[:-2]) * share[:, None, None]
            off = float(np.abs(lines[1:-1] - between).max())
            worst = max(worst, off if math.isfinite(off) else math.inf)
    return worst
