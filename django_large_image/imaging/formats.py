"""The formats that can be written, and the encoding of pixels into them."""

from __future__ import annotations

import enum
import functools
import io
import zlib
from typing import IO

import numpy as np
from PIL import Image, ImageColor, features

from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter, NotSupported
from django_large_image.imaging import png
from django_large_image.raster.blocks import jpegs
from django_large_image.raster.colour.rendered import RenderedImage


class Format(enum.Enum):
    """A format that a browser or a GIS reads: its extensions, Pillow's name of it, and its media type."""

    PNG = (('png',), 'PNG', 'image/png')
    JPEG = (('jpeg', 'jpg'), 'JPEG', 'image/jpeg')
    WEBP = (('webp',), 'WEBP', 'image/webp')
    AVIF = (('avif',), 'AVIF', 'image/avif')
    GIF = (('gif',), 'GIF', 'image/gif')
    TIFF = (('tif', 'tiff'), 'TIFF', 'image/tiff')

    def __init__(self, extensions: tuple[str, ...], encoding: str, media_type: str) -> None:
        self.extensions = extensions
        self.encoding = encoding
        self.media_type = media_type

    @property
    def same_bytes(self) -> bool:
        """Return whether encoding the same pixels again gives the same bytes."""
        # Not with isal 1.9.1: under load it missed a match in 4 of 77 000 tiles, which became some bytes longer.
        return self is not Format.PNG or png.deflate is zlib

    @property
    def lossy(self) -> bool:
        """Return whether encoding loses something of the pixels."""
        return self in (Format.JPEG, Format.WEBP, Format.AVIF)


@functools.cache
def by_extension() -> dict[str, Format]:
    """Return the formats that this installation can write, by extension."""
    missing = {Format.AVIF} if not features.check('avif') else set()
    if not features.check('webp'):
        missing.add(Format.WEBP)
    return {
        extension: member for member in Format if member not in missing for extension in member.extensions
    }


def parse_format(extension: str | None) -> Format:
    """Return the format of an extension; raises `InvalidParameter`."""
    found = by_extension().get((extension or '').lower())
    if found is None:
        raise InvalidParameter('format', extension, ', '.join(by_extension()))
    return found


def encode_picture(picture: RenderedImage, fmt: Format, quality: int | None = None) -> bytes:
    """Return an encoded picture; PNG keeps its palette. `quality` is that of `write`. Raises what `write` raises."""
    if picture.palette is not None and fmt is Format.PNG:
        return png.encode(picture.pixels, picture.palette)
    return encode(picture.array(), fmt, quality)


def without_alpha(pixels: np.ndarray) -> np.ndarray:
    """Return pixels (height, width, bands) without their alpha band if that is 255 everywhere."""
    if pixels.shape[2] in (2, 4) and bool((pixels[:, :, -1] == 255).all()):
        return pixels[:, :, :-1]
    return pixels


def encode(pixels: np.ndarray, fmt: Format, quality: int | None = None) -> bytes:
    """Return encoded pixels, uint8 (height, width, 1 to 4). An opaque alpha band is left out.

    `quality` is that of `write`. Raises what `write` raises.
    """
    pixels = without_alpha(pixels)
    if fmt is Format.PNG and pixels.size:
        return png.encode(pixels)
    output = io.BytesIO()
    write(pixels, fmt, output, quality)
    return output.getvalue()


def write(pixels: np.ndarray, fmt: Format, output: IO[bytes], quality: int | None = None) -> None:
    """Encode pixels, uint8 (height, width, 1 to 4), into a binary file.

    `quality` of a lossy format is 1 to 100, None for the setting's. Raises `InvalidParameter` for more than the format
    can take, `NotSupported` for no pixels, and ValueError, of Pillow, for sides that the format cannot hold.
    """
    check_pixels(pixels.shape[1], pixels.shape[0], fmt)
    if not pixels.shape[0] or not pixels.shape[1]:
        raise NotSupported('The image covers no pixel in this projection.', parameter='projection')
    _save(
        Image.fromarray(np.squeeze(pixels, axis=2) if pixels.shape[2] == 1 else pixels), fmt, output, quality
    )


def recode(body: bytes, fmt: Format, quality: int) -> bytes:
    """Return a picture of a format in another quality. Raises Pillow's errors for a broken one."""
    found = jpegs.recode_jpeg(body, quality) if fmt is Format.JPEG else None
    if found is not None:
        return found
    output = io.BytesIO()
    with Image.open(io.BytesIO(body), formats=(fmt.encoding,)) as image:
        _save(image, fmt, output, quality)
    return output.getvalue()


def _save(image: Image.Image, fmt: Format, output: IO[bytes], quality: int | None) -> None:
    if fmt is Format.JPEG and image.mode in ('LA', 'RGBA'):
        image = _flatten(image)
    elif fmt in (Format.GIF, Format.WEBP, Format.AVIF) and image.mode == 'LA':
        image = image.convert('RGBA')
    quality = settings.QUALITY if quality is None else quality
    options: dict[Format, dict[str, object]] = {
        Format.PNG: {'compress_level': 1},
        Format.JPEG: {'quality': quality},
        Format.WEBP: {'quality': quality, 'method': 0},
        Format.AVIF: {'quality': quality, 'speed': 8},
        Format.TIFF: {'compression': 'tiff_adobe_deflate'},
    }
    try:
        image.save(output, fmt.encoding, **options.get(fmt, {}))
    except ValueError:
        if fmt is not Format.WEBP:
            raise
        # libwebp 1.6 cannot hold a large picture with detail everywhere: error 6, "partition 0 overflow".
        raise InvalidParameter(
            'format', 'webp', 'another format for this picture, which is too large or too complex for WebP'
        ) from None


def check_pixels(width: int, height: int, fmt: Format) -> None:
    """Raise `InvalidParameter` for a picture of more pixels than can be encoded in a format in a few seconds."""
    most = MAX_PIXELS.get(fmt)
    if most and width * height > most:
        shown = fmt.extensions[0]
        raise InvalidParameter(
            'format', shown, f'{shown} for pictures of at most {most} pixels (this has {width} × {height})'
        )


def _flatten(image: Image.Image) -> Image.Image:
    rgba = image.convert('RGBA')
    background = Image.new('RGBA', image.size, (*ImageColor.getrgb(settings.BACKGROUND)[:3], 255))
    background.alpha_composite(rgba)
    return background.convert('RGB')


@functools.lru_cache(maxsize=32)
def empty(width: int, height: int, fmt: Format, background: str) -> bytes:
    """Return an encoded picture of transparent pixels; in JPEG of `background`, the setting's present value."""
    return encode(np.zeros((height, width, 4), np.uint8), fmt)


#: The longest side that a format can hold, in pixels.
MAX_SIDE: dict[Format, int] = {
    Format.JPEG: 65_500,
    Format.WEBP: 16_383,
    Format.GIF: 65_535,
    Format.AVIF: 65_535,
}
#: The most pixels of a picture in a format. For noise libaom takes 2.6 µs a pixel, libwebp 0.2 µs, and the choice of a
#: GIF's colours 0.2 µs.
MAX_PIXELS: dict[Format, int] = {Format.AVIF: 2**20, Format.WEBP: 2**24, Format.GIF: 2**24}
