"""Windows of a level: cut into parts, and put together from blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.info import Level

#: Strips and very small tiles are read and cached in pieces of about so many pixels.
_PIECE_PIXELS = 262_144

#: Left, top, right and bottom in pixels of a level. Right and bottom are the first column and row behind the window.
Window = tuple[int, int, int, int]


def piece_of(width: int, height: int, level_width: int) -> tuple[int, int]:
    """Return the size of what is read and cached together of a level, whose stored blocks are width × height.

    It is one block, or of strips and very small tiles as many as make a piece.
    """
    if not (width * height < _PIECE_PIXELS // 16 or width >= level_width > 2 * height):
        return width, height
    if width >= level_width:
        return level_width, max(1, _PIECE_PIXELS // max(1, level_width) // height) * height
    across = max(1, min(level_width, 1024) // width)
    return across * width, across * height


def columns_of(window: Window, width: int) -> Iterator[Window]:
    """Yield the parts of a window that is cut at multiples of `width` columns of the level."""
    left, top, right, bottom = window
    while left < right:
        end = min(right, (left // width + 1) * width)
        yield left, top, end, bottom
        left = end


def rectangles(positions: set[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Return rectangles (top, left, bottom, right) that cover all `positions` (row, column) of blocks and no others."""
    rows = sorted({row for row, _ in positions})
    columns = sorted({column for _, column in positions})
    top, left, bottom, right = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
    if (bottom - top) * (right - left) == len(positions):
        return [(top, left, bottom, right)]
    found = []
    for row in rows:
        start = None
        for column in range(left, right + 1):
            if (row, column) in positions:
                start = column if start is None else start
            elif start is not None:
                found.append((row, start, row + 1, column))
                start = None
    return found


def assembled(
    level: Level, window: tuple[int, int, int, int], blocks: dict[tuple[int, int], MaskedPixels]
) -> tuple[Array, Array | None]:
    """Return values and validity of a window, put together from all blocks that it touches, by their row and column.

    Shapes are those of `MaskedPixels`. From a single block they are views into it, which must not be written to.
    """
    left, top, right, bottom = window
    if len(blocks) == 1:
        (((row, column), block),) = blocks.items()
        y, x = row * level.block_height, column * level.block_width
        cut = np.s_[top - y : bottom - y, left - x : right - x]
        return block.values[cut], None if block.mask is None else block.mask[cut]
    first = next(iter(blocks.values())).values
    values = np.empty((bottom - top, right - left, first.shape[2]), first.dtype)
    valid: Array | None = None
    if any(block.mask is not None for block in blocks.values()):
        valid = np.full(values.shape[:2], 255, np.uint8)
    for (row, column), block in blocks.items():
        y, x = row * level.block_height, column * level.block_width
        height, width = block.values.shape[:2]
        y0, y1 = max(top, y), min(bottom, y + height)
        x0, x1 = max(left, x), min(right, x + width)
        target = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        cut = np.s_[y0 - y : y1 - y, x0 - x : x1 - x]
        values[target] = block.values[cut]
        if valid is not None and block.mask is not None:
            valid[target] = block.mask[cut]
    return values, valid
