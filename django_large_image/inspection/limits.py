"""What an image may be, by its headers, so that a file that would take too much is refused before it is decoded.

The bounds that are settings are in `conf`; the others are here.
"""

from __future__ import annotations

import warnings

from PIL import Image

from django_large_image.access import sidecars
from django_large_image.conf import settings
from django_large_image.exceptions import (
    CONVERT,
    ImageRefused,
    ImageUnreadable,
    LargeImageError,
    NeedsConversion,
    fault_of,
)
from django_large_image.inspection import gifheader, jp2header, orientation
from django_large_image.inspection.costs import WEIGHTS
from django_large_image.inspection.pages import tags
from django_large_image.inspection.signatures import Kind, sniff
from django_large_image.inspection.tiff import Tiff
from django_large_image.inspection.xmlguard import check_xml, names_other_files

#: The most pixels of a tile of a reader that answers with the file's own.
MAX_TILE_PIXELS = 2**22
#: The most bands of an image.
MAX_BANDS = 4096


def check_untiled(width: int, height: int, limit: int, bytes_per_pixel: float = 1) -> None:
    """Raise `NeedsConversion` for an image of so many pixels without tiles that to decode it whole takes too much.

    A square of `limit` pixels a side, of four bytes each, is served. An image with a longer side is, too, if it has no
    more bytes than that square; and one with more bytes if both sides are within `limit`, up to `MAX_DECODED_BYTES`.
    """
    size = width * height * bytes_per_pixel
    if size > 4 * limit * limit and (max(width, height) > limit or size > settings.MAX_DECODED_BYTES):
        raise NeedsConversion(
            f'The image has {width} × {height} pixels of {bytes_per_pixel:g} bytes and neither tiles nor overviews; up '
            f'to {limit} pixels a side, or {4 * limit * limit} bytes, are served directly. {CONVERT}',
            width=width,
            height=height,
            allowed=limit,
        )


def check_bands(count: int) -> None:
    """Raise `ImageRefused` for an image of so many bands that it takes too long to describe them."""
    if count > MAX_BANDS:
        raise ImageRefused(f'The image has {count} bands; up to {MAX_BANDS} are served.')


def check_block(width: int, height: int, bytes_per_pixel: float) -> None:
    """Raise `ImageRefused` for a file whose blocks (tiles or strips, sizes in pixels) each take too much memory."""
    if width * height * bytes_per_pixel > settings.MAX_BLOCK_BYTES:
        raise ImageRefused(
            f'The blocks of the file have {width} × {height} pixels of {bytes_per_pixel:g} bytes; at most '
            f'{settings.MAX_BLOCK_BYTES} bytes are decoded for one.'
        )


def check_plain(path: str, kind: Kind, limit: int) -> None:
    """Check the header of a PNG, JPEG, GIF, WebP, AVIF, BMP or JPEG 2000, before it is decoded as a whole.

    Frames count, too: a GIF of a few bytes can hold thousands. `limit` is that of `check_untiled`. Raises
    `NeedsConversion`, `ImageRefused` and `ImageUnreadable`.
    """
    if kind.name == 'jp2':
        stream = jp2header.check(path)
        size = stream.bytes_per_pixel * WEIGHTS['JPEG2000']
        check_untiled(stream.width, stream.height, limit, stream.bytes_per_pixel)
        check_pyramid(stream.width, stream.height, 1, size)
        return
    if kind.name == 'gif':
        width, height, frames = gifheader.screen(path)
        # Pillow decodes a frame onto the ones before it, in colours.
        _check_frames(width, height, frames, limit, 4)
        return
    try:
        with warnings.catch_warnings():
            # Pillow's own bound warns at 89 and refuses at 179 million pixels; ours is checked just below.
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            with Image.open(path) as image:
                size = len(image.getbands()) * (
                    4 if image.mode in ('I', 'F') else 2 if ';' in image.mode else 1
                )
                _check_frames(image.width, image.height, getattr(image, 'n_frames', 1), limit, size)
    except LargeImageError:
        raise
    except Image.DecompressionBombError:
        raise NeedsConversion() from None
    except Exception as error:
        # Pillow's parsers raise what the broken bytes make them raise, TypeError and struct.error among others.
        raise fault_of(error) or ImageUnreadable() from None


