"""Bounded local copies of files that cannot be read where they are.

One copy serves every process of the machine. One of them fetches it, under a temporary name and with a lock file, while
the others wait. Beyond `LOCAL_COPY_MAX_BYTES` the copies that were used longest ago are removed.
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

from django_large_image.access.eviction import BoundedFolder
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

#: What the name of a copy begins with: the digest of the image's version. Whatever else is in the folder is not ours.
_COPY = re.compile(r'[0-9a-f]{64}(\.|$)')
#: What it begins with while the copy is fetched.
_PART = '.part-'
_UNFINISHED = re.compile(re.escape(_PART))
#: The fewest bytes a second that a storage may send, on average over `REMOTE_TIMEOUT`.
_SLOWEST = 1024
#: What is read at a time, in bytes, and the pause between two looks at a lock, in seconds.
_CHUNK, _PAUSE = 1 << 16, 0.02
#: The age in seconds from which on an unfinished copy is nobody's any more: each write makes it younger.
_ABANDONED = 3600.0


def local_ref(ref: ImageRef) -> ImageRef:
    """Return an `ImageRef` of the same bytes on this machine: the same one, or that of a copy, fetched if need be.

    Raises `ImageMissing`, `ImageChanged`, `RemoteUnavailable`, `Misconfigured`, `Busy` where others fetch it for too
    long, and `ImageUnreadable` for a file larger than all copies together may be.
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
    """Return the folder of the copies, made if need be and then readable by this user alone.

    Raises `Misconfigured` where it cannot be made, and `RemoteUnavailable` for the default one of another user.
    """
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
    """Hold the lock of a file, made if need be; raises `Busy` after `HANDLE_TIMEOUT` seconds."""
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
    """Fetch the bytes of an image into a file, and remove other copies if there are too many."""
    bound = settings.LOCAL_COPY_MAX_BYTES
    descriptor, temporary = tempfile.mkstemp(prefix=_PART, dir=folder)
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
    """Copy at most `bound` bytes; raises `ImageUnreadable` if there are more, and `RemoteUnavailable`."""
    total = counted = 0
    period, begun = settings.REMOTE_TIMEOUT, time.monotonic()
    announced, read = None, source.read
    if isinstance(source, HTTPResponse):
        # It gives what has come, where others wait until there is as much as was asked for; and it says how much there
        # is, where urllib ends quietly if a connection breaks off.
        announced, read = source.length, source.read1
    while chunk := read(_CHUNK):
        total += len(chunk)
        # A host that lets bytes drip in is none that answers: each resets the timeout of the socket.
        if time.monotonic() - begun > period:
            if total - counted < _SLOWEST * period:
                raise RemoteUnavailable('The storage of the image answers too slowly; try again later.')
            begun, counted = time.monotonic(), total
        if total > bound:
            raise ImageUnreadable('The image is larger than what local copies may take.')
        output.write(chunk)
    if announced is not None and total != announced:
        raise RemoteUnavailable()


def evict(folder: Path, bound: int, keep: Path | None = None) -> None:
    """Remove the copies used longest ago until the others take at most `bound` bytes; `keep` counts and stays."""
    BoundedFolder(folder, _COPY, _UNFINISHED, _ABANDONED).evict(bound, '' if keep is None else keep.name)
