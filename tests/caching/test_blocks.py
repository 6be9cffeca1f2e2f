"""Decoded blocks, and renderings, that several threads want at the same time are made once."""

from __future__ import annotations

import pathlib
import threading
import time
from collections import Counter
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.test import override_settings

from django_large_image import access, handles
from django_large_image.caching.blocks import BlockCache
from django_large_image.caching.flight import SingleFlight
from django_large_image.inspection.costs import Budget
from django_large_image.pixels import MaskedPixels
from django_large_image.raster.blocks.blockreader import BlockReader
from tests import reference

THREADS = 16


def block(size: int = 10) -> MaskedPixels:
    return MaskedPixels(np.zeros((size, size, 1), np.uint8), None)


def test_a_block_that_many_want_is_loaded_once() -> None:
    cache, loaded, together = BlockCache(), Counter[Hashable](), threading.Barrier(THREADS)

    def load(keys: list[Hashable]) -> dict[Hashable, MaskedPixels]:
        loaded.update(keys)
        time.sleep(0.05)
        return {key: block() for key in keys}

    def ask(number: int) -> dict[Hashable, MaskedPixels]:
        together.wait()
        # Each wants one that all want, and one that the next wants, too.
        return cache.fetch(['all', number // 2], load)

    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(ask, range(THREADS)))
    assert set(loaded.values()) == {1}
    assert len({id(blocks['all']) for blocks in found}) == 1


def test_an_error_is_that_of_one_and_the_others_try_for_themselves() -> None:
    cache, calls, together = BlockCache(), Counter[str](), threading.Barrier(4)

    def load(keys: list[Hashable]) -> dict[Hashable, MaskedPixels]:
        calls['load'] += 1
        time.sleep(0.05)
        if calls['load'] == 1:
            raise OSError('once')
        return {key: block() for key in keys}

    def ask(_: int) -> str:
        together.wait()
        try:
            cache.fetch(['a'], load)
        except OSError:
            return 'failed'
        return 'got it'

    with ThreadPoolExecutor(4) as threads:
        assert Counter(threads.map(ask, range(4))) == {'failed': 1, 'got it': 3}
    assert calls['load'] == 2


@override_settings(LARGE_IMAGE_BLOCK_CACHE_BYTES=1000)
def test_the_bytes_have_a_bound_and_the_oldest_go() -> None:
    cache = BlockCache()
    for key in range(20):
        cache.fetch([key], lambda keys: {key: block() for key in keys})
        cache.fetch([0], lambda keys: {key: block() for key in keys})
    assert cache.stats() == {'blocks': 10, 'bytes': 1000, 'limit': 1000}
    kept: list[Hashable] = []
    cache.fetch([0, 1, 19], lambda keys: kept.extend(keys) or {key: block() for key in keys})  # type: ignore[func-returns-value]
    assert kept == [1]
    cache.clear()
    assert cache.stats()['bytes'] == 0


def test_a_block_larger_than_the_bound_takes_nothing_from_the_others(settings: Any) -> None:
    settings.LARGE_IMAGE_BLOCK_CACHE_BYTES = 250
    cache = BlockCache()
    cache.fetch(['a', 'b'], lambda keys: {key: block() for key in keys})
    found = cache.fetch(['large'], lambda keys: {'large': block(16)})
    assert found['large'].nbytes == 256
    assert cache.stats() == {'blocks': 2, 'bytes': 200, 'limit': 250}


def test_the_bound_may_change_at_any_time(settings: Any) -> None:
    settings.LARGE_IMAGE_BLOCK_CACHE_BYTES = 1000
    cache = BlockCache()
    cache.fetch(range(10), lambda keys: {key: block() for key in keys})
    settings.LARGE_IMAGE_BLOCK_CACHE_BYTES = 300
    cache.fetch([10], lambda keys: {10: block()})
    assert cache.stats() == {'blocks': 3, 'bytes': 300, 'limit': 300}
    settings.LARGE_IMAGE_BLOCK_CACHE_BYTES = 0
    cache.fetch([11], lambda keys: {11: block()})
    assert cache.stats() == {'blocks': 0, 'bytes': 0, 'limit': 0}


def test_a_rendering_that_many_wait_for_is_one() -> None:
    flights, calls, together = SingleFlight[bytes](), Counter[str](), threading.Barrier(THREADS)

    def produce() -> bytes:
        calls['produce'] += 1
        time.sleep(0.05)
        if calls['produce'] == 1:
            raise OSError('once')
        return b'tile'

    def ask(_: int) -> bytes:
        together.wait()
        try:
            return flights.run('tile', produce)
        except OSError:
            return b'failed'

    with ThreadPoolExecutor(THREADS) as threads:
        assert Counter(threads.map(ask, range(THREADS))) == {b'failed': 1, b'tile': THREADS - 1}
    assert calls['produce'] == 2
    assert flights.run('another', lambda: b'other') == b'other'


@pytest.mark.django_db
def test_neighbours_decode_their_common_block_once(images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path: pathlib.Path = images('rgb')
    decoded: Counter[tuple[int, tuple[int, ...]]] = Counter()
    real = BlockReader._decode

    def counting(
        self: BlockReader,
        index: int,
        window: tuple[int, int, int, int],
        bands: tuple[int, ...],
        budget: Budget,
    ) -> MaskedPixels:
        level = self.level(index)
        for row in range(window[1] // level.block_height, -(-window[3] // level.block_height)):
            for column in range(window[0] // level.block_width, -(-window[2] // level.block_width)):
                decoded[index, (row, column)] += 1
        return real(self, index, window, bands, budget)

    monkeypatch.setattr(BlockReader, '_decode', counting)
    tiles = reference.tiles_covering(path, reference.native_zoom(path))

    def draw(tile: tuple[int, int, int]) -> None:
        z, x, y = tile
        with handles.borrow(access.image_ref(path), projection='EPSG:3857') as lease:
            lease.tile_source(None, 'PNG').getTile(x, y, z, numpyAllowed='always')

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(draw, tiles))
    assert len(tiles) > 3
    assert set(decoded.values()) == {1}
