"""The decoded blocks of images, shared by all threads of a process.

GDAL keeps the decoded blocks of each open dataset, and each thread has datasets of its own. Neighbouring tiles need the
same blocks, mostly at the same time; here each is decoded once.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping

import cachetools

from django_large_image.conf import settings
from django_large_image.pixels import MaskedPixels

#: Decodes the blocks of some keys.
Load = Callable[[list[Hashable]], Mapping[Hashable, MaskedPixels]]


class BlockCache:
    """Keep the blocks used last, up to `BLOCK_CACHE_BYTES` in all; the version of the image is part of a key."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        # The bound is a setting, which may change: `_keep` heeds it.
        self._blocks: cachetools.LRUCache[Hashable, MaskedPixels] = cachetools.LRUCache(
            math.inf, getsizeof=lambda block: block.nbytes
        )
        #: By the key of a block that a thread is decoding: what is set when that is over.
        self._pending: dict[Hashable, threading.Event] = {}

    def fetch(self, keys: Iterable[Hashable], load: Load) -> dict[Hashable, MaskedPixels]:
        """Return the blocks of the keys; `load` is called once for those that are not kept and that no thread decodes.

        Raises what `load` raises. A thread waits for the blocks of others only when its own are there for all to use,
        so no two threads wait for each other.
        """
        found: dict[Hashable, MaskedPixels] = {}
        missing = list(keys)
        while missing:
            mine, others = self._claim(missing, found)
            if mine:
                self._load(mine, load, found)
            for event in others:
                event.wait()
            missing = [key for key in missing if key not in found]
        return found

    def _claim(
        self, missing: list[Hashable], found: dict[Hashable, MaskedPixels]
    ) -> tuple[list[Hashable], set[threading.Event]]:
        """Put the blocks that are kept into `found`; return the keys to decode here, and what to wait for of others."""
        mine: list[Hashable] = []
        others = set()
        event = threading.Event()
        with self._lock:
            for key in missing:
                if key in self._blocks:
                    found[key] = self._blocks[key]
                elif key in self._pending:
                    others.add(self._pending[key])
                else:
                    self._pending[key] = event
                    mine.append(key)
        return mine, others

    def _load(self, mine: list[Hashable], load: Load, found: dict[Hashable, MaskedPixels]) -> None:
        loaded: Mapping[Hashable, MaskedPixels] = {}
        try:
            loaded = load(mine)
        finally:
            with self._lock:
                event = self._pending[mine[0]]
                for key in mine:
                    del self._pending[key]
                for key, block in loaded.items():
                    self._keep(key, block)
            event.set()
        found.update(loaded)

    def _keep(self, key: Hashable, block: MaskedPixels) -> None:
        limit = int(settings.BLOCK_CACHE_BYTES)
        if block.nbytes <= limit:
            self._blocks[key] = block
        while self._blocks.currsize > limit:
            self._blocks.popitem()

    def clear(self) -> None:
        """Forget every block."""
        with self._lock:
            self._blocks.clear()

    def stats(self) -> dict[str, int]:
        """Return how many blocks of how many bytes are kept, and the bound."""
        with self._lock:
            return {
                'blocks': len(self._blocks),
                'bytes': int(self._blocks.currsize),
                'limit': int(settings.BLOCK_CACHE_BYTES),
            }


block_cache = BlockCache()

if hasattr(os, 'register_at_fork'):
    # Another thread may hold the lock at the time of the fork.
    os.register_at_fork(after_in_child=block_cache._reset)
