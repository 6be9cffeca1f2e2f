"""Tables of colours as palettes of a PNG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from django_large_image.pixels import Array

#: The colours of a palette that a PNG can hold, less the one that is transparent.
_COLOURS = 255


@dataclass(frozen=True, slots=True)
class Quantized:
    """A table as a palette: an index for each row, and the colour (uint8, up to 256 × 4) of each index."""

    indices: Array
    palette: Array
    #: Whether the last colour of the palette is none of the table's but the transparent one.
    clear: bool


def as_palette(table: Array) -> Quantized | None:
    """Return a table as a palette, None for one of too many colours."""
    packed = np.ascontiguousarray(table).view(np.uint32).ravel()
    found, inverse = np.unique(packed, return_inverse=True)
    chosen = found.view(np.uint8).reshape(-1, 4)
    if len(found) == _COLOURS + 1:
        return Quantized(inverse.ravel().astype(np.uint8), chosen, False)
    if len(found) > _COLOURS:
        # A smooth palette has some colours more than a PNG's, hardly different from the ones next to them.
        merged = _merged(table)
        if merged is None:
            return None
        inverse, chosen = merged
    palette = np.concatenate([chosen, np.zeros((1, 4), np.uint8)])
    return Quantized(inverse.ravel().astype(np.uint8), palette, True)


def _merged(table: Array) -> tuple[Array, Array] | None:
    """Return an index for each row and colours that are at most a level off, None for more than a PNG's palette."""
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
