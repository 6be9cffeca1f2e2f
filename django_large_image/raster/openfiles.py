"""How many files handles of stacks hold open beside their first one, over all handles of the process.

The pool counts handles. One of a stack has a file open for each frame and each level that it was asked for, and 64 of
them held 2 000 files, where many systems allow a process 1 024.
"""

from __future__ import annotations

import os
import threading

from django_large_image.conf import settings

#: The most files that are held so, for each handle that the pool may keep.
_A_HANDLE = 4


class OpenFiles:
    """Counts the files that handles keep while they are idle."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._total = 0

    def settle(self, before: int, now: int) -> bool:
        """Count `now` files of a handle that were `before` when it was counted last.

        Returns whether all handles together hold no more than they may. If not, this one is to close its files.
        """
        with self._lock:
            self._total += now - before
            return self._total <= _A_HANDLE * int(settings.MAX_OPEN_HANDLES)


open_files = OpenFiles()

if hasattr(os, 'register_at_fork'):
    # The handles of the parent are not the child's.
    os.register_at_fork(after_in_child=open_files._reset)
