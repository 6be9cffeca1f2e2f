"""The pool of handles: few, each for one request at a time, none of an older version, none across a fork."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest
from django.test import override_settings

from django_large_image.exceptions import Busy
from django_large_image.handles.pool import Pool, PoolKey


class Handle:
    """Something open."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        """Close it."""
        self.closed = True


def key(digest: str = 'a', source: str = 'rasterio', remote: bool = False) -> PoolKey:
    """Return a key of a version of an image."""
    return PoolKey(digest, source, 4096, remote)


@pytest.fixture
def pool() -> Pool:
    """Return a pool of the test's own."""
    return Pool()


def test_a_handle_is_used_again(pool: Pool) -> None:
    handle = pool.borrow(key(), 'x', lambda info: Handle())
    assert pool.stats() | {'limit': 0} == {'images': 1, 'handles': 1, 'idle': 0, 'limit': 0}
    pool.give_back(handle)
    assert pool.borrow(key(), 'x', lambda info: pytest.fail('opened')) is handle


@override_settings(LARGE_IMAGE_HANDLES_PER_IMAGE=2, LARGE_IMAGE_HANDLE_TIMEOUT=0.05)
def test_a_third_request_waits_for_one_of_two(pool: Pool) -> None:
    first, _ = (pool.borrow(key(), 'x', lambda info: Handle()) for _ in range(2))
    with pytest.raises(Busy):
        pool.borrow(key(), 'x', lambda info: Handle())
    threading.Timer(0.01, pool.give_back, (first,)).start()
    assert pool.borrow(key(), 'x', lambda info: Handle()) is first


@override_settings(LARGE_IMAGE_MAX_OPEN_HANDLES=3)
def test_the_longest_unused_are_closed(pool: Pool) -> None:
    handles = []
    for name in 'abcde':
        handle = pool.borrow(key(name), name, lambda info: Handle())
        pool.give_back(handle)
        handles.append(handle)
    assert [handle.handle.closed for handle in handles] == [True, True, False, False, False]
    assert pool.stats()['handles'] == 3


def test_an_older_version_is_closed(pool: Pool) -> None:
    idle = pool.borrow(key('v1'), 'x', lambda info: Handle())
    used = pool.borrow(key('v1'), 'x', lambda info: Handle())
    pool.give_back(idle)
    new = pool.borrow(key('v2'), 'x', lambda info: Handle())
    assert (idle.handle.closed, used.handle.closed, new.handle.closed) == (True, False, False)
    pool.give_back(used)
    assert used.handle.closed
    assert pool.stats()['handles'] == 1


@pytest.mark.parametrize('how', ['replaced', 'cleared'])
def test_a_new_version_of_a_remote_image_waits_until_the_old_handles_are_closed(pool: Pool, how: str) -> None:
    events: list[str] = []
    closing = threading.Event()

    class Slow(Handle):
        def close(self) -> None:
            closing.set()
            time.sleep(0.2)
            events.append('closed')
            super().close()

    def opened(info: Any) -> Handle:
        events.append('opened')
        return Handle()

    pool.give_back(pool.borrow(key('v1', remote=True), 'x', lambda info: Slow()))
    # One thread closes the idle handle of the old version; another comes when that is no longer idle, but still open.
    first = threading.Thread(
        target=pool.clear if how == 'cleared' else lambda: pool.borrow(key('v2', remote=True), 'x', opened)
    )
    first.start()
    assert closing.wait(2)
    pool.borrow(key('v2', remote=True), 'x', opened)
    first.join(2)
    assert events.index('opened') == events.count('closed') == 1
    assert pool.stats()['handles'] == (1 if how == 'cleared' else 2)


@override_settings(LARGE_IMAGE_HANDLE_TIMEOUT=2)
def test_a_new_version_of_a_remote_image_waits_for_the_old_handles(pool: Pool) -> None:
    old = pool.borrow(key('v1', remote=True), 'x', lambda info: Handle())
    threading.Timer(0.05, pool.give_back, (old,)).start()
    closed_before = []
    pool.borrow(key('v2', remote=True), 'x', lambda info: closed_before.append(old.handle.closed) or Handle())
    assert closed_before == [True]


