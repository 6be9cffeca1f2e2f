"""The bounds of the pool: on handles, on the memory that they hold, on their age, and on what is remembered."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.test import override_settings

from django_large_image.exceptions import Busy
from django_large_image.sources.pool import Pool, PoolKey
from tests.sources.test_pool import Handle


def key(digest: str, source: str = 'rasterio') -> PoolKey:
    """Return a key of a version of an image."""
    return PoolKey(digest, source, None, 4096)


@pytest.fixture
def pool() -> Pool:
    """Return a pool of the test's own."""
    return Pool()


def lend(pool: Pool, name: str, nbytes: int = 0, remote: bool = False) -> Any:
    """Return a handle of an image that was borrowed."""

    def opened(info: dict[Any, Any]) -> Handle:
        if nbytes:
            info['nbytes'] = nbytes
        return Handle()

    return pool.borrow(key(name), name, opened, remote)


def used(pool: Pool, name: str, nbytes: int = 0) -> Any:
    """Return a handle of an image that was borrowed and given back."""
    handle = lend(pool, name, nbytes)
    pool.give_back(key(name), handle)
    return handle


@override_settings(LARGE_IMAGE_MAX_OPEN_BYTES=100)
def test_the_memory_of_handles_is_bounded(pool: Pool) -> None:
    first, second = used(pool, 'a', 50), used(pool, 'b', 50)
    assert not first.closed
    third = used(pool, 'c', 1)
    assert (first.closed, second.closed, third.closed) == (True, False, False)
    # One that is in use is never closed, however large it is.
    lent = lend(pool, 'd', 500)
    pool.give_back(key('d'), lent)
    assert (second.closed, third.closed, lent.closed) == (True, True, True)
    assert pool.stats()['handles'] == 0


@override_settings(LARGE_IMAGE_MAX_OPEN_BYTES=100)
def test_all_handles_of_an_image_count(pool: Pool) -> None:
    handles = [lend(pool, 'a', 40) for _ in range(2)]
    for handle in handles:
        pool.give_back(key('a'), handle)
    assert [handle.closed for handle in handles] == [False, False]
    other = used(pool, 'b', 21)
    assert [handle.closed for handle in handles] == [True, True]
    assert not other.closed


@override_settings(LARGE_IMAGE_MAX_OPEN_HANDLES=2)
def test_of_images_used_lately_the_handles_stay(pool: Pool) -> None:
    first, second = used(pool, 'a'), used(pool, 'b')
    assert used(pool, 'a') is first
    third = used(pool, 'c')
    assert (first.closed, second.closed, third.closed) == (False, True, False)
    assert pool.stats() == {'images': 2, 'handles': 2, 'idle': 2, 'limit': 2}


@override_settings(LARGE_IMAGE_MAX_OPEN_HANDLES=2)
def test_handles_in_use_may_be_more_for_a_while(pool: Pool) -> None:
    lent = [lend(pool, name) for name in 'abc']
    assert pool.stats() == {'images': 3, 'handles': 3, 'idle': 0, 'limit': 2}
    for name, handle in zip('abc', lent, strict=True):
        pool.give_back(key(name), handle)
    assert [handle.closed for handle in lent] == [True, False, False]


@override_settings(LARGE_IMAGE_MAX_OPEN_HANDLES=1)
def test_what_was_learned_outlives_the_handles_for_a_while(pool: Pool) -> None:
    opened: list[dict[Any, Any]] = []

    def learn(name: str) -> bool:
        """Use an image; return whether it was known."""
        handle = pool.borrow(
            key(name), name, lambda info: opened.append(dict(info)) or info.update(a=1) or Handle()
        )
        pool.give_back(key(name), handle)
        return bool(opened[-1])

    # Of one handle four images are remembered.
    assert [learn(name) for name in 'abcd'] == [False] * 4
    assert [learn(name) for name in 'abcd'] == [True] * 4
    assert not learn('e')
    assert learn('c')
    assert not learn('a')


def test_of_what_nothing_was_learned_nothing_is_remembered(pool: Pool) -> None:
    for learned in (False, True):
        infos: list[Any] = []
        for _ in range(2):
            handle = pool.borrow(
                key('a'), 'x', lambda info, learned=learned, infos=infos: infos.append(info) or (learned and info.update(a=1)) or Handle()
            )  # fmt: skip
            pool.discard(key('a'), handle)
        assert (infos[0] is infos[1]) == learned


@pytest.mark.parametrize(
    ('age', 'remote', 'closed'), [(590, True, False), (610, True, True), (610, False, False)]
)
def test_a_handle_of_a_remote_image_has_an_age(pool: Pool, age: float, remote: bool, closed: bool) -> None:
    first = lend(pool, 'a', remote=remote)
    first._opened = time.monotonic() - age
    pool.give_back(key('a'), first)
    second = lend(pool, 'a', remote=remote)
    assert (first.closed, second is not first) == (closed, closed)
    assert pool.stats()['handles'] == 1


