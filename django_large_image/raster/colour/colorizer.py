"""From values to colours: a style compiled into look-up tables, once for an image and a style.

The pictures are those of large-image's style engine (`TileSource._applyStyle`), to a level of 255. A band's values are
scaled from min..max to 0..1, a palette makes colours of that, and the bands' colours are composited: in each channel
the lightest counts. There is one difference: beyond min and max, colours stay at the ends of the palette. What the
tables do not know (dtype, axis, multiplied colours) is left to large-image's engine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from django_large_image.colors.styles import Style
from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.colour.rendered import RenderedImage
from django_large_image.raster.colour.tables import Scale, Table, scale_for, table_of
from django_large_image.raster.info import RasterInfo
from django_large_image.raster.resampling import kernels

#: The keys of a style's band that the tables know.
_KNOWN = frozenset(
    {'band', 'frame', 'framedelta', 'min', 'max', 'palette', 'nodata', 'composite', 'scheme', 'clamp'}
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One band of a style, with a colour for each of its values."""

    #: Which of `Colorizer.reads` has it, and its index in the last axis of those pixels.
    part: int
    position: int
    scale: Scale
    table: Table

    def values(self, parts: Sequence[MaskedPixels]) -> Array:
        """Return the rows of its table, (rows, columns), by the values of pixels."""
        return self.scale.indices(parts[self.part].values[:, :, self.position])


class Colorizer:
    """Make pictures of the values of pixels. Threads share it.

    `reads` are the frames and the bands (both from 0) that the pixels must have, in this order: as many as the frames
    that the style shows together. `nodata` is a value that a style of one band makes transparent. It is not valid, and
    must be left out before anything is averaged.
    """

    def __init__(
        self,
        entries: list[_Entry],
        reads: tuple[tuple[int, tuple[int, ...]], ...],
        nodata: float | None,
        plain: bool,
    ) -> None:
        self.reads = reads
        self.nodata = nodata
        self._entries = entries
        self._plain = plain
        self._opaque = all(entry.table.opaque for entry in entries)
        self._planes = _planes(entries) if self._opaque else []

    @property
    def steps(self) -> int:
        """Return how many bands are resampled or coloured for each pixel, whichever is more."""
        return max(sum(len(bands) for _, bands in self.reads), len(self._entries))

    @property
    def nbytes(self) -> int:
        """Return the memory that it takes, in bytes."""
        return 1024 + sum(entry.table.nbytes for entry in self._entries)

    @property
    def opaque(self) -> bool:
        """Return whether valid pixels are opaque."""
        return self._opaque

    def paint(self, parts: Sequence[MaskedPixels]) -> RenderedImage:
        """Return the picture of pixels, one entry for each of `reads`; transparent, and 0, where none is valid."""
        if self._plain:
            return _with_alpha(parts[0].values, parts[0].mask)
        if len(self._entries) == 1:
            return self._paint_one(self._entries[0], parts[0])
        valid = _any_valid(parts)
        if self._planes:
            return _with_alpha(self._paint_planes(parts), valid)
        pixels: Array | None = None
        for entry in self._entries:
            colours = kernels.look_up(entry.table.colours, entry.values(parts)).view(np.uint8)
            colours = colours.reshape(*parts[0].values.shape[:2], 4)
            if len(parts) > 1:
                colours = _shown(colours, parts[entry.part].mask)
            pixels = colours if pixels is None else np.maximum(pixels, colours, out=pixels)
        assert pixels is not None
        if self._opaque:
            return _with_alpha(kernels.select(pixels, [0, 1, 2]), valid)
        return _with_alpha(pixels, valid)

    def _paint_planes(self, parts: Sequence[MaskedPixels]) -> Array:
        shape = parts[0].values.shape[:2]
        channels = [np.zeros(0, np.uint8)] * 3
        for entry, channel, levels in self._planes:
            mask = parts[entry.part].mask if len(parts) > 1 else None
            channels[channel] = _shown(kernels.look_up(levels, entry.values(parts)), mask)
        planes = [plane if plane.size else np.zeros(shape, np.uint8) for plane in channels]
        return kernels.merge(planes) if kernels.can_merge(planes[0].dtype, 3) else np.stack(planes, axis=2)

    def _paint_one(self, entry: _Entry, masked: MaskedPixels) -> RenderedImage:
        rows = entry.scale.indices(masked.values[:, :, entry.position])
        found = entry.table.quantized
        if found and (masked.mask is None or (found.clear and _binary(masked.mask))):
            indices, palette = found.indices, found.palette
            pixels = kernels.look_up(indices, rows)
            if masked.mask is not None:
                pixels[masked.mask == 0] = len(palette) - 1
            return RenderedImage(pixels[:, :, None], palette)
        colours = kernels.look_up(entry.table.colours, rows).view(np.uint8).reshape(*rows.shape, 4)
        return _with_alpha(kernels.select(colours, [0, 1, 2]) if self._opaque else colours, masked.mask)


