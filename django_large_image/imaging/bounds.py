"""How large a region may be: its pixels, its sides, its values, and what is decoded for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django_large_image.conf import settings
from django_large_image.exceptions import RegionTooLarge, TooMuchToDecode
from django_large_image.imaging import image
from django_large_image.imaging.formats import MAX_SIDE, Format, check_pixels


@contextlib.contextmanager
def refusing(width: int, height: int) -> Iterator[None]:
    """Say of a region, not of the file, that too much of it would have to be decoded."""
    try:
        yield
    except TooMuchToDecode as error:
        allowed = f'what takes at most {error.details["allowed"]} decoded bytes of the file; ask for less'
        raise RegionTooLarge('region', f'{width} × {height} pixels', allowed) from None


def check_size(width: int, height: int, fmt: Format) -> None:
    """Raise `RegionTooLarge` and `InvalidParameter` for a picture that a project, or its format, has no room for."""
    shown, most = f'{width} × {height} pixels', settings.MAX_REGION_PIXELS
    if width * height > most:
        raise RegionTooLarge('region', shown, f'at most {most} pixels; ask for less or set max_width')
    check_pixels(width, height, fmt)
    side = MAX_SIDE.get(fmt)
    if side and max(width, height) > side:
        raise RegionTooLarge('region', shown, f'at most {side} pixels a side in this format')


def check_values(source: Any, width: int, height: int) -> None:
    """Raise `RegionTooLarge` for more bytes of values than may be decoded: an image may have 300 bands."""
    bands = image.band_count(source)
    # Those of many bands take twice as long to write.
    most = settings.MAX_DECODED_BYTES // (1 if bands <= 4 else 2)
    if width * height * bands * source.dtype.itemsize > most:
        shown = f'{width} × {height} pixels of {bands} bands'
        raise RegionTooLarge(
            'region', shown, f'at most {most} bytes of values; ask for less or set max_width'
        )
