"""The palettes in a style: names as colours, and colours as numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.colors import single
from django_large_image.colors.resolving import resolve

Style = dict[str, Any]


def levels(palette: Any) -> NDArray[Any]:
    """Return the colours of a palette as numbers from 0 to 255, of shape (n, 4). Numbers in it keep their fractions."""
    return np.array([_levels(entry) for entry in palette], dtype=float)


def _levels(entry: Any) -> list[float]:
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


def _each_band(style: Style, change: Callable[[Style], Style]) -> Style:
    bands = style.get('bands')
    if isinstance(bands, list):
        return style | {'bands': [change(band) if isinstance(band, dict) else band for band in bands]}
    return change(style)
