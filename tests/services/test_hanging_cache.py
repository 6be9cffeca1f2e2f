"""A Redis that hangs, rather than being down, costs one time-out now and then."""

from __future__ import annotations

import pathlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings

from django_large_image.caching import answers
from django_large_image.caching.answers import tile_cache
from django_large_image.checks import setup
from tests.services.process import free_ports, is_listening
from tests.services.skipping import missing

pytestmark = pytest.mark.django_db

TIMEOUT = 0.5
TILE = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}


@pytest.fixture
def own_redis(tmp_path: pathlib.Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Return the URL and the process of a Redis of the test's own, which it may stop."""
    if not shutil.which('redis-server'):
        missing('redis-server is not installed')
    (port,) = free_ports(1)
    command = [
        'redis-server',
        '--port',
        str(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--dir',
        str(tmp_path),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not is_listening(port):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f'redis://127.0.0.1:{port}/0', process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def backend(url: str, **options: float) -> dict[str, Any]:
    """Return the settings of a cache in Redis."""
    return {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': url, 'OPTIONS': options}


def test_a_stopped_server_costs_one_timeout(
    get: Any, image_file: Any, settings: Any, own_redis: Any, monkeypatch: Any
) -> None:
    url, process = own_redis
    settings.CACHES = {**settings.CACHES, 'tiles': backend(url, socket_timeout=TIMEOUT)}
    settings.LARGE_IMAGE_CACHE_NAME = 'tiles'
    tile_cache.__init__()  # type: ignore[misc]
    asked: list[float] = []
    real = type(caches['tiles']).get

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        begun = time.monotonic()
        try:
            return real(self, *args, **kwargs)
        finally:
            asked.append(time.monotonic() - begun)

    image = image_file('rgb')
    assert get('tile', image, **TILE).status_code == 200
    assert len(list(caches['tiles']._cache.get_client().scan_iter('*tile:*'))) == 1
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(type(caches['tiles']), 'get', counted)
    # As after FLUSH_SECONDS: the generation is asked for again, too.
    tile_cache._generation = ('', float('-inf'))
    for x in range(4):
        assert get('tile', image, z=2, x=x, y=0, fmt='png').status_code == 200
    waited = [took for took in asked if took > TIMEOUT / 2]
    assert len(waited) == 1, asked
    with ThreadPoolExecutor(8) as threads:
        # When the pause is over one thread finds out for all.
        tile_cache._left_alone = time.monotonic() - 0.001
        asked.clear()
        assert list(threads.map(tile_cache.get, ['k'] * 8)) == [None] * 8
        assert len(asked) == 1
    process.send_signal(signal.SIGCONT)
    tile_cache._left_alone = time.monotonic() - 0.001
    tile_cache.set('large_image:tile:k', b'tile')
    assert tile_cache.get('large_image:tile:k') == b'tile'
    assert answers.PAUSE_SECONDS == 10


@pytest.mark.parametrize(
    ('location', 'options', 'expected'),
    [
        ('redis://127.0.0.1', {}, ['django_large_image.W012']),
        ('redis://127.0.0.1', {'socket_timeout': 0.5}, []),
        ('redis://127.0.0.1?socket_timeout=0.5', {}, []),
    ],
)
def test_a_redis_without_a_timeout_is_warned_of(
    location: str, options: dict[str, float], expected: list[str]
) -> None:
    with override_settings(CACHES={'default': backend(location, **options)}):
        found = setup.check_cache_timeout(None)
        assert [message.id for message in found] == expected
        assert all('socket_timeout' in (message.hint or '') for message in found)
