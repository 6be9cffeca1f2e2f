"""The directories of a TIFF, read with bounded work, before any library walks them.

A directory may name itself or an earlier one as the next, and there may be very many: tifftools 1.7 and large-image's
tiff source 1.35.6 then never end. Format: TIFF 6.0, section 2, and https://www.awaresystems.be/imaging/tiff/bigtiff.html
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django_large_image.conf import settings
from django_large_image.exceptions import ImageMissing, ImageRefused, ImageUnreadable, fault_of

SUBFILE, WIDTH, HEIGHT, BITS, DESCRIPTION, SAMPLES, ROWS = 254, 256, 257, 258, 270, 277, 278
PLANAR, TILE_WIDTH, TILE_HEIGHT, SUB_IFDS, EXIF, MICROMANAGER = 284, 322, 323, 330, 34665, 51123

#: The tags that are read, with the most values of each.
_WANTED = {
    SUBFILE: 1, WIDTH: 1, HEIGHT: 1, BITS: 64, DESCRIPTION: 1 << 24, SAMPLES: 1, ROWS: 1, PLANAR: 1,
    TILE_WIDTH: 1, TILE_HEIGHT: 1, SUB_IFDS: 4096, EXIF: 1, MICROMANAGER: 1,
}  # fmt: skip
#: The most bytes of all descriptions together.
MAX_DESCRIBED = 32 * 2**20
#: struct codes by TIFF's number of a type; others are read as bytes.
_TYPES = {1: 'B', 2: 's', 3: 'H', 4: 'I', 7: 'B', 9: 'i', 13: 'I', 16: 'Q', 17: 'q', 18: 'Q'}


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: the values of the tags that matter here, and whether it is one of the main chain."""

    tags: dict[int, tuple[int, ...] | bytes]
    main: bool

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


def directories(path: str) -> list[Directory]:
    """Return every directory of a TIFF, those of sub-images included.

    Raises `ImageUnreadable` for chains that loop, that are longer than `MAX_DIRECTORIES`, or that leave the file.
    """
    try:
        with open(path, 'rb') as file:
            return list(_walk(file))
    except FileNotFoundError:
        raise ImageMissing() from None
    except (OSError, struct.error, OverflowError) as error:
        raise fault_of(error) or ImageUnreadable('The directories of the TIFF cannot be read.') from None


def is_ome(path: str) -> bool:
    """Return whether the TIFF's first directory is described by OME-XML."""
    description = directories(path)[0].tags.get(DESCRIPTION)
    return isinstance(description, bytes) and description.rstrip(b'\0 \r\n\t').endswith(b'OME>')


def _walk(file: IO[bytes]) -> Iterator[Directory]:
    head = file.read(16)
    order = '<' if head[:2] == b'II' else '>'
    big = struct.unpack_from(order + 'H', head, 2)[0] == 43
    size = os.fstat(file.fileno()).st_size
    first = struct.unpack_from(order + ('Q' if big else 'I'), head, 8 if big else 4)[0]
    # Directories to read: the offset, and whether it is in the main chain.
    waiting, seen = [(first, True)], set()
    described = 0
    while waiting:
        offset, main = waiting.pop()
        if not offset:
            continue
        if offset in seen:
            raise ImageRefused('The directories of the TIFF form a loop.')
        if offset >= size:
            raise ImageUnreadable('The TIFF is cut off.')
        seen.add(offset)
        if len(seen) > settings.MAX_DIRECTORIES:
            raise ImageRefused(f'The TIFF has more than {settings.MAX_DIRECTORIES} directories.')
        tags, following = _read(file, offset, order, big)
        # Directories may share one text, so that a small file says very much.
        described += len(tags.get(DESCRIPTION, ()))
        if described > MAX_DESCRIBED:
            raise ImageRefused('The descriptions in the TIFF are too long.')
        yield Directory(tags, main)
        for tag in (SUB_IFDS, EXIF):
            waiting += [(int(inner), False) for inner in tags.get(tag, ())]
        waiting.append((following, main))


def _read(
    file: IO[bytes], offset: int, order: str, big: bool
) -> tuple[dict[int, tuple[int, ...] | bytes], int]:
    file.seek(offset)
    count = struct.unpack(order + ('Q' if big else 'H'), file.read(8 if big else 2))[0]
    if count > 4096:
        raise ImageRefused('A directory of the TIFF has too many tags.')
    entry = struct.Struct(order + ('HHQ8s' if big else 'HHI4s'))
    link = struct.Struct(order + ('Q' if big else 'I'))
    block = file.read(count * entry.size + link.size)
    tags: dict[int, tuple[int, ...] | bytes] = {}
    for index in range(count):
        tag, kind, number, inline = entry.unpack_from(block, index * entry.size)
        if tag == DESCRIPTION and (tag in tags or number > _WANTED[tag]):
            # Readers differ in which of two they take, and in how much of a long one they read.
            raise ImageRefused('A directory of the TIFF has two descriptions, or one that is too long.')
        if tag in _WANTED and tag not in tags:
            # Text stays bytes, whatever type it claims to have: as numbers it takes thirty times the memory.
            kind = 2 if tag == DESCRIPTION else kind
            tags[tag] = _values(file, order, link, kind, min(number, _WANTED[tag]), inline)
    return tags, link.unpack_from(block, count * entry.size)[0]


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
