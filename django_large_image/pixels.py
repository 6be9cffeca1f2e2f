"""What the layers hand to each other: pixels, that is values with their validity, and JSON objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: An array of any dtype. A docstring says its shape and what it holds.
Array = NDArray[Any]
#: A JSON object, such as a style or metadata.
Json = dict[str, Any]


def strips_of(top: int, bottom: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield strips of at most `rows` rows from `top` to before `bottom`: the first row, and the row after the last."""
    for first in range(top, bottom, rows):
        yield first, min(bottom, first + rows)


def finite(values: Array) -> Array:
    """Return the values of a flat array that are neither NaN nor infinite."""
    return values[np.isfinite(values)] if values.dtype.kind == 'f' else values


def summary(values: Array) -> dict[str, float]:
    """Return `min`, `max`, `mean` and `stdev` of flat values; an empty dictionary if there are none."""
    if not values.size:
        return {}
    return {
        'min': float(values.min()),
        'max': float(values.max()),
        'mean': float(values.mean(dtype=np.float64)),
        'stdev': float(values.std(dtype=np.float64)),
    }


@dataclass(frozen=True, slots=True)
class MaskedPixels:
    """Values (rows, columns, bands) with a mask, uint8 (rows, columns): the validity of each pixel, 0 is not valid.

    The mask is None if all pixels are valid. While pixels are resampled, the values may be floats. A mask that is
    float32 from 0 to 1 then is the share of each pixel that is valid, and the values have been multiplied by it.
    """

    values: Array
    mask: Array | None

    @property
    def nbytes(self) -> int:
        """Return the memory that it takes, in bytes."""
        return self.values.nbytes + (0 if self.mask is None else self.mask.nbytes)
