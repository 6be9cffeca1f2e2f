"""A folder of files that takes a bounded number of bytes: those that were used longest ago are removed.

A file's time of modification says when it was used: whoever uses it sets that (`os.utime`). Several processes share
such a folder, so any file may be gone at any moment. A file that is being written has a name of another form.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class StoredFile(NamedTuple):
    """A file: when it was used, in nanoseconds since the epoch, its name, and its bytes."""

    used_ns: int
    name: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class BoundedFolder:
    """A folder, by its path or by its open descriptor, of which files with other names than these are not touched."""

    folder: Path | int
    #: The names of files that are whole, and of those that are being written, from their beginning on.
    whole: re.Pattern[str]
    unfinished: re.Pattern[str]
    #: The age in seconds from which on an unfinished file is nobody's any more: its process was killed.
    abandoned: float

    def files(self) -> list[StoredFile]:
        """Return the files that are whole; raises OSError where the folder cannot be read."""
        return [file for file in self._ours() if self.whole.match(file.name)]

    def _ours(self) -> list[StoredFile]:
        """Return the files that are whole, and those that are being written."""
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if self.whole.match(entry.name) or self.unfinished.match(entry.name):
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        found.append(StoredFile(status.st_mtime_ns, entry.name, status.st_size))
        return found

    def evict(self, limit: int, keep: str = '') -> None:
        """Remove the files used longest ago until those that are left take at most `limit` bytes.

        The file named `keep` counts and stays. A process that has a removed file open goes on reading it (POSIX).
        """
        abandoned_ns = time.time_ns() - int(self.abandoned * 1e9)
        files = []
        for file in self._ours():
            if self.whole.match(file.name):
                files.append(file)
            elif file.used_ns < abandoned_ns:
                self.remove(file.name)
        total = sum(file.nbytes for file in files)
        for file in sorted(files):
            if total <= limit:
                return
            if file.name != keep:
                self.remove(file.name)
                total -= file.nbytes

    def remove(self, name: str) -> None:
        """Remove a file, if it is still there."""
        with contextlib.suppress(FileNotFoundError):
            if isinstance(self.folder, int):
                os.unlink(name, dir_fd=self.folder)
            else:
                os.unlink(self.folder / name)
