"""What format a file is in, by its first bytes.

GDAL opens text: a file named `.tif` that holds VRT or GDAL_WMS XML makes it read other files and hosts. So the format
is decided here, by the signature, and each format has one driver of GDAL and a few sources of large-image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django_large_image.conf import settings
from django_large_image.exceptions import ImageMissing, ImageRefused, ImageUnreadable, fault_of


@dataclass(frozen=True, slots=True)
class Kind:
    """A file format: its name, GDAL's driver of it (empty if there is none), and the sources that may read it."""

    name: str
    driver: str
    #: large-image's names of its sources.
    sources: tuple[str, ...]
    #: Whether the format has tiles or resolution levels; one that has none is decoded whole.
    tiled: bool = True


_PLAIN = ('rasterio', 'gdal', 'pil')
_GDAL = ('rasterio', 'gdal')
TIFF = Kind('tiff', 'GTiff', ('rasterio', 'gdal', 'openslide', 'tiff', 'ometiff', 'tifffile', 'pil'))

#: The formats by what their files start with.
SIGNATURES: tuple[tuple[re.Pattern[bytes], Kind], ...] = (
    (re.compile(rb'II[*+]\0|MM\0[*+]', re.S), TIFF),
    (re.compile(rb'\x89PNG\r\n\x1a\n'), Kind('png', 'PNG', _PLAIN, tiled=False)),
    (re.compile(rb'\xff\xd8\xff'), Kind('jpeg', 'JPEG', _PLAIN, tiled=False)),
    (re.compile(rb'GIF8[79]a'), Kind('gif', 'GIF', ('pil',), tiled=False)),
    (re.compile(rb'RIFF....WEBP', re.S), Kind('webp', 'WEBP', _PLAIN, tiled=False)),
    (re.compile(rb'BM'), Kind('bmp', 'BMP', _PLAIN, tiled=False)),
    (re.compile(rb'\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51'), Kind('jp2', 'JP2OpenJPEG', _PLAIN)),
    (re.compile(rb'....ftyp.{0,44}?avi[fs]', re.S), Kind('avif', '', ('pil',), tiled=False)),
    (re.compile(rb'NITF0|NSIF0'), Kind('nitf', 'NITF', _GDAL)),
    (re.compile(rb'(UHL1|HDR1|VOL1)'), Kind('dted', 'DTED', _GDAL)),
    (re.compile(rb'\s*(ncols|nrows|xllcorner|xllcenter)\s', re.I), Kind('aaigrid', 'AAIGrid', _GDAL)),
    (re.compile(rb'ZISRAWFILE'), Kind('czi', '', ('openslide',))),
)  # fmt: skip

#: SRTM's .hgt has no signature: it is known by its name and by its size, of 1201² or 3601² heights of 16 bits.
_HGT = Kind('hgt', 'SRTMHGT', _GDAL)
_HGT_NAME = re.compile(r'[NS]\d\d[EW]\d{3}\.hgt', re.I)
_HGT_SIZES = {1201 * 1201 * 2, 3601 * 3601 * 2}
#: The bytes that the signatures look at, at most.
_HEAD_BYTES = 64


def kind_of(head: bytes, name: str = '', size: int = 0) -> Kind:
    """Return the `Kind` of a file by its first bytes, and of SRTM's by its name and its size in bytes.

    Raises `ImageUnreadable` for any other format, and `ImageRefused` for one that the setting `DRIVERS` leaves out.
    """
    kind = next((kind for signature, kind in SIGNATURES if signature.match(head)), None)
    if kind is None:
        if not (_HGT_NAME.fullmatch(name) and size in _HGT_SIZES):
            raise ImageUnreadable('The file is of no image format that is served.')
        kind = _HGT
    if kind.driver and kind.driver not in settings.DRIVERS:
        raise ImageRefused('Files of this format are not served.')
    return kind


def sniff(path: str) -> Kind:
    """Return the `Kind` of a local file.

    Raises `ImageMissing`, `ImageUnreadable` and `ImageRefused`.
    """
    try:
        with open(path, 'rb') as file:
            head = file.read(_HEAD_BYTES)
            size = file.seek(0, 2)
    except FileNotFoundError:
        raise ImageMissing() from None
    except OSError as error:
        raise fault_of(error) or ImageUnreadable('The image file cannot be accessed.') from None
    if not head:
        raise ImageUnreadable('The image file is empty.')
    return kind_of(head, path.rpartition('/')[2], size)
