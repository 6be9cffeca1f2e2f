"""The tile cache in caches that processes share: Redis, a database table, files."""

from __future__ import annotations

import hashlib
import logging
import pathlib
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.test import override_settings
from rest_framework.test import APIClient

from django_large_image.caching.answers import FLUSH_SECONDS, tile_cache
from tests.services.answers import body_of
from tests.services.process import free_ports
from tests.services.rasters import RASTERS, answer
from tests.services.sharing import sharer

pytestmark = pytest.mark.django_db

CACHE = '/api/large-image/cache'
A, B = ({'z': 3, 'x': x, 'y': 1, 'fmt': 'png'} for x in (1, 2))


@pytest.fixture
def admin(staff: Any) -> APIClient:
    """Return a client that staff is signed in with."""
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(staff)
    return client


@pytest.fixture
def tiles_in(settings: Any) -> Any:
    """Return a function that makes a cache the one of the tiles, starting with none of ours in it."""

    def use(backend: dict[str, Any]) -> Any:
        settings.CACHES = {**settings.CACHES, 'tiles': backend}
        settings.LARGE_IMAGE_CACHE_NAME = 'tiles'
        forget()
        return caches['tiles']

    yield use
    forget()


def forget() -> None:
    """Forget what this process has counted, and the generation that it knows."""
    tile_cache.__init__()  # type: ignore[misc]


@pytest.fixture
def redis_backend(redis_url: str) -> Iterator[dict[str, Any]]:
    """Return a Django cache in Redis with a prefix of its own, whose keys go with the test."""
    import redis

    prefix = f'test-{uuid.uuid4().hex}'
    yield {
        'BACKEND': 'django.core.cache.backends.redis.RedisCache',
        'LOCATION': redis_url,
        'KEY_PREFIX': prefix,
        'TIMEOUT': 300,
    }
    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter(match=f'{prefix}*'):
            client.delete(key)


def look_up_three_times(get: Any, image: Any) -> int:
    """Ask for one tile twice and for another once; return their bytes together."""
    bodies = [body_of(get('tile', image, **tile)) for tile in (A, A, B)]
    assert bodies[0] == bodies[1] != bodies[2]
    return len(bodies[1]) + len(bodies[2])


def counts(admin: APIClient) -> dict[str, Any]:
    """Return what the endpoint says of the tile cache."""
    found: dict[str, Any] = admin.get(CACHE).json()['tiles']
    return found


def test_redis_is_counted_exactly_and_cleared_of_ours_alone(
    get: Any, admin: APIClient, image_file: Any, tiles_in: Any, redis_backend: dict[str, Any], redis_url: str
) -> None:
    import redis

    cache = tiles_in(redis_backend)
    cache.set('foreign', 'stays')
    cache.set('large_image_but_not_ours', 'stays')
    image = image_file('rgb')
    size = look_up_three_times(get, image)
    stats = counts(admin)
    assert {name: stats[name] for name in ('entries', 'hits', 'misses', 'exact', 'alias')} == {
        'entries': 2, 'hits': 1, 'misses': 2, 'exact': True, 'alias': 'tiles',
    }  # fmt: skip
    with redis.Redis.from_url(redis_url) as client:
        pattern = f'{redis_backend["KEY_PREFIX"]}:1:large_image:tile:*'
        ours = list(client.scan_iter(match=pattern))
        assert len(ours) == 2
        assert stats['bytes'] == sum(client.strlen(key) for key in ours)
        assert all(0 < client.ttl(key) <= 7 * 86_400 for key in ours)
        # Redis holds the bytes and Django's few around them.
        assert size <= stats['bytes'] < size + 200
        assert admin.delete(CACHE).json() == {'removed': 2}
        assert list(client.scan_iter(match=pattern)) == []
    assert (cache.get('foreign'), cache.get('large_image_but_not_ours')) == ('stays', 'stays')
    stats = counts(admin)
    assert (stats['entries'], stats['bytes'], stats['hits'], stats['misses']) == (0, 0, 0, 0)
    body_of(get('tile', image, **A))
    assert counts(admin)['misses'] == 1


