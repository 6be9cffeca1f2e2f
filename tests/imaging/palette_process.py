"""What a new process does with palettes; test_palettes.py runs it. It prints JSON."""

from __future__ import annotations

import json
import pathlib
import sys
import threading
from typing import Any

import django

django.setup()

from django_large_image import colors  # noqa: E402
from django_large_image.exceptions import InvalidParameter  # noqa: E402

#: Packages that are slow to load, and no business of a request for a tile.
WATCHED = ('matplotlib', 'palettable', 'pandas')


def loaded() -> list[str]:
    """Return which of the watched packages are loaded."""
    return [name for name in WATCHED if name in sys.modules]


def at_once(name: str) -> list[Any]:
    """Resolve a name for the first time in eight threads."""
    barrier, found = threading.Barrier(8), []

    def run() -> None:
        barrier.wait()
        try:
            found.append(colors.resolve(name))
        except Exception as error:
            found.append(repr(error))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def drawn(names: list[str], paths: list[str]) -> dict[str, int]:
    """Draw each palette by a lease of each image, by large-image, as a legend, and list the names."""
    import large_image

    from django_large_image import access, handles
    from django_large_image.imaging import palettes, thumbnail
    from django_large_image.imaging.formats import Format
    from django_large_image.imaging.style import parse_style

    sizes = {}
    for name in names:
        for path in paths:
            with handles.borrow(access.image_ref(path)) as lease:
                for style in (parse_style({'band': 1, 'palette': name}), {'band': 1, 'palette': name}):
                    body = thumbnail.render(lease.view(style), 32, 32, None, Format.PNG)
                    sizes[f'{name} {pathlib.Path(path).name}'] = len(body)
        source = large_image.open(paths[0], style={'band': 1, 'palette': name})
        assert type(source).__module__.startswith('django_large_image.'), source
        source.getTile(0, 0, 0)
        palettes.legend(name, 16, 4, Format.PNG)
    palettes.names()
    return sizes


def refused(names: list[str]) -> list[str]:
    """Return what happens while names are refused, beside that: a file is opened, a module looked for."""
    colors.names()
    events: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event in ('open', 'import', 'exec', 'compile'):
            events.append(f'{event} {arguments[0]!r}')

    sys.addaudithook(hook)
    for name in names:
        try:
            colors.resolve(name)
        except InvalidParameter:
            continue
        events.append(f'{name} is a palette')
    watching = False
    return events


if __name__ == '__main__':
    action, *arguments = json.load(sys.stdin)
    print(json.dumps([globals()[action](*arguments), loaded()]))
