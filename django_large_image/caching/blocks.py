"""The decoded blocks of images, shared by all threads of a process.

GDAL keeps decoded blocks per open dataset, and each thread has datasets of its own. Neighbouring tiles need the same
blocks, mostly at the same time; here each is decoded once.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping

from django_large_image.conf import settings
from django_large_image.pixels import MaskedPixels

Load = Callable[[list[Hashable]], Mapping[Hashable, MaskedPixels]]


class BlockCache:
    """Keep the blocks used last, up to `BLOCK_CACHE_BYTES`; a key names the version of the image."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._blocks: OrderedDict[Hashable, MaskedPixels] = OrderedDict()
        self._pending: dict[Hashable, threading.Event] = {}
        self._bytes = 0

    def fetch(self, keys: Iterable[Hashable], load: Load) -> dict[Hashable, MaskedPixels]:
        """Return the blocks of the keys; those that nobody has or is decoding come from one call of `load`.

        Raises what `load` raises. A thread waits for blocks of others only when its own are there for all to use, so
        no two threads wait for each other.
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
        mine: list[Hashable] = []
        others = set()
        event = threading.Event()
        with self._lock:
            for key in missing:
                block = self._blocks.get(key)
                if block is not None:
                    self._blocks.move_to_end(key)
                    found[key] = block
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
        old = self._blocks.pop(key, None)
        self._bytes += block.nbytes - (0 if old is None else old.nbytes)
        self._blocks[key] = block
        while self._bytes > settings.BLOCK_CACHE_BYTES and self._blocks:
            _, gone = self._blocks.popitem(last=False)
            self._bytes -= gone.nbytes

    def clear(self) -> None:
        """Forget every block."""
        with self._lock:
            self._blocks.clear()
            self._bytes = 0

    def stats(self) -> dict[str, int]:
        """Return how many blocks of how many bytes are kept, and the bound."""
        with self._lock:
            return {
                'blocks': len(self._blocks),
                'bytes': self._bytes,
                'limit': int(settings.BLOCK_CACHE_BYTES),
            }


block_cache = BlockCache()

if hasattr(os, 'register_at_fork'):
    # Another thread may hold the lock at the time of the fork.
    os.register_at_fork(after_in_child=block_cache._reset)