def test_a_failed_open_leaves_nothing(pool: Pool) -> None:
    def fail(info: Any) -> Any:
        raise ValueError

    for _ in range(10):
        with pytest.raises(ValueError):
            pool.borrow(key(), 'x', fail)
    assert pool.stats()['handles'] == 0


def test_a_failed_handle_is_closed(pool: Pool) -> None:
    handle = pool.borrow(key(), 'x', lambda info: Handle())
    pool.discard(handle)
    assert handle.handle.closed
    assert pool.stats()['handles'] == 0


def test_clear_closes_the_idle_now_and_the_used_later(pool: Pool) -> None:
    idle, used = (pool.borrow(key(), 'x', lambda info: Handle()) for _ in range(2))
    pool.give_back(idle)
    pool.clear()
    assert (idle.handle.closed, used.handle.closed) == (True, False)
    again = pool.borrow(key(), 'x', lambda info: Handle())
    pool.give_back(used)
    pool.give_back(again)
    assert (used.handle.closed, again.handle.closed) == (True, False)
    assert pool.stats()['handles'] == 1


def test_what_was_learned_is_shared_by_handles_of_one_version(pool: Pool) -> None:
    infos: list[Any] = []
    for digest in ('v1', 'v1', 'v2'):
        pool.borrow(key(digest), 'x', lambda info: infos.append(info) or Handle())
    assert infos[0] is infos[1]
    assert infos[1] is not infos[2]


@override_settings(
    LARGE_IMAGE_HANDLES_PER_IMAGE=3, LARGE_IMAGE_MAX_OPEN_HANDLES=5, LARGE_IMAGE_HANDLE_TIMEOUT=10
)
def test_threads_never_share_a_handle(pool: Pool) -> None:
    used: set[int] = set()
    lock = threading.Lock()
    errors: list[str] = []

    def work(number: int) -> None:
        for turn in range(200):
            name = 'abcdef'[(number + turn) % 6]
            handle = pool.borrow(key(name), name, lambda info: Handle())
            with lock:
                if id(handle) in used or handle.handle.closed:
                    errors.append('shared')
                used.add(id(handle))
            with lock:
                used.discard(id(handle))
            if turn % 20:
                pool.give_back(handle)
            else:
                pool.discard(handle)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    stats = pool.stats()
    assert stats['handles'] == stats['idle'] <= 5 + 3


def test_a_child_process_starts_without_handles() -> None:
    from django_large_image.handles import handle_pool as shared

    handle = shared.borrow(key('fork'), 'fork', lambda info: Handle())
    child = os.fork()
    if child == 0:
        os._exit(shared.stats()['handles'])
    shared.discard(handle)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_two_versions_of_a_remote_image_are_never_open_at_once(pool: Pool) -> None:
    """GDAL keeps the bytes of remote files by their name: a handle would get those of the other version."""
    opened: dict[str, int] = {'a': 0, 'b': 0}
    lock, together = threading.Lock(), []
    stop = time.monotonic() + 1.5

    class Counted(Handle):
        def __init__(self, digest: str) -> None:
            super().__init__()
            self.digest = digest
            with lock:
                opened[digest] += 1
                together.append(all(opened.values()))

        def close(self) -> None:
            if not self.closed:
                time.sleep(0.0005)
                with lock:
                    opened[self.digest] -= 1
            super().close()

    failures: list[BaseException] = []
    borrowed = []

    def ask(number: int) -> None:
        try:
            turn = number
            while time.monotonic() < stop:
                digest = 'ab'[turn // 3 % 2]
                loan = pool.borrow(key(digest, remote=True), 'x', lambda facts: Counted(digest))  # noqa: B023
                assert loan.handle.digest == digest
                borrowed.append(digest)
                time.sleep(0.0003 * (number + 1))
                pool.give_back(loan)
                turn += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert set(borrowed) == {'a', 'b'}
    assert len(together) > 20
    assert not any(together)
    pool.clear()
    assert opened == {'a': 0, 'b': 0}
    assert pool.stats()['handles'] == 0
