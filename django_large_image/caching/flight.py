"""Work that several threads want at the same time is done by one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar('Result')


class _Flight(Generic[Result]):
    __slots__ = ('done', 'result')

    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: Result | None = None


class SingleFlight(Generic[Result]):
    """Run a function once for all threads that ask for its key while it runs; nothing is kept afterwards."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[Result]] = {}

    def run(self, key: str, produce: Callable[[], Result]) -> Result:
        """Return what `produce` returns, called by this thread or by another that was first.

        An error is raised to the thread whose call it was; the others then try for themselves.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    mine = self._flights[key] = _Flight()
                    break
            flight.done.wait()
            if flight.result is not None:
                return flight.result
        try:
            mine.result = produce()
        finally:
            with self._lock:
                del self._flights[key]
            mine.done.set()
        return mine.result
