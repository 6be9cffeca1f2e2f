"""The bounds of the pool: on handles, on the memory that they hold, on their age, and on what is remembered."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from django.test import override_settings

from django_large_image.exceptions import Busy
from django_large_image.handles.pool import ImageFacts, Loan, Pool, PoolKey
from tests.handles.test_pool import Handle


def key(digest: str, source: str = 'rasterio', remote: bool = False) -> PoolKey:
    """Return a key of a version of an image."""
    return PoolKey(digest, source, 4096, remote)


@pytest.fixture
def pool() -> Pool:
    """Return a pool of the test's own."""
    return Pool()


def lend(pool: Pool, name: str, nbytes: int = 0, remote: bool = False) -> Loan:
    """Return the loan of a handle of an image."""

    def opened(facts: ImageFacts) -> Handle:
        facts.nbytes = nbytes
        return Handle()

    return pool.borrow(key(name, remote=remote), name, opened)


def closed(loan: Loan) -> bool:
    """Return whether a handle was closed."""
    assert isinstance(loan.handle, Handle)
    return loan.handle.closed


def used(pool: Pool, name: str, nbytes: int = 0) -> Loan:
    """Return the loan of a handle that was given back."""
    loan = lend(pool, name, nbytes)
    pool.give_back(loan)
    return loan


@override_settings(LARGE_IMAGE_MAX_OPEN_BYTES=100)
def test_the_memory_of_handles_is_bounded(pool: Pool) -> None:
    first, second = used(pool, 'a', 50), used(pool, 'b', 50)
    assert not closed(first)
    third = used(pool, 'c', 1)
    assert (closed(first), closed(second), closed(third)) == (True, False, False)
    # One that is in use is never closed, however large it is.
    lent = lend(pool, 'd', 500)
    pool.give_back(lent)
    assert (closed(second), closed(third), closed(lent)) == (True, True, True)
    assert pool.stats()['handles'] == 0


@override_settings(LARGE_IMAGE_MAX_OPEN_BYTES=100)
def test_all_handles_of_an_image_count(pool: Pool) -> None:
    handles = [lend(pool, 'a', 40) for _ in range(2)]
    for handle in handles:
        pool.give_back(handle)
    assert [closed(handle) for handle in handles] == [False, False]
    other = used(pool, 'b', 21)
    assert [closed(handle) for handle in handles] == [True, True]
    assert not closed(other)


@override_settings(LARGE_IMAGE_MAX_OPEN_HANDLES=2)
def test_of_images_used_lately_the_handles_stay(pool: Pool) -> None:
    first, second = used(pool, 'a'), used(pool, 'b')
    assert used(pool, 'a') is first
    third = used(pool, 'c')
    assert (closed(first), closed(second), closed(third)) == (False, True, False)
    assert pool.stats() == {'images': 2, 'handles': 2, 'idle': 2, 'limit': 2}


@override_settings(LARGE_IMAGE_MAX_OPEN_HANDLES=2)
def test_handles_in_use_may_be_more_for_a_while(pool: Pool) -> None:
    lent = [lend(pool, name) for name in 'abc']
    assert pool.stats() == {'images': 3, 'handles': 3, 'idle': 0, 'limit': 2}
    for handle in lent:
        pool.give_back(handle)
    assert [closed(handle) for handle in lent] == [True, False, False]


@override_settings(LARGE_IMAGE_MAX_OPEN_HANDLES=1)
def test_what_was_learned_outlives_the_handles_for_a_while(pool: Pool) -> None:
    opened: list[int] = []

    def learn(name: str) -> bool:
        """Use an image; return whether it was known."""

        def open_one(facts: ImageFacts) -> Handle:
            opened.append(facts.nbytes)
            facts.nbytes = 1
            return Handle()

        pool.give_back(pool.borrow(key(name), name, open_one))
        return bool(opened[-1])

    # Of one handle four images are remembered.
    assert [learn(name) for name in 'abcd'] == [False] * 4
    assert [learn(name) for name in 'abcd'] == [True] * 4
    assert not learn('e')
    assert learn('c')
    assert not learn('a')


def test_of_what_could_not_be_opened_nothing_is_remembered(pool: Pool) -> None:
    seen: list[ImageFacts] = []

    def fail(facts: ImageFacts) -> Handle:
        seen.append(facts)
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):
            pool.borrow(key('a'), 'x', fail)
    assert seen[0] is not seen[1]
    for _ in range(2):
        pool.discard(pool.borrow(key('a'), 'x', lambda facts: seen.append(facts) or Handle()))
    assert seen[2] is seen[3]


