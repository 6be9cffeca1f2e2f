"""The colours that some names have in every installation: digests in palettes.json, and what differs from them here.

    python scripts/check_palettes.py    print the digests of the same names as they are in this installation

The suite compares them where everything is installed, check_package.py where the package has [rasterio] alone.
"""

import hashlib
import json
from pathlib import Path

KNOWN = Path(__file__).with_name('palettes.json')
#: The entry of all of matplotlib's names, one after the other.
ALL = "matplotlib's"


def digest(colours: list[str]) -> list[object]:
    """Return what says which colours these are: how many, the first, the last, and a hash of all."""
    return [len(colours), colours[0], colours[-1], hashlib.sha256(' '.join(colours).encode()).hexdigest()]


def digests() -> dict[str, list[object]]:
    """Return the digests of this installation."""
    from django_large_image import colors

    listed = [colour for name in colors.names()['matplotlib'] for colour in colors.resolve(name)]
    names = [name for name in json.loads(KNOWN.read_text()) if name != ALL]
    return {name: digest(colors.resolve(name)) for name in names} | {ALL: digest(listed)}


def differences() -> list[str]:
    """Return a line for each name whose colours are others here."""
    known, here = json.loads(KNOWN.read_text()), digests()
    return [
        f'the palette {name} is {here[name]}, not {known[name]}'
        for name in known
        if here[name] != known[name]
    ]


if __name__ == '__main__':
    lines = (f'  {json.dumps(name)}: {json.dumps(value)}' for name, value in digests().items())
    print('{\n' + ',\n'.join(lines) + '\n}')
