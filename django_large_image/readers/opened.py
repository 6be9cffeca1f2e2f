"""How a dataset came to be open, and what its image is known to be."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from large_image.exceptions import TileSourceError

from django_large_image.access import image_ref
from django_large_image.conf import settings
from django_large_image.exceptions import LargeImageError
from django_large_image.raster.dataset import gdal_env, open_dataset, open_overview


class Gate:
    """Calls what the holder of a handle wants to be done before GDAL is used; nothing if nobody does."""

    def __init__(self) -> None:
        self.enter: Callable[[], None] | None = None

    def __call__(self) -> None:
        if self.enter is not None:
            self.enter()


@dataclass(frozen=True, slots=True)
class Opened:
    """How a dataset came to be open, and what was found out about its image."""

    #: Names the version of the image.
    key: Hashable
    #: Opens an overview, by the dataset's path and GDAL's number.
    open_level: Callable[[str, int], Any]
    #: Raises if the file was replaced.
    check: Callable[[], None]
    #: The bound of images without tiles that it was opened with, in pixels a side.
    limit: int
    #: What was found out; all handles of one version share it.
    info: dict[Any, Any] = field(default_factory=dict)


def open_path(path: Any) -> tuple[Any, Opened]:
    """Return the dataset of a path, for large-image's own `open`; raises `TileSourceError`."""
    try:
        ref = image_ref(path)
        with gdal_env(ref):
            limit = int(settings.MAX_UNTILED_SIZE)
            dataset = open_dataset(ref, limit)
    except LargeImageError as error:
        raise TileSourceError(error.message) from None
    return dataset, Opened(
        ref.digest, lambda name, index: open_overview(dataset, name, index), lambda: None, limit
    )