@pytest.mark.parametrize(
    ('age', 'remote', 'gone'), [(590, True, False), (610, True, True), (610, False, False)]
)
def test_a_handle_of_a_remote_image_has_an_age(pool: Pool, age: float, remote: bool, gone: bool) -> None:
    first = lend(pool, 'a', remote=remote)
    first = replace(first, opened=time.monotonic() - age)
    pool.give_back(first)
    second = lend(pool, 'a', remote=remote)
    assert (closed(first), second is not first) == (gone, gone)
    assert pool.stats()['handles'] == 1


@override_settings(LARGE_IMAGE_HANDLES_PER_IMAGE=1, LARGE_IMAGE_HANDLE_TIMEOUT=0.05)
def test_a_handle_that_is_too_old_holds_up_nobody(pool: Pool) -> None:
    old = lend(pool, 'a', remote=True)
    old = replace(old, opened=time.monotonic() - 700)
    pool.give_back(old)
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
        pool.give_back(lent)
    elif how == 'discarded':
        pool.discard(lent)
    else:
        go_on.set()
        failing.join(5)
    waiting.join(5)
    assert time.monotonic() - begun < 3
    assert (found[0] is lent) == (how == 'given back')


def test_another_source_or_projection_has_handles_of_its_own(pool: Pool) -> None:
    keys = [
        PoolKey('a', 'rasterio', 4096), PoolKey('a', 'pil', 4096), PoolKey('a', 'gdal', 4096, False, 'EPSG:3857'),
        PoolKey('a', 'rasterio', 1024),
    ]  # fmt: skip
    handles = [pool.borrow(one, 'x', lambda info: Handle()) for one in keys]
    for handle in handles:
        pool.give_back(handle)
    # They are of one version, so none has closed another.
    assert not any(closed(handle) for handle in handles)
    assert [pool.borrow(one, 'x', lambda info: pytest.fail('opened')) for one in keys] == handles


def test_one_version_is_forgotten_and_others_are_not(pool: Pool) -> None:
    infos: list[Any] = []

    def opened(info: Any) -> Handle:
        infos.append(info)
        return Handle()

    handles = [pool.borrow(key(name), name, opened) for name in 'aab']
    for handle in handles[1:]:
        pool.give_back(handle)
    pool.forget('a')
    # The idle one of it is closed, one in use stays and may be used again.
    assert [closed(handle) for handle in handles] == [False, True, False]
    pool.give_back(handles[0])
    assert pool.borrow(key('a'), 'a', opened) is handles[0]
    pool.give_back(handles[0])
    pool.forget('a')
    assert closed(handles[0])
    pool.borrow(key('a'), 'a', opened)
    assert (len(infos), infos[3] is infos[0]) == (4, False)
    pool.forget('unknown')


def test_what_was_forgotten_may_come_again_in_an_older_version(pool: Pool) -> None:
    first = pool.borrow(key('v1'), 'x', lambda info: Handle())
    pool.discard(first)
    # Nothing of it is left, so any version is the newest.
    second = pool.borrow(key('v2'), 'x', lambda info: Handle())
    pool.give_back(second)
    third = pool.borrow(key('v1'), 'x', lambda info: Handle())
    assert (closed(second), closed(third)) == (True, False)
    pool.give_back(third)
    assert not closed(third)


def test_handles_of_garbage_are_taken_back_with_the_next_question(pool: Pool) -> None:
    handle = lend(pool, 'a')
    pool.returned.append(handle)
    assert pool.stats()['idle'] == 1
    assert lend(pool, 'a') is handle
    pool.returned.append(handle)
    assert lend(pool, 'a') is handle


def test_a_version_stays_the_newest_while_anything_of_it_is_open(pool: Pool) -> None:
    first = pool.borrow(key('v1', 'rasterio'), 'x', lambda info: Handle())
    second = pool.borrow(key('v1', 'pil'), 'x', lambda info: Handle())
    pool.discard(first)
    pool.give_back(second)
    assert not closed(second)
    # Nor does what becomes of one image concern another.
    other = pool.borrow(key('w1'), 'y', lambda info: Handle())
    pool.discard(pool.borrow(key('v1', 'pil'), 'x', lambda info: pytest.fail('opened')))
    pool.give_back(other)
    assert not closed(other)
