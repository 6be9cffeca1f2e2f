"""The decoded blocks that the processes of a site share on one machine: files in a folder that is memory.

Each process keeps the blocks that it used last to itself (`blocks`). Here are those that any process decoded, up to
`SHARED_BLOCK_BYTES` in all: copying a block takes a tenth of the time of decoding it. The folder is this user's, for
this site alone. Where there is no /dev/shm, as on macOS and Windows, each process decodes for itself.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import logging
import os
import threading
import time
from collections.abc import Hashable, Mapping

from django.utils.crypto import salted_hmac

from django_large_image import __version__
from django_large_image.caching.blockfolder import Folder
from django_large_image.caching.blocks import Load
from django_large_image.conf import settings
from django_large_image.pixels import MaskedPixels

logger = logging.getLogger(__name__)

#: The file system in memory.
MEMORY = '/dev/shm'  # noqa: S108 (the folder in it is checked to be private)
#: The number of the files' format, a new one for each change of it.
_FORMAT = 1
#: The seconds for each MiB from which on decoded blocks are shared: of computing, or of computing and waiting for a
#: network. Copying a MiB there and back takes 0.7 ms.
_WORTH_CPU, _WORTH_ALL = 0.002, 0.02
#: The pause between two looks at whether another process has decoded a block, and the longest wait, in seconds.
_PAUSE, _PATIENCE = 0.001, 2.0
#: How long the folder is left alone after an error, in seconds.
_RETRY = 60.0
#: How often it is tried to open the folder while other processes remove it.
_ATTEMPTS = 5


def name_of(key: Hashable) -> str:
    """Return a file's name for a key, which is the same in every process: 32 hexadecimal digits.

    A key consists of texts, numbers, None and tuples of them, whose `repr` says all of it.
    """
    return hashlib.blake2b(repr(key).encode(), digest_size=16).hexdigest()


class SharedBlocks:
    """Take blocks from the folder, or decode them and put them there for all processes."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._folder: Folder | None = None
        self._retry = 0.0

    def folder(self) -> Folder | None:
        """Return the open folder; None where none is wanted, none is possible, or one failed less than a minute ago."""
        if not settings.SHARED_BLOCK_BYTES:
            return None
        if self._folder is None and time.monotonic() >= self._retry:
            with self._lock:
                if self._folder is None:
                    self._folder = self._opened()
        return self._folder

    def _opened(self) -> Folder | None:
        if not os.path.isdir(MEMORY):
            self._retry = float('inf')
            return None
        # What changes the pixels that a file's bytes stand for, and whose they are.
        about = (_FORMAT, __version__, bool(settings.SIDECAR_FILES))
        site = salted_hmac(__name__, repr(about)).hexdigest()[:16]
        prefix = f'django-large-image-{os.geteuid()}-'
        _remove_unused(prefix, prefix + site)
        for attempt in range(_ATTEMPTS):
            try:
                return Folder(f'{MEMORY}/{prefix}{site}', settings.SHARED_BLOCK_BYTES)
            except OSError as error:
                # Another process may be removing it.
                if not isinstance(error, FileNotFoundError) or attempt + 1 == _ATTEMPTS:
                    self._failed(error)
                    break
        return None

    def _failed(self, error: OSError) -> None:
        """Leave the folder alone for a time, and log why."""
        self._folder, self._retry = None, time.monotonic() + _RETRY
        # Without the path that the error names.
        logger.warning('Decoded blocks are not shared for %d seconds: %s', _RETRY, error.strerror)

    def fetch(self, keys: list[Hashable], load: Load) -> Mapping[Hashable, MaskedPixels]:
        """Return the blocks of the keys, which this process does not have; `load` decodes those that no process has.

        Raises what `load` raises. No two threads of a process may ask for one block at the same time. A process waits
        for what another one is decoding only when it has decoded all that it claimed itself, and not for long.
        """
        folder = self.folder()
        if folder is None:
            return load(keys)
        found: dict[Hashable, MaskedPixels] = {}
        missing, patience = {key: name_of(key) for key in keys}, _PATIENCE
        while missing:
            try:
                mine = _claimed(folder, missing, found)
            except OSError as error:
                self._failed(error)
                mine = list(missing)
            if not mine and patience < 0:
                mine = list(missing)
            if mine:
                found.update(self._loaded(folder, {key: missing[key] for key in mine}, load))
            missing = {key: name for key, name in missing.items() if key not in found}
            if missing:
                time.sleep(_PAUSE)
                patience -= _PAUSE
        return found

    def _loaded(
        self, folder: Folder, names: dict[Hashable, str], load: Load
    ) -> Mapping[Hashable, MaskedPixels]:
        begun, computing = time.perf_counter(), time.thread_time()
        try:
            loaded = load(list(names))
            size = sum(block.nbytes for block in loaded.values()) / 2**20
            computing, took = time.thread_time() - computing, time.perf_counter() - begun
            if computing > _WORTH_CPU * size or took > _WORTH_ALL * size:
                self._put(folder, {names[key]: block for key, block in loaded.items()})
        finally:
            for name in names.values():
                folder.release(name)
        return loaded

    def _put(self, folder: Folder, blocks: dict[str, MaskedPixels]) -> None:
        try:
            for name, block in blocks.items():
                folder.put(name, block)
        except OSError as error:
            self._failed(error)
            if error.errno == errno.ENOSPC:
                # Others may need it more.
                with contextlib.suppress(OSError):
                    folder.evict(0)

    def clear(self) -> None:
        """Remove every block, also those of other processes."""
        folder = self.folder()
        if folder is not None:
            with contextlib.suppress(OSError):
                folder.evict(0)

    def stats(self) -> dict[str, int]:
        """Return how many blocks of how many bytes are shared, and the bound of the bytes: 0 where nothing is."""
        folder, blocks, size = self.folder(), 0, 0
        if folder is not None:
            with contextlib.suppress(OSError):
                blocks, size = folder.size()
        return {'blocks': blocks, 'bytes': size, 'limit': 0 if folder is None else folder.limit}

    def leave(self) -> None:
        """Remove the folder if this is the last process that uses it."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.leave()


def _remove_unused(prefix: str, own: str) -> None:
    """Remove the folders of this user's other sites that no process uses: those were killed, and may never return."""
    with contextlib.suppress(OSError):
        for name in os.listdir(MEMORY):
            if name.startswith(prefix) and name != own:
                with contextlib.suppress(OSError):
                    Folder(f'{MEMORY}/{name}', 0).leave()


def _claimed(
    folder: Folder, missing: dict[Hashable, str], found: dict[Hashable, MaskedPixels]
) -> list[Hashable]:
    """Put the blocks that are there into `found`; return the keys of those that this process claimed to decode."""
    mine = []
    for key, name in missing.items():
        block = folder.get(name)
        if block is None and folder.claim(name):
            # It may have come between the look and the claim.
            block = folder.get(name)
            if block is None:
                mine.append(key)
            else:
                folder.release(name)
        if block is not None:
            found[key] = block
    return mine


shared_blocks = SharedBlocks()
atexit.register(shared_blocks.leave)

if hasattr(os, 'register_at_fork'):
    # What the parent claimed and locked is not the child's.
    os.register_at_fork(after_in_child=shared_blocks._reset)
