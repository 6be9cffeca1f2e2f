"""What a file is by its first bytes, and whether it may be opened at all.

GDAL opens text: a file named `.tif` that holds VRT or GDAL_WMS XML makes it read other files and hosts. So the
kind of a file is decided here, by its signature, and each kind has just one GDAL driver and a few readers.
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from xml.etree import ElementTree

from PIL import Image

from django_large_image.access import sidecars
from django_large_image.conf import settings
from django_large_image.exceptions import (
    CONVERT,
    ImageMissing,
    ImageRefused,
    ImageUnreadable,
    LargeImageError,
    NeedsConversion,
    fault_of,
)
from django_large_image.inspection import gifheader, jp2header, orientation, tiffheader
from django_large_image.inspection.costs import WEIGHTS
from django_large_image.inspection.xmlguard import check_xml


@dataclass(frozen=True, slots=True)
class Kind:
    """A file format: its name, GDAL's driver of it, and the sources of large-image that may read it."""

    name: str
    driver: str
    sources: tuple[str, ...]
    #: Whether the format has tiles or resolution levels; one that has none is decoded whole.
    tiled: bool = True


#: The most pixels of a tile of a reader that answers with the file's own.
MAX_TILE_PIXELS = 2**22
#: The most bands of an image.
MAX_BANDS = 4096

_PLAIN = ('rasterio', 'gdal', 'pil')
TIFF = Kind('tiff', 'GTiff', ('rasterio', 'gdal', 'openslide', 'tiff', 'ometiff', 'tifffile', 'pil'))

#: The kinds by the bytes at the start of the file.
SIGNATURES: tuple[tuple[re.Pattern[bytes], Kind], ...] = (
    (re.compile(rb'II[*+]\0|MM\0[*+]', re.S), TIFF),
    (re.compile(rb'\x89PNG\r\n\x1a\n'), Kind('png', 'PNG', _PLAIN, tiled=False)),
    (re.compile(rb'\xff\xd8\xff'), Kind('jpeg', 'JPEG', _PLAIN, tiled=False)),
    (re.compile(rb'GIF8[79]a'), Kind('gif', 'GIF', ('pil',), tiled=False)),
    (re.compile(rb'RIFF....WEBP', re.S), Kind('webp', 'WEBP', _PLAIN, tiled=False)),
    (re.compile(rb'BM'), Kind('bmp', 'BMP', _PLAIN, tiled=False)),
    (re.compile(rb'\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51'), Kind('jp2', 'JP2OpenJPEG', _PLAIN)),
    (re.compile(rb'....ftyp.{0,44}?avi[fs]', re.S), Kind('avif', '', ('pil',), tiled=False)),
    (re.compile(rb'NITF0|NSIF0'), Kind('nitf', 'NITF', ('rasterio', 'gdal'))),
    (re.compile(rb'(UHL1|HDR1|VOL1)'), Kind('dted', 'DTED', ('rasterio', 'gdal'))),
    (re.compile(rb'\s*(ncols|nrows|xllcorner|xllcenter)\s', re.I), Kind('aaigrid', 'AAIGrid', ('rasterio', 'gdal'))),
    (re.compile(rb'ZISRAWFILE'), Kind('czi', '', ('openslide',))),
)  # fmt: skip

#: SRTM's .hgt has no signature: it is known by its name and by its size, of 1201² or 3601² 16-bit heights.
_HGT = Kind('hgt', 'SRTMHGT', ('rasterio', 'gdal'))
_HGT_SIZES = {1201 * 1201 * 2, 3601 * 3601 * 2}


def kind_of(head: bytes, name: str = '', size: int = 0) -> Kind:
    """Return the `Kind` of a file by its first bytes; raises `ImageUnreadable` for anything else."""
    kind = next((kind for pattern, kind in SIGNATURES if pattern.match(head)), None)
    if kind is None:
        if not (re.fullmatch(r'[NS]\d\d[EW]\d{3}\.hgt', name, re.I) and size in _HGT_SIZES):
            raise ImageUnreadable('The file is of no image format that is served.')
        kind = _HGT
    if kind.driver and kind.driver not in settings.DRIVERS:
        raise ImageRefused('Files of this format are not served.')
    return kind


def sniff(path: str) -> Kind:
    """Return the `Kind` of a local file."""
    try:
        with open(path, 'rb') as file:
            head = file.read(64)
            size = file.seek(0, 2)
    except FileNotFoundError:
        raise ImageMissing() from None
    except OSError as error:
        raise fault_of(error) or ImageUnreadable('The image file cannot be accessed.') from None
    if not head:
        raise ImageUnreadable('The image file is empty.')
    return kind_of(head, path.rpartition('/')[2], size)


