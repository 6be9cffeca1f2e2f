"""Averages of n × m pixels of a level, for scales that no overview has. What is in memory is bounded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from django_large_image.pixels import MaskedPixels, strips_of
from django_large_image.raster.blocks.windows import Window
from django_large_image.raster.resampling.sampling import averaged, stacked

#: The bytes of a strip that is read and averaged at a time.
_STRIP_BYTES = 12_000_000
#: The most pixels, across and down, that are averaged in one step. More are averaged in two.
_FIRST = 64


def factor_for(step: float, size: int) -> int:
    """Return how many pixels to average along an axis, for an answer whose pixels are `step` pixels of the level.

    An answer's pixel is then 1 to 2 averages, and rather 2: one that lies between averages is best made of averages of
    about half its size. The factor is at most `size`, the side of the level: the image may be smaller than a pixel of
    the answer.
    """
    shrunk = max(1, round(step / 1.6))
    shrunk = min(size, shrunk + 1 if step / shrunk > 2.05 else shrunk)
    return shrunk if shrunk <= _FIRST else shrunk // _FIRST * _FIRST


def shrunk_window(
    read: Callable[[Window], MaskedPixels], window: Window, across: int, down: int, columns: int, size: int
) -> MaskedPixels:
    """Return averages of `down` × `across` pixels of a window, as `sampling.averaged` does, or for 1 × 1 the pixels.

    `columns` are how many columns of whole blocks to read at a time, and `size` is the bytes of a pixel. Raises what
    `read` raises.
    """
    left, top, right, bottom = window
    if across == down == 1:
        return read(window)
    # Pixels are in memory as floats while they are averaged, so very large averages are made of smaller ones.
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
    """Return where to cut a range, at multiples of `step` from `low`, so that few pieces touch two blocks of `size`."""
    edges = {low, high}
    for block in range((low // size + 1) * size, high, size):
        before = low + (block - low) // step * step
        edges |= {before, min(high, before + step)} if before != block else {block}
    return sorted(edges)
