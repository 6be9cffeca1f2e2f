"""The datasets of the further frames of a file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import rasterio
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader

from django_large_image.exceptions import ImageUnreadable, InvalidParameter, fault_of
from django_large_image.raster.dataset import open_directory
from django_large_image.raster.facts import RasterFacts

#: The most datasets that are kept open.
_MOST = 10


class FrameDatasets:
    """Opens the datasets of frames when they are asked for, and keeps the last few. For one thread at a time."""

    def __init__(
        self, name: str, facts: RasterFacts, check: Callable[[], None], forget: Callable[[int], None]
    ) -> None:
        """Open the frames of the file that GDAL calls `name`.

        `check` raises `ImageChanged` if the file was replaced. `forget` is called with the number of a frame before its
        dataset is closed.
        """
        self._name, self._facts, self._check, self._forget = name, facts, check, forget
        self._open: dict[int, DatasetReader] = {}

    def __len__(self) -> int:
        return len(self._open)

    def get(self, number: int) -> DatasetReader:
        """Return the dataset of a frame, from 0.

        Raises `InvalidParameter` for a frame that is not there, `ImageChanged` and `ImageUnreadable`.
        """
        self.check_number(number)
        found = self._open.get(number)
        if found is None or found.closed:
            while len(self._open) >= _MOST:
                self._drop(next(iter(self._open)))
            found = self._open[number] = self._opened(number)
        return found

    def check_number(self, number: int) -> None:
        """Raise `InvalidParameter` for a frame that is not there."""
        count = self._facts.frame_count
        if not 0 <= number < count:
            raise InvalidParameter('frame', number, f'an integer from 0 to {count - 1}')

    def _opened(self, number: int) -> DatasetReader:
        stack = self._facts.stack
        try:
            if stack is None:
                dataset = rasterio.open(self._facts.frame_names[number])
            else:
                dataset = open_directory(self._name, stack.pages[number][0])
        except RasterioIOError as error:
            # Another file may be there by now.
            self._check()
            raise fault_of(error) or ImageUnreadable() from error
        try:
            self._check()
        except Exception:
            dataset.close()
            raise
        return dataset

    def _drop(self, number: int) -> None:
        self._forget(number)
        with contextlib.suppress(Exception):
            self._open.pop(number).close()

    def close(self) -> None:
        """Close every dataset. Those that are asked for later are opened anew."""
        for number in list(self._open):
            self._drop(number)