@override_settings(LARGE_IMAGE_HANDLES_PER_IMAGE=1, LARGE_IMAGE_HANDLE_TIMEOUT=0.05)
def test_a_handle_that_is_too_old_holds_up_nobody(pool: Pool) -> None:
    old = lend(pool, 'a', remote=True)
    old._opened = time.monotonic() - 700
    pool.give_back(key('a'), old)
    assert lend(pool, 'a', remote=True) is not old
    with pytest.raises(Busy):
        lend(pool, 'a', remote=True)


@override_settings(LARGE_IMAGE_HANDLES_PER_IMAGE=1, LARGE_IMAGE_HANDLE_TIMEOUT=5)
@pytest.mark.parametrize('how', ['given back', 'discarded', 'failed'])
def test_who_waits_goes_on_when_a_place_is_free(pool: Pool, how: str) -> None:
    lent = lend(pool, 'a') if how != 'failed' else None
    opening, go_on = threading.Event(), threading.Event()

    def fail(info: Any) -> Any:
        opening.set()
        assert go_on.wait(5)
        raise ValueError

    def borrow_and_fail() -> None:
        with pytest.raises(ValueError):
            pool.borrow(key('a'), 'a', fail)

    failing = threading.Thread(target=borrow_and_fail)
    if how == 'failed':
        failing.start()
        assert opening.wait(5)
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(lend(pool, 'a')))
    begun = time.monotonic()
    waiting.start()
    waiting.join(0.05)
    assert found == []
    if how == 'given back':
        pool.give_back(key('a'), lent)
    elif how == 'discarded':
        pool.discard(key('a'), lent)
    else:
        go_on.set()
        failing.join(5)
    waiting.join(5)
    assert time.monotonic() - begun < 3
    assert (found[0] is lent) == (how == 'given back')


def test_another_source_or_projection_has_handles_of_its_own(pool: Pool) -> None:
    keys = [
        PoolKey('a', 'rasterio', None, 4096), PoolKey('a', 'pil', None, 4096), PoolKey('a', 'rasterio', 'EPSG:3857', 4096),
        PoolKey('a', 'rasterio', None, 1024),
    ]  # fmt: skip
    handles = [pool.borrow(one, 'x', lambda info: Handle()) for one in keys]
    for one, handle in zip(keys, handles, strict=True):
        pool.give_back(one, handle)
    # They are of one version, so none has closed another.
    assert not any(handle.closed for handle in handles)
    assert [pool.borrow(one, 'x', lambda info: pytest.fail('opened')) for one in keys] == handles


def test_one_version_is_forgotten_and_others_are_not(pool: Pool) -> None:
    infos: list[Any] = []

    def opened(info: Any) -> Handle:
        infos.append(info)
        info['a'] = 1
        return Handle()

    handles = [pool.borrow(key(name), name, opened) for name in 'aab']
    for name, handle in zip('ab', handles[1:], strict=True):
        pool.give_back(key(name), handle)
    pool.forget('a')
    # The idle one of it is closed, one in use stays and may be used again.
    assert [handle.closed for handle in handles] == [False, True, False]
    pool.give_back(key('a'), handles[0])
    assert pool.borrow(key('a'), 'a', opened) is handles[0]
    pool.give_back(key('a'), handles[0])
    pool.forget('a')
    assert handles[0].closed
    pool.borrow(key('a'), 'a', opened)
    assert (len(infos), infos[3] is infos[0]) == (4, False)
    pool.forget('unknown')


def test_what_was_forgotten_may_come_again_in_an_older_version(pool: Pool) -> None:
    first = pool.borrow(key('v1'), 'x', lambda info: Handle())
    pool.discard(key('v1'), first)
    # Nothing of it is left, so any version is the newest.
    second = pool.borrow(key('v2'), 'x', lambda info: Handle())
    pool.give_back(key('v2'), second)
    third = pool.borrow(key('v1'), 'x', lambda info: Handle())
    assert (second.closed, third.closed) == (True, False)
    pool.give_back(key('v1'), third)
    assert not third.closed


def test_handles_of_garbage_are_taken_back_with_the_next_question(pool: Pool) -> None:
    handle = lend(pool, 'a')
    pool.returned.append((key('a'), handle))
    assert pool.stats()['idle'] == 1
    assert lend(pool, 'a') is handle
    pool.returned.append((key('a'), handle))
    assert lend(pool, 'a') is handle


def test_a_version_stays_the_newest_while_anything_of_it_is_open(pool: Pool) -> None:
    first = pool.borrow(key('v1', 'rasterio'), 'x', lambda info: Handle())
    second = pool.borrow(key('v1', 'pil'), 'x', lambda info: Handle())
    pool.discard(key('v1', 'rasterio'), first)
    pool.give_back(key('v1', 'pil'), second)
    assert not second.closed
    # Nor does what becomes of one image concern another.
    other = pool.borrow(key('w1'), 'y', lambda info: Handle())
    pool.discard(key('v1', 'pil'), pool.borrow(key('v1', 'pil'), 'x', lambda info: pytest.fail('opened')))
    pool.give_back(key('w1'), other)
    assert not other.closed
