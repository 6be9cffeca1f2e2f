"""Work that is wanted by several is done once, and nothing of it is kept."""

from __future__ import annotations

import threading

import pytest

from django_large_image.sources.flight import SingleFlight
from django_large_image.sources.kept import Kept


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


def test_what_is_kept_is_counted() -> None:
    kept: Kept[str] = Kept(100)
    kept.put('quarter', 'a', 25)
    kept.put('more', 'b', 26)
    assert (kept.get('quarter'), kept.get('more'), kept.nbytes) == ('a', None, 25)
    # A second value takes the place of the first.
    kept.put('quarter', 'c', 10)
    assert (kept.get('quarter'), kept.nbytes) == ('c', 10)
    for name in 'defg':
        kept.put(name, name, 25)
        # What is looked at stays longer than what is not.
        kept.get('d')
    assert kept.nbytes == 100
    assert [name for name in ('quarter', *'defg') if kept.get(name)] == ['d', 'e', 'f', 'g']
    kept.get('d')
    kept.put('h', 'h', 1)
    assert (kept.get('e') is None, kept.get('d'), kept.nbytes) == (True, 'd', 76)
    kept.clear()
    assert (kept.nbytes, kept.get('d')) == (0, None)
