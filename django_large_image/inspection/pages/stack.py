"""Stacks: TIFFs of several frames of one size, such as the channels, focal planes and times of a microscope.

A frame is a page of the file, and its smaller versions are the page's sub-images (tag 330). Frames and their order are
those of large-image-source-tifffile 1.35.6: channels change first, then the axes from the last to the first. What is
not sure to be understood here is left to that source.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django_large_image.inspection.pages import ome, scan, tags
from django_large_image.inspection.pages.directory import Directory, SubImage
from django_large_image.inspection.pages.ome import OmeImage

_JPEG = 7
_BLACK_IS_ZERO, _RGB, _YCBCR = 1, 2, 6
#: The tags in which all frames are alike.
_ALIKE = (
    tags.WIDTH, tags.HEIGHT, tags.BITS, tags.COMPRESSION, tags.PHOTOMETRIC,
    tags.SAMPLES, tags.PLANAR, tags.TILE_WIDTH, tags.TILE_HEIGHT, tags.ROWS,
    tags.EXTRA_SAMPLES, tags.SAMPLE_FORMAT, tags.ICC,
)  # fmt: skip
_RESOLUTION = (tags.RESOLUTION_UNIT, tags.X_RESOLUTION, tags.Y_RESOLUTION)
_COMPLEX = {5, 6}
#: The names of images beside the image, in small letters.
_BESIDE = {'label', 'macro', 'thumbnail', 'map'}
#: The shortest and the longest side of an image beside the image, in pixels; those that are smaller are no picture.
_LEAST_BESIDE, _MOST_BESIDE = 64, 8192
#: The most smaller versions of a page that are looked at, and the longest description in JSON.
_MOST_LEVELS, _MOST_JSON = 32, 65_536
#: Descriptions of formats of their own, of which tifffile knows more, and what ScanImage calls itself.
_FORMAT = re.compile(
    rb'<|\xef\xbb\xbf|\[|#|shape=|ImageJ=|SCIFIO=|Aperio|.{0,4000}?\b(images=|state\.)', re.S
)
_SCANIMAGE = b'SI.'


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a stack: frame number f has the index f // stride % count."""

    #: C, Z or T, or what a file calls it; I for pages without names.
    name: str
    stride: int
    count: int


@dataclass(frozen=True, slots=True)
class Stack:
    """The frames of a file."""

    #: By frame: the full resolution, and its smaller versions from the largest on.
    pages: tuple[tuple[SubImage, ...], ...]
    #: Fastest first. Axes of one index are left out.
    axes: tuple[Axis, ...] = ()
    #: The names of the channels, empty without names.
    channels: tuple[str, ...] = ()
    #: Width and height of a pixel in millimetres by the OME-XML, None where it does not say.
    pixel_mm: tuple[float | None, float | None] = (None, None)
    #: The pictures beside it by name.
    associated: tuple[tuple[str, SubImage], ...] = ()
    #: The sizes of a tile of the file, 0 without tiles.
    tile: tuple[int, int] = (0, 0)

    @property
    def channel_count(self) -> int:
        """Return the number of channels, 1 without an axis of them."""
        return next((axis.count for axis in self.axes if axis.name == 'C'), 1)

    def channel(self, frame: int) -> int:
        """Return the channel of a frame, both from 0."""
        # The axis of channels has the stride 1.
        return frame % self.channel_count

    @property
    def tile_size(self) -> tuple[int, int]:
        """Return width and height of tiles as large-image-source-tifffile 1.35.6 has them: the file's, if it has some.

        Otherwise they are 1024 pixels, or 512 for a pyramid, and less for a small image.
        """
        full = self.pages[0][0]
        usual = 1024 if len(self.pages[0]) == 1 else 512
        width, height = (side if 128 <= side <= 2048 else usual for side in self.tile)
        while width // 2 >= full.width and height // 2 >= full.height and min(width, height) // 2 >= 128:
            width, height = width // 2, height // 2
        return width, height


