"""large-image's own tile cache, kept in a Django cache: for code of the project that calls large-image itself.

Tiles that this package serves are not kept here, but by `caching.answers`: large-image's keys do not know that a file
changed.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator

from django.core.cache import caches
from large_image.cache_util.base import BaseCache as LargeImageCache
from large_image.exceptions import TileCacheConfigurationError

from django_large_image.caching.cache_keys import list_entries
from django_large_image.conf import settings

PREFIX = 'large_image:native:'


class DjangoCache(LargeImageCache):  # type: ignore[misc]
    """A Django cache with the interface that large-image expects; it clears its own keys only."""

    def __init__(self, alias: str) -> None:
        super().__init__(0)
        self._alias = alias

    def __repr__(self) -> str:
        return f'DjangoCache({self._alias!r})'

    @staticmethod
    def _key(key: str) -> str:
        return PREFIX + hashlib.sha256(key.encode()).hexdigest()

    def __getitem__(self, key: str) -> object:
        value = caches[self._alias].get(self._key(key))
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: object) -> None:
        # Only bytes: arrays and Pillow images would be pickled, and unpickled from a cache that others may write to.
        if isinstance(value, bytes):
            caches[self._alias].set(self._key(key), bytes(value), settings.CACHE_TIMEOUT)

    def __delitem__(self, key: str) -> None:
        caches[self._alias].delete(self._key(key))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._key(key) in caches[self._alias]

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return self.curritems

    @property
    def curritems(self) -> int:
        """Return the number of entries, or 0 where the backend cannot tell."""
        return len(list_entries(caches[self._alias], PREFIX) or ())

    @property
    def currsize(self) -> int:
        """Return the bytes of the entries, or 0 where the backend cannot tell."""
        return sum((list_entries(caches[self._alias], PREFIX) or {}).values())

    @property
    def maxsize(self) -> int:
        """Return 0: the bound is the Django cache's own."""
        return 0

    def clear(self) -> None:
        """Remove our entries, where the backend can list them."""
        caches[self._alias].delete_many(list_entries(caches[self._alias], PREFIX) or ())

    @staticmethod
    def getCache() -> tuple[LargeImageCache, threading.Lock]:
        """Return the cache of the setting `CACHE_NAME` and a lock, as large-image's cache factory expects."""
        if settings.CACHE_NAME not in caches.settings:
            raise TileCacheConfigurationError(f'There is no cache {settings.CACHE_NAME!r} in CACHES.')
        return DjangoCache(settings.CACHE_NAME), threading.Lock()
