"""What a style means for a frame of an image, kept for a number of styles and images."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

import cachetools

from django_large_image.colors.styles import Style
from django_large_image.raster import ranges
from django_large_image.raster.colour.colorizer import Colorizer, compile_style, plain_colorizer
from django_large_image.raster.colour.completion import complete
from django_large_image.raster.colour.tables import forget_tables
from django_large_image.raster.handle import RasterHandle

#: The most memory that colorizers take together. The tables of one take a quarter of a megabyte a band.
_COLORIZER_BYTES = 32 * 2**20
#: The memory that a style takes for each character of its JSON, in bytes: it is kept twice, with #rrggbbaa as texts.
_STYLE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Colours:
    """What a style means for a frame of an image."""

    #: The complete style; None if the values are colours already, or nothing says what to show.
    style: Style | None
    #: What makes colours of values; None where only large-image's engine can.
    colorizer: Colorizer | None
    #: The memory that both take, in bytes.
    nbytes: int


_colours: cachetools.LRUCache[object, Colours] = cachetools.LRUCache(
    _COLORIZER_BYTES, getsizeof=lambda colours: colours.nbytes
)
_lock = threading.Lock()


def kept_colours() -> dict[str, int]:
    """Return how many bytes the cached colorizers take with their tables (`bytes`), and how many they may (`limit`).

    Tables that none of them has any more are kept beside them, up to `tables.KEPT_BYTES`.
    """
    with _lock:
        return {'bytes': int(_colours.currsize), 'limit': int(_colours.maxsize)}


def forget_colours() -> None:
    """Drop the colorizers that are kept; those in use live on until their answer is drawn."""
    with _lock:
        _colours.clear()
    forget_tables()


class Look:
    """A style as it was asked for: what it says of bands, and of the file's ICC profile."""

    def __init__(self, style: Style | None) -> None:
        #: Whether the profile is heeded, and by which rendering intent.
        self.icc: object = True if style is None else style.get('icc', True)
        #: The rest of the style.
        self.style = None if style is None else {key: value for key, value in style.items() if key != 'icc'}
        self._json = json.dumps(self.style, sort_keys=True) if self.style else ''

    def colours(self, handle: RasterHandle, frame: int, projected: bool) -> Colours:
        """Return what the style means for a frame of an image, in a projection or in its own pixels.

        Raises `InvalidParameter` for bands or colours that the file does not have, and `TooMuchToDecode` for a range
        that takes too much to find out.
        """
        # Ranges are those of the corrected colours.
        icc = self.icc if handle.transform(self.icc) is not None else False
        key = (handle.key, frame, self._json, projected, icc)
        with _lock:
            found = _colours.get(key)
        if found is None:
            found = self._find(handle, frame, projected)
            # Larger ones are not cached: four of them would push out all others.
            if found.nbytes <= _COLORIZER_BYTES // 4:
                with _lock:
                    _colours[key] = found
        return found

    def _find(self, handle: RasterHandle, frame: int, projected: bool) -> Colours:
        info, styled = handle.info(frame), bool(self.style)
        size = 1024 + _STYLE_BYTES * len(self._json)
        if not styled and info.is_picture:
            colorizer = plain_colorizer(frame, (0, 1, 2))
            return Colours(None, colorizer, size + colorizer.nbytes)
        style = complete(self.style, ranges.bands(handle), projected, handle.info().white_is_zero)
        if style is None:
            return Colours(None, None, size)
        if self.style and 'bands' in self.style and handle.facts.stack is not None:
            # large-image's geospatial sources drop these; its source of stacks heeds them.
            style |= {key: self.style[key] for key in ('dtype', 'axis') if key in self.style}
        compiled = compile_style(
            style,
            frame,
            handle.info,
            lambda number, band, end, wanted: ranges.end_of_range(
                handle, number, band, end, wanted, styled, self.icc
            ),
        )
        return Colours(style, compiled, size + (0 if compiled is None else compiled.nbytes))
