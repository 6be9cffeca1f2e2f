"""Checks of a request against the image: whether it has what is asked for, and whether that is not too much."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django_large_image.colors import bands_of
from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter, NotSupported, RegionTooLarge, TooMuchToDecode
from django_large_image.imaging.formats import MAX_SIDE, Format, check_pixels
from django_large_image.imaging.style import check_against
from django_large_image.pixels import Json
from django_large_image.readers.base import ImageReader


def check_frame(reader: ImageReader, frame: int | None) -> None:
    """Raise `InvalidParameter` for a frame that the image does not have."""
    if frame and frame >= reader.frame_count:
        raise InvalidParameter('frame', frame, f'an integer from 0 to {reader.frame_count - 1}')


def check_deltas(reader: ImageReader, style: Json | None, frame: int | None) -> None:
    """Raise `InvalidParameter` for a style whose `framedelta` leads to a frame before the first or after the last."""
    deltas = [entry.get('framedelta') or 0 for entry in bands_of(style)]
    for delta in deltas:
        count = reader.frame_count
        if not 0 <= (frame or 0) + delta < count:
            allowed = f'an integer from {-(frame or 0)} to {count - 1 - (frame or 0)} for frame {frame or 0}'
            raise InvalidParameter('framedelta', delta, allowed)


def check_style(reader: ImageReader, style: Json | None) -> None:
    """Raise `InvalidParameter` for a style with a band or a frame that the image lacks, or with too many bands."""
    if style:
        check_against(style, reader.band_count, reader.frame_count)
        reader.check_work(style)


def check_resampling(reader: ImageReader, resampling: str | None) -> None:
    """Raise `NotSupported` if a resampling is asked for and the image's reader has no choice of it."""
    if resampling is not None and not reader.resamples:
        raise NotSupported(
            'Only georeferenced images have a choice of resampling.', parameter='resampling', value=resampling
        )


@contextlib.contextmanager
def refusing(width: int, height: int) -> Iterator[None]:
    """Turn `TooMuchToDecode`, which blames the file, into `RegionTooLarge` for a region of width × height pixels."""
    try:
        yield
    except TooMuchToDecode as error:
        allowed = f'what takes at most {error.details["allowed"]} decoded bytes of the file; ask for less'
        raise RegionTooLarge('region', f'{width} × {height} pixels', allowed) from None


def check_size(width: int, height: int, fmt: Format) -> None:
    """Raise `RegionTooLarge` for a picture of more pixels than the project allows, or a longer side than its format.

    Raises `InvalidParameter` for more pixels than the format takes in a few seconds.
    """
    shown, most = f'{width} × {height} pixels', settings.MAX_REGION_PIXELS
    if width * height > most:
        raise RegionTooLarge('region', shown, f'at most {most} pixels; ask for less or set max_width')
    check_pixels(width, height, fmt)
    side = MAX_SIDE.get(fmt)
    if side and max(width, height) > side:
        raise RegionTooLarge('region', shown, f'at most {side} pixels a side in this format')


def check_values(reader: ImageReader, width: int, height: int) -> None:
    """Raise `RegionTooLarge` for a region whose values take more bytes than may be decoded: there may be 300 bands."""
    bands = reader.band_count
    # Values of more than four bands take twice as long to write.
    most = settings.MAX_DECODED_BYTES // (1 if bands <= 4 else 2)
    if width * height * bands * reader.dtype.itemsize > most:
        shown = f'{width} × {height} pixels of {bands} bands'
        raise RegionTooLarge(
            'region', shown, f'at most {most} bytes of values; ask for less or set max_width'
        )
