"""Look-up tables: the colour of each value of a band, by the range and the palette of a style."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

import cachetools
import numpy as np

from django_large_image import colors
from django_large_image.colors.styles import Style
from django_large_image.pixels import Array
from django_large_image.raster.colour.quantize import Quantized, as_palette

#: The steps between min and max in a table for values that are not integers of up to 16 bits.
_STEPS = 65_534
#: The most memory that tables take which are kept, in bytes. One of 16 bits takes half a megabyte.
KEPT_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Scale:
    """Which row of a table has the colour of a value.

    Integers of up to 16 bits have a row for each value of the type. Other values have `_STEPS` rows from `low` to
    `high`, one row before these for values below, and one after them for values above.
    """

    low: float
    high: float
    #: What is added to an integer to get its row; None for other types.
    offset: int | None

    def samples(self, dtype: np.dtype[np.generic]) -> Array:
        """Return the value that each row of a table stands for."""
        if self.offset is not None:
            limits = np.iinfo(dtype.name)
            every: Array = np.arange(int(limits.min), int(limits.max) + 1, dtype=np.float64)
            return every
        inside = self.low + np.arange(_STEPS + 1) / _STEPS * (self.high - self.low)
        # Negative where the ends are the other way round.
        step = self.high - self.low
        return np.concatenate([[self.low - step], inside, [self.high + step]])

    def indices(self, values: Array) -> Array:
        """Return the row of each value, in an array of integers of the same shape."""
        if self.offset == 0:
            return values
        if self.offset is not None:
            shifted: Array = values.astype(np.int32) + np.int32(self.offset)
            return shifted
        number: type[np.floating] = np.float32 if values.dtype == np.float32 else np.float64
        step: Array = values.astype(number, copy=False) - number(self.low)
        step *= number(_STEPS / (self.high - self.low))
        # Rounded to the nearest step, behind the row for values below.
        step += number(1.5)
        rows: Array = step.clip(0, _STEPS + 2).astype(np.int32)
        return rows


def scale_for(dtype: np.dtype[np.generic], low: float, high: float) -> Scale | None:
    """Return the scale of values of a dtype from `low` to `high`; None if an end of a long type is not finite."""
    if dtype.kind in 'iu' and dtype.itemsize <= 2:
        return Scale(low, high, -int(np.iinfo(dtype.name).min))
    if not np.isfinite([low, high]).all():
        return None
    # With equal ends large-image divides by 1.
    return Scale(low, high if high != low else low + 1, None)


@dataclass(frozen=True, slots=True)
class Table:
    """The colours of the rows of a scale."""

    #: The colour of each row in one value, uint32 (rows): its bytes are red, green, blue and alpha.
    colours: Array
    #: Whether all rows are opaque.
    opaque: bool
    #: The only channel (0 to 2) that has levels above 0, and its levels, uint8 (rows); None if several have.
    channel: int
    levels: Array | None
    #: What makes an image with a palette; None where that has too many colours.
    quantized: Quantized | None

    @property
    def nbytes(self) -> int:
        """Return the memory that it takes, in bytes."""
        indices = 0 if self.quantized is None else self.quantized.indices.nbytes
        return 256 + self.colours.nbytes + indices + (0 if self.levels is None else self.levels.nbytes)


_tables: cachetools.LRUCache[object, Table] = cachetools.LRUCache(
    KEPT_BYTES, getsizeof=lambda table: table.nbytes
)
_lock = threading.Lock()


def forget_tables() -> None:
    """Drop the tables that are kept; those in use live on until their answer is drawn."""
    with _lock:
        _tables.clear()


def table_of(
    entry: Style, scale: Scale, dtype: np.dtype[np.generic], low: float, high: float, alone: bool
) -> Table:
    """Return the table of a band of a style, for values of a dtype from `low` to `high`.

    `alone` says that it is the only band, so that a palette is of use. The table is the same for all frames of one
    range, so that playing through them makes it once.
    """
    look = {name: entry.get(name) for name in ('palette', 'scheme', 'nodata', 'clamp')}
    key = (dtype.str, low, high, json.dumps(look), alone)
    with _lock:
        found = _tables.get(key)
    if found is None:
        colours = _colours(entry, scale, dtype, low, high)
        channels = np.flatnonzero(colours[:, :3].any(axis=0)).tolist()
        channel = channels[0] if channels else 0
        found = Table(
            colours.view(np.uint32)[:, 0],
            bool((colours[:, 3] == 255).all()),
            channel,
            None if len(channels) > 1 else np.ascontiguousarray(colours[:, channel]),
            as_palette(colours) if alone else None,
        )
        if found.nbytes <= KEPT_BYTES // 4:
            with _lock:
                _tables[key] = found
    return found


def _colours(entry: Style, scale: Scale, dtype: np.dtype[np.generic], low: float, high: float) -> Array:
    """Return the colour of each row of a table, uint8 (rows, 4)."""
    values = scale.samples(dtype)
    palette = colors.levels(entry.get('palette', ['#000', '#FFF']))
    band = (values - low) / (high - low if high != low else 1)
    shown: Array = np.ones(len(values), bool)
    if entry.get('nodata') is not None and scale.offset is not None:
        shown = values != float(entry['nodata'])
    if not entry.get('clamp', True):
        shown = shown & (band >= 0) & (band <= 1)
    colours = np.empty((len(values), 4))
    for channel in range(4):
        steps = palette[:, channel]
        if entry.get('scheme') == 'discrete':
            step = np.floor(band * len(palette)).clip(0, len(palette) - 1)
            colours[:, channel] = steps[step.astype(np.intp)]
        else:
            # Beyond the ends the colours stay; large-image 1.35.6 goes on where a palette is two colours from black.
            colours[:, channel] = np.interp(band, np.linspace(0, 1, len(palette)), steps)
    # Single precision and no rounding, as large-image does it.
    table = colours.astype(np.float32).clip(0, 255).astype(np.uint8)
    table[~shown] = 0
    return table
