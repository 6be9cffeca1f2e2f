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

from django_large_image.conf import settings
from django_large_image.exceptions import (
    ImageMissing,
    ImageRefused,
    ImageUnreadable,
    LargeImageError,
    NeedsConversion,
    fault_of,
)
from django_large_image.sources import tiffheader


@dataclass(frozen=True, slots=True)
class Kind:
    """A file format: its name, GDAL's driver of it, and the sources of large-image that may read it."""

    name: str
    driver: str
    sources: tuple[str, ...]
    #: Whether the format has tiles or resolution levels; one that has none is decoded whole.
    tiled: bool = True


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


def check_untiled(width: int, height: int, limit: int) -> None:
    """Raise `NeedsConversion` for an image without tiles that is larger than `limit` pixels a side."""
    if max(width, height) > limit:
        raise NeedsConversion(
            f'The image has {width} × {height} pixels and neither tiles nor overviews; up to {limit} pixels a side '
            'are served directly. Convert it to a tiled, pyramidal TIFF.',
            width=width,
            height=height,
            allowed=limit,
        )


def check_block(width: int, height: int, bytes_per_pixel: int) -> None:
    """Raise `ImageRefused` if one compressed block of the file would take too much memory."""
    if width * height * bytes_per_pixel > settings.MAX_BLOCK_BYTES:
        raise ImageRefused('The blocks of the file are too large to be decoded.')


def check_plain(path: str, limit: int) -> None:
    """Check a PNG, JPEG, GIF, WebP or BMP by its header, before anything of it is decoded.

    Raises `NeedsConversion` and `ImageUnreadable`. Frames count too: a GIF of a few bytes can hold thousands.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Pillow's own bound warns at 89 and refuses at 179 million pixels; ours is checked just below.
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            with Image.open(path) as image:
                check_untiled(image.width, image.height, limit)
                frames = getattr(image, 'n_frames', 1)
                if frames * image.width * image.height > 16 * limit * limit:
                    raise ImageRefused('The frames of the file are too many to be decoded.')
    except LargeImageError:
        raise
    except Image.DecompressionBombError:
        raise NeedsConversion() from None
    except Exception as error:
        # Pillow's parsers raise what the broken bytes make them raise, TypeError and struct.error among others.
        raise fault_of(error) or ImageUnreadable() from None


def check_tiff(path: str, limit: int) -> None:
    """Check the layout of a TIFF: its directories, its blocks, and the files it refers to.

    Raises `NeedsConversion`, `ImageRefused` and `ImageUnreadable`.
    """
    directories = tiffheader.directories(path)
    first = directories[0]
    if not first.number(tiffheader.TILE_WIDTH) and not any(
        directory.is_overview for directory in directories
    ):
        check_untiled(first.number(tiffheader.WIDTH), first.number(tiffheader.HEIGHT), limit)
    for directory in directories:
        check_block(*directory.block, directory.bytes_per_pixel)
        if tiffheader.MICROMANAGER in directory.tags or _names_other_files(
            directory.tags.get(tiffheader.DESCRIPTION), path
        ):
            raise ImageRefused('The TIFF is one of several files; only single files are served.')


def check_pyramid(width: int, height: int, reduction: float) -> None:
    """Raise `NeedsConversion` if even the smallest level of an image is too large to be read as a whole.

    `reduction` is how many times smaller than the image that level is, 1 if there are no overviews.
    """
    if width * height / reduction**2 > settings.MAX_BASE_PIXELS:
        raise NeedsConversion(
            f'The image has {width} × {height} pixels and no small overview; a zoomed-out tile would read all of it. '
            'Convert it to a pyramidal TIFF.',
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
