"""The palettes in a style: names as colours, colours as numbers, and palettes at whose ends large-image stops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from django_large_image.colors import single
from django_large_image.colors.resolving import resolve
from django_large_image.pixels import Array, Json

Style = Json


def levels(palette: Iterable[str | Sequence[float]]) -> Array:
    """Return the colours of a palette, float64 (n, 4) from 0 to 255. Entries that are numbers keep their fractions."""
    return np.array([_levels(entry) for entry in palette], dtype=float)


def _levels(entry: str | Sequence[float]) -> list[float]:
    if isinstance(entry, str):
        return list(bytes.fromhex(single.colour(entry, 'palette')[1:]))
    return [part * 255 for part in (*entry, 1)[:4]]


def bands_of(style: Style | None) -> list[Style]:
    """Return the band entries of a checked style: those that it lists, or else the style itself."""
    if not style:
        return []
    return list(style['bands']) if 'bands' in style else [style]


def each_band(style: Style, change: Callable[[Style], Style]) -> Style:
    """Return a style with each of its band entries changed."""
    bands = style.get('bands')
    if isinstance(bands, list):
        return style | {'bands': [change(band) if isinstance(band, dict) else band for band in bands]}
    return change(style)


def with_colours(style: Style) -> Style:
    """Return a style in which each palette is a list of #rrggbbaa; raises `InvalidParameter`.

    large-image 1.35.6 would look up names itself: first in all of palettable, then in whatever else is installed.
    """
    return each_band(style, _with_colours)


def _with_colours(band: Style) -> Style:
    palette = band.get('palette')
    if palette is None or palette == 'colortable':
        return band
    if isinstance(palette, list | tuple):
        return band | {'palette': [single.colour(entry, 'palette') for entry in palette]}
    return band | {'palette': resolve(palette)}


def bounded(style: Style) -> Style:
    """Return a style with which large-image's engine stays within the ends of its palettes.

    If a palette has two colours and a channel of the first is 0, large-image 1.35.6 multiplies without a bound. Beyond
    `max`, orange becomes yellow and, with a `dtype`, white overflows to black. It stays within a palette of three
    colours, so here such a palette gets a third in the middle. That is given as numbers, because a level of 255 has no
    half.
    """
    bands = style.get('bands')
    entries = [style, *(bands if isinstance(bands, list) else ())]
    typed = any(entry.get('dtype') for entry in entries if isinstance(entry, dict))
    return each_band(style, lambda band: _bounded(band, typed))


def _bounded(band: Style, typed: bool) -> Style:
    # The default is large-image's own. Without a `dtype` it needs no bound: brighter than white is white.
    palette = band.get('palette', ['#000', '#fff'] if typed and band.get('band') != 'alpha' else None)
    if not isinstance(palette, list) or len(palette) != 2 or band.get('scheme') == 'discrete':
        return band
    first, last = ends = levels(palette)
    seen = last < 255
    # Too bright a channel shows, unless it ends at 255; where bands are multiplied it always shows. Alpha above 255
    # never does, and large-image adds such a band to each style of a map.
    seen[:3] |= band.get('composite') == 'multiply'
    if not ((first == 0) & (last > 0) & (seen | typed)).any():
        return band
    middle = tuple(float(part) for part in ends.mean(axis=0) / 255)
    return band | {'palette': [palette[0], middle, palette[1]]}
