"""A folder of decoded blocks in memory, which processes share; each block is a file.

A file appears when it is whole and is never changed, so whoever opens it has all of it. Who is decoding a block holds a
lock on a byte of one more file: it ends with the process, whatever ends that.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.pixels import MaskedPixels

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

#: dtype, rows, columns, bands, and whether validity follows the values.
_HEAD = struct.Struct('<8s3I?')
#: The file whose bytes are locked: by all who use the folder, and by who is decoding a block.
_CLAIMS = 'claims'
#: The age, in nanoseconds, from which on a block that is not finished is nobody's: a killed process left it.
_ABANDONED = 60 * 10**9


class Folder:
    """An open folder of blocks by name. Raises OSError where it cannot be used, or cannot be any longer."""

    def __init__(self, path: str, limit: int) -> None:
        self._files: list[int] = []
        self._path = path
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        self._folder = self._keep(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW))
        about = os.fstat(self._folder)
        # Anybody may make folders there, and what is in this one is believed.
        if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077:
            raise PermissionError(errno.EPERM, 'the folder is not private')
        self._claims = self._keep(os.open(_CLAIMS, os.O_RDWR | os.O_CREAT, 0o600, dir_fd=self._folder))
        # The last one who uses the folder removes it, perhaps at this moment.
        fcntl.flock(self._claims, fcntl.LOCK_SH)
        if os.stat(path).st_ino != about.st_ino:
            raise FileNotFoundError(errno.ENOENT, 'the folder was removed meanwhile')
        space = os.statvfs(self._folder)
        # A container has 64 MB by default, and others want memory, too.
        self.limit = min(limit, space.f_blocks * space.f_frsize // 2)
        self._sweeping = threading.Lock()
        self._written = 0

    def _keep(self, file: int) -> int:
        self._files.append(file)
        return file

    def __del__(self) -> None:
        """Close the files when no thread uses the folder any more."""
        while self._files:
            os.close(self._files.pop())

    def get(self, name: str) -> MaskedPixels | None:
        """Return a block, None if it is not here."""
        try:
            file = os.open(name, os.O_RDONLY, dir_fd=self._folder)
        except FileNotFoundError:
            return None
        try:
            dtype, rows, columns, bands, masked = _HEAD.unpack(os.read(file, _HEAD.size))
            values = np.empty((rows, columns, bands), dtype.rstrip(b'\0').decode())
            valid = np.empty((rows, columns), np.uint8) if masked else None
            os.readv(file, _parts(values, valid))
            # Those used longest ago are removed first.
            os.utime(file)
        finally:
            os.close(file)
        return MaskedPixels(values, valid)

    def put(self, name: str, block: MaskedPixels) -> None:
        """Keep a block, unless it is very large; now and then remove those that are too many."""
        if block.nbytes > self.limit // 8:
            return
        parts = _parts(block.values, block.mask)
        head = _HEAD.pack(block.values.dtype.str.encode(), *block.values.shape, block.mask is not None)
        unfinished = f'{name}.{os.getpid()}.{threading.get_ident()}'
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self._folder)
        try:
            try:
                if os.writev(file, [head, *parts]) != len(head) + block.nbytes:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(file)
            # Nobody sees half a block.
            os.rename(unfinished, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except OSError:
            self._remove(unfinished)
            raise
        self._written += block.nbytes
        if self._written > self.limit // 16 and self._sweeping.acquire(blocking=False):
            try:
                self._written = 0
                # Room for what processes put here until they look again.
                self.sweep(self.limit - self.limit // 8)
            finally:
                self._sweeping.release()

    def _entries(self) -> list[tuple[int, str, int]]:
        """Return when each block was used, its name and its bytes."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    about = entry.stat(follow_symlinks=False)
                    if entry.name != _CLAIMS:
                        found.append((about.st_mtime_ns, entry.name, about.st_size))
        return found

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)

    def sweep(self, limit: int) -> None:
        """Remove the blocks used longest ago, until the others take no more bytes than that.

        Those that are being written stay, unless they are so old that nobody does.
        """
        recent = time.time_ns() - _ABANDONED
        left = sorted((e for e in self._entries() if '.' not in e[1] or e[0] < recent), reverse=True)
        total = sum(size for _, _, size in left)
        while left and total > limit:
            _, name, size = left.pop()
            self._remove(name)
            total -= size

    def size(self) -> tuple[int, int]:
        """Return how many blocks there are, and their bytes."""
        sizes = [size for _, _, size in self._entries()]
        return len(sizes), sum(sizes)

    def claim(self, name: str) -> bool:
        """Return whether this process is the one to decode a block; until `release`, or its end, no other one is."""
        try:
            fcntl.lockf(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(name))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def release(self, name: str) -> None:
        """Give a claim back."""
        fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, _place(name))

    def leave(self) -> None:
        """Remove the folder if no other process uses it."""
        with contextlib.suppress(OSError):
            fcntl.flock(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for _, name, _ in self._entries():
                self._remove(name)
            self._remove(_CLAIMS)
            os.rmdir(self._path)


def _parts(values: NDArray[Any], valid: NDArray[np.uint8] | None) -> list[memoryview]:
    """Return the bytes of arrays, without a copy of those that lie together."""
    arrays = [values] if valid is None else [values, valid]
    return [np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays]


def _place(name: str) -> int:
    """Return the byte of the file of claims that stands for a name; whether it does for another one matters little."""
    return int(name[:14], 16)
