"""Palettes as they are asked for: a name, one colour, or a list of colours."""

from __future__ import annotations

import functools

from django_large_image.colors import maps, sets, single
from django_large_image.exceptions import InvalidParameter

ALLOWED = (
    'a name of api/large-image/colormaps, a colour such as #ff0000 or red, or a list of two or more colours'
)
#: The most entries of a palette that is given as a list.
MAX_ENTRIES = 4096
_BLACK = '#000000ff'


@functools.cache
def names() -> dict[str, list[str]]:
    """Return the names of palettes by library. Those in `simple` are colours: the palette goes from black to them."""
    return {
        'matplotlib': maps.matplotlib_names(),
        'palettable': sets.palettable_names(),
        'simple': ['red', 'green', 'blue', 'gray', 'cyan', 'magenta', 'yellow'],
        'cmap': maps.qualified_names(),
    }


def resolve(value: object, parameter: str = 'palette') -> list[str]:
    """Return a palette as a list of #rrggbbaa; raises `InvalidParameter` for the parameter of the given name.

    `value` is a name, one colour (the palette goes from black to it), or a list of colours. A name that is both a map
    of matplotlib and a colour, such as `gray` and `pink`, means the map.
    """
    if isinstance(value, str):
        found = maps.matplotlib_map(value) or sets.palettable_palette(value)
        if found is None and (colour := single.named(value)):
            found = _BLACK, colour
        found = found or maps.qualified_map(value)
        if found is None:
            raise InvalidParameter(parameter, value, ALLOWED)
        return list(found)
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_ENTRIES:
        raise InvalidParameter(parameter, value, ALLOWED)
    return [single.colour(entry, parameter) for entry in value]
