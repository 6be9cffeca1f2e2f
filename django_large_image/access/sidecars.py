"""Files beside an image that GDAL reads with it: overviews and masks, and those with metadata of the image.

They count only with the setting `SIDECAR_FILES`.
"""

from __future__ import annotations

import os

#: The endings of files with pixels, behind the whole name of the image.
PIXELS = ('.ovr', '.msk', '.ovr.msk', '.msk.ovr')
#: The endings of others: behind the whole name, and behind the name without the image's own ending.
_AFTER_NAME = ('.aux.xml', '.aux')
_AFTER_STEM = ('.aux', '.wld', '.prj', '.tab')


def with_pixels(path: str) -> list[str]:
    """Return the paths of the overviews and masks beside an image, in capitals or not: GDAL 3.10 takes them all."""
    folder, name = os.path.split(path)
    wanted = {(name + ending).lower() for ending in PIXELS}
    return [os.path.join(folder, other) for other in os.listdir(folder or '.') if other.lower() in wanted]


def versions(path: str) -> str:
    """Return a token that changes when a file beside an image changes, comes or goes; empty if there is none.

    It is asked for with each request, so no folder is listed: the names are tried, in the usual case and in capitals.
    """
    stem, ending = os.path.splitext(path)
    # World files: image.tfw or image.tifw.
    world = (f'.{ending[1:2]}{ending[-1:]}w', f'{ending}w') if len(ending) > 2 else ()
    names = [*_names(path, PIXELS + _AFTER_NAME), *_names(stem, _AFTER_STEM + world)]
    found = []
    for number, name in enumerate(names):
        try:
            stat = os.stat(name)
        except OSError:
            continue
        found.append(f'{number:x}.{stat.st_size:x}.{stat.st_mtime_ns:x}.{stat.st_ctime_ns:x}.{stat.st_ino:x}')
    return '-'.join(found)


def _names(path: str, endings: tuple[str, ...]) -> list[str]:
    return [path + spelt for ending in endings for spelt in (ending, ending.upper())]
