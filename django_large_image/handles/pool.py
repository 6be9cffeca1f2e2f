"""The pool of open handles.

An open dataset must not be used by two threads at once, and opening is slow. So each image has a few handles, a
request borrows one and gives it back, and the handles that were not used for longest are closed when there are too
many. A handle belongs to one version of the bytes: a replaced file gets new ones.
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
    # Not where there is no rasterio.
    from django_large_image.raster.facts import RasterFacts

logger = logging.getLogger(__name__)

#: The age at which a handle of a remote image is opened anew: signatures and tokens expire.
REMOTE_SECONDS = 600.0


class Handle(Protocol):
    """What is lent: a `raster.handle.RasterHandle` or a `readers.pooled.PooledSource`."""

    def close(self) -> None:
        """Close what it holds open."""


class PoolKey(NamedTuple):
    """What makes two open handles interchangeable."""

    digest: str
    source: str
    limit: int
    remote: bool = False
    #: Only of a source that is opened in its projection.
    projection: str | None = None


@dataclass(slots=True)
class ImageFacts:
    """What was learned of one version of an image; all its handles share it."""

    #: What each handle is taken to hold in memory, as whoever opened it says.
    nbytes: int = 0
    raster: RasterFacts | None = None
    source: SourceFacts = field(default_factory=SourceFacts)


class _Image:
    """The handles of one image: the idle ones, how many there are, and what was learned of the image."""

    __slots__ = ('count', 'facts', 'idle', 'known', 'place')

    def __init__(self, place: str) -> None:
        self.place = place
        self.idle: list[Loan] = []
        self.count = 0
        self.facts = ImageFacts()
        #: Whether it could be opened.
        self.known = False


@dataclass(frozen=True, slots=True, eq=False)
class Loan:
    """An open handle that is lent: for which image, and when it was opened, by the monotonic clock."""

    handle: Handle
    key: PoolKey
    image: _Image
    opened: float


class Pool:
    """Lend open handles: `HANDLES_PER_IMAGE` of an image, about `MAX_OPEN_HANDLES` or `MAX_OPEN_BYTES` in all."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._images: OrderedDict[PoolKey, _Image] = OrderedDict()
        self._newest: dict[str, str] = {}
        self._retired: list[_Image] = []
        #: Handles whose lease was garbage; they are taken back when it is safe to lock.
        self.returned: deque[Loan] = deque()
        self._total = 0
        self._freed = threading.Condition(threading.Lock())

    def borrow(self, key: PoolKey, place: str, open_one: Callable[[ImageFacts], Handle]) -> Loan:
        """Lend a handle of the image, idle or opened by `open_one(facts)`; give it back with `give_back`.

        `place` names the image whatever its version; handles of an older version are closed. `facts` are shared by all
        handles of this version. Raises `Busy` after `HANDLE_TIMEOUT`, and whatever `open_one` raises.
        """
        self._take_returned()
        deadline = time.monotonic() + settings.HANDLE_TIMEOUT
        image: _Image | None = None
        loan: Loan | None = None
        while image is None:
            with self._freed:
                # Anew after each wait: meanwhile another thread may have come with another version.
                closing = self._forget_older(key, place)
                if not closing:
                    image, loan, closing = self._reserve(key, place)
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

    def _reserve(self, key: PoolKey, place: str) -> tuple[_Image | None, Loan | None, list[Loan]]:
        """Return the image with an idle handle, or with a place for a new one, and the handles to close first.

        The image is None where neither is to be had now. To be called with the lock held.
        """
        # GDAL serves the bytes of an open remote file from memory, to a new handle of the same name, too.
        if key.remote and any(image.count for image in self._retired if image.place == place):
            return None, None, []
        image = self._images.setdefault(key, _Image(place))
        self._images.move_to_end(key)
        expired: list[Loan] = []
        while image.idle:
            loan = image.idle.pop()
            if not key.remote or time.monotonic() - loan.opened < REMOTE_SECONDS:
                return image, loan, expired
            expired.append(loan)
        # Those that are about to be closed hold up nobody.
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
        """Take a handle back for the next request."""
        closing: list[Loan] = []
        with self._freed:
            image = self._images.get(loan.key)
            taken = image is loan.image and self._newest.get(image.place) == loan.key.digest
            if taken:
                loan.image.idle.append(loan)
                closing += self._spare()
                self._freed.notify_all()
        if not taken:
            self.discard(loan)
        self._close(closing)

    def discard(self, loan: Loan) -> None:
        """Close a handle that failed, or that belongs to an older version, instead of taking it back."""
        self._close([loan])
        with self._freed:
            self._drop_unknown(loan.key, loan.image)

    def _close(self, loans: list[Loan]) -> None:
        """Close handles, which count until then: a new version of a remote image waits for the last of the old one."""
        for loan in loans:
            with contextlib.suppress(Exception):
                loan.handle.close()
            with self._freed:
                self._one_less(loan.image)

    def _one_less(self, image: _Image) -> None:
        """Count a handle less; to be called with the lock held."""
        self._total -= 1
        image.count -= 1
        if image.count == 0 and image in self._retired:
            self._retired.remove(image)
        self._freed.notify_all()

    def _drop_unknown(self, key: PoolKey, image: _Image) -> None:
        """Forget an image without handles of which nothing was learned; to be called with the lock held."""
        if image.count == 0 and self._images.get(key) is image and not image.known:
            self._drop(key)

    def _drop(self, key: PoolKey) -> None:
        """Forget an image without handles; with the lock held."""
        place = self._images.pop(key).place
        if not any(image.place == place for image in self._images.values()):
            self._newest.pop(place, None)

    def _forget_older(self, key: PoolKey, place: str) -> list[Loan]:
        """Drop the idle handles of other versions of this image; to be called with the lock held."""
        if self._newest.get(place) == key.digest:
            return []
        self._newest[place] = key.digest
        closing: list[Loan] = []
        for other in [
            k for k, image in self._images.items() if image.place == place and k.digest != key.digest
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
        """Take idle handles of the images used longest ago, until the bound holds; with the lock held."""
        closing: list[Loan] = []
        size = sum(image.count * image.facts.nbytes for image in self._images.values())
        for key in list(self._images):
            if self._total - len(closing) <= settings.MAX_OPEN_HANDLES and size <= settings.MAX_OPEN_BYTES:
                break
            taken = self._take_idle(self._images[key])
            size -= len(taken) * self._images[key].facts.nbytes
            closing += taken
        # What was learned of an image outlives its handles, though not without bound.
        for key in list(self._images):
            if len(self._images) <= 4 * settings.MAX_OPEN_HANDLES:
                break
            if self._images[key].count == 0:
                self._drop(key)
        return closing

    def forget(self, digest: str) -> None:
        """Close the idle handles of a version of an image, and forget what was learned of it."""
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
        """Close every idle handle and forget what was learned; handles in use are closed when given back."""
        with self._freed:
            closing = [loan for image in self._images.values() for loan in self._take_idle(image)]
            self._retired += [image for image in self._images.values() if image.count]
            self._images.clear()
            self._newest.clear()
        self._close(closing)

    def stats(self) -> dict[str, int]:
        """Return how many images and handles are open in this process, and how many of them are idle."""
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
    # A handle shares its file offset with the parent process, so a child starts with none.
    os.register_at_fork(after_in_child=handle_pool._reset)
