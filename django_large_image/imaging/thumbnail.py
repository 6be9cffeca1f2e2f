"""The whole image, made small."""

from __future__ import annotations

from typing import Any

from large_image.constants import TILE_FORMAT_NUMPY

from django_large_image.handles.lease import reading
from django_large_image.imaging import drawing
from django_large_image.imaging.formats import Format, check_pixels, encode, to_uint8


def render(source: Any, max_width: int, max_height: int, frame: int | None, fmt: Format) -> bytes:
    """Return the encoded image, in its own proportions, at most max_width × max_height pixels."""
    with reading():
        if hasattr(source, 'canPaint') and source.canPaint(frame):
            canvas = source.wholeCanvas(max_width, max_height)
            drawing.check_work(source, canvas.width, canvas.height, frame)
            check_pixels(canvas.width, canvas.height, fmt)
            return encode(drawing.pixels(source, canvas, frame, fmt.lossy), fmt)
        pixels, _ = source.getThumbnail(
            width=max_width, height=max_height, frame=frame, format=TILE_FORMAT_NUMPY
        )
    return encode(to_uint8(pixels), fmt)
