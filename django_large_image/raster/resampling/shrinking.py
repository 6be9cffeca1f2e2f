"""Averages of whole blocks of pixels of a level, where no overview fits: what is read at a time is bounded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from django_large_image.pixels import MaskedPixels, strips_of
from django_large_image.raster.blocks.windows import Window
from django_large_image.raster.resampling.sampling import averaged, stacked

#: The bytes, of a level, that are made smaller at a time.
_STRIP_BYTES = 12_000_000
#: Pixels are averaged by so many at most at a time, across and down.
_FIRST = 64


def factor_for(step: float, size: int) -> int:
    """Return by how much to shrink so that a step is 1 to 2 pixels of what is left, and rather 2 than 1.

    Pixels of the answer that lie between two averages are best made of averages of about half their own size. It is no
    more than the level has: the image may be less than a pixel of the answer.
    """
    shrunk = max(1, round(step / 1.6))
    shrunk = min(size, shrunk + 1 if step / shrunk > 2.05 else shrunk)
    return shrunk if shrunk <= _FIRST else shrunk // _FIRST * _FIRST


def shrunk_window(
    read: Callable[[Window], MaskedPixels], window: Window, across: int, down: int, columns: int, size: int
) -> MaskedPixels:
    """Return averages of `down` × `across` pixels of a window; its valid values come multiplied by their share.

    `columns` are the columns of blocks to read at a time, and `size` is that of a pixel in bytes.
    """
    left, top, right, bottom = window
    if across == down == 1:
        return read(window)
    # What is averaged is in memory as floats, so very large averages are those of smaller ones.
    first = min(across, _FIRST), min(down, _FIRST)
    pieces = []
    for start, end in pairwise(_edges(left, right, columns, first[0])):
        rows = max(first[1], _STRIP_BYTES // size // (end - start) // first[1] * first[1])
        strips = [
            averaged(read((start, low, end, high)), *first) for low, high in strips_of(top, bottom, rows)
        ]
        pieces.append(stacked(strips, 0))
    found = stacked(pieces, 1)
    return found if first == (across, down) else averaged(found, across // first[0], down // first[1])


def _edges(low: int, high: int, size: int, step: int) -> list[int]:
    """Return where to cut a range so that few pieces touch two blocks of `size`; each is a multiple of `step` long."""
    edges = {low, high}
    for block in range((low // size + 1) * size, high, size):
        before = low + (block - low) // step * step
        edges |= {before, min(high, before + step)} if before != block else {block}
    return sorted(edges)
