"""Pictures of any size, drawn in strips of rows, so that what is in memory is bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from django_large_image.conf import settings
from django_large_image.exceptions import RegionTooLarge
from django_large_image.inspection.costs import Budget
from django_large_image.pixels import Array, strips_of
from django_large_image.raster.colour.rendered import RenderedImage
from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.view import StyledView

#: The pixels of a strip; fewer where a style has more than four bands.
STRIP_PIXELS = 2_000_000


def channels_of(view: StyledView, geobox: GeoBox, frame: int) -> int:
    """Return the channels of the picture of a GeoBox: 3 if it is opaque whatever it shows, else 4."""
    return 3 if view.is_opaque(geobox, frame) else 4


def strips(
    view: StyledView, geobox: GeoBox, frame: int, channels: int, lossy: bool = False
) -> Iterator[Array]:
    """Yield the picture of a GeoBox in strips, from the top: each uint8 (rows, width, channels), 3 or 4 channels.

    `lossy` says that the picture is wanted for a lossy format, see `StyledView.paint`. Raises `TooMuchToDecode`.
    """
    budget = Budget()
    step = max(1, STRIP_PIXELS // geobox.width * 4 // max(4, view.steps(frame)))
    for first, end in strips_of(0, geobox.height, step):
        part = geobox.rows(first, end - first)
        yield _colours(view.paint(part, frame, lossy, budget), part.height, part.width, channels)


def check_work(view: StyledView, width: int, height: int, frame: int) -> None:
    """Raise `RegionTooLarge` for a picture that has too many pixels for the number of bands in its style.

    Up to four bands `MAX_REGION_PIXELS` are allowed. A style of 64 bands takes sixteen times as long as one of four, so
    a sixteenth of the pixels is allowed.
    """
    bands = view.steps(frame)
    most = settings.MAX_REGION_PIXELS * 4 // max(4, bands)
    if width * height > most:
        raise RegionTooLarge(
            'style', f'{width} × {height} pixels of {bands} bands', f'at most {most} pixels of so many bands'
        )


def whole(view: StyledView, geobox: GeoBox, frame: int, lossy: bool = False) -> Array:
    """Return the picture of a GeoBox, uint8 (height, width, 3 or 4). Raises `TooMuchToDecode`."""
    channels = channels_of(view, geobox, frame)
    result = np.empty((geobox.height, geobox.width, channels), np.uint8)
    row = 0
    for strip in strips(view, geobox, frame, channels, lossy):
        result[row : row + len(strip)] = strip
        row += len(strip)
    return result


def _colours(picture: RenderedImage | None, height: int, width: int, channels: int) -> Array:
    if picture is None:
        return np.zeros((height, width, channels), np.uint8)
    array = picture.array()
    if array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    if array.shape[2] < channels:
        array = np.concatenate([array, np.full((height, width, 1), 255, np.uint8)], axis=2)
    return np.asarray(array[:, :, :channels])
