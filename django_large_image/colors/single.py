"""Single colours: CSS names, hexadecimal ones and lists of numbers, as #rrggbbaa."""

from __future__ import annotations

import re
from collections.abc import Iterable

import PIL.ImageColor

from django_large_image.exceptions import InvalidParameter

ALLOWED = 'a CSS colour such as red, #rgb, #rgba, #rrggbb or #rrggbbaa, or [r, g, b] from 0 to 1'

_HEX = re.compile(r'#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})')
#: large-image's own six: in capitals, green is the primary colour and not CSS's #008000.
_CAPITALS = {
    'R': '#ff0000ff',
    'G': '#00ff00ff',
    'B': '#0000ffff',
    'RED': '#ff0000ff',
    'GREEN': '#00ff00ff',
    'BLUE': '#0000ffff',
}


def code(levels: Iterable[int]) -> str:
    """Return three or four integers from 0 to 255 as #rrggbbaa; raises ValueError for others."""
    text = '#' + bytes(levels).hex()
    return text if len(text) == 9 else text + 'ff'


#: Pillow's names are the 148 of CSS, in lower case.
_CSS = {name: code(PIL.ImageColor.getrgb(name)) for name in list(PIL.ImageColor.colormap)}


def named(text: str) -> str | None:
    """Return a CSS colour, or one of large-image's names, as #rrggbbaa; None if it is neither.

    CSS names may be in capital or small letters, except large-image's own six (`_CAPITALS`).
    """
    if _HEX.fullmatch(text):
        text = text.lower()
        if len(text) < 6:
            text = '#' + ''.join(digit * 2 for digit in text[1:])
        return text if len(text) == 9 else text + 'ff'
    return _CAPITALS.get(text) or (_CSS.get(text.lower()) if text.isascii() else None)


def colour(entry: object, parameter: str) -> str:
    """Return an entry of a palette, a text or three or four numbers from 0 to 1, as #rrggbbaa.

    Raises `InvalidParameter` for the parameter of the given name.
    """
    found = None
    if isinstance(entry, str):
        found = named(entry)
    elif isinstance(entry, list | tuple) and len(entry) in (3, 4) and all(map(_is_share, entry)):
        found = code(int(part * 255) for part in entry)
    if found is None:
        raise InvalidParameter(parameter, entry, ALLOWED)
    return found


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
