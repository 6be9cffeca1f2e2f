"""Which reader takes a TIFF: decided by what its directories say, not by the order in which readers are tried.

A file of one image, with or without smaller versions and a mask, is read by rasterio (GDAL 3.10): it knows white as
zero, colour tables, 1, 2, 4 and 12 bits, and CMYK and YCbCr, which large-image-source-tifffile 1.35.6 shows as they are
stored. Files of several images, and those of whose descriptions GDAL reads too little, go to large-image's readers.
"""

from __future__ import annotations

import re

from django_large_image.inspection import tiffheader
from django_large_image.inspection.tiffheader import Directory

#: White is zero, black is zero, RGB, palette, CMYK, YCbCr.
_PLAIN = {0, 1, 2, 3, 5, 6}
LAB, _CMYK = 8, 5
#: The bit of NewSubfileType that says that a directory is a mask of another one.
_MASK = 4
#: Descriptions of files of which other readers know more: scanners', OME and other XML, stacks in one directory.
_DESCRIBED = re.compile(rb'Aperio|\xef\xbb\xbf|<|.{0,4000}?(\bimages=(?!1\b)|"truncated": true)', re.S)


def single_image(directories: list[Directory]) -> bool:
    """Return whether a TIFF is one image, with or without smaller versions of it and masks."""
    images = [
        directory
        for directory in directories
        if directory.main and not directory.is_overview and not directory.number(tiffheader.SUBFILE) & _MASK
    ]
    if len(images) != 1 or not directories[0].main:
        return False
    described = images[0].tags.get(tiffheader.DESCRIPTION, b'')
    return not (isinstance(described, bytes) and _DESCRIBED.match(described.lstrip()))


def reader(path: str) -> str | None:
    """Return the source that reads a local TIFF right if it is a plain picture, None if others have to be asked."""
    directories = tiffheader.directories(path)
    if not single_image(directories):
        return None
    photometric = directories[0].number(tiffheader.PHOTOMETRIC)
    deep = max(directories[0].tags.get(tiffheader.BITS) or (1,)) > 8
    if photometric == LAB or (photometric == _CMYK and deep):
        # Of CIELab libtiff makes the colours of a monitor of its own, 13 levels off, and of 16-bit CMYK none.
        return 'pil'
    return 'rasterio' if photometric in _PLAIN else None


def sub_images(path: str) -> list[tuple[int, int, int]]:
    """Return width, height and place of the smaller versions of the only image of a TIFF that are in its sub-images.

    libvips (`subifd`), tifffile and Bio-Formats put a pyramid there, where GDAL 3.10 sees no overviews. Those that
    differ from the image in anything but size are left out.
    """
    directories = tiffheader.directories(path)
    if not single_image(directories):
        return []
    first, found = directories[0], []
    alike = (tiffheader.BITS, tiffheader.SAMPLES, tiffheader.PHOTOMETRIC, tiffheader.PLANAR)
    named = set(first.tags.get(tiffheader.SUB_IFDS, ()))
    for directory in directories:
        width, height = directory.number(tiffheader.WIDTH), directory.number(tiffheader.HEIGHT)
        if (
            directory.offset in named
            and 0 < width < first.number(tiffheader.WIDTH)
            and 0 < height <= first.number(tiffheader.HEIGHT)
            and all(directory.tags.get(tag) == first.tags.get(tag) for tag in alike)
        ):
            found.append((width, height, directory.offset))
    return found
