"""The cache of answers: what it counts, what it does not keep, and what it does when its server is down."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache

from django_large_image.caching import answers
from django_large_image.caching.answers import TileCache
from django_large_image.exceptions import CacheUnavailable
from tests.caching.conftest import Clock


class Flaky(LocMemCache):
    """A cache whose server is down now and then, and that counts how often it is asked."""

    down = False
    asked = 0

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Return a value."""
        Flaky.asked += 1
        if Flaky.down:
            raise ConnectionError('down')
        return super().get(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        """Keep a value."""
        if Flaky.down:
            raise ConnectionError('down')
        return super().add(*args, **kwargs)


@pytest.fixture
def flaky(settings: Any) -> type[Flaky]:
    """Use a cache that can be down."""
    Flaky.down, Flaky.asked = False, 0
    settings.CACHES = settings.CACHES | {'flaky': {'BACKEND': 'tests.caching.test_tile_cache.Flaky'}}
    settings.LARGE_IMAGE_CACHE_NAME = 'flaky'
    caches['flaky'].clear()
    return Flaky


def test_keys_are_of_all_parts_in_their_order(clock: Clock) -> None:
    tiles = TileCache()
    keys = {tiles.key('a', 1), tiles.key(1, 'a'), tiles.key('a1'), tiles.key('a', 1, ''), tiles.key('a', '1')}
    assert len(keys) == 4
    assert all(key.startswith('large_image:tile:') for key in keys)


def test_what_is_counted(clock: Clock) -> None:
    tiles = TileCache()
    tiles.clear()
    key = tiles.key('a')
    assert tiles.get(key) is None
    tiles.set(key, b'12345')
    # A second thread that made the same adds nothing.
    tiles.set(key, b'12345')
    assert tiles.get(key) == tiles.get(key) == b'12345'
    tiles.set(tiles.key('b'), b'123')
    found = tiles.stats()
    # Where the backend is listed, it says itself how many bytes it keeps.
    assert found.pop('bytes') >= 8
    assert found == {'hits': 2, 'misses': 1, 'entries': 2, 'exact': True, 'alias': 'default'}
    # Other processes have the same counters.
    assert TileCache().stats()['hits'] == 2
    assert tiles.clear() == 2
    assert tiles.stats()['hits'] == tiles.stats()['entries'] == 0
    assert tiles.get(key) is None


def test_what_is_no_bytes_is_a_miss(clock: Clock) -> None:
    tiles = TileCache()
    tiles.clear()
    caches['default'].set(tiles.key('a'), 'a text')
    assert tiles.get(tiles.key('a')) is None
    assert tiles.stats()['misses'] == 1


def test_counts_are_added_to_those_of_all_every_two_seconds(clock: Clock) -> None:
    tiles, other = TileCache(), TileCache()
    tiles.clear()
    tiles.get(tiles.key('a'))
    clock.now += 2.0
    tiles.get(tiles.key('a'))
    assert other.stats()['misses'] == 0
    clock.now += 0.1
    tiles.get(tiles.key('a'))
    assert other.stats()['misses'] == 3
    # And are counted once.
    clock.now += 3
    tiles.get(tiles.key('a'))
    assert other.stats()['misses'] == 4


def test_other_processes_learn_within_two_seconds_that_it_was_cleared(clock: Clock) -> None:
    tiles, other = TileCache(), TileCache()
    old = other.key('a')
    tiles.clear()
    assert tiles.key('a') != old
    clock.now += 2.0
    assert other.key('a') == old
    clock.now += 0.1
    assert other.key('a') == tiles.key('a')


def test_what_is_larger_than_an_entry_may_be_is_not_kept(clock: Clock, settings: Any) -> None:
    settings.LARGE_IMAGE_CACHE_MAX_ENTRY_BYTES = 5
    tiles = TileCache()
    for value, kept in ((b'12345', True), (b'123456', False)):
        key = tiles.key(value)
        tiles.set(key, value)
        assert tiles.get(key) == (value if kept else None)


def test_an_entry_is_kept_as_long_as_the_setting_says(clock: Clock, settings: Any) -> None:
    settings.LARGE_IMAGE_CACHE_TIMEOUT = 0
    tiles = TileCache()
    tiles.set(tiles.key('a'), b'a')
    assert tiles.get(tiles.key('a')) is None


def test_a_cache_that_is_down_is_asked_every_ten_seconds(clock: Clock, flaky: type[Flaky]) -> None:
    tiles = TileCache()
    key = tiles.key('a')
    tiles.set(key, b'a')
    flaky.down, flaky.asked = True, 0
    for _ in range(5):
        assert tiles.get(key) is None
    assert flaky.asked == 1
    clock.now += 9.9
    tiles.set(key, b'a')
    assert tiles.get(key) is None
    assert flaky.asked == 1
    # Again, by one request.
    clock.now += 0.1
    assert tiles.get(key) is tiles.get(key) is None
    assert flaky.asked == 2
    flaky.down = False
    clock.now += 9.9
    assert tiles.get(key) is None
    clock.now += 0.1
    # It answers: at once it is asked by all.
    assert tiles.get(key) == tiles.get(key) == b'a'
    assert flaky.asked == 4


def test_of_a_cache_that_is_down_nothing_is_said(clock: Clock, settings: Any) -> None:
    settings.CACHES = settings.CACHES | {'broken': {'BACKEND': 'tests.rest.test_conditional.BrokenCache'}}
    settings.LARGE_IMAGE_CACHE_NAME = 'broken'
    tiles = TileCache()
    for ask in (tiles.stats, tiles.clear):
        with pytest.raises(CacheUnavailable):
            ask()


def test_a_cache_that_cannot_be_listed_counts_what_was_put_in(clock: Clock, settings: Any) -> None:
    backend = {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache'}
    location = settings.DATA_DIR / 'tile-cache'
    settings.CACHES = settings.CACHES | {'files': backend | {'LOCATION': str(location)}}
    settings.LARGE_IMAGE_CACHE_NAME = 'files'
    tiles = TileCache()
    tiles.clear()
    tiles.set(tiles.key('a'), b'12345')
    found = tiles.stats()
    assert (found['exact'], found['entries'], found['bytes'], found['alias']) == (False, 1, 5, 'files')
    assert tiles.clear() is None
    # What cannot be removed is never found again.
    assert tiles.get(tiles.key('a')) is None


def test_what_a_cache_that_is_down_did_not_take_is_not_counted(clock: Clock, flaky: type[Flaky]) -> None:
    tiles = TileCache()
    key = tiles.key('a')
    flaky.down = True
    tiles.set(key, b'12345')
    flaky.down = False
    clock.now += 11
    assert tiles.get(key) is None
    tiles.set(key, b'12345')
    tiles.stats()
    counted = caches['flaky'].get_many([f'{answers.PREFIX}count:{name}' for name in ('entries', 'bytes')])
    assert list(counted.values()) == [1, 5]


def test_a_cache_that_keeps_nothing_is_no_broken_one(settings: Any, clock: Clock, caplog: Any) -> None:
    settings.CACHES = settings.CACHES | {'none': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}
    settings.LARGE_IMAGE_CACHE_NAME = 'none'
    tiles = TileCache()
    for number in range(3):
        clock.now += 2 * answers.FLUSH_SECONDS
        assert tiles.get(tiles.key(number)) is None
        tiles.set(tiles.key(number), b'12345')
    assert not caplog.records
    assert tiles.stats()['hits'] == 0