def check_untiled(width: int, height: int, limit: int, bytes_per_pixel: float = 1) -> None:
    """Raise `NeedsConversion` for an image without tiles that would take too much to be decoded as a whole.

    `limit` is the side of a square of four bytes a pixel that does not; a longer side is no harm where the other one is
    short, and more bytes a pixel are none where the sides are no longer.
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
    """Raise `ImageRefused` for an image of so many bands that to describe them takes too long."""
    if count > MAX_BANDS:
        raise ImageRefused(f'The image has {count} bands; up to {MAX_BANDS} are served.')


def check_block(width: int, height: int, bytes_per_pixel: float) -> None:
    """Raise `ImageRefused` if one compressed block of the file would take too much memory."""
    if width * height * bytes_per_pixel > settings.MAX_BLOCK_BYTES:
        raise ImageRefused(
            f'The blocks of the file have {width} × {height} pixels of {bytes_per_pixel:g} bytes; at most '
            f'{settings.MAX_BLOCK_BYTES} bytes are decoded for one.'
        )


def check_plain(path: str, kind: Kind, limit: int) -> None:
    """Check a PNG, JPEG, GIF, WebP, AVIF, BMP or JPEG 2000 by its header, before anything of it is decoded as a whole.

    Raises `NeedsConversion`, `ImageRefused` and `ImageUnreadable`. Frames count too: a GIF of a few bytes can hold
    thousands.
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


def check_tiff(path: str, limit: int, by_block: bool = False) -> float:
    """Check the layout of a TIFF: its directories, its blocks, its XML, and the files it refers to.

    Returns the bytes of a pixel of its first image.

    With `by_block` it is for a reader that decodes only the wanted blocks, of the wanted ones of bands that are stored
    apart: to that strips are blocks like tiles.
    Raises `NeedsConversion`, `ImageRefused` and `ImageUnreadable`.
    """
    directories = tiffheader.directories(path)
    first = directories[0]
    pyramid = any(directory.is_overview for directory in directories)
    for directory in directories:
        check_bands(directory.number(tiffheader.SAMPLES))
        check_block(*directory.block, directory.bytes_per_pixel)
        # A page without tiles is decoded as a whole, unless its smaller versions are there.
        if not (
            directory.number(tiffheader.TILE_WIDTH)
            or directory.is_overview
            or (directory is first and pyramid)
            or (by_block and directory.block[1] < directory.number(tiffheader.HEIGHT))
        ):
            width, height = directory.number(tiffheader.WIDTH), directory.number(tiffheader.HEIGHT)
            size = directory.bytes_of_all_samples
            if by_block and directory.number(tiffheader.PLANAR) == 2:
                size = min(size, 4 * directory.bytes_per_pixel)
            check_untiled(width, height, limit, size)
        described = directory.tags.get(tiffheader.DESCRIPTION, b'')
        if isinstance(described, bytes) and described.lstrip()[:1] == b'<':
            check_xml(described)
        if tiffheader.MICROMANAGER in directory.tags or _names_other_files(described, path):
            raise ImageRefused('The TIFF is one of several files; only single files are served.')
    return first.bytes_of_all_samples


def check_sidecars(path: str, limit: int) -> None:
    """Check the overviews and masks beside an image, which have to be TIFFs.

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
        check_tiff(beside, limit, by_block=True)


def check_whole(path: str, limit: int) -> None:
    """Check a TIFF for a reader that decodes all of its first image, tiles or not; raises `NeedsConversion`."""
    first = tiffheader.directories(path)[0]
    width, height = first.number(tiffheader.WIDTH), first.number(tiffheader.HEIGHT)
    try:
        check_untiled(width, height, limit, first.bytes_of_all_samples)
    except NeedsConversion:
        if orientation.orientation(path, 'tiff') == 1:
            raise
        raise orientation.needs_conversion(width, height) from None


def check_tile(width: int, height: int) -> None:
    """Raise `ImageRefused` for an image whose own tiles, which are answered as they are, are very large pictures."""
    if width * height > MAX_TILE_PIXELS:
        raise ImageRefused(
            f'The tiles of the file have {width} × {height} pixels; up to {MAX_TILE_PIXELS} pixels are served.'
        )


def check_pyramid(width: int, height: int, reduction: float, bytes_per_pixel: float = 1) -> None:
    """Raise `NeedsConversion` if even the smallest level of an image is too large to be read as a whole.

    `reduction` is how many times smaller than the image that level is, 1 if there are no overviews. The bytes of a
    pixel are those that are decoded for it, weighted by `costs`.
    """
    pixels = width * height / reduction**2
    if pixels > settings.MAX_BASE_PIXELS or pixels * bytes_per_pixel > settings.MAX_DECODED_BYTES:
        raise NeedsConversion(
            f'The image has {width} × {height} pixels and no small overview; a zoomed-out tile would read all of it. '
            + CONVERT,
            width=width,
            height=height,
        )


def _names_other_files(description: object, path: str) -> bool:
    """Return whether an OME-TIFF's XML names other files, which tifffile 2026.3.3 would open and show.

    It opens each file whose UUID is not the XML's own, by whatever relative path the XML gives.
    """
    if isinstance(description, bytes):
        description = description.decode('utf-8', 'replace')
    if not isinstance(description, str):
        return False
    description = description.strip('\0 \r\n\t')
    if not description.endswith('OME>'):
        return False
    try:
        root = ElementTree.fromstring(description)  # noqa: S314 - expat bounds the expansion of entities
    except (ElementTree.ParseError, ValueError):
        return True  # another parser may be more lenient
    own = root.get('UUID')
    for element in root.iter():
        if element.tag.endswith('BinaryOnly'):
            return True
        if element.tag.endswith('UUID') and element.text != own:
            named = element.get('FileName', '').lower()
            if own is not None or named != os.path.basename(path).lower():
                return True
    return False