def find(directories: tuple[Directory, ...]) -> Stack | None:
    """Return the stack that a TIFF is, None if it is another kind of file.

    Raises `ImageRefused` for OME-XML that takes too long to parse.
    """
    first, pages = directories[0], [directory for directory in directories if directory.main]
    software = first.tags.get(tags.SOFTWARE, b'')
    if (
        not first.main
        or not _is_read(first)
        or (isinstance(software, bytes) and software.startswith(_SCANIMAGE))
    ):
        return None
    if first.is_placed or any(page.orientation != 1 or page.is_overview for page in pages):
        return None
    if first.is_ome:
        return _ome(directories, pages)
    described = first.text
    others = {page.text for page in pages[1:]} - {b''}
    if described.startswith(b'{'):
        axes = None if others else _stated_axes(described, pages)
    else:
        axes = None if others - {described} or _FORMAT.match(described) else (('I', len(pages)),)
    return None if axes is None else _stack(directories, pages, axes)


def _is_read(page: Directory) -> bool:
    """Return whether the engine shows the colours of a page right."""
    photometric, samples = page.number(tags.PHOTOMETRIC), page.samples
    compression, extra = page.number(tags.COMPRESSION) or 1, page.tags.get(tags.EXTRA_SAMPLES, ())
    if compression not in scan.READ or page.number(tags.SAMPLE_FORMAT) in _COMPLEX or page.has_own_tags:
        return False
    if page.bits not in (8, 16, 32, 64) or len(set(page.tags.get(tags.BITS, (1,)))) > 1:
        return False
    if tags.ICC in page.tags and (page.bits > 8 or samples < 3):
        # A profile of deep or of grey values is another reader's.
        return False
    if photometric == _BLACK_IS_ZERO:
        return samples == 1
    if photometric == _YCBCR:
        return compression == _JPEG and samples == 3
    return photometric == _RGB and (samples == 3 or (samples == 4 and tuple(extra) in ((1,), (2,))))


def _stated_axes(described: bytes, pages: list[Directory]) -> tuple[tuple[str, int], ...] | None:
    """Return axes and sizes, slowest first, that tifffile wrote as JSON into the description; None for other text."""
    page = pages[0]
    inner = {'Y': page.number(tags.HEIGHT), 'X': page.number(tags.WIDTH), 'S': page.samples}
    planes = page.number(tags.PLANAR) == 2
    inside = 'YX' if page.samples < 2 else 'SYX' if planes else 'YXS'
    try:
        stated = json.loads(described if len(described) <= _MOST_JSON else '')
        sizes = [int(size) for size in stated['shape']]
        # Without axes it calls the one of pages Q.
        names = stated.get('axes', 'Q' + inside)
        if stated.get('truncated') or not (isinstance(names, str) and len(names) == len(sizes)):
            return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    outer = [(name, size) for name, size in zip(names, sizes, strict=True) if name not in inner]
    fits = names[len(outer) :] == inside and sizes[len(outer) :] == [inner[name] for name in inside]
    usual = all(name.isascii() and name.isalpha() for name, _ in outer) and len(set(names)) == len(names)
    return tuple(outer) if fits and usual and all(size > 0 for _, size in outer) else None


