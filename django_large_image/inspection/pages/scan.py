"""Scans in TIFFs: whole-slide images whose levels and whose pictures of the slide are pages of the file.

Aperio's SVS (https://openslide.org/formats/aperio/) has the image first, a thumbnail, the levels, and pictures of the
label and of the whole slide. Programs that flag nothing write a pyramid as pages, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django_large_image.inspection.pages import tags
from django_large_image.inspection.pages.directory import Directory, SubImage

#: Compressions that GDAL reads: none, LZW, JPEG, deflate, PackBits, ZSTD, WebP. JPEG 2000 of scanners is OpenSlide's.
READ = {1, 5, 7, 8, 32946, 32773, 50000, 50001}
#: PhotometricInterpretation: black is zero, RGB, YCbCr.
_COLOURS = {1, 2, 6}
_APERIO = b'Aperio'
#: What Aperio's description says of the microscope: `AppMag = 20`, and `MPP = 0.499` micrometres a pixel.
_STATED = re.compile(rb'\|\s*(AppMag|MPP)\s*=\s*(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\s*(?=\||\Z|\0|\s)')
#: The most pixels of a picture beside the image.
_MOST_BESIDE = 2**24


@dataclass(frozen=True, slots=True)
class Scan:
    """A pyramid of pages, and the pictures beside it."""

    #: The smaller versions of the image.
    levels: tuple[SubImage, ...]
    #: The pictures beside it by name: thumbnail, label, macro.
    associated: tuple[tuple[str, SubImage], ...] = ()
    #: The magnification of the objective, and the size of a pixel in millimetres; None where nobody says it.
    magnification: float | None = None
    pixel_mm: float | None = None


def find(directories: tuple[Directory, ...]) -> Scan | None:
    """Return the scan that a TIFF is, None if it is another kind of file."""
    first = directories[0]
    if not (_is_tiled(first) and first.main and not first.is_overview and _is_read(first)):
        return None
    if first.is_placed or first.orientation != 1:
        return None
    aperio = first.description.startswith(_APERIO)
    if first.description and not aperio:
        # Somebody's own format, or text of which other readers know more.
        return None
    levels: list[SubImage] = []
    beside: list[tuple[str, SubImage]] = []
    for directory in directories[1:]:
        page = directory.image
        if _is_level(directory, first):
            levels.append(page)
        elif not directory.main:
            # What tags point to, such as those of EXIF, is no page.
            continue
        elif aperio and not _is_tiled(directory) and page.width * page.height <= _MOST_BESIDE:
            beside.append((_name(directory, len(beside)), page))
        else:
            return None
    if not (levels or aperio):
        return None
    stated = {name: float(value) for name, value in _STATED.findall(first.description[:4096])}
    pixel = stated.get(b'MPP')
    return Scan(tuple(levels), tuple(beside), stated.get(b'AppMag'), None if not pixel else pixel / 1000)


def _is_tiled(directory: Directory) -> bool:
    return bool(directory.number(tags.TILE_WIDTH))


def _is_read(directory: Directory) -> bool:
    return (
        directory.number(tags.PHOTOMETRIC) in _COLOURS
        and directory.number(tags.COMPRESSION) in READ
        and directory.bits == 8
        and directory.samples in (1, 3)
        and (directory.samples == 1 or directory.number(tags.PLANAR) != 2)
    )


def _is_level(directory: Directory, image: Directory) -> bool:
    """Return whether a directory is the image, made smaller by a whole number but for less than a pixel."""
    if not (_is_tiled(directory) and directory.is_smaller_version_of(image)):
        return False
    if directory.number(tags.COMPRESSION) != image.number(tags.COMPRESSION):
        return False
    small, full = directory.image, image.image
    factor = round(full.width / small.width)
    return (
        abs(small.width * factor - full.width) < factor and abs(small.height * factor - full.height) < factor
    )


def _name(directory: Directory, number: int) -> str:
    """Return the name of a picture: by the second line of its description, or by its place among them."""
    word = directory.description.partition(b'\n')[2].split(b' ', 1)[0].strip(b'\r\0')
    if word in (b'label', b'macro'):
        return word.decode()
    return 'thumbnail' if number == 0 else f'picture {number}'
