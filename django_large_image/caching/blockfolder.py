"""A folder of decoded blocks in memory, which processes share; each block is a file.

A file gets its name when it is whole and is never changed, so whoever opens it has all of it. A process that decodes a
block holds a lock on one byte of a further file, the file of claims; the lock ends with the process, whatever ends
that.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import struct
import threading

import numpy as np

from django_large_image.access.eviction import BoundedFolder
from django_large_image.pixels import Array, MaskedPixels

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

#: What a file begins with: dtype, rows, columns, bands, and whether a mask follows the values.
_HEAD = struct.Struct('<8s3I?')
#: The file of claims. All processes that use the folder share a lock on it as a whole.
_CLAIMS = 'claims'
#: The names of blocks, and of those that are being written.
_BLOCK, _UNFINISHED = re.compile(rf'(?!{_CLAIMS}$)[^.]+$'), re.compile(r'[^.]+\.')
#: The age in seconds from which on a block that is being written is nobody's any more.
_ABANDONED = 60.0


class Folder:
    """An open folder of blocks by name; its methods raise OSError where it cannot be used, or not any longer."""

    def __init__(self, path: str, limit: int) -> None:
        """Open the folder, made if need be, for at most `limit` bytes of blocks."""
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
        self._bounded = BoundedFolder(self._folder, _BLOCK, _UNFINISHED, _ABANDONED)
        self._evicting = threading.Lock()
        #: The bytes that this process has written since it last looked how many there are.
        self._written = 0

    def _keep(self, file: int) -> int:
        self._files.append(file)
        return file

    def __del__(self) -> None:
        """Close the files when no thread uses the folder any more."""
        while self._files:
            os.close(self._files.pop())

    def get(self, name: str) -> MaskedPixels | None:
        """Return a block by its name, None if it is not there."""
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
        """Keep a block, unless it is very large; now and then remove those that were used longest ago."""
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
            self._bounded.remove(unfinished)
            raise
        self._written += block.nbytes
        if self._written > self.limit // 16 and self._evicting.acquire(blocking=False):
            try:
                self._written = 0
                # Room for what processes put here until they look again.
                self.evict(self.limit - self.limit // 8)
            finally:
                self._evicting.release()

    def evict(self, limit: int) -> None:
        """Remove the blocks used longest ago until the others take at most `limit` bytes.

        Those that are being written stay, unless they are so old that nobody does.
        """
        self._bounded.evict(limit)

    def size(self) -> tuple[int, int]:
        """Return how many blocks there are, and their bytes."""
        blocks = self._bounded.files()
        return len(blocks), sum(block.nbytes for block in blocks)

    def claim(self, name: str) -> bool:
        """Return whether this process is the one to decode a block; no other one is until it releases it, or ends."""
        try:
            fcntl.lockf(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte_of(name))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def release(self, name: str) -> None:
        """Give the claim on a block back."""
        fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, _byte_of(name))

    def leave(self) -> None:
        """Remove the folder if no other process uses it."""
        with contextlib.suppress(OSError):
            fcntl.flock(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in sorted(os.listdir(self._folder), key=lambda name: name == _CLAIMS):
                self._bounded.remove(name)
            os.rmdir(self._path)


def _parts(values: Array, valid: Array | None) -> list[memoryview]:
    """Return the bytes of values and mask, without a copy where they lie together."""
    arrays = [values] if valid is None else [values, valid]
    return [np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays]


def _byte_of(name: str) -> int:
    """Return the offset of the byte of the file of claims that stands for a block; few blocks share one."""
    return int(name[:14], 16)
