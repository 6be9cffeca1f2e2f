"""Which entries of ours a Django cache holds, and their sizes.

Django's interface of caches has no list of keys, so each backend is asked by what it is made of. large-image's own
cache (`readers.tilecache`) is cleared by that list, and the tile cache says by it what is there.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache, default_key_func
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache


def list_entries(backend: BaseCache, prefix: str) -> dict[str, int] | None:
    """Return the keys, as they are given to the cache, that begin with `prefix`, each with its stored bytes.

    None for a backend that cannot list its keys: memcached, files, and those with a key function of their own. Raises
    what the backend's library raises.
    """
    if backend.key_func is not default_key_func:
        return None
    made = backend.make_key(prefix)
    if isinstance(backend, LocMemCache):
        found = _of_local_memory(backend, made)
    elif isinstance(backend, RedisCache):
        found = _of_redis(backend, made)
    elif isinstance(backend, DatabaseCache):
        found = _of_database(backend, made)
    else:
        return None
    return {prefix + key[len(made) :]: size for key, size in found.items()}


def _of_local_memory(backend: Any, made: str) -> dict[str, int]:
    with backend._lock:
        return {
            key: len(value)
            for key, value in backend._cache.items()
            if key.startswith(made) and not backend._has_expired(key)
        }


def _of_redis(backend: RedisCache, made: str) -> dict[str, int]:
    client = backend._cache.get_client(write=False)
    pattern = ''.join(f'\\{character}' if character in '*?[]\\' else character for character in made) + '*'
    keys = list(client.scan_iter(match=pattern, count=1000))
    with client.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.strlen(key)
        sizes = pipeline.execute()
    return {key.decode(): size for key, size in zip(keys, sizes, strict=True)}


def _of_database(backend: Any, made: str) -> dict[str, int]:
    from django.db import connections, router
    from django.utils import timezone

    connection = connections[router.db_for_read(backend.cache_model_class)]
    quote = connection.ops.quote_name
    now = connection.ops.adapt_datetimefield_value(timezone.now().replace(microsecond=0, tzinfo=None))
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT {quote("cache_key")}, LENGTH({quote("value")}) FROM {quote(backend._table)} '  # noqa: S608
            f'WHERE {quote("cache_key")} LIKE %s AND {quote("expires")} > %s',
            [made + '%', now],
        )
        return {key: size for key, size in cursor.fetchall() if key.startswith(made)}
