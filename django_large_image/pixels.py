"""What the layers hand to each other: pixels, that is values and which of them mean something, and JSON objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

#: An array of whatever type the bands of a file have; a docstring says its shape and what it holds.
Array = NDArray[Any]
#: A JSON object, such as a style or metadata, or anything else that has values by their names.
Json = dict[str, Any]


def strips_of(top: int, bottom: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first row of each strip of at most `rows` rows, and the one after its last."""
    for first in range(top, bottom, rows):
        yield first, min(bottom, first + rows)


@dataclass(frozen=True, slots=True)
class MaskedPixels:
    """Values (rows, columns, bands), and how valid each pixel is: uint8 (rows, columns), 0 is not at all.

    The mask is None if all pixels are valid. While pixels are resampled, the values may be of a finer type than the
    file's; where the mask is float32 from 0 to 1, they have been multiplied by it.
    """

    values: Array
    mask: Array | None

    @property
    def nbytes(self) -> int:
        """Return the memory it takes."""
        return self.values.nbytes + (0 if self.mask is None else self.mask.nbytes)
