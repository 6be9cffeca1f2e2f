"""The whole image, made small."""

from __future__ import annotations

from django_large_image.imaging.formats import Format, check_pixels, encode
from django_large_image.readers.base import ImageReader
from django_large_image.readers.errors import reading


def render(
    reader: ImageReader,
    max_width: int,
    max_height: int,
    frame: int | None,
    fmt: Format,
    quality: int | None = None,
) -> bytes:
    """Return the encoded image in its own proportions, at most max_width × max_height pixels.

    `quality` is that of `formats.write`. Raises `InvalidParameter`, `RegionTooLarge` and `ImageUnreadable`.
    """
    with reading():
        size = reader.whole(max_width, max_height)
        reader.check_window(size.width, size.height, frame or 0)
        check_pixels(size.width, size.height, fmt)
        pixels = reader.thumbnail(max_width, max_height, frame or 0, fmt.lossy)
    return encode(pixels, fmt, quality)
