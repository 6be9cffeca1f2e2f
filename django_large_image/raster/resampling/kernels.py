"""The inner loops on pixels: resample, shrink and smooth arrays of shape (rows, columns, bands).

OpenCV runs them in about a millisecond. Without it NumPy gives the same pictures, several times slower (system check
W009).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from django_large_image.pixels import Array

cv2: Any = import_module('cv2') if find_spec('cv2') else None
if cv2 is not None:
    # The server decides how many threads there are. OpenCV's own pool would compete with them, and breaks in a fork.
    cv2.setNumThreads(1)

#: The dtypes that OpenCV's loops take.
_NATIVE = frozenset(np.dtype(name) for name in ('uint8', 'uint16', 'int16', 'float32', 'float64'))
#: The dtypes that cv2.cvtColor takes.
_COLOURS = frozenset(np.dtype(name) for name in ('uint8', 'uint16', 'float32'))
#: The most bands that OpenCV's loops take at a time.
_BANDS = 4
_VERSION = 0 if cv2 is None else int(cv2.__version__.partition('.')[0])
#: The dtypes of numbers of rows that cv2.LUT takes: OpenCV before 5.0 takes bytes alone.
_ROWS = frozenset(
    np.dtype(name) for name in (() if cv2 is None else ('uint8', 'uint16') if _VERSION >= 5 else ('uint8',))
)
#: The longest side of an array that cv2.remap takes: it keeps positions as 16-bit integers.
MAX_SIDE = 32_000


def workable(values: Array) -> Array:
    """Return values in a dtype that the other functions take: int8 becomes float32, larger integers float64."""
    if values.dtype in _NATIVE:
        return values
    return values.astype(np.float32 if values.dtype.itemsize == 1 else np.float64)


def can_merge(dtype: np.dtype[np.generic], count: int) -> bool:
    """Return whether `merge` takes `count` bands of a dtype."""
    return cv2 is not None and dtype in _NATIVE and 1 < count <= _BANDS


def merge(planes: Iterable[Array]) -> Array:
    """Return planes, each (rows, columns), as pixels (rows, columns, bands). Only where `can_merge`."""
    merged: Array = cv2.merge(list(planes))
    return merged


def look_up(table: Array, rows: Array) -> Array:
    """Return the entry of a table (uint8 or uint32) for each number of a row, in the shape of `rows`.

    A table has an entry for each value that the dtype of `rows` can have, or `rows` has no greater ones.
    """
    if rows.dtype in _ROWS and len(table) == 256**rows.itemsize:
        # A third of NumPy 2.4's time. OpenCV has no uint32, and copies bits.
        known = table.view(np.int32) if table.dtype == np.uint32 else table
        found: Array = cv2.LUT(rows, known.reshape(1, -1)).view(table.dtype)
        return found.reshape(rows.shape)
    return np.take(table, rows)


def select(values: Array, bands: list[int]) -> Array:
    """Return some of the bands, from 0, in this order, in a contiguous array."""
    if cv2 is not None and bands == [0, 1, 2] and values.shape[2] == 4 and values.dtype in _COLOURS:
        first: Array = cv2.cvtColor(np.ascontiguousarray(values), cv2.COLOR_RGBA2RGB)
        return first
    return np.ascontiguousarray(values[:, :, bands])


def masked(values: Array, valid: Array) -> Array:
    """Return a copy of values that is 0 where `valid`, uint8 (rows, columns), is 0."""
    if cv2 is not None and values.dtype in _NATIVE:
        copied: Array = cv2.copyTo(np.ascontiguousarray(values), valid)
        return copied.reshape(values.shape)
    zeroed: Array = np.where(valid[:, :, None] > 0, values, values.dtype.type(0))
    return zeroed


def with_alpha(colours: Array, alpha: Array) -> Array:
    """Return colours, uint8 (rows, columns, 3), with `alpha`, uint8 (rows, columns), as a fourth band."""
    if cv2 is not None:
        four: Array = cv2.cvtColor(np.ascontiguousarray(colours), cv2.COLOR_RGB2RGBA)
        four[:, :, 3] = alpha
        return four
    return np.concatenate([colours, alpha[:, :, None]], axis=2)


def within(positions: Array, columns: Array, rows: Array) -> Array:
    """Return which positions lie in a window: uint8 (height, width), 255 inside and 0 outside.

    `positions` are as for `resample`. The window goes from the first to before the second of `columns`, and so with
    `rows`. NaN lies outside.
    """
    first = np.array([columns[0], rows[0]], np.float32)
    end = np.array([columns[1], rows[1]], np.float32)
    if cv2 is not None:
        last = np.nextafter(end, np.float32(-np.inf))
        found: Array = cv2.inRange(positions, first.astype(float), last.astype(float))
        return found
    inside = np.asarray(((positions >= first) & (positions < end)).all(axis=2))
    shown: Array = inside.astype(np.uint8) * np.uint8(255)
    return shown


def _each_four(values: Array, function: Callable[[Array], Array]) -> Array:
    """Apply a function of OpenCV to four bands at a time, and put back the last axis, which it drops for one band."""
    count, size = values.shape[2], values.itemsize
    if count <= _BANDS:
        # OpenCV takes a view of a window without a copy, if the pixels of a row lie together.
        together = values.strides[1:] == (count * size, size)
        result: Array = function(values if together else np.ascontiguousarray(values))
        return result.reshape(*result.shape[:2], count)
    parts = [
        function(np.ascontiguousarray(values[:, :, first : first + _BANDS]))
        for first in range(0, count, _BANDS)
    ]
    return np.concatenate([part.reshape(*part.shape[:2], -1) for part in parts], axis=2)


def resample(values: Array, positions: Array, method: str) -> Array:
    """Return values at positions, (height, width, bands), in the dtype of `values`; interpolated int16 is float32.

    `positions` are float32 (height, width, 2): column and row of `values`, 0 the centre of the first pixel. `method` is
    'nearest', 'bilinear' or 'cubic'. A position outside takes the value of the nearest pixel at the edge.
    """
    if values.dtype == np.int16 and method != 'nearest':
        # OpenCV 5.0 takes twice as long for int16 as for float32.
        values = values.astype(np.float32)
    # OpenCV 5.0 casts float64 to int32 near borders, and rounds its weights.
    if cv2 is None or (values.dtype == np.float64 and method != 'nearest'):
        return _resample_numpy(values, positions[:, :, 0], positions[:, :, 1], method)
    kind = {'nearest': cv2.INTER_NEAREST, 'bilinear': cv2.INTER_LINEAR, 'cubic': cv2.INTER_CUBIC}[method]
    if method == 'nearest':
        # OpenCV rounds halves to even. Here, as in GDAL, a position between two pixels belongs to the second.
        positions = np.floor(positions + np.float32(0.5))

    def remap(part: Array) -> Array:
        found: Array = cv2.remap(part, positions, None, kind, borderMode=cv2.BORDER_REPLICATE)
        return found

    def remap_all(part: Array) -> Array:
        # OpenCV 5.0's bilinear takes twice as long for two or three bands as for four. And it rounds their weights to
        # 1/32, where those of one and four bands are exact, so that a value and its validity would differ. Its cubic
        # rounds all weights, and takes longer for two bands than for each of them in turn.
        if part.shape[2] == 3 and method == 'bilinear':
            three: Array = cv2.cvtColor(remap(cv2.cvtColor(part, cv2.COLOR_RGB2RGBA)), cv2.COLOR_RGBA2RGB)
            return three
        if part.shape[2] == 2 and method != 'nearest':
            two: Array = cv2.merge([remap(band) for band in cv2.split(part)])
            return two
        return remap(part)

    return _each_four(values, remap_all)


def _resample_numpy(values: Array, columns: Array, rows: Array, method: str) -> Array:
    height, width = values.shape[:2]
    if method == 'nearest':
        column = np.floor(columns + 0.5).astype(np.intp).clip(0, width - 1)
        row = np.floor(rows + 0.5).astype(np.intp).clip(0, height - 1)
        return np.asarray(values[row, column])
    first_column, first_row = np.floor(columns).astype(np.intp), np.floor(rows).astype(np.intp)
    across, down = columns - first_column, rows - first_row
    taps = (0, 1) if method == 'bilinear' else (-1, 0, 1, 2)
    weigh = _linear if method == 'bilinear' else _cubic
    total = np.zeros((*columns.shape, values.shape[2]), np.float64)
    for y in taps:
        row = (first_row + y).clip(0, height - 1)
        for x in taps:
            column = (first_column + x).clip(0, width - 1)
            total += (weigh(down - y) * weigh(across - x))[:, :, None] * values[row, column]
    return like(total, values.dtype)


def _linear(distance: Array) -> Array:
    return 1 - np.abs(distance)


def _cubic(distance: Array) -> Array:
    # R. Keys, Cubic Convolution Interpolation (1981), with OpenCV's a = -0.75.
    a, x = -0.75, np.abs(distance)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def like(values: Array, dtype: np.dtype[np.generic]) -> Array:
    """Return floats (rows, columns, bands) as another dtype: rounded and clipped for integers."""
    if dtype.kind not in 'iu':
        return values.astype(dtype, copy=False)
    if cv2 is not None and dtype == np.uint8 and values.dtype == np.float32 and values.shape[2] <= _BANDS:
        # Rounds and saturates in one pass.
        return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0))).reshape(values.shape)
    limits = np.iinfo(dtype.str)
    return np.rint(values).clip(limits.min, limits.max).astype(dtype)


def shrink(values: Array, across: int, down: int) -> Array:
    """Return the averages of `down` × `across` pixels, in the dtype of `values`, whose sides are multiples of these."""
    if across == down == 1:
        return values
    height, width = values.shape[0] // down, values.shape[1] // across
    if cv2 is not None:
        return _each_four(
            values, lambda part: cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
        )
    blocks = values.reshape(height, down, width, across, values.shape[2])
    return like(blocks.mean(axis=(1, 3), dtype=np.float64), values.dtype)


#: The weights of a pixel, of each of its two neighbours, and of each of the two behind these.
Taps = tuple[float, float, float]


def _symmetric(taps: Taps, scale: float = 1) -> Array:
    own, near, far = taps
    weights: Array = np.array([far, near, own, near, far], np.float32) * np.float32(scale)
    return weights


def smooth(values: Array, across: Taps, down: Taps) -> Array:
    """Return values weighted with their neighbours in the same row (`across`) and in the same column (`down`).

    dtypes of up to 16 bits and float32 become float32, others float64.
    """
    number = np.float32 if values.dtype.itemsize <= 2 or values.dtype == np.float32 else np.float64
    if cv2 is not None:
        depth = cv2.CV_32F if number is np.float32 else cv2.CV_64F
        kernels = [_symmetric(taps) for taps in (across, down)]
        border = cv2.BORDER_REPLICATE
        # OpenCV is slow with other pairs of dtypes, or does not have them.
        values = values if values.dtype == np.uint8 else values.astype(number, copy=False)
        return _each_four(values, lambda four: cv2.sepFilter2D(four, depth, *kernels, borderType=border))
    result = values.astype(np.float64)
    for axis, taps in ((1, across), (0, down)):
        padded = np.pad(result, [(2, 2) if axis == n else (0, 0) for n in range(3)], mode='edge')
        length = result.shape[axis]
        parts = [
            weight * np.take(padded, range(first, first + length), axis=axis)
            for first, weight in enumerate(_symmetric(taps).astype(float))
        ]
        result = np.sum(parts, axis=0)
    return result.astype(number)


def enlarge(grid: Array, cell: int, width: int, height: int) -> Array:
    """Return a grid of nodes interpolated at the centres of pixels, float32 (height, width, 2).

    Node [i, j] lies at the upper left corner of the pixel in row i · `cell` and column j · `cell`. The grid must reach
    to the right and lower edge or beyond.
    """
    grid = np.ascontiguousarray(grid, np.float32)
    if cv2 is not None and cell % 2 == 0:
        size = (grid.shape[1] * cell, grid.shape[0] * cell)
        dense = cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR)
        # cv2.resize takes the nodes as centres of cells, and not as their corners: so half a cell is cut off.
        return np.asarray(dense[cell // 2 : cell // 2 + height, cell // 2 : cell // 2 + width])
    column = (np.arange(width, dtype=np.float32) + 0.5) / cell
    row = (np.arange(height, dtype=np.float32) + 0.5) / cell
    i, j = column.astype(np.intp), row.astype(np.intp)
    across, down = (column - i)[None, :, None], (row - j)[:, None, None]
    upper = grid[j][:, i] * (1 - across) + grid[j][:, i + 1] * across
    lower = grid[j + 1][:, i] * (1 - across) + grid[j + 1][:, i + 1] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)
