"""palettable's palettes by their full names, such as `matplotlib.Viridis_20`.

With its first palette, palettable 3.3.3 loads all others, and matplotlib's plots where matplotlib is installed, which
takes a second. But palettes are only data. So palettable's modules are loaded one by one, into a package of ours that
has palettable's folder and a class `Palette` of our own.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import threading
import types

from django_large_image.colors.single import code

#: palettable's modules with palettes, as in the full names.
_MODULES = frozenset({
    'cartocolors.diverging', 'cartocolors.qualitative', 'cartocolors.sequential', 'cmocean.diverging',
    'cmocean.sequential', 'colorbrewer.diverging', 'colorbrewer.qualitative', 'colorbrewer.sequential', 'cubehelix',
    'lightbartlein.diverging', 'lightbartlein.sequential', 'matplotlib', 'mycarta', 'scientific.diverging',
    'scientific.sequential', 'tableau', 'wesanderson',
})  # fmt: skip
_PACKAGE = 'django_large_image.colors._palettable'
_lock = threading.Lock()


class Palette:
    """The base class of the palettes in palettable's modules."""

    def __init__(self, name: str, map_type: str, colors: list[list[int]]) -> None:
        self.name = name
        self.type = map_type
        self.number = len(colors)
        self.colors = colors


def palettable_names() -> list[str]:
    """Return the names of all palettes, the reversed ones among them."""
    return sorted(f'{module}.{name}' for module in _MODULES for name in _palettes(module))


def palettable_palette(name: str) -> tuple[str, ...] | None:
    """Return the colours (#rrggbbaa) of a palette by its full name; None if there is none."""
    module, _, last = name.rpartition('.')
    found = _palettes(module).get(last) if module in _MODULES else None
    return None if found is None else tuple(code(colour) for colour in found.colors)


@functools.cache
def _palettes(module: str) -> dict[str, Palette]:
    _prepare()
    loaded = importlib.import_module(f'{_PACKAGE}.{module}')
    return {name: value for name, value in vars(loaded).items() if isinstance(value, Palette)}


def _prepare() -> None:
    """Make the package that palettable's modules are loaded into, once."""
    with _lock:
        if _PACKAGE in sys.modules:
            return
        # `find_spec` finds the folder without importing palettable.
        spec = importlib.util.find_spec('palettable')
        if spec is None or spec.submodule_search_locations is None:
            raise ModuleNotFoundError("No module named 'palettable'", name='palettable')
        base = types.ModuleType(f'{_PACKAGE}.palette')
        vars(base)['Palette'] = Palette
        package = types.ModuleType(_PACKAGE)
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules[base.__name__] = base
        sys.modules[_PACKAGE] = package
