"""The versions of remote images, which are asked for once and believed for `REMOTE_VERSION_SECONDS`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import cachetools

from django_large_image.conf import settings
from django_large_image.exceptions import ImageChanged, ImageMissing, RemoteUnavailable


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """What a storage says of an object without its bytes being read."""

    #: A text that changes when the bytes do.
    version: str
    #: When the bytes last changed, in seconds since the epoch, if known.
    modified: float | None = None
    #: Whether ranges of the object can be read.
    ranges: bool = True
    #: The storage's ETag as it says it, with the quotes; empty without one.
    etag: str = ''

    @property
    def condition(self) -> dict[str, str]:
        """Return GDAL's option by which every range is of this version, none without a strong ETag (RFC 9110).

        A replaced object answers 412.
        """
        if not self.etag.startswith('"'):
            return {}
        return {'GDAL_HTTP_HEADERS': '"If-Match: {}"'.format(self.etag.replace('"', '\\"'))}


class RemoteVersions:
    """Keep the `limit` versions that were used last, each for `REMOTE_VERSION_SECONDS`; errors are not kept."""

    def __init__(self, limit: int = 4096) -> None:
        #: By key: when it was asked for, by `time.monotonic()`, and the version.
        self._known: cachetools.LRUCache[str, tuple[float, RemoteVersion]] = cachetools.LRUCache(limit)
        self._lock = threading.Lock()

    def get(self, key: str, ask: Callable[[], RemoteVersion]) -> RemoteVersion:
        """Return the version of the image of a key: the one that is kept, or else what `ask()` returns or raises."""
        now = time.monotonic()
        with self._lock:
            known = self._known.get(key)
            if known and now - known[0] < settings.REMOTE_VERSION_SECONDS:
                return known[1]
        answer = ask()
        with self._lock:
            self._known[key] = (now, answer)
        return answer

    def forget(self, key: str) -> None:
        """Forget the version of the image of a key, which turned out to be another one."""
        with self._lock:
            self._known.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()


remote_versions = RemoteVersions()


def storage_error(status: int | None) -> Exception:
    """Return our error for the HTTP status that a storage answered; None stands for no answer."""
    if status == 412:
        return ImageChanged()
    return ImageMissing() if status in (404, 410) else RemoteUnavailable()
