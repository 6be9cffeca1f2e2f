"""The versions of remote images, asked for once and trusted for a bounded time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from django_large_image.conf import settings
from django_large_image.exceptions import ImageChanged, ImageMissing, RemoteUnavailable


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """What a storage says of an object without its bytes being read."""

    version: str
    modified: float | None = None
    #: Whether ranges of the object can be read.
    ranges: bool = True
    #: The storage's ETag with its quotes, if it is a strong one.
    etag: str = ''

    @property
    def condition(self) -> dict[str, str]:
        """Return GDAL's option that makes every range be of this version; a replaced object answers 412."""
        if not self.etag.startswith('"'):
            return {}
        return {'GDAL_HTTP_HEADERS': '"If-Match: {}"'.format(self.etag.replace('"', '\\"'))}


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

    def forget(self, key: str) -> None:
        """Forget the version of one image: it turned out to be another."""
        with self._lock:
            self._known.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()


remote_versions = RemoteVersions()


def storage_error(status: int | None) -> Exception:
    """Return our error for an HTTP status of a storage; None where there was no answer."""
    if status == 412:
        return ImageChanged()
    return ImageMissing() if status in (404, 410) else RemoteUnavailable()
