"""The directories of a TIFF, read with bounded work, before any library walks them.

A directory may name itself or one that led to it, and there may be very many: tifftools 1.7 and large-image's tiff
source 1.35.6 then never end. Two directories may well lead to the same third one: of the levels of a pyramid each is
named by tag 330 and by the level before, in the files of tifffile. A pointer that leads to nothing ends a chain, as in
every reader. Format: TIFF 6.0, section 2, and https://www.awaresystems.be/imaging/tiff/bigtiff.html
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django_large_image.conf import settings
from django_large_image.exceptions import ImageMissing, ImageRefused, ImageUnreadable, fault_of

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
DESCRIPTION, ORIENTATION, SAMPLES, ROWS = 270, 274, 277, 278
PLANAR, TILE_WIDTH, TILE_HEIGHT, SUB_IFDS, EXIF, MICROMANAGER = 284, 322, 323, 330, 34665, 51123

#: The tags that are read, with the most values of each.
_WANTED = {
    SUBFILE: 1, WIDTH: 1, HEIGHT: 1, BITS: 64, COMPRESSION: 1, DESCRIPTION: 1 << 24, SAMPLES: 1, ROWS: 1, PLANAR: 1,
    TILE_WIDTH: 1, TILE_HEIGHT: 1, SUB_IFDS: 4096, EXIF: 1, MICROMANAGER: 1, PHOTOMETRIC: 1,
}  # fmt: skip
#: The tags that say where on earth an image is: tie points, a transformation, and the keys of GeoTIFF.
_GEOREFERENCE = {33922: 1, 34264: 1, 34735: 1}
#: The most bytes of all descriptions together.
MAX_DESCRIBED = 16 * 2**20
#: The most tags of all directories together.
MAX_TAGS = 524_288
#: struct codes by TIFF's number of a type; others are read as bytes.
_TYPES = {1: 'B', 2: 's', 3: 'H', 4: 'I', 7: 'B', 9: 'i', 13: 'I', 16: 'Q', 17: 'q', 18: 'Q'}
#: The bytes of a value by TIFF's number of its type, where it is not one.
_SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: the values of the tags that matter here, and whether it is one of the main chain."""

    tags: dict[int, tuple[int, ...] | bytes]
    main: bool
    #: The bytes of the values of all its tags.
    value_bytes: int = 0
    #: Its place in the file.
    offset: int = 0

    def number(self, tag: int) -> int:
        """Return the first value of a tag, 0 if there is none."""
        values = self.tags.get(tag)
        return int(values[0]) if values else 0

    @property
    def block(self) -> tuple[int, int]:
        """Return the width and height of a tile or strip."""
        if self.number(TILE_WIDTH):
            return self.number(TILE_WIDTH), self.number(TILE_HEIGHT)
        return self.number(WIDTH), min(self.number(HEIGHT), self.number(ROWS) or self.number(HEIGHT))

    @property
    def is_overview(self) -> bool:
        """Return whether this is a smaller version of another directory (bit 0 of NewSubfileType)."""
        return bool(self.number(SUBFILE) & 1)

    @property
    def bytes_per_pixel(self) -> int:
        """Return the bytes of one pixel in a block: with all its samples, unless each has blocks of its own."""
        samples = 1 if self.number(PLANAR) == 2 else self.number(SAMPLES) or 1
        return max(1, samples * max(self.tags.get(BITS) or (1,)) // 8)

    @property
    def bytes_of_all_samples(self) -> float:
        """Return the bytes of one pixel with all its samples, also of those that have blocks of their own."""
        return self.nbytes / max(1, self.number(WIDTH) * self.number(HEIGHT))

    @property
    def nbytes(self) -> int:
        """Return the bytes of all its pixels and samples when they are decoded."""
        samples = self.number(SAMPLES) or 1
        return (
            self.number(WIDTH) * self.number(HEIGHT) * max(1, samples * max(self.tags.get(BITS) or (1,)) // 8)
        )


def directories(path: str) -> list[Directory]:
    """Return every directory of a TIFF, those of sub-images included.

    Raises `ImageUnreadable` where the first one cannot be read, and `ImageRefused` for directories that lead back to
    themselves and for more than `MAX_DIRECTORIES`.
    """
    return [node.directory for node in _nodes(path)]


def visits(path: str) -> int:
    """Return how many directories a reader finds that follows every pointer, those that it finds again included."""
    nodes = _nodes(path)
    counts: dict[int, int] = {}
    # What a directory leads to comes before it in this order, as there are no loops.
    for node in _after_what_they_lead_to(nodes):
        counts[node.offset] = 1 + sum(counts[offset] for offset in node.leads_to)
    return counts[nodes[0].offset]


def value_bytes(path: str) -> int:
    """Return the bytes of all values of all tags, several tags' values in one place counted for each."""
    return sum(node.directory.value_bytes for node in _nodes(path))


def is_ome(path: str) -> bool:
    """Return whether the TIFF's first directory is described by OME-XML."""
    description = directories(path)[0].tags.get(DESCRIPTION)
    return isinstance(description, bytes) and description.rstrip(b'\0 \r\n\t').endswith(b'OME>')


def orientation(path: str) -> int:
    """Return how the first image is turned, 1 to 8; 1 for one that says where on earth it is, or says nothing."""
    try:
        with open(path, 'rb') as file:
            order, big, first = _start(file)
            tags = _read(file, first, order, big, wanted={ORIENTATION: 1, **_GEOREFERENCE})[2]
    except (OSError, struct.error, OverflowError, ImageUnreadable):
        return 1
    found = 1 if tags.keys() & _GEOREFERENCE.keys() else int(next(iter(tags.get(ORIENTATION) or (1,))))
    return found if 1 <= found <= 8 else 1


@dataclass(slots=True)
class _Node:
    """A directory, where it is, and the places of those that it leads to."""

    offset: int
    directory: Directory
    leads_to: list[int]


def _nodes(path: str) -> list[_Node]:
    try:
        with open(path, 'rb') as file:
            nodes = list(_walk(file))
    except FileNotFoundError:
        raise ImageMissing() from None
    except (OSError, struct.error, OverflowError) as error:
        raise fault_of(error) or ImageUnreadable('The directories of the TIFF cannot be read.') from None
    there = {node.offset for node in nodes}
    for node in nodes:
        node.leads_to = [offset for offset in node.leads_to if offset in there]
    if len(_after_what_they_lead_to(nodes)) < len(nodes):
        raise ImageRefused('The directories of the TIFF form a loop.')
    return nodes


def _after_what_they_lead_to(nodes: list[_Node]) -> list[_Node]:
    """Return directories each behind all that it leads to; those that lead to themselves in the end are left out."""
    by_offset = {node.offset: node for node in nodes}
    waiting = {node.offset: len(node.leads_to) for node in nodes}
    led_by: dict[int, list[int]] = {}
    for node in nodes:
        for offset in node.leads_to:
            led_by.setdefault(offset, []).append(node.offset)
    ready = [offset for offset, count in waiting.items() if not count]
    found = []
    while ready:
        offset = ready.pop()
        found.append(by_offset[offset])
        for other in led_by.get(offset, ()):
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return found


def _start(file: IO[bytes]) -> tuple[str, bool, int]:
    """Return struct's code of the order of bytes, whether it is a BigTIFF, and the place of the first directory."""
    head = file.read(16)
    order = '<' if head[:2] == b'II' else '>'
    big = struct.unpack_from(order + 'H', head, 2)[0] == 43
    return order, big, int(struct.unpack_from(order + ('Q' if big else 'I'), head, 8 if big else 4)[0])


def _walk(file: IO[bytes]) -> Iterator[_Node]:
    order, big, first = _start(file)
    size = os.fstat(file.fileno()).st_size
    # Directories to read: the offset, whether it is in the main chain, and whether it is one of Exif.
    waiting, seen = [(first, True, False)], set()
    described = tagged = 0
    while waiting:
        offset, main, about = waiting.pop()
        if not offset or offset in seen:
            continue
        seen.add(offset)
        if len(seen) > settings.MAX_DIRECTORIES:
            raise ImageRefused(f'The TIFF has more than {settings.MAX_DIRECTORIES} directories.')
        try:
            if offset >= size:
                raise ImageUnreadable('The TIFF is cut off.')
            count, values, tags, following = _read(file, offset, order, big, not about)
        except (struct.error, OverflowError, ImageUnreadable):
            if offset == first:
                raise
            continue
        # Directories may share one text, so that a small file says very much.
        described += len(tags.get(DESCRIPTION, ()))
        tagged += count
        if described > MAX_DESCRIBED or tagged > MAX_TAGS:
            raise ImageRefused('The descriptions in the TIFF are too long, or its tags too many.')
        images = [int(inner) for inner in tags.get(SUB_IFDS, ())]
        exif = [int(inner) for inner in tags.get(EXIF, ())]
        # What Exif's pointer leads to is no image. In files whose program did not know the tag it leads to anything.
        shown = {} if about else tags
        yield _Node(offset, Directory(shown, main, values, offset), [*images, *exif, following])
        # The last one is read first: those of the main chain in their order.
        waiting += [(inner, False, about) for inner in images] + [(inner, False, True) for inner in exif]
        waiting.append((following, main, about))


def _read(
    file: IO[bytes], offset: int, order: str, big: bool, image: bool = True, wanted: dict[int, int] = _WANTED
) -> tuple[int, int, dict[int, tuple[int, ...] | bytes], int]:
    """Return how many tags a directory has and the bytes of their values, those wanted, and the next one's place."""
    file.seek(offset)
    count = struct.unpack(order + ('Q' if big else 'H'), file.read(8 if big else 2))[0]
    if count > 65_535:
        raise ImageUnreadable('A directory of the TIFF has too many tags.')
    entry = struct.Struct(order + ('HHQ8s' if big else 'HHI4s'))
    link = struct.Struct(order + ('Q' if big else 'I'))
    block = file.read(count * entry.size + link.size)
    tags: dict[int, tuple[int, ...] | bytes] = {}
    size = 0
    for index in range(count):
        tag, kind, number, inline = entry.unpack_from(block, index * entry.size)
        size += number * _SIZES.get(kind, 1)
        if image and tag == DESCRIPTION and (tag in tags or number > wanted.get(tag, number)):
            # Readers differ in which of two they take, and in how much of a long one they read.
            raise ImageRefused('A directory of the TIFF has two descriptions, or one that is too long.')
        if tag in wanted and tag not in tags:
            # Text stays bytes, whatever type it claims to have: as numbers it takes thirty times the memory.
            kind = 2 if tag == DESCRIPTION else kind
            try:
                tags[tag] = _values(file, order, link, kind, min(number, wanted[tag]), inline)
            except (struct.error, OverflowError):
                # It points to nothing, so it says nothing; of pixels the most is assumed.
                tags |= {BITS: (64,)} if tag == BITS else {}
    # Some writers end the file with the last tag.
    following = (
        link.unpack_from(block, count * entry.size)[0] if len(block) >= count * entry.size + link.size else 0
    )
    return count, size, tags, int(following)


def _values(
    file: IO[bytes], order: str, link: struct.Struct, kind: int, number: int, inline: bytes
) -> tuple[int, ...] | bytes:
    code = _TYPES.get(kind, 'B')
    length = number * struct.calcsize(order + code)
    if length > len(inline):
        file.seek(link.unpack(inline)[0])
        inline = file.read(length)
    if code == 's':
        return inline[:number]
    return struct.unpack(f'{order}{number}{code}', inline[:length])