def _check_frames(width: int, height: int, frames: int, limit: int, bytes_per_pixel: int) -> None:
    check_untiled(width, height, limit, bytes_per_pixel)
    if frames > 1 and frames * width * height * bytes_per_pixel > settings.MAX_DECODED_BYTES:
        raise ImageRefused(
            f'The file has {frames} frames of {width} × {height} pixels; up to {settings.MAX_DECODED_BYTES} bytes of '
            'frames are decoded.'
        )


def check_tiff(tiff: Tiff, limit: int, by_block: bool = False) -> float:
    """Check what a TIFF's directories say: its blocks and bands, its XML, and whether it is one of several files.

    Returns the bytes of a pixel of its first image, all samples together.

    A page without tiles is decoded as a whole, unless its smaller versions are there, so `check_untiled` takes it with
    `limit`. With `by_block` it is for a reader that decodes only the blocks that it needs: strips as well as tiles and,
    where the bands are stored apart, those of four bands at most.

    Raises `NeedsConversion`, `ImageRefused` and `ImageUnreadable`.
    """
    has_overviews = any(directory.is_overview for directory in tiff.directories)
    for directory in tiff.directories:
        check_bands(directory.number(tags.SAMPLES))
        check_block(*directory.block, directory.bytes_per_pixel)
        if not (
            directory.number(tags.TILE_WIDTH)
            or directory.is_overview
            or (directory is tiff.first and has_overviews)
            or (by_block and directory.block[1] < directory.number(tags.HEIGHT))
        ):
            width, height = directory.number(tags.WIDTH), directory.number(tags.HEIGHT)
            size = directory.bytes_of_all_samples
            if by_block and directory.number(tags.PLANAR) == 2:
                size = min(size, 4 * directory.bytes_per_pixel)
            check_untiled(width, height, limit, size)
        if directory.description.lstrip()[:1] == b'<':
            check_xml(directory.description)
        if tags.MICROMANAGER in directory.tags or names_other_files(directory.description, tiff.path):
            raise ImageRefused('The TIFF is one of several files; only single files are served.')
    return tiff.first.bytes_of_all_samples


def check_sidecars(path: str, limit: int) -> None:
    """Check the overviews and masks beside an image, which have to be TIFFs; nothing without `SIDECAR_FILES`.

    GDAL opens them with any driver: a text that names another file would do. Raises `ImageRefused`, `NeedsConversion`
    and `ImageUnreadable`.
    """
    for beside in sidecars.with_pixels(path) if settings.SIDECAR_FILES else ():
        try:
            known = sniff(beside).name == 'tiff'
        except ImageUnreadable:
            known = False
        if not known:
            raise ImageRefused('A file of overviews or masks beside the image is no TIFF.')
        check_tiff(Tiff.read(beside), limit, by_block=True)


def check_whole(tiff: Tiff, limit: int) -> None:
    """Check a TIFF for a reader that decodes all of its first image, tiles or not; raises `NeedsConversion`."""
    width, height = tiff.first.number(tags.WIDTH), tiff.first.number(tags.HEIGHT)
    try:
        check_untiled(width, height, limit, tiff.first.bytes_of_all_samples)
    except NeedsConversion:
        if tiff.orientation == 1:
            raise
        raise orientation.needs_conversion(width, height) from None


def check_tile(width: int, height: int) -> None:
    """Raise `ImageRefused` for tiles of so many pixels, if they are answered in the size that they have in the file."""
    if width * height > MAX_TILE_PIXELS:
        raise ImageRefused(
            f'The tiles of the file have {width} × {height} pixels; up to {MAX_TILE_PIXELS} pixels are served.'
        )


def check_pyramid(width: int, height: int, reduction: float, bytes_per_pixel: float = 1) -> None:
    """Raise `NeedsConversion` for an image whose smallest level is too large to be read as a whole.

    `reduction` is how many times shorter the sides of that level are than the image's, 1 without overviews. The bytes
    of a pixel are those that are decoded for it, weighted as in `costs`.
    """
    pixels = width * height / reduction**2
    if pixels > settings.MAX_BASE_PIXELS or pixels * bytes_per_pixel > settings.MAX_DECODED_BYTES:
        raise NeedsConversion(
            f'The image has {width} × {height} pixels and no small overview; a zoomed-out tile would read all of it. '
            + CONVERT,
            width=width,
            height=height,
        )