def test_processes_share_redis_and_its_counters(
    get: Any, admin: APIClient, images: Any, tiles_in: Any, redis_backend: dict[str, Any]
) -> None:
    tiles_in(redis_backend)
    RASTERS['path'] = str(images('rgb'))
    with sharer({'default': redis_backend}, images('rgb')) as other:
        theirs, hit = other.tile(3, 1, 1)
        assert not hit
        assert other.tile(3, 1, 1) == (theirs, True)
        # What the other process rendered is here, too: the key knows no process.
        assert hashlib.sha256(answer('path', 'tile', z=3, x=1, y=1, fmt='png')).hexdigest() == theirs
        stats = counts(admin)
        assert (stats['entries'], stats['hits'], stats['misses']) == (1, 2, 1)
        assert admin.delete(CACHE).json() == {'removed': 1}
        time.sleep(FLUSH_SECONDS + 0.2)
        assert other.tile(3, 1, 1) == (theirs, False)
        assert other.tile(3, 1, 1) == (theirs, True)


def test_errors_and_what_is_too_large_stay_out_of_redis(
    get: Any, admin: APIClient, image_file: Any, tiles_in: Any, redis_backend: dict[str, Any], settings: Any
) -> None:
    tiles_in(redis_backend)
    image = image_file('rgb')
    for path in (A | {'x': 99}, A | {'z': 31}, A | {'fmt': 'exe'}):
        assert get('tile', image, **path).status_code in (400, 404)
    assert get('tile', image_file('truncated'), z=2, x=3, y=3, fmt='png').status_code == 422
    settings.LARGE_IMAGE_CACHE_MAX_ENTRY_BYTES = 1000
    body_of(get('tile', image, **A))
    assert counts(admin)['entries'] == 0


def test_without_redis_tiles_are_served_all_the_same(
    get: Any, admin: APIClient, image_file: Any, tiles_in: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip('redis')
    expected = body_of(get('tile', image_file('rgb'), **A))
    (port,) = free_ports(1)
    location = f'redis://user:a-secret@127.0.0.1:{port}/0'
    tiles_in({'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': location})
    caplog.set_level(logging.DEBUG)
    image = image_file('rgb')
    assert body_of(get('tile', image, **A)) == expected
    assert body_of(get('tile', image, **A)) == expected
    for response in (admin.get(CACHE), admin.delete(CACHE)):
        assert response.status_code == 503, response.content
        assert 'a-secret' not in response.content.decode()
    assert 'tile cache' in caplog.text
    assert 'a-secret' not in caplog.text
    assert str(port) not in caplog.text


def test_database_cache_is_counted_exactly_and_cleared_of_ours_alone(
    get: Any, admin: APIClient, image_file: Any, tiles_in: Any
) -> None:
    backend = {
        'BACKEND': 'django.core.cache.backends.db.DatabaseCache',
        'LOCATION': 'tests_tiles',
        'KEY_PREFIX': 'p_%',
    }
    cache = tiles_in(backend)
    with override_settings(CACHES={'default': backend}):
        call_command('createcachetable')
    cache.set('foreign', 'stays')
    image = image_file('rgb')
    size = look_up_three_times(get, image)
    stats = counts(admin)
    assert (stats['entries'], stats['hits'], stats['misses'], stats['exact']) == (2, 1, 2, True)
    # The table holds text: base64 of Django's pickle, four thirds of the bytes.
    assert size <= stats['bytes'] < size * 1.4 + 400
    assert admin.delete(CACHE).json() == {'removed': 2}
    assert cache.get('foreign') == 'stays'
    stats = counts(admin)
    assert (stats['entries'], stats['bytes'], stats['hits'], stats['misses']) == (0, 0, 0, 0)


def test_file_cache_is_cleared_by_its_generation(
    get: Any, admin: APIClient, images: Any, image_file: Any, tiles_in: Any, tmp_path: pathlib.Path
) -> None:
    backend = {
        'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache',
        'LOCATION': str(tmp_path / 'files'),
    }
    cache = tiles_in(backend)
    cache.set('foreign', 'stays')
    size = look_up_three_times(get, image_file('rgb'))
    stats = counts(admin)
    # Files cannot be listed by their keys; entries and bytes are those that were put in.
    assert (stats['entries'], stats['bytes'], stats['hits'], stats['misses'], stats['exact']) == (
        2,
        size,
        1,
        2,
        False,
    )
    with sharer({'default': backend}, images('rgb')) as other:
        digest, _ = other.tile(3, 1, 1)
        assert other.tile(3, 1, 1) == (digest, True)
        assert admin.delete(CACHE).json() == {'removed': None}
        assert cache.get('foreign') == 'stays'
        stats = counts(admin)
        assert (stats['entries'], stats['hits'], stats['misses']) == (0, 0, 0)
        time.sleep(FLUSH_SECONDS + 0.2)
        assert other.tile(3, 1, 1) == (digest, False)
