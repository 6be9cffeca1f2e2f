"""Named palettes: matplotlib's colormaps, palettable's palettes and single colours, as lists of colours."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
from large_image.tilesource.utilities import getAvailableNamedPalettes, getPaletteColors

from django_large_image.exceptions import InvalidParameter
from django_large_image.imaging.formats import Format, encode

ALLOWED = (
    'a name of api/large-image/colormaps, a colour such as #ff0000 or red, or a list of two or more colours'
)
#: The most entries of a palette that is given as a list.
MAX_ENTRIES = 4096


@functools.cache
def names() -> dict[str, list[str]]:
    """Return the names of palettes by library: matplotlib (if installed), palettable, and simple colours."""
    found = getAvailableNamedPalettes(includeColors=False)
    return {
        'matplotlib': sorted(name for name in found if '.' not in name),
        'palettable': sorted(name for name in found if '.' in name),
        'simple': ['red', 'green', 'blue', 'gray', 'cyan', 'magenta', 'yellow'],
    }


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(name for group in names().values() for name in group)


def _hex(colour: Any) -> str:
    return '#' + ''.join(f'{int(value):02x}' for value in colour)


@functools.lru_cache(maxsize=512)
def _named(name: str) -> tuple[str, ...]:
    if re.fullmatch(r'#[0-9a-fA-F]{3,8}', name):
        return tuple(_hex(colour) for colour in getPaletteColors(name))
    found = _colormap(name)
    if found is not None:
        # large-image 1.35.6 takes the points of a segmented map for evenly spaced colours (the middle of jet is white
        # there), and a map that has a colour's name (gray, pink) for the colour. It also loads all of palettable to
        # find a map, and with it matplotlib's plots: most of a second, for the first tile of a worker.
        points = found.colors if hasattr(found, 'colors') else found(np.linspace(0, 1, found.N), bytes=True)
        return tuple(_hex(colour) for colour in getPaletteColors([_point(point) for point in points]))
    # large-image looks a name up by attribute in palettable; only names that were listed get that far.
    if name not in _known() and not re.fullmatch(r'[a-zA-Z]{1,32}', name):
        raise ValueError(name)
    return tuple(_hex(colour) for colour in getPaletteColors(name))


def _point(colour: Any) -> str:
    if getattr(colour, 'dtype', None) == np.uint8:
        return _hex(colour)
    return colour if isinstance(colour, str) else _hex(round(float(part) * 255) for part in colour)


def _colormap(name: str) -> Any:
    """Return matplotlib's colour map of a name, None if there is none."""
    try:
        import matplotlib
    except ImportError:
        return None
    return matplotlib.colormaps.get(name, None)


def resolve(value: Any, parameter: str = 'palette') -> list[str]:
    """Return a palette as a list of #rrggbbaa; raises `InvalidParameter` naming `parameter`.

    `value` is a name, one colour (from black to it), or a list of colours. The result is what large-image makes of
    the same value.
    """
    if isinstance(value, str):
        try:
            return list(_named(value))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise InvalidParameter(parameter, value, ALLOWED) from None
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_ENTRIES:
        raise InvalidParameter(parameter, value, ALLOWED)
    return [_colour(entry, parameter) for entry in value]


def _colour(entry: Any, parameter: str) -> str:
    if isinstance(entry, str) and re.fullmatch('#[0-9a-f]{8}', entry):
        return entry  # a style passes here again on its way to the source, with its palettes resolved
    try:
        if isinstance(entry, str) and re.fullmatch(r'#[0-9a-fA-F]{3,8}|[a-zA-Z:]{1,40}', entry):
            values = getPaletteColors([entry])[0]
        elif (
            isinstance(entry, list)
            and len(entry) in (3, 4)
            and all(
                isinstance(part, int | float) and not isinstance(part, bool) and 0 <= part <= 1
                for part in entry
            )
        ):
            values = getPaletteColors([tuple(entry)])[0]
        else:
            raise ValueError(entry)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise InvalidParameter(
            parameter, entry, 'a colour such as #ff0000 or red, or [r, g, b] from 0 to 1'
        ) from None
    return _hex(values)


def legend(name: str, width: int, height: int, fmt: Format, scheme: str = 'linear') -> bytes:
    """Return a picture of a palette from its first colour (left) to its last, of width × height pixels."""
    colours = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5, 7)] for c in resolve(name, 'name')], float)
    position = np.linspace(0, 1, width)
    if scheme == 'discrete':
        row = colours[np.minimum((position * len(colours)).astype(int), len(colours) - 1)]
    else:
        base = np.linspace(0, 1, len(colours))
        row = np.stack([np.interp(position, base, colours[:, channel]) for channel in range(4)], axis=-1)
    return encode(np.repeat(np.rint(row)[np.newaxis], height, axis=0).astype(np.uint8), fmt)
