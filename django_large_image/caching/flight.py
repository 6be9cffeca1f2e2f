"""Single flight: what several threads want at the same time is computed by one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar('Result')


@dataclass(slots=True)
class _Flight(Generic[Result]):
    """A call that is on its way: what is set when it is over, and its result if it did not fail."""

    done: threading.Event = field(default_factory=threading.Event)
    result: Result | None = None


class SingleFlight(Generic[Result]):
    """Call a function once for all threads that ask for its key while it runs; the result is not kept afterwards."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[Result]] = {}

    def run(self, key: str, produce: Callable[[], Result]) -> Result:
        """Return what `produce` returns, which is never None, called by this thread or by one that came first.

        What it raises is raised in the thread that called it; of the others one then calls it again.
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
