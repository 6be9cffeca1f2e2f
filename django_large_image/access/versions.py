"""The versions of remote images, asked for once and trusted for a bounded time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from django_large_image.conf import settings
from django_large_image.exceptions import ImageMissing, RemoteUnavailable


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """What a storage says of an object without its bytes being read."""

    version: str
    modified: float | None = None
    #: Whether ranges of the object can be read.
    ranges: bool = True


class RemoteVersions:
    """Remember `RemoteVersion`s for `REMOTE_VERSION_SECONDS`, the last `limit` of them; errors are not kept."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._known: OrderedDict[str, tuple[float, RemoteVersion]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, ask: Callable[[], RemoteVersion]) -> RemoteVersion:
        """Return the version of `key`, from memory or by `ask()`."""
        now = time.monotonic()
        with self._lock:
            known = self._known.get(key)
            if known and now - known[0] < settings.REMOTE_VERSION_SECONDS:
                self._known.move_to_end(key)
                return known[1]
        answer = ask()
        with self._lock:
            self._known[key] = (now, answer)
            self._known.move_to_end(key)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        return answer

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()


remote_versions = RemoteVersions()


def storage_error(status: int | None) -> Exception:
    """Return our error for an HTTP status of a storage; None where there was no answer."""
    return ImageMissing() if status in (404, 410) else RemoteUnavailable()
