"""Work that is wanted by several is done once, and nothing of it is kept."""

from __future__ import annotations

import threading

import pytest

from django_large_image.caching.flight import SingleFlight


def test_one_after_the_other_it_is_done_anew() -> None:
    flights: SingleFlight[int] = SingleFlight()
    numbers = iter(range(9))
    assert [flights.run('a', lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        flights.run('a', lambda: 1 // 0)
    assert flights.run('a', lambda: next(numbers)) == 3


def test_those_that_come_meanwhile_get_the_same() -> None:
    flights: SingleFlight[list[int]] = SingleFlight()
    begun, go_on = threading.Event(), threading.Event()
    found: list[list[int]] = []

    def produce() -> list[int]:
        begun.set()
        assert go_on.wait(5)
        return [1]

    first = threading.Thread(target=lambda: found.append(flights.run('a', produce)))
    first.start()
    assert begun.wait(5)
    second = threading.Thread(target=lambda: found.append(flights.run('a', lambda: [2])))
    second.start()
    # Another key waits for nobody.
    assert flights.run('b', lambda: [3]) == [3]
    second.join(0.05)
    go_on.set()
    first.join(5)
    second.join(5)
    assert found[0] is found[1]
