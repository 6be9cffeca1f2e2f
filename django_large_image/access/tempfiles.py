"""Temporary files and links that are gone after their use, also those of processes that were killed."""

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
#: A file that nobody locks is nobody's from this age on; before, it may just have been made. In seconds.
_ABANDONED = 60.0
#: When this process last looked through a folder, by `time.monotonic()`.
_swept: dict[Path, float] = {}


@contextlib.contextmanager
def temporary_file(suffix: str) -> Iterator[Path]:
    """Yield the path of a new temporary file; its name is gone when the block ends, also on an error.

    A file that was opened in the block can still be read (POSIX), and its bytes go when it is closed. What killed
    processes left is removed first.
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
    """Yield another path of a local file, in a folder where nothing is beside it; gone when the block ends."""
    folder = copies_folder()
    _sweep(folder)
    with tempfile.TemporaryDirectory(prefix=_LINK, dir=folder) as own:
        link = os.path.join(own, name)
        os.symlink(path, link)
        yield link


def _sweep(folder: Path) -> None:
    """Remove what killed processes left; once a minute, as the folder may hold thousands of local copies."""
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
