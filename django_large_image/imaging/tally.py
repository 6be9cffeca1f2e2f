"""Counting values that come in pieces, all bands at a time."""

from __future__ import annotations

import numpy as np

from django_large_image.pixels import Array, Json
from django_large_image.readers.base import Pieces

#: The bands whose values are counted one by one, a table of 65 536 for each.
_MOST_TABLES = 64


class Tally:
    """What was counted of a band: the range, the sums, and how many values lie in each bin."""

    def __init__(self, bins: int) -> None:
        self.low, self.high = np.inf, -np.inf
        self.samples = 0
        self.integer = False
        self.counts: Array = np.zeros(bins, np.int64)
        # The sums are of differences to the minimum, which keeps them exact enough for large offsets.
        self._total = self._squares = 0.0

    def widen(self, values: Array) -> None:
        """Let the range hold these values."""
        self.integer = values.dtype.kind in 'iub'
        if values.size:
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def edges(self) -> Array:
        """Return the edges of the bins."""
        return np.histogram_bin_edges(
            [], len(self.counts), (self.low, self.high + 1 if self.integer else self.high)
        )

    def add(self, values: Array, weights: Array | None = None) -> None:
        """Count values within the range, each as often as its weight says."""
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
        """Return the histogram as JSON; with `density` each bin is its share of all values."""
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
    """Return what was counted of each band, in one pass over the pieces if the values are few, else in two."""
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
    """Return how often each value occurs, by band."""
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
