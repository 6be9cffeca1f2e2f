"""Counting values for histograms. They come in pieces, each with values of all bands."""

from __future__ import annotations

import numpy as np

from django_large_image.pixels import Array, Json
from django_large_image.readers.base import Pieces

#: The most bands for which a table holds how often each value occurs, of up to 65 536 values a band.
_MOST_TABLES = 64


class Tally:
    """The count of a band's values: their range, their sums, and how many lie in each bin."""

    def __init__(self, bins: int) -> None:
        self.low, self.high = np.inf, -np.inf
        self.samples = 0
        self.integer = False
        self.counts: Array = np.zeros(bins, np.int64)
        # The sums are of differences to the minimum: sums of large values would lose precision.
        self._total = self._squares = 0.0

    def widen(self, values: Array) -> None:
        """Widen the range so that it holds these values (a flat array). Do this with all values before `add`."""
        self.integer = values.dtype.kind in 'iub'
        if values.size:
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def edges(self) -> Array:
        """Return the edges of the bins, one more than there are bins. For integers the last is the maximum + 1."""
        return np.histogram_bin_edges(
            [], len(self.counts), (self.low, self.high + 1 if self.integer else self.high)
        )

    def add(self, values: Array, weights: Array | None = None) -> None:
        """Count values within the range (a flat array), each once, or as often as its weight says."""
        if not values.size:
            return
        edges = self.edges()
        found, _ = np.histogram(values, len(self.counts), (edges[0], edges[-1]), weights=weights)
        self.counts += found.astype(np.int64)
        shifted = values.astype(np.float64)
        shifted -= self.low
        if weights is None:
            self._total += float(shifted.sum())
            self._squares += float(np.dot(shifted, shifted))
            self.samples += values.size
        else:
            self._total += float(np.dot(shifted, weights))
            self._squares += float(np.dot(shifted * shifted, weights))
            self.samples += int(weights.sum())

    def body(self, density: bool) -> Json:
        """Return the histogram as JSON. With `density` a bin is its share of all values instead of a count."""
        bins = len(self.counts)
        if not self.samples:
            return {
                'min': None, 'max': None, 'mean': None, 'stdev': None, 'range': None, 'hist': [0] * bins,
                'bin_edges': [], 'bins': bins, 'density': density, 'samples': 0,
            }  # fmt: skip
        edges, mean = self.edges(), self._total / self.samples
        return {
            'min': self.low,
            'max': self.high,
            'mean': self.low + mean,
            'stdev': max(0.0, self._squares / self.samples - mean * mean) ** 0.5,
            'range': [float(edges[0]), float(edges[-1])],
            'hist': (self.counts / max(1, self.counts.sum())).tolist() if density else self.counts.tolist(),
            'bin_edges': edges.tolist(),
            'bins': bins,
            'density': density,
            'samples': self.samples,
        }


def tally(pieces: Pieces, bins: int) -> list[Tally]:
    """Return the counts of each band.

    One pass over the pieces is enough for integers of up to 16 bits in up to `_MOST_TABLES` bands; others take two.
    """
    first = next(pieces(), [])
    small = all(values.dtype.kind in 'iu' and values.dtype.itemsize <= 2 for values in first)
    if small and 0 < len(first) <= _MOST_TABLES:
        return [
            _of_table(table, values.dtype, bins) for table, values in zip(_tables(pieces), first, strict=True)
        ]
    found = [Tally(bins) for _ in first]
    for part in pieces():
        for one, values in zip(found, part, strict=True):
            one.widen(values)
    for part in pieces():
        for one, values in zip(found, part, strict=True):
            one.add(values)
    return found


def _tables(pieces: Pieces) -> list[Array]:
    """Return how often each value occurs, a table for each band, by the value's bits as an unsigned integer."""
    tables: list[Array] = []
    for part in pieces():
        sizes = [1 << 8 * values.dtype.itemsize for values in part]
        tables = tables or [np.zeros(size, np.int64) for size in sizes]
        for table, values, size in zip(tables, part, sizes, strict=True):
            table += np.bincount(values.view(f'u{values.dtype.itemsize}'), minlength=size)
    return tables


def _of_table(table: Array, dtype: np.dtype[np.generic], bins: int) -> Tally:
    there = np.flatnonzero(table)
    values = there.astype(f'u{dtype.itemsize}').view(dtype)
    one = Tally(bins)
    one.widen(values)
    one.add(values, table[there])
    return one
