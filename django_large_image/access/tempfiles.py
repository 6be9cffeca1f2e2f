"""Temporary files and links, in the folder of the local copies; they are removed after their use.

Those of processes that were killed are removed by the next one that needs any.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from django.core.files import locks

from django_large_image.access.localcopy import copies_folder

_PREFIX, _LINK = 'region-', 'link-'
#: The age in seconds from which on a file that no process locks is nobody's; a younger one may not be locked yet.
_ABANDONED = 60.0
#: By folder: when this process last looked through it, by `time.monotonic()`.
_swept: dict[Path, float] = {}


@contextlib.contextmanager
def temporary_file(suffix: str) -> Iterator[Path]:
    """Yield the path of a new temporary file, which is removed when the block ends.

    A process that opened it in the block can go on reading (POSIX); its bytes go when it is closed.
    """
    folder = copies_folder()
    _sweep(folder)
    descriptor, name = tempfile.mkstemp(prefix=_PREFIX, suffix=suffix, dir=folder)
    try:
        # The lock ends with the process, however that ends.
        locks.lock(descriptor, locks.LOCK_EX)
        yield Path(name)
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


@contextlib.contextmanager
def alone(path: str, name: str) -> Iterator[str]:
    """Yield another path of a local file, with this name and in a folder of its own, while the block lasts."""
    folder = copies_folder()
    _sweep(folder)
    with tempfile.TemporaryDirectory(prefix=_LINK, dir=folder) as own:
        link = os.path.join(own, name)
        os.symlink(path, link)
        yield link


def _sweep(folder: Path) -> None:
    """Remove what killed processes left, once a minute: the folder may hold thousands of local copies."""
    now = time.monotonic()
    if now - _swept.get(folder, -math.inf) < _ABANDONED:
        return
    _swept[folder] = now
    for entry in os.scandir(folder):
        if not entry.name.startswith((_PREFIX, _LINK)):
            continue
        with contextlib.suppress(OSError):
            if time.time() - entry.stat().st_mtime < _ABANDONED:
                continue
            if entry.name.startswith(_LINK):
                shutil.rmtree(entry.path)
                continue
            with open(entry.path, 'rb') as file:
                if locks.lock(file, locks.LOCK_EX | locks.LOCK_NB):
                    os.unlink(entry.path)
