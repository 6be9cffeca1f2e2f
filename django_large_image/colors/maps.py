"""Colour maps by matplotlib's names and by cmap's fully qualified ones, from the data of the package cmap.

Only a name that is in cmap's catalogue, letter by letter, is given to cmap: its own look-up takes other spellings too,
and imports the module that the catalogue names.
"""

from __future__ import annotations

import functools

import cmap
import numpy as np

from django_large_image.colors.single import code
from django_large_image.pixels import Array

#: The number of colours of a smooth map, as in matplotlib.
_SHADES = 256
#: matplotlib 3.11's maps, by the namespace of cmap's catalogue that has the same map under the same name. cmap's short
#: names are no help: some of them mean another map.
_NAMESPACES = {
    'bids': 'inferno magma plasma viridis',
    'cividis': 'cividis',
    'colorbrewer': """
        Accent Blues BrBG BuGn BuPu Dark2 GnBu Greens Greys OrRd Oranges PRGn Paired Pastel1 Pastel2 PiYG PuBu PuBuGn
        PuOr PuRd Purples RdBu RdGy RdPu RdYlBu RdYlGn Reds Set1 Set2 Set3 Spectral YlGn YlGnBu YlOrBr YlOrRd""",
    'crameri': 'berlin managua vanimo',
    'cubehelix': 'cubehelix',
    'gnuplot': 'afmhot gnuplot gnuplot2 ocean rainbow',
    'google': 'turbo',
    'matlab': 'autumn bone cool copper flag gray hot hsv jet pink prism spring summer winter',
    'matplotlib': """
        CMRmap Grays Wistia binary brg bwr coolwarm gist_earth gist_gray gist_grey gist_heat gist_ncar gist_rainbow
        gist_stern gist_yarg gist_yerg grey nipy_spectral okabe_ito seismic terrain twilight twilight_shifted""",
    'tableau': 'tab10 tab20 tab20b tab20c',
}
_MATPLOTLIB = {
    name: f'{namespace}:{name}' for namespace, found in _NAMESPACES.items() for name in found.split()
}


def matplotlib_names() -> list[str]:
    """Return matplotlib's names, each also with `_r` for the reversed map."""
    return sorted(name + end for name in _MATPLOTLIB for end in ('', '_r'))


def qualified_names() -> list[str]:
    """Return cmap's fully qualified names, each also with `_r` for the reversed map."""
    return sorted(name + end for name in _catalogued() for end in ('', '_r'))


def matplotlib_map(name: str) -> tuple[str, ...] | None:
    """Return the colours (#rrggbbaa) of a map by its name in matplotlib; None if there is none."""
    base = name.removesuffix('_r')
    return _map(_MATPLOTLIB[base], base != name) if base in _MATPLOTLIB else None


def qualified_map(name: str) -> tuple[str, ...] | None:
    """Return the colours (#rrggbbaa) of a map by cmap's qualified name, `crameri:batlow`; None if there is none.

    A short name, such as `batlow`, is not taken: some stand for several maps, and each version of cmap may add more.
    """
    if ':' not in name:
        return None
    base = name.removesuffix('_r')
    return _map(base, base != name) if base in _catalogued() else None


@functools.cache
def _catalogued() -> frozenset[str]:
    return frozenset(name for name in cmap.Colormap.catalog() if ':' in name)


@functools.lru_cache(maxsize=512)
def _map(name: str, backwards: bool) -> tuple[str, ...]:
    table = _gist_stern() if name == 'matplotlib:gist_stern' else _table(cmap.Colormap(name))
    colours = tuple(code(entry) for entry in np.rint(table * 255).astype(np.uint8).tolist())
    if len(colours) == 1:
        colours *= 2
    return colours[::-1] if backwards else colours


def _table(found: cmap.Colormap) -> Array:
    """Return the colours of a map, (n, 4) from 0 to 1: those that it lists, or at least `_SHADES` of a smooth map."""
    if found.interpolation == 'nearest':
        listed: Array = found.lut()
        return listed
    smooth: Array = found.lut(max(_SHADES, len(found.color_stops)))
    return smooth


def _gist_stern() -> Array:
    """Return the one map of matplotlib that jumps (at 0.25 red goes from 0.027 to 0.25), which cmap 0.8.0 smooths."""
    position = np.linspace(0, 1, _SHADES)
    red = np.interp(position, [0, 0.0547, 0.25, 0.25, 1], [0, 1, 0.027, 0.25, 1])
    blue = np.interp(position, [0, 0.5, 0.735, 1], [0, 1, 0, 1])
    return np.stack([red, position, blue, np.ones(_SHADES)], axis=1)
