"""Bounded local copies of files that cannot be read where they are.

One copy serves every process of the machine: a lock file makes one of them fetch while the others wait, the bytes
go to a temporary name first, and the least recently used copies go when the bound is reached.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPResponse
from pathlib import Path
from typing import IO

from django.core.files import locks

from django_large_image.access.ref import ImageRef
from django_large_image.conf import settings
from django_large_image.exceptions import (
    Busy,
    ImageMissing,
    ImageUnreadable,
    LargeImageError,
    Misconfigured,
    RemoteUnavailable,
)

#: The names of copies; whatever else is in the folder is not ours.
COPY = re.compile(r'[0-9a-f]{64}(\.|$)')
#: What the name of a copy starts with while it is fetched.
PART = '.part-'
#: The fewest bytes a second, on an average over `REMOTE_TIMEOUT`.
SLOWEST = 1024
#: What is read at a time, in bytes, and the pause between two looks at a lock, in seconds.
_CHUNK, _PAUSE = 1 << 16, 0.02
#: The age from which an unfinished copy is nobody's any more: each write makes it younger.
ABANDONED_SECONDS = 3600.0


def local_ref(ref: ImageRef) -> ImageRef:
    """Return an `ImageRef` of the same bytes on this machine, fetched if need be.

    Raises `ImageMissing`, `RemoteUnavailable`, and `ImageUnreadable` for a file larger than the bound.
    """
    if not ref.remote:
        return ref
    if ref.fetch is None:
        raise ImageUnreadable('The image cannot be read where it is, nor copied.')
    folder = copies_folder()
    # Some readers look at the extension; nothing else of the user's name goes into ours.
    suffix = re.sub(r'[^.a-z0-9]', '', ''.join(Path(ref.name).suffixes[-2:]).lower())[-20:]
    target = folder / f'{ref.digest}{suffix}'
    if not _touch(target):
        with _lock(folder / f'{ref.digest[:2]}.lock'):
            if not _touch(target):
                _fetch(ref, folder, target)
    return replace(ref, path=str(target), remote=False, modified=None, options={}, fetch=None)


def copies_folder() -> Path:
    """Return the folder of the copies, made if need be and readable by this user alone."""
    configured = settings.LOCAL_COPY_DIR
    folder = Path(configured or Path(tempfile.gettempdir()) / f'django-large-image-{os.getuid()}')
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise Misconfigured(
            'The folder of local copies (LARGE_IMAGE_LOCAL_COPY_DIR) cannot be made.'
        ) from None
    if not configured and folder.stat().st_uid != os.getuid():
        raise RemoteUnavailable('The folder of local copies belongs to another user.')
    return folder


def _touch(target: Path) -> bool:
    """Mark a copy as used; return whether there is one."""
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    # The lock files stay: removing one while another process waits for it would let two in.
    with open(path, 'ab') as file:
        deadline = time.monotonic() + settings.HANDLE_TIMEOUT
        while not locks.lock(file, locks.LOCK_EX | locks.LOCK_NB):
            # Somebody fetches a large file, or from a slow host.
            if time.monotonic() > deadline:
                raise Busy()
            time.sleep(_PAUSE)
        yield


def _fetch(ref: ImageRef, folder: Path, target: Path) -> None:
    bound = settings.LOCAL_COPY_MAX_BYTES
    descriptor, temporary = tempfile.mkstemp(prefix=PART, dir=folder)
    try:
        assert ref.fetch is not None
        with os.fdopen(descriptor, 'wb') as output, contextlib.closing(ref.fetch()) as source:
            _copy(source, output, bound)
        os.replace(temporary, target)
    except LargeImageError:
        raise
    except FileNotFoundError:
        raise ImageMissing() from None
    except Exception:
        # Each storage has errors of its own; none of them is a fault of the request.
        raise RemoteUnavailable() from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    evict(folder, bound, keep=target)


def _copy(source: IO[bytes], output: IO[bytes], bound: int) -> None:
    total = 0
    period, begun = settings.REMOTE_TIMEOUT, time.monotonic()
    counted = 0
    # What an HTTP answer says it has; urllib ends quietly where a connection breaks off.
    announced = getattr(source, 'length', None)
    # An HTTP answer gives what has come; others wait until there is as much as was asked for.
    read = source.read1 if isinstance(source, HTTPResponse) else source.read
    while chunk := read(_CHUNK):
        total += len(chunk)
        # A host that lets bytes drip in is none that answers: each resets the timeout of the socket.
        if time.monotonic() - begun > period:
            if total - counted < SLOWEST * period:
                raise RemoteUnavailable('The storage of the image answers too slowly; try again later.')
            begun, counted = time.monotonic(), total
        if total > bound:
            raise ImageUnreadable('The image is larger than what local copies may take.')
        output.write(chunk)
    if isinstance(announced, int) and total != announced:
        raise RemoteUnavailable()


def evict(folder: Path, bound: int, keep: Path | None = None) -> None:
    """Remove the least recently used copies until the rest takes at most `bound` bytes.

    A reader that has a removed copy open goes on reading it (POSIX keeps the bytes until it closes).
    """
    copies = []
    for entry in os.scandir(folder):
        if entry.name.startswith(PART):
            # Of a process that was killed while it fetched.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.stat().st_mtime > ABANDONED_SECONDS:
                    os.unlink(entry.path)
        if COPY.match(entry.name):
            with contextlib.suppress(FileNotFoundError):
                stat = entry.stat()
                copies.append((stat.st_mtime, stat.st_size, entry.path))
    total = sum(size for _, size, _ in copies)
    for _, size, path in sorted(copies):
        if total <= bound:
            return
        if keep is None or path != str(keep):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            total -= size
