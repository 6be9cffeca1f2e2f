"""A style made complete for an image: bands by their numbers, the file's own colours and nodata, and a default.

The rules are those of large-image 1.35.6 for geospatial sources (`GDALBaseFileTileSource._setDefaultStyle`). A style is
a JSON object, as `imaging.style.parse_style` returns it.
"""

from __future__ import annotations

from django_large_image import colors
from django_large_image.colors.styles import Style
from django_large_image.exceptions import InvalidParameter
from django_large_image.raster.facts import Band

#: The default palette of a band, by its interpretation.
_PALETTES = {
    'red': ['#000000ff', '#ff0000ff'],
    'green': ['#000000ff', '#00ff00ff'],
    'blue': ['#000000ff', '#0000ffff'],
    'gray': ['#000000ff', '#ffffffff'],
    'alpha': ['#ffffff00', '#ffffffff'],
}
#: What makes a map transparent beside the image and where the image is transparent.
_MASK: Style = {'min': 0, 'max': 'auto', 'composite': 'multiply', 'palette': _PALETTES['alpha']}


def complete(
    style: Style | None, bands: dict[int, Band], projected: bool, white_is_zero: bool
) -> Style | None:
    """Return a style with every band by its number and every palette as colours; None if there is nothing to show.

    Without a style, or for one whose only band is 0 or less, it is the default of the file. `bands` are what is known
    of the file's bands, by number from 1. For a projection (`projected`) a band is added that makes it transparent.
    Raises `InvalidParameter` for a band or colours that the file does not have.
    """
    entries: list[Style] = []
    if style:
        style = colors.with_colours(style)
        if set(style) == {'icc'}:
            return style
        entries = colors.bands_of(style)
        if len(entries) == 1 and _is_no_band(entries[0].get('band', 1)):
            entries = []
    if entries:
        found = [entry | {'band': _number(entry.get('band', 1), bands, style)} for entry in entries]
    else:
        found = _default(bands, white_is_zero)
    if not found:
        return None
    found = [_filled_in(entry, bands, style) for entry in found]
    alpha = _named('alpha', bands)
    if projected and not any(bands[entry['band']].get('interpretation') == 'alpha' for entry in found):
        found.append({'band': alpha or len(bands) + 1, **_MASK})
    return colors.bounded({'bands': found})


def _is_no_band(band: object) -> bool:
    return isinstance(band, int) and band <= 0


def _named(name: str, bands: dict[int, Band]) -> int | None:
    return next((number for number, band in bands.items() if band.get('interpretation') == name), None)


def _number(band: object, bands: dict[int, Band], style: Style | None) -> int:
    text = str(band)
    found = int(text) if text.lstrip('-').isdigit() else _named(text, bands)
    if found is None or not (found == -1 or found in bands):
        raise _not_there(bands, style)
    return found


def _not_there(bands: dict[int, Band], style: Style | None) -> InvalidParameter:
    names = sorted({band.get('interpretation', '') for band in bands.values()})
    return InvalidParameter('style', style, f'bands by number, or by name: {", ".join(names)}')


def _default(bands: dict[int, Band], white_is_zero: bool) -> list[Style]:
    """Return the bands of the default style: red, green and blue, or else grey, or else a colour table; and alpha."""
    found: list[Style] = []
    for name in ('red', 'green', 'blue', 'gray', 'palette', 'alpha'):
        number = _named(name, bands)
        if number is None or (name == 'alpha' and not found) or (name in ('gray', 'palette') and found):
            continue
        if name == 'palette':
            last = len(bands[number]['colortable']) - 1
            found.append({'band': number, 'palette': 'colortable', 'min': 0, 'max': last})
            continue
        palette = _PALETTES[name]
        if name == 'gray' and white_is_zero:
            palette = palette[::-1]
        found.append(
            {
                'band': number,
                'palette': palette,
                'min': 'auto',
                'max': 'auto',
                'nodata': 'auto',
                'composite': 'multiply' if name == 'alpha' else 'lighten',
            }
        )
    return found


def _filled_in(entry: Style, bands: dict[int, Band], style: Style | None) -> Style:
    """Return a band of a style with the file's own values for `colortable` and for nodata `auto`."""
    own = bands.get(entry['band'])
    if own is None:
        raise _not_there(bands, style)
    changes: Style = {}
    if entry.get('palette') == 'colortable':
        if 'colortable' not in own:
            raise _not_there(bands, style)
        changes['palette'] = [colors.code(colour) for colour in own['colortable']]
    if entry.get('nodata') == 'auto':
        changes['nodata'] = own.get('nodata')
    return entry | changes
