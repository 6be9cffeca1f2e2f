"""Pictures of any size from the geospatial source, in strips: what is read at a time is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from django_large_image.conf import settings
from django_large_image.exceptions import RegionTooLarge
from django_large_image.inspection.costs import Budget
from django_large_image.raster.colour.rendered import RenderedImage

#: The pixels that are drawn at a time.
STRIP_PIXELS = 2_000_000


def channels_of(source: Any, canvas: Any, frame: int | None) -> int:
    """Return 3 if the picture of a canvas is opaque whatever it shows, else 4."""
    return 3 if source.paintsOpaque(canvas, frame) else 4


def strips(
    source: Any, canvas: Any, frame: int | None, channels: int, lossy: bool = False
) -> Iterator[np.ndarray]:
    """Yield the picture of a canvas in strips of rows, uint8 (rows, width, channels) of 3 or 4 channels.

    Raises `TooMuchToDecode`.
    """
    budget = Budget()
    step = max(1, STRIP_PIXELS // canvas.width * 4 // max(4, source.paintSteps(frame)))
    for row in range(0, canvas.height, step):
        part = canvas.rows(row, min(step, canvas.height - row))
        yield _colours(source.paint(part, frame, lossy, budget), part.height, part.width, channels)


def check_work(source: Any, width: int, height: int, frame: int | None) -> None:
    """Raise `RegionTooLarge` for a picture of too many pixels, those of each band beyond four counted apart.

    A style of 64 bands takes sixteen times as long to paint as one of four.
    """
    bands = source.paintSteps(frame)
    most = settings.MAX_REGION_PIXELS * 4 // max(4, bands)
    if width * height > most:
        raise RegionTooLarge(
            'style', f'{width} × {height} pixels of {bands} bands', f'at most {most} pixels of so many bands'
        )


def pixels(source: Any, canvas: Any, frame: int | None, lossy: bool = False) -> np.ndarray:
    """Return the picture of a canvas as uint8 (height, width, 3 or 4)."""
    channels = channels_of(source, canvas, frame)
    result = np.empty((canvas.height, canvas.width, channels), np.uint8)
    row = 0
    for strip in strips(source, canvas, frame, channels, lossy):
        result[row : row + len(strip)] = strip
        row += len(strip)
    return result


def _colours(picture: RenderedImage | None, height: int, width: int, channels: int) -> np.ndarray:
    if picture is None:
        return np.zeros((height, width, channels), np.uint8)
    array = picture.array()
    if array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    if array.shape[2] < channels:
        array = np.concatenate([array, np.full((height, width, 1), 255, np.uint8)], axis=2)
    return np.asarray(array[:, :, :channels])
