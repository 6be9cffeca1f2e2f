"""The palettes in a style: names as colours, colours as numbers, and ends that large-image's engine does not heed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from django_large_image.colors import single
from django_large_image.colors.resolving import resolve
from django_large_image.pixels import Array, Json

Style = Json


def levels(palette: Iterable[str | Sequence[float]]) -> Array:
    """Return the colours of a palette as numbers from 0 to 255, of shape (n, 4). Numbers in it keep their fractions."""
    return np.array([_levels(entry) for entry in palette], dtype=float)


def _levels(entry: str | Sequence[float]) -> list[float]:
    if isinstance(entry, str):
        return list(bytes.fromhex(single.colour(entry, 'palette')[1:]))
    return [part * 255 for part in (*entry, 1)[:4]]


def with_colours(style: Style) -> Style:
    """Return a style in which each palette is a list of #rrggbbaa; raises `InvalidParameter`.

    large-image 1.35.6 would look names up itself: in whatever is installed, and in all of palettable first.
    """
    return _each_band(style, _with_colours)


def _with_colours(band: Style) -> Style:
    palette = band.get('palette')
    if palette is None or palette == 'colortable':
        return band
    if isinstance(palette, list | tuple):
        return band | {'palette': [single.colour(entry, 'palette') for entry in palette]}
    return band | {'palette': resolve(palette)}


def bounded(style: Style) -> Style:
    """Return a style with which large-image's engine goes no further than the ends of a palette.

    large-image 1.35.6 multiplies where a palette has two colours and a channel of the first is 0, and forgets the end:
    beyond `max` orange becomes yellow, and with a `dtype` white becomes black, because the number of the level has too
    many bits. It heeds the ends of three colours, so there is one more in the middle, as numbers: a level has no half.
    """
    bands = style.get('bands')
    entries = [style, *(bands if isinstance(bands, list) else ())]
    typed = any(entry.get('dtype') for entry in entries if isinstance(entry, dict))
    return _each_band(style, lambda band: _bounded(band, typed))


def _bounded(band: Style, typed: bool) -> Style:
    # What large-image takes where there is no palette; without a `dtype` too much of it is only white.
    palette = band.get('palette', ['#000', '#fff'] if typed and band.get('band') != 'alpha' else None)
    if not isinstance(palette, list) or len(palette) != 2 or band.get('scheme') == 'discrete':
        return band
    first, last = ends = levels(palette)
    seen = last < 255
    # Brighter than white is seen where other bands are multiplied with it; more than opaque never is, and
    # large-image adds such a band to each style of a map.
    seen[:3] |= band.get('composite') == 'multiply'
    if not ((first == 0) & (last > 0) & (seen | typed)).any():
        return band
    middle = tuple(float(part) for part in ends.mean(axis=0) / 255)
    return band | {'palette': [palette[0], middle, palette[1]]}


def _each_band(style: Style, change: Callable[[Style], Style]) -> Style:
    bands = style.get('bands')
    if isinstance(bands, list):
        return style | {'bands': [change(band) if isinstance(band, dict) else band for band in bands]}
    return change(style)