def _stack(
    directories: tuple[Directory, ...], pages: list[Directory], axes: tuple[tuple[str, int], ...]
) -> Stack | None:
    """Return the stack of pages in the order of axes with their sizes, slowest first; None if they do not fit."""
    first = pages[0]
    if math.prod(size for _, size in axes) != len(pages):
        return None
    by_offset = {directory.offset: directory for directory in directories}
    with_levels = [_with_levels(page, by_offset) for page in pages]
    # Also the blocks of levels: what a tile costs is known from those of the first frame.
    like = [_alike(level) for level in with_levels[0]]
    if any([_alike(level) for level in levels] != like for levels in with_levels[1:]):
        return None
    # Pages come with the last axis fastest, frames with channels first.
    fastest_first = axes[::-1]
    stored = {axis.name: axis for axis in _strided(fastest_first)}
    found = _strided(sorted(fastest_first, key=lambda axis: axis[0] != 'C'))
    numbers = [
        sum(frame // axis.stride % axis.count * stored[axis.name].stride for axis in found)
        for frame in range(len(pages))
    ]
    return Stack(
        tuple(tuple(level.image for level in with_levels[number]) for number in numbers), found,
        tile=(first.number(tags.TILE_WIDTH), first.number(tags.TILE_HEIGHT)),
    )  # fmt: skip


def _strided(axes: Iterable[tuple[str, int]]) -> tuple[Axis, ...]:
    """Return axes with their strides, from names and sizes, fastest first; those of one index are left out."""
    found: list[Axis] = []
    stride = 1
    for name, size in axes:
        if size > 1:
            found.append(Axis(name, stride, size))
            stride *= size
    return tuple(found)


def _alike(directory: Directory) -> list[object]:
    """Return what the directories of all frames have in common."""
    return [directory.tags.get(tag) for tag in _ALIKE]


def _with_levels(page: Directory, by_offset: dict[int, Directory]) -> list[Directory]:
    """Return the directory of a page, and those of its smaller versions."""
    levels = [page]
    for offset in page.tags.get(tags.SUB_IFDS, ())[:_MOST_LEVELS]:
        smaller = by_offset.get(int(offset))
        if smaller is None or not smaller.is_smaller_version_of(page):
            continue
        if smaller.number(tags.COMPRESSION) == page.number(tags.COMPRESSION):
            levels.append(smaller)
    return levels


def _ome(directories: tuple[Directory, ...], pages: list[Directory]) -> Stack | None:
    images = ome.parse(directories[0].description, len(pages))
    if images is None:
        return None
    used = [page for image in images for page in image.pages]
    if len(used) != len(set(used)) or len(used) != len(pages):
        # Pages that no image has, or several: tifffile knows what is beside the image.
        return None
    image = max(images, key=lambda image: len(image.pages) * _values(pages[image.pages[0]]))
    first = pages[image.pages[0]]
    if not _is_read(first) or first.samples != image.samples:
        return None
    beside = [other for other in images if other is not image]
    if any(_is_position(other, image, pages) for other in beside):
        return None
    found = _stack(directories, [pages[page] for page in image.pages], image.axes)
    if found is None:
        return None
    return replace(
        found,
        channels=image.channels if len(image.channels) >= found.channel_count else (),
        pixel_mm=image.pixel_mm,
        associated=_associated(beside, images, pages),
    )


def _values(page: Directory) -> int:
    """Return how many values the pixels of a page have."""
    return page.number(tags.WIDTH) * page.number(tags.HEIGHT) * page.samples


def _is_position(other: OmeImage, image: OmeImage, pages: list[Directory]) -> bool:
    """Return whether another image is a further position of the stage, which only tifffile shows as frames."""
    if other.name.lower() in _BESIDE or (dict(other.axes), other.samples) != (
        dict(image.axes),
        image.samples,
    ):
        return False
    there, here = (pages[which.pages[0]] for which in (other, image))
    return all(there.tags.get(tag) == here.tags.get(tag) for tag in _RESOLUTION)


def _associated(
    beside: list[OmeImage], images: list[OmeImage], pages: list[Directory]
) -> tuple[tuple[str, SubImage], ...]:
    """Return the pictures beside the image by name; a picture has one page, and another number without a name."""
    found: dict[str, SubImage] = {}
    for other in beside:
        page = pages[other.pages[0]]
        longest = max(page.image.width, page.image.height)
        if len(other.pages) > 1 or not _LEAST_BESIDE <= longest <= _MOST_BESIDE or not _is_read(page):
            continue
        name = other.name.lower()
        found.setdefault(name if name and name not in found else f'series_{images.index(other)}', page.image)
    return tuple(sorted(found.items()))
