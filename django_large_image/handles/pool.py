"""The pool of open handles.

Two threads must not use an open dataset at once, and opening one is slow. So each image has a few handles: a request
borrows one and gives it back. If there are too many, the least recently used are closed. A handle belongs to one
version of a file: a replaced file gets new ones.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from django_large_image.conf import settings
from django_large_image.exceptions import Busy
from django_large_image.readers.sources.pooled import SourceFacts

if TYPE_CHECKING:
    # This cannot be imported without rasterio.
    from django_large_image.raster.facts import RasterFacts

logger = logging.getLogger(__name__)

#: The age in seconds at which a handle of a remote image is replaced, because signatures and tokens expire.
REMOTE_SECONDS = 600.0


class Handle(Protocol):
    """What is lent: a `raster.handle.RasterHandle` or a `readers.sources.pooled.PooledSource`."""

    def close(self) -> None:
        """Close what it holds open."""


class PoolKey(NamedTuple):
    """What two handles have in common that can stand for each other."""

    #: Names the version of the image.
    digest: str
    #: large-image's name of the source.
    source: str
    #: `MAX_UNTILED_SIZE` when it was opened.
    limit: int
    remote: bool = False
    #: Only for a source that is opened in its projection.
    projection: str | None = None


@dataclass(slots=True)
class ImageFacts:
    """What was found out about one version of an image. All its handles share it."""

    #: The bytes that each handle may hold in memory.
    nbytes: int = 0
    raster: RasterFacts | None = None
    source: SourceFacts = field(default_factory=SourceFacts)


class _Image:
    """The handles of one version of an image, and what was found out about it."""

    __slots__ = ('count', 'facts', 'idle', 'known', 'name')

    def __init__(self, name: str) -> None:
        #: Names the image whatever its version.
        self.name = name
        self.idle: list[Loan] = []
        #: How many handles there are, idle or not.
        self.count = 0
        self.facts = ImageFacts()
        #: Whether it was opened once.
        self.known = False


@dataclass(frozen=True, slots=True, eq=False)
class Loan:
    """An open handle of an image, idle or lent."""

    handle: Handle
    key: PoolKey
    image: _Image
    #: When it was opened, by `time.monotonic`.
    opened: float


class Pool:
    """Lend open handles: at most `HANDLES_PER_IMAGE` of an image.

    All together are kept to `MAX_OPEN_HANDLES` and `MAX_OPEN_BYTES`, as far as closing idle ones can do that.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._images: OrderedDict[PoolKey, _Image] = OrderedDict()
        self._newest: dict[str, str] = {}
        self._retired: list[_Image] = []
        #: Loans whose lease the garbage collector removed. They are taken back when it is safe to lock.
        self.returned: deque[Loan] = deque()
        self._total = 0
        self._freed = threading.Condition(threading.Lock())

    def borrow(self, key: PoolKey, name: str, open_one: Callable[[ImageFacts], Handle]) -> Loan:
        """Lend a handle of an image: an idle one, or one that `open_one(facts)` opens. Give it back with `give_back`.

        `name` is that of the image in any version; idle handles of other versions are closed. `facts` are shared by
        all handles of this version. Raises `Busy` after `HANDLE_TIMEOUT` seconds, and what `open_one` raises.
        """
        self._take_returned()
        deadline = time.monotonic() + settings.HANDLE_TIMEOUT
        image: _Image | None = None
        loan: Loan | None = None
        while image is None:
            with self._freed:
                # Again after each wait: meanwhile another thread may have asked for another version.
                closing = self._forget_older(key, name)
                if not closing:
                    image, loan, closing = self._reserve(key, name)
                if image is None and not closing and not self._freed.wait(deadline - time.monotonic()):
                    raise Busy()
            self._close(closing)
        if loan is not None:
            return loan
        try:
            handle = open_one(image.facts)
        except BaseException:
            with self._freed:
                self._one_less(image)
                self._drop_unknown(key, image)
            raise
        image.known = True
        return Loan(handle, key, image, time.monotonic())

    def _reserve(self, key: PoolKey, name: str) -> tuple[_Image | None, Loan | None, list[Loan]]:
        """Return the image with an idle handle, or with None and the right to open one; and handles to close first.

        The image is None if neither is possible now. Call this with the lock held.
        """
        # GDAL caches the bytes of a remote file that is open, and serves them to a new handle of the same URL as well.
        if key.remote and any(image.count for image in self._retired if image.name == name):
            return None, None, []
        image = self._images.setdefault(key, _Image(name))
        self._images.move_to_end(key)
        expired: list[Loan] = []
        while image.idle:
            loan = image.idle.pop()
            if not key.remote or time.monotonic() - loan.opened < REMOTE_SECONDS:
                return image, loan, expired
            expired.append(loan)
        # The expired ones are about to be closed, so they do not count.
        if image.count - len(expired) >= settings.HANDLES_PER_IMAGE:
            return None, None, expired
        image.count += 1
        self._total += 1
        return image, None, expired + self._spare()

    def _take_returned(self) -> None:
        while self.returned:
            with contextlib.suppress(IndexError):  # another thread was quicker
                self.give_back(self.returned.popleft())

    def give_back(self, loan: Loan) -> None:
        """Take a handle back for the next request; close it if there is a newer version of the image."""
        closing: list[Loan] = []
        with self._freed:
            image = self._images.get(loan.key)
            taken = image is loan.image and self._newest.get(image.name) == loan.key.digest
            if taken:
                loan.image.idle.append(loan)
                closing += self._spare()
                self._freed.notify_all()
        if not taken:
            self.discard(loan)
        self._close(closing)

    def discard(self, loan: Loan) -> None:
        """Close a handle instead of taking it back: it failed, or belongs to an older version."""
        self._close([loan])
        with self._freed:
            self._drop_unknown(loan.key, loan.image)

    def _close(self, loans: list[Loan]) -> None:
        """Close handles. They count until they are closed: a new version of a remote image waits for that."""
        for loan in loans:
            with contextlib.suppress(Exception):
                loan.handle.close()
            with self._freed:
                self._one_less(loan.image)

    def _one_less(self, image: _Image) -> None:
        """Count one handle less. Call this with the lock held."""
        self._total -= 1
        image.count -= 1
        if image.count == 0 and image in self._retired:
            self._retired.remove(image)
        self._freed.notify_all()

    def _drop_unknown(self, key: PoolKey, image: _Image) -> None:
        """Forget an image that has no handles and was never opened. Call this with the lock held."""
        if image.count == 0 and self._images.get(key) is image and not image.known:
            self._drop(key)

    def _drop(self, key: PoolKey) -> None:
        """Forget an image that has no handles. Call this with the lock held."""
        name = self._images.pop(key).name
        if not any(image.name == name for image in self._images.values()):
            self._newest.pop(name, None)

    def _forget_older(self, key: PoolKey, name: str) -> list[Loan]:
        """Forget other versions of an image, and return their idle handles to close. Call this with the lock held."""
        if self._newest.get(name) == key.digest:
            return []
        self._newest[name] = key.digest
        closing: list[Loan] = []
        for other in [
            k for k, image in self._images.items() if image.name == name and k.digest != key.digest
        ]:
            image = self._images.pop(other)
            closing += self._take_idle(image)
            if image.count:
                self._retired.append(image)
        return closing

    def _take_idle(self, image: _Image) -> list[Loan]:
        loans = image.idle[:]
        image.idle.clear()
        return loans

    def _spare(self) -> list[Loan]:
        """Take idle handles of the least recently used images until the bounds hold. Call this with the lock held."""
        closing: list[Loan] = []
        size = sum(image.count * image.facts.nbytes for image in self._images.values())
        for key in list(self._images):
            if self._total - len(closing) <= settings.MAX_OPEN_HANDLES and size <= settings.MAX_OPEN_BYTES:
                break
            taken = self._take_idle(self._images[key])
            size -= len(taken) * self._images[key].facts.nbytes
            closing += taken
        # What was found out about an image outlives its handles, but only of so many images.
        for key in list(self._images):
            if len(self._images) <= 4 * settings.MAX_OPEN_HANDLES:
                break
            if self._images[key].count == 0:
                self._drop(key)
        return closing

    def forget(self, digest: str) -> None:
        """Close the idle handles of a version of an image, and forget what was found out about it."""
        with self._freed:
            keys = [key for key in self._images if key.digest == digest]
            closing = [loan for key in keys for loan in self._take_idle(self._images[key])]
        self._close(closing)
        with self._freed:
            for key in keys:
                image = self._images.get(key)
                if image is not None and image.count == 0:
                    self._drop(key)

    def clear(self) -> None:
        """Close every idle handle and forget what was found out. Handles in use are closed when they are given back."""
        with self._freed:
            closing = [loan for image in self._images.values() for loan in self._take_idle(image)]
            self._retired += [image for image in self._images.values() if image.count]
            self._images.clear()
            self._newest.clear()
        self._close(closing)

    def stats(self) -> dict[str, int]:
        """Return how many images and handles are open in this process, how many handles are idle, and their bound."""
        self._take_returned()
        with self._freed:
            return {
                'images': sum(1 for image in self._images.values() if image.count),
                'handles': self._total,
                'idle': sum(len(image.idle) for image in self._images.values()),
                'limit': settings.MAX_OPEN_HANDLES,
            }


handle_pool = Pool()

if hasattr(os, 'register_at_fork'):
    # A forked child shares the file offsets of its parent's handles, so it must not use them.
    os.register_at_fork(after_in_child=handle_pool._reset)
