"""From values to colours: a style compiled into look-up tables, once for an image and a style.

The pictures are those of large-image's style engine (`TileSource._applyStyle`), to a level of 255. A band's values are
scaled from min..max to 0..1, a palette makes colours of that, and the bands' colours are composited: in each channel
the lightest counts. There is one difference: beyond min and max, colours stay at the ends of the palette. What the
tables do not know (frames, dtype, axis, multiplied colours) is left to large-image's engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from django_large_image import colors
from django_large_image.colors.styles import Style
from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.colour.quantize import Quantized, as_palette
from django_large_image.raster.colour.rendered import RenderedImage
from django_large_image.raster.info import RasterInfo
from django_large_image.raster.resampling import kernels

#: The keys of a style's band that the tables know.
_KNOWN = frozenset({'band', 'min', 'max', 'palette', 'nodata', 'composite', 'scheme', 'clamp'})
#: The steps between min and max in a table for values that are not integers of up to 16 bits.
_STEPS = 65_534


@dataclass(frozen=True, slots=True)
class _Scale:
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """One band of a style, with a colour for each of its values."""

    #: Its index in the last axis of the pixels that are coloured.
    position: int
    scale: _Scale
    #: The colour of each row: uint8 (rows, 4).
    table: Array


class Colorizer:
    """Make pictures of the values of pixels. Threads share it.

    `bands` are the bands (from 0) that the pixels must have, in this order. `nodata` is a value that a style of one
    band makes transparent. It is not valid, and must be left out before anything is averaged.
    """

    def __init__(
        self, entries: list[_Entry], bands: tuple[int, ...], nodata: float | None, plain: bool
    ) -> None:
        self.bands = bands
        self.nodata = nodata
        self._entries = entries
        self._plain = plain
        self._quantized: Quantized | None = None
        self._opaque = all(bool((entry.table[:, 3] == 255).all()) for entry in entries)
        self._planes = _planes(entries) if self._opaque else []
        if len(entries) == 1:
            self._quantized = as_palette(entries[0].table)

    @property
    def steps(self) -> int:
        """Return how many bands are resampled or coloured for each pixel, whichever is more."""
        return max(len(self.bands), len(self._entries))

    @property
    def nbytes(self) -> int:
        """Return the memory that it takes, in bytes."""
        size = 1024 + sum(entry.table.nbytes for entry in self._entries)
        size += sum(levels.nbytes for _, _, levels in self._planes)
        return size + (0 if self._quantized is None else self._quantized.indices.nbytes)

    @property
    def opaque(self) -> bool:
        """Return whether valid pixels are opaque."""
        return self._opaque

    def paint(self, masked: MaskedPixels) -> RenderedImage:
        """Return the picture of pixels that have `bands`; transparent, and 0, where they are not valid."""
        if self._plain:
            return _with_alpha(masked.values, masked.mask)
        if len(self._entries) == 1:
            return self._paint_one(self._entries[0], masked)
        if self._planes:
            return self._paint_planes(masked)
        pixels: Array | None = None
        for entry in self._entries:
            rows = entry.scale.indices(masked.values[:, :, entry.position])
            colours = np.take(entry.table, rows, axis=0)
            pixels = colours if pixels is None else np.maximum(pixels, colours, out=pixels)
        assert pixels is not None
        if self._opaque:
            return _with_alpha(pixels[:, :, :3], masked.mask)
        return _with_alpha(pixels, masked.mask)

    def _paint_planes(self, masked: MaskedPixels) -> RenderedImage:
        pixels = np.zeros((*masked.values.shape[:2], 3), np.uint8)
        for entry, channel, levels in self._planes:
            pixels[:, :, channel] = np.take(levels, entry.scale.indices(masked.values[:, :, entry.position]))
        return _with_alpha(pixels, masked.mask)

    def _paint_one(self, entry: _Entry, masked: MaskedPixels) -> RenderedImage:
        rows = entry.scale.indices(masked.values[:, :, entry.position])
        found = self._quantized
        if found and (masked.mask is None or (found.clear and _binary(masked.mask))):
            indices, palette = found.indices, found.palette
            pixels = np.take(indices, rows)
            if masked.mask is not None:
                pixels[masked.mask == 0] = len(palette) - 1
            return RenderedImage(pixels[:, :, None], palette)
        table = entry.table[:, :3] if self._opaque else entry.table
        return _with_alpha(np.take(np.ascontiguousarray(table), rows, axis=0), masked.mask)


def _with_alpha(pixels: Array, valid: Array | None) -> RenderedImage:
    """Return a picture of colours (uint8) that is transparent, and 0, where they are not valid."""
    if valid is None:
        return RenderedImage(pixels)
    pixels = kernels.masked(pixels, valid)
    if pixels.shape[2] == 4:
        pixels[:, :, 3] = pixels[:, :, 3].astype(np.uint16) * valid // 255
        return RenderedImage(pixels)
    return RenderedImage(kernels.with_alpha(pixels, valid))


def _planes(entries: list[_Entry]) -> list[tuple[_Entry, int, Array]]:
    """Return each band's channel (0 to 2) and its levels, if each of several bands has a channel of its own; else none.

    So it is with red, green and blue: each pixel then takes three look-ups of a level instead of three of a colour.
    """
    found = []
    for entry in entries:
        channels = np.flatnonzero(entry.table[:, :3].any(axis=0)).tolist()
        if len(channels) > 1:
            return []
        channel = channels[0] if channels else 0
        found.append((entry, channel, np.ascontiguousarray(entry.table[:, channel])))
    return found if len({channel for _, channel, _ in found}) == len(found) > 1 else []


def _binary(valid: Array) -> bool:
    return bool(((valid == 0) | (valid == 255)).all())


#: Returns the value of the first or the last colour of a band (from 0), by what a style says; see
#: `ranges.end_of_range`.
EndOfRange = Callable[[int, Literal['min', 'max'], object], float]


def compile_style(style: Style, info: RasterInfo, end_of_range: EndOfRange) -> Colorizer | None:
    """Return the colorizer of a complete style (see `completion`); None if only large-image's engine can apply it.

    Raises what `end_of_range` raises.
    """
    entries: list[_Entry] = []
    positions: dict[int, int] = {}
    nodata: list[float | None] = []
    dtype = info.dtype
    bands = [entry for entry in style.get('bands', ()) if not _is_transparency(entry, info)]
    if set(style) - {'bands', 'icc'} or not bands or dtype.kind not in 'iuf':
        return None
    for entry in bands:
        band = entry.get('band')
        if set(entry) - _KNOWN or not isinstance(band, int) or not 1 <= band <= info.count:
            return None
        if entry.get('composite', 'lighten') != 'lighten':
            return None
        low = end_of_range(band - 1, 'min', entry.get('min', 'auto'))
        high = end_of_range(band - 1, 'max', entry.get('max', 'auto'))
        scale = _scale_for(dtype, low, high)
        if scale is None:
            return None
        position = positions.setdefault(band - 1, len(positions))
        entries.append(_Entry(position, scale, _table(entry, scale, dtype, low, high)))
        nodata.append(entry.get('nodata'))
    left_out = nodata[0] if len(entries) == 1 and nodata[0] is not None else None
    return Colorizer(entries, tuple(positions), None if left_out is None else float(left_out), False)


def plain_colorizer(bands: tuple[int, ...]) -> Colorizer:
    """Return the colorizer of 8-bit bands that are colours already."""
    return Colorizer([], bands, None, True)


def _is_transparency(entry: Style, info: RasterInfo) -> bool:
    """Return whether an entry only makes pixels transparent by alpha, which their validity does anyway."""
    band = entry.get('band')
    palette = [str(colour).lower() for colour in entry.get('palette', ())]
    return (
        (band == info.count + 1 or (info.alpha is not None and band == info.alpha + 1))
        and entry.get('composite') == 'multiply'
        and palette == ['#ffffff00', '#ffffffff']
        and not set(entry) - _KNOWN
    )


def _scale_for(dtype: np.dtype[np.generic], low: float, high: float) -> _Scale | None:
    if dtype.kind in 'iu' and dtype.itemsize <= 2:
        return _Scale(low, high, -int(np.iinfo(dtype.name).min))
    if not np.isfinite([low, high]).all():
        return None
    # With equal ends large-image divides by 1.
    return _Scale(low, high if high != low else low + 1, None)


def _table(entry: Style, scale: _Scale, dtype: np.dtype[np.generic], low: float, high: float) -> Array:
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