def _any_valid(parts: Sequence[MaskedPixels]) -> Array | None:
    """Return where any of several parts is valid; None if one is valid all over."""
    masks = [part.mask for part in parts if part.mask is not None]
    if len(masks) < len(parts):
        return None
    return functools.reduce(np.maximum, masks)


def _shown(colours: Array, valid: Array | None) -> Array:
    """Return the colours (rows, columns …) of one of several frames, 0 where it is not valid."""
    if valid is None:
        return colours
    colours[valid == 0] = 0
    return colours


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
        if entry.table.levels is None:
            return []
        found.append((entry, entry.table.channel, entry.table.levels))
    return found if len({channel for _, channel, _ in found}) == len(found) > 1 else []


def _binary(valid: Array) -> bool:
    return bool(((valid == 0) | (valid == 255)).all())


#: Returns the value of the first or the last colour of a band (from 0) of a frame, by what a style says; see
#: `ranges.end_of_range`.
EndOfRange = Callable[[int, int, Literal['min', 'max'], object], float]


def compile_style(
    style: Style, frame: int, info_of: Callable[[int], RasterInfo], end_of_range: EndOfRange
) -> Colorizer | None:
    """Return the colorizer of a complete style (see `completion`); None if only large-image's engine can apply it.

    `frame` is the frame that is shown, and `info_of` says what a frame is. Raises what these two functions raise.
    """
    entries: list[_Entry] = []
    reads: dict[int, dict[int, int]] = {}
    nodata: list[float | None] = []
    info = info_of(frame)
    dtype = info.dtype
    bands = [entry for entry in style.get('bands', ()) if not _is_transparency(entry, info)]
    if set(style) - {'bands'} or not bands or dtype.kind not in 'iuf':
        return None
    for entry in bands:
        band, number = entry.get('band'), _frame_of(entry, frame)
        if set(entry) - _KNOWN or not isinstance(band, int) or not 1 <= band <= info.count:
            return None
        if entry.get('composite', 'lighten') != 'lighten':
            return None
        other = info if number == frame else info_of(number)
        if (other.dtype, other.count, other.alpha) != (dtype, info.count, info.alpha):
            return None
        low = end_of_range(number, band - 1, 'min', entry.get('min', 'auto'))
        high = end_of_range(number, band - 1, 'max', entry.get('max', 'auto'))
        scale = scale_for(dtype, low, high)
        if scale is None:
            return None
        positions = reads.setdefault(number, {})
        position = positions.setdefault(band - 1, len(positions))
        part = list(reads).index(number)
        entries.append(
            _Entry(part, position, scale, table_of(entry, scale, dtype, low, high, len(bands) == 1))
        )
        nodata.append(entry.get('nodata'))
    left_out = nodata[0] if len(entries) == 1 and nodata[0] is not None else None
    return Colorizer(
        entries,
        tuple((number, tuple(positions)) for number, positions in reads.items()),
        None if left_out is None else float(left_out),
        False,
    )


def _frame_of(entry: Style, frame: int) -> int:
    """Return the frame that a band of a style shows where `frame` is shown."""
    stated = entry.get('frame')
    return int(frame + (entry.get('framedelta') or 0) if stated is None else stated)


def plain_colorizer(frame: int, bands: tuple[int, ...]) -> Colorizer:
    """Return the colorizer of 8-bit bands that are colours already."""
    return Colorizer([], ((frame, bands),), None, True)


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
