"""To clear the tile cache reaches every process, also where the backend cannot say what it holds."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from django.core.cache import caches

from django_large_image.caching.answers import FLUSH_SECONDS, TileCache
from tests.caching.conftest import Clock


@pytest.fixture(params=['filebased.FileBasedCache', 'locmem.LocMemCache'])
def shared(request: Any, settings: Any, tmp_path: pathlib.Path) -> str:
    """Use a cache that two processes share; only the second kind can be listed."""
    backend = f'django.core.cache.backends.{request.param}'
    settings.CACHES = settings.CACHES | {'shared': {'BACKEND': backend, 'LOCATION': str(tmp_path / 'shared')}}
    settings.LARGE_IMAGE_CACHE_NAME = 'shared'
    return str(request.param)


def test_clearing_reaches_other_processes(shared: str, clock: Clock) -> None:
    # Two processes are two of these, with the one backend.
    ours, theirs = TileCache(), TileCache()
    for one in (ours, theirs):
        assert one.get(one.key('tile')) is None
    theirs.set(theirs.key('tile'), b'old')
    assert ours.get(ours.key('tile')) == theirs.get(theirs.key('tile')) == b'old'
    caches['shared'].set('foreign', 'stays')
    assert ours.clear() == (1 if shared.startswith('locmem') else None)
    assert ours.get(ours.key('tile')) is None
    clock.now += FLUSH_SECONDS + 0.1
    assert theirs.get(theirs.key('tile')) is None
    theirs.set(theirs.key('tile'), b'new')
    assert ours.get(ours.key('tile')) == b'new'
    # A process that starts later knows of it, too.
    later = TileCache()
    assert later.get(later.key('tile')) == b'new'
    assert caches['shared'].get('foreign') == 'stays'


def test_what_another_process_kept_before_it_learned_of_the_clearing_is_not_found(
    shared: str, clock: Clock
) -> None:
    ours, theirs = TileCache(), TileCache()
    theirs.key('tile')
    ours.clear()
    theirs.set(theirs.key('tile'), b'old')
    clock.now += FLUSH_SECONDS + 0.1
    for one in (ours, theirs, TileCache()):
        assert one.get(one.key('tile')) is None


def test_clearing_starts_the_counts_again_for_all(shared: str, clock: Clock) -> None:
    ours, theirs = TileCache(), TileCache()
    theirs.get(theirs.key('tile'))
    theirs.set(theirs.key('tile'), b'1234')
    theirs.get(theirs.key('tile'))
    before = theirs.stats()
    assert (before['hits'], before['misses'], before['entries']) == (1, 1, 1)
    ours.clear()
    for one in (ours, theirs):
        after = one.stats()
        assert (after['hits'], after['misses'], after['entries'], after['bytes']) == (0, 0, 0, 0)
