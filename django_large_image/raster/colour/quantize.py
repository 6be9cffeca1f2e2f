"""Tables of colours as palettes of a PNG, whose pixels take one byte each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from django_large_image.pixels import Array

#: The most colours in the palette of a PNG beside a transparent one.
_COLOURS = 255


@dataclass(frozen=True, slots=True)
class Quantized:
    """A table of colours as a palette."""

    #: The index in the palette of each row of the table: uint8 (rows).
    indices: Array
    #: uint8 (up to 256, 4).
    palette: Array
    #: Whether the last colour of the palette is transparent, and added to those of the table.
    clear: bool


def as_palette(table: Array) -> Quantized | None:
    """Return a table (uint8, rows × 4) as a palette; None if it has too many colours.

    Colours are exact up to 256. Beyond that, neighbours in the table are merged if that changes no channel by more than
    a level, and alpha not at all.
    """
    packed = np.ascontiguousarray(table).view(np.uint32).ravel()
    found, inverse = np.unique(packed, return_inverse=True)
    chosen = found.view(np.uint8).reshape(-1, 4)
    if len(found) == _COLOURS + 1:
        return Quantized(inverse.ravel().astype(np.uint8), chosen, False)
    if len(found) > _COLOURS:
        # A smooth palette often has a few colours too many, which hardly differ from those next to them.
        merged = _merged(table)
        if merged is None:
            return None
        inverse, chosen = merged
    palette = np.concatenate([chosen, np.zeros((1, 4), np.uint8)])
    return Quantized(inverse.ravel().astype(np.uint8), palette, True)


def _merged(table: Array) -> tuple[Array, Array] | None:
    """Return an index for each row, and colours that are off by a level at most; None if there are still too many."""
    changes = np.flatnonzero((table[1:] != table[:-1]).any(axis=1)) + 1
    starts: list[int] = [0]
    chosen: list[Array] = []
    low = high = table[0].astype(np.int16)
    for row in [*changes.tolist(), None]:
        colour = None if row is None else table[row].astype(np.int16)
        if row is not None and colour is not None:
            wider = np.minimum(low, colour), np.maximum(high, colour)
            # Transparency stays exact.
            if (wider[1] - wider[0] <= (2, 2, 2, 0)).all():
                low, high = wider
                continue
            starts.append(row)
        chosen.append((low + high) // 2)
        if len(chosen) > _COLOURS:
            return None
        if colour is not None:
            low = high = colour
    lengths = np.diff([*starts, len(table)])
    return np.repeat(np.arange(len(starts)), lengths), np.array(chosen, np.uint8)
