"""Values that are kept as long as there is room, counted in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar('Value')


class Kept(Generic[Value]):
    """Keep the values used last, up to `limit` bytes in all; shared by threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.nbytes = 0
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()

    def get(self, key: Hashable) -> Value | None:
        """Return what is kept for a key, None if nothing is."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value of `size` bytes, unless it is larger than a quarter of the room."""
        if size > self.limit // 4:
            return
        with self._lock:
            _, old = self._values.pop(key, (None, 0))
            self._values[key] = value, size
            self.nbytes += size - old
            while self.nbytes > self.limit:
                _, (_, gone) = self._values.popitem(last=False)
                self.nbytes -= gone

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self.nbytes = 0
