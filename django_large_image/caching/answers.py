"""The cache of encoded answers: bytes in a Django cache of any kind, under keys of our own."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from typing import TypedDict

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from django_large_image.caching.cache_keys import list_entries
from django_large_image.conf import settings
from django_large_image.exceptions import CacheUnavailable

logger = logging.getLogger(__name__)

PREFIX = 'large_image:'
TILES = PREFIX + 'tile:'
#: How often each process adds its counts to those in the cache, and asks for the generation there, in seconds.
FLUSH_SECONDS = 2.0
#: How long a cache that does not answer is left alone, in seconds.
PAUSE_SECONDS = 10.0
_COUNTERS = ('hits', 'misses', 'entries', 'bytes')


class TileStats(TypedDict):
    """What the tile cache holds, and how often it was of use, since it was last cleared; of all processes."""

    hits: int
    misses: int
    entries: int
    bytes: int
    #: Whether `entries` and `bytes` are what is there now, not what was put in.
    exact: bool
    #: Django's name of the cache.
    alias: str


class TileCache:
    """Keep encoded answers in the Django cache that `CACHE_NAME` names.

    A key is a hash of everything that the answer depends on, the version of the image included, so nothing is ever out
    of date; and of the generation, which `clear` changes. To count hits and misses costs no request to the cache.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted = dict.fromkeys(_COUNTERS, 0)
        self._flushed = time.monotonic()
        #: The generation, and when it was asked for, by `time.monotonic()`.
        self._generation = ('', float('-inf'))
        #: Until when the cache is left alone because it did not answer, by `time.monotonic()`.
        self._left_alone = float('-inf')

    @contextlib.contextmanager
    def _asking(self) -> Iterator[bool]:
        """Yield whether to ask the cache now; what the cache raises in the block ends here, and it is left alone.

        A server that hangs costs whoever asks it a time-out: that is one thread of each process, every `PAUSE_SECONDS`.
        """
        if time.monotonic() < self._left_alone:
            yield False
            return
        try:
            if self._left_alone > 0:
                with self._lock:
                    if time.monotonic() < self._left_alone:
                        asking = False
                    else:
                        # This thread finds out; the others go on without.
                        asking, self._left_alone = True, time.monotonic() + PAUSE_SECONDS
                yield asking
                if asking:
                    self._left_alone = float('-inf')
            else:
                yield True
        except Exception as error:
            self._left_alone = time.monotonic() + PAUSE_SECONDS
            logger.warning(
                'The tile cache does not answer (%s); it is left alone for %d seconds',
                type(error).__name__,
                PAUSE_SECONDS,
            )

    @property
    def backend(self) -> BaseCache:
        """Return the Django cache in use (of this thread)."""
        return caches[settings.CACHE_NAME]

    def key(self, *parts: object) -> str:
        """Return the key for what an answer depends on, as texts in the order given."""
        text = '\0'.join(str(part) for part in parts)
        return f'{TILES}{self._current_generation()}:{hashlib.sha256(text.encode()).hexdigest()}'

    def _current_generation(self) -> str:
        generation, read = self._generation
        if time.monotonic() - read > FLUSH_SECONDS:
            # The others go on with the old one while this thread asks.
            self._generation = (generation, time.monotonic())
            with self._asking() as asking:
                if asking:
                    generation = self.backend.get(f'{PREFIX}generation') or ''
            self._generation = (generation, time.monotonic())
        return generation

    def get(self, key: str) -> bytes | None:
        """Return the bytes of a key, None if they are not there; a cache that does not answer is a miss."""
        value = None
        with self._asking() as asking:
            if asking:
                value = self.backend.get(key)
        if not isinstance(value, bytes):
            self._count(misses=1)
            return None
        self._count(hits=1)
        return value

    def set(self, key: str, value: bytes) -> None:
        """Keep bytes, up to `CACHE_MAX_ENTRY_BYTES`; a cache that does not answer does not get them."""
        if len(value) > settings.CACHE_MAX_ENTRY_BYTES:
            return
        added = False
        with self._asking() as asking:
            added = asking and bool(self.backend.add(key, value, settings.CACHE_TIMEOUT))
        if added:
            self._count(entries=1, bytes=len(value))

    def _count(self, **amounts: int) -> None:
        with self._lock:
            for name, amount in amounts.items():
                self._counted[name] += amount
            due = time.monotonic() - self._flushed > FLUSH_SECONDS
        if due:
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            counted, self._counted = self._counted, dict.fromkeys(_COUNTERS, 0)
            self._flushed = time.monotonic()
        with self._asking() as asking:
            for name, amount in counted.items() if asking else ():
                if amount:
                    counter = f'{PREFIX}count:{name}'
                    self.backend.add(counter, 0, None)
                    # Django's DummyCache keeps nothing, and any backend may drop an entry at once.
                    with contextlib.suppress(ValueError):
                        self.backend.incr(counter, amount)

    def stats(self) -> TileStats:
        """Return the counts of all processes since the last `clear`; raises `CacheUnavailable`.

        Of a backend that can be listed (local memory, Redis, database) entries and bytes are exact.
        """
        self._flush()
        with _answering():
            found = self.backend.get_many([f'{PREFIX}count:{name}' for name in _COUNTERS])
            listed = list_entries(self.backend, TILES)
        counts = {name: int(found.get(f'{PREFIX}count:{name}', 0)) for name in _COUNTERS}
        if listed is not None:
            counts['entries'], counts['bytes'] = len(listed), sum(listed.values())
        return {
            'hits': counts['hits'],
            'misses': counts['misses'],
            'entries': counts['entries'],
            'bytes': counts['bytes'],
            'exact': listed is not None,
            'alias': settings.CACHE_NAME,
        }

    def clear(self) -> int | None:
        """Remove our entries and no others; return how many, or None where the backend cannot tell.

        A new generation in the keys puts every entry out of reach, in any backend; other processes learn of it within
        `FLUSH_SECONDS`. Where the backend can list its keys the entries are removed, too. Raises `CacheUnavailable`.
        """
        with self._lock:
            self._counted = dict.fromkeys(_COUNTERS, 0)
            self._generation = (uuid.uuid4().hex[:8], time.monotonic())
        with _answering():
            self.backend.set(f'{PREFIX}generation', self._generation[0], None)
            listed = list_entries(self.backend, TILES)
            self.backend.delete_many([*(listed or ()), *(f'{PREFIX}count:{name}' for name in _COUNTERS)])
        return None if listed is None else len(listed)


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Raise `CacheUnavailable` for whatever a cache backend raises when its server is down."""
    try:
        yield
    except Exception as error:
        logger.warning('The tile cache does not answer: %s', type(error).__name__)
        raise CacheUnavailable() from None


tile_cache = TileCache()
