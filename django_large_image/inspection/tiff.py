"""What the directories of a TIFF say of it, and so which reader takes it.

That is decided here, not by the order in which readers are tried. A file of one image, with or without smaller versions
and a mask, is read by rasterio (GDAL 3.10): it knows white as zero, colour tables, 1, 2, 4 and 12 bits, and CMYK and
YCbCr, which large-image-source-tifffile 1.35.6 shows as they are stored. Files of several images, and those of whose
descriptions GDAL reads too little, go to large-image's readers.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from django_large_image.inspection import tiffheader
from django_large_image.inspection.pages import scan, stack, tags
from django_large_image.inspection.pages.directory import Directory, SubImage
from django_large_image.inspection.pages.scan import Scan
from django_large_image.inspection.pages.stack import Stack

#: PhotometricInterpretation: white is zero, black is zero, RGB, palette, CMYK, YCbCr.
_PLAIN = {0, 1, 2, 3, 5, 6}
_LAB, _CMYK = 8, 5
#: The bit of NewSubfileType that says that a directory is a mask of another one.
_MASK = 4
#: Descriptions of files of which other readers know more: scanners', OME and other XML, stacks in one directory.
_DESCRIBED = re.compile(rb'Aperio|\xef\xbb\xbf|<|.{0,4000}?(\bimages=(?!1\b)|"truncated": true)', re.S)


@dataclass(frozen=True)
class Tiff:
    """The directories of one version of a local TIFF, read once and passed on to all who ask something of them."""

    path: str
    #: The first one is the file's; those of sub-images and of EXIF are among the others.
    directories: tuple[Directory, ...]

    @classmethod
    def read(cls, path: str) -> Tiff:
        """Read the directories of a local file; raises `ImageMissing`, `ImageUnreadable` and `ImageRefused`."""
        return cls(path, tiffheader.read(path))

    @property
    def first(self) -> Directory:
        """Return the first directory."""
        return self.directories[0]

    @property
    def orientation(self) -> int:
        """Return how the first image is turned, 1 to 8; 1 for one that says where on earth it is, or says nothing."""
        return self.first.orientation

    @property
    def is_ome(self) -> bool:
        """Return whether the first image is described by OME-XML."""
        return self.first.is_ome

    @functools.cached_property
    def has_one_image(self) -> bool:
        """Return whether the file is one image, with or without smaller versions of it and masks."""
        images = [
            directory
            for directory in self.directories
            if directory.main and not directory.is_overview and not directory.number(tags.SUBFILE) & _MASK
        ]
        return len(images) == 1 and self.first.main and not _DESCRIBED.match(images[0].description.lstrip())

    @functools.cached_property
    def scan(self) -> Scan | None:
        """Return the pyramid of pages that the file is, None if it is another kind of file."""
        return None if self.has_one_image else scan.find(self.directories)

    @functools.cached_property
    def stack(self) -> Stack | None:
        """Return the frames of the file, None if it is another kind of file; raises `ImageRefused`."""
        return None if self.has_one_image or self.scan is not None else stack.find(self.directories)

    @property
    def reader(self) -> str | None:
        """Return the source that reads the file right if that is known from its tags, None if others have to be asked.

        Raises `ImageRefused` for XML that takes too long to parse.
        """
        if self.scan is not None or self.stack is not None:
            return 'rasterio'
        if not self.has_one_image:
            return None
        photometric = self.first.number(tags.PHOTOMETRIC)
        if photometric == _LAB or (photometric == _CMYK and self.first.bits > 8):
            # Of CIELab libtiff makes the colours of a monitor of its own, 13 levels off, and of 16-bit CMYK none.
            return 'pil'
        return 'rasterio' if photometric in _PLAIN else None

    @property
    def sub_images(self) -> list[SubImage]:
        """Return the smaller versions of the only image that are in its sub-images (tag 330).

        libvips (`subifd`), tifffile and Bio-Formats put a pyramid there, where GDAL 3.10 sees no overviews. Those that
        differ from the image in anything but size are left out.
        """
        if self.scan is not None:
            return list(self.scan.levels)
        if self.stack is not None:
            return list(self.stack.pages[0][1:])
        if not self.has_one_image:
            return []
        named = set(self.first.tags.get(tags.SUB_IFDS, ()))
        return [
            directory.image
            for directory in self.directories
            if directory.offset in named and directory.is_smaller_version_of(self.first)
        ]

    def visits(self) -> int:
        """Return how many directories a reader comes by that follows every pointer, however often it meets one."""
        counts: dict[int, int] = {}
        for directory in tiffheader.behind_what_they_lead_to(self.directories):
            counts[directory.offset] = 1 + sum(counts[offset] for offset in directory.leads_to)
        return counts[self.first.offset]

    def value_bytes(self) -> int:
        """Return the bytes of the values of all tags; those that several tags share count for each of them."""
        return sum(directory.value_bytes for directory in self.directories)
