"""The directories (IFDs) of a TIFF, read with bounded work before any library follows them.

A directory may name itself or one that led to it, and there may be very many: tifftools 1.7 and large-image's tiff
source 1.35.6 then never end. Two directories may well lead to the same third one: in tifffile's files each level of a
pyramid is named by tag 330 and by the level before. A pointer that leads to nothing ends a chain, as in every reader.
Format: TIFF 6.0, section 2, and for BigTIFF https://www.awaresystems.be/imaging/tiff/bigtiff.html
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from django_large_image.conf import settings
from django_large_image.exceptions import ImageMissing, ImageRefused, ImageUnreadable, fault_of
from django_large_image.inspection.pages.directory import Directory
from django_large_image.inspection.pages.tags import (
    BITS,
    COMPRESSION,
    DESCRIPTION,
    EXIF,
    EXTRA_SAMPLES,
    GEOREFERENCE,
    HEIGHT,
    ICC,
    MICROMANAGER,
    ORIENTATION,
    PHOTOMETRIC,
    PLANAR,
    RESOLUTION_UNIT,
    ROWS,
    SAMPLE_FORMAT,
    SAMPLES,
    SOFTWARE,
    SUB_IFDS,
    SUBFILE,
    TILE_HEIGHT,
    TILE_WIDTH,
    WIDTH,
    X_RESOLUTION,
    Y_RESOLUTION,
    Tags,
)

#: The first private tag; those of many programs: copyright, IPTC, Photoshop, EXIF, ICC, GPS, GDAL's metadata.
_PRIVATE, _USUAL = 32768, frozenset({33432, 33723, 34377, EXIF, ICC, 34853, 42112})

#: The most values that are read of a tag, by the tag; others are not read at all.
_WANTED = {
    SUBFILE: 1, WIDTH: 1, HEIGHT: 1, BITS: 64, COMPRESSION: 1, DESCRIPTION: 1 << 24, SAMPLES: 1, ROWS: 1, PLANAR: 1,
    TILE_WIDTH: 1, TILE_HEIGHT: 1, SUB_IFDS: 4096, EXIF: 1, ICC: 100, MICROMANAGER: 1, PHOTOMETRIC: 1, ORIENTATION: 1,
    SOFTWARE: 16, EXTRA_SAMPLES: 64, SAMPLE_FORMAT: 64, X_RESOLUTION: 1, Y_RESOLUTION: 1, RESOLUTION_UNIT: 1,
    **dict.fromkeys(GEOREFERENCE, 1),
}  # fmt: skip
_WANTED_FOR_ORIENTATION = {ORIENTATION: 1, **dict.fromkeys(GEOREFERENCE, 1)}
#: The most bytes of the descriptions of all directories together.
MAX_DESCRIBED = 16 * 2**20
#: The most tags and pointers of all directories together, and the most tags of one.
MAX_TAGS, _MAX_TAGS_OF_ONE = 524_288, 65_535
#: struct's code of a value by TIFF's number of its type; others are read as bytes.
_TYPES = {1: 'B', 2: 's', 3: 'H', 4: 'I', 5: 'Q', 7: 'B', 9: 'i', 13: 'I', 16: 'Q', 17: 'q', 18: 'Q'}
#: The bytes of a value by TIFF's number of its type, where it is more than one.
_SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

#: What struct and files raise where a number leads nowhere: an offset of 64 bits may be too large for a file.
_LEADS_NOWHERE = (struct.error, OverflowError, ValueError)


def read(path: str) -> tuple[Directory, ...]:
    """Return every directory of a local TIFF, those of sub-images and of EXIF included; the first one is the file's.

    Raises `ImageMissing`, `ImageUnreadable` where the first one cannot be read, and `ImageRefused` for those that lead
    back to themselves, and for more of them, of tags and of text than are read.
    """
    try:
        with open(path, 'rb') as file:
            found = list(_walk(file))
    except FileNotFoundError:
        raise ImageMissing() from None
    except (OSError, *_LEADS_NOWHERE) as error:
        raise fault_of(error) or ImageUnreadable('The directories of the TIFF cannot be read.') from None
    if not found:
        raise ImageUnreadable('The TIFF has no directory.')
    there = {directory.offset for directory in found}
    directories = tuple(
        directory
        if there.issuperset(directory.leads_to)
        else replace(directory, leads_to=tuple(offset for offset in directory.leads_to if offset in there))
        for directory in found
    )
    if len(behind_what_they_lead_to(directories)) < len(directories):
        raise ImageRefused('The directories of the TIFF form a loop.')
    return directories


def orientation(path: str) -> int:
    """Return the orientation of a local TIFF's first image, as `Directory` has it, and 1 where it cannot be read.

    It reads that one directory only.
    """
    try:
        with open(path, 'rb') as file:
            order, big, first = _start(file)
            tags = _read(file, first, order, big, wanted=_WANTED_FOR_ORIENTATION)[2]
    except (OSError, *_LEADS_NOWHERE, ImageUnreadable):
        return 1
    return Directory(tags, main=True).orientation


def behind_what_they_lead_to(directories: tuple[Directory, ...]) -> list[Directory]:
    """Return directories, each behind all that it leads to, without those that lead back to themselves in the end."""
    by_offset = {directory.offset: directory for directory in directories}
    waiting = {directory.offset: len(directory.leads_to) for directory in directories}
    led_by: dict[int, list[int]] = {}
    for directory in directories:
        for offset in directory.leads_to:
            led_by.setdefault(offset, []).append(directory.offset)
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
    """Return struct's code of the byte order, whether it is a BigTIFF, and the offset of the first directory."""
    head = file.read(16)
    order = '<' if head[:2] == b'II' else '>'
    big = struct.unpack_from(order + 'H', head, 2)[0] == 43
    return order, big, int(struct.unpack_from(order + ('Q' if big else 'I'), head, 8 if big else 4)[0])


def _walk(file: IO[bytes]) -> Iterator[Directory]:
    order, big, first = _start(file)
    size = os.fstat(file.fileno()).st_size
    # Directories to read: the offset, whether it is in the main chain, and whether it is one of EXIF.
    waiting, seen = [(first, True, False)], set()
    described = tagged = 0
    while waiting:
        offset, main, is_exif = waiting.pop()
        if not offset or offset in seen:
            continue
        seen.add(offset)
        if len(seen) > settings.MAX_DIRECTORIES:
            raise ImageRefused(f'The TIFF has more than {settings.MAX_DIRECTORIES} directories.')
        try:
            if offset >= size:
                raise ImageUnreadable('The TIFF is cut off.')
            count, values, tags, following, own = _read(file, offset, order, big, not is_exif)
        except (*_LEADS_NOWHERE, ImageUnreadable):
            if offset == first:
                raise
            continue
        # Directories may share one text, so that a small file says very much.
        described += len(tags.get(DESCRIPTION, ()))
        # Each pointer counts as a tag: directories may share a list of thousands.
        tagged += count + len(tags.get(SUB_IFDS, ()))
        if described > MAX_DESCRIBED or tagged > MAX_TAGS:
            raise ImageRefused('The descriptions in the TIFF are too long, or its tags too many.')
        images = [int(inner) for inner in tags.get(SUB_IFDS, ())]
        exif = [int(inner) for inner in tags.get(EXIF, ())]
        # What EXIF's pointer leads to is no image. In files whose program did not know the tag it leads to anything.
        shown = {} if is_exif else tags
        yield Directory(shown, main, values, offset, (*images, *exif, following), own)
        # The last one is read first: those of the main chain in their order.
        waiting += [(inner, False, is_exif) for inner in images] + [(inner, False, True) for inner in exif]
        waiting.append((following, main, is_exif))


def _read(
    file: IO[bytes], offset: int, order: str, big: bool, image: bool = True, wanted: dict[int, int] = _WANTED
) -> tuple[int, int, Tags, int, bool]:
    """Return a directory's number of tags, the bytes of their values, those wanted, the next offset, `has_own_tags`.

    `image` says whether it is one of an image, whose description is checked.
    """
    file.seek(offset)
    count = struct.unpack(order + ('Q' if big else 'H'), file.read(8 if big else 2))[0]
    if count > _MAX_TAGS_OF_ONE:
        raise ImageUnreadable('A directory of the TIFF has too many tags.')
    entry = struct.Struct(order + ('HHQ8s' if big else 'HHI4s'))
    link = struct.Struct(order + ('Q' if big else 'I'))
    block = file.read(count * entry.size + link.size)
    tags: Tags = {}
    size, own = 0, False
    for index in range(count):
        tag, kind, number, inline = entry.unpack_from(block, index * entry.size)
        size += number * _SIZES.get(kind, 1)
        own = own or (tag >= _PRIVATE and tag not in _USUAL)
        if image and tag == DESCRIPTION and (tag in tags or number > wanted.get(tag, number)):
            # Readers differ in which of two they take, and in how much of a long one they read.
            raise ImageRefused('A directory of the TIFF has two descriptions, or one that is too long.')
        if tag in wanted and tag not in tags:
            # Text stays bytes, whatever type it claims to have: as numbers it takes thirty times the memory.
            kind = 2 if tag == DESCRIPTION else kind
            try:
                tags[tag] = _values(file, order, link, kind, (number, wanted[tag]), inline)
            except _LEADS_NOWHERE:
                # It points to nothing, so it says nothing; of pixels the most is assumed.
                tags |= {BITS: (64,)} if tag == BITS else {}
    # Some writers end the file with the last tag.
    end = count * entry.size
    following = link.unpack_from(block, end)[0] if len(block) >= end + link.size else 0
    return count, size, tags, int(following), own


def _values(
    file: IO[bytes], order: str, link: struct.Struct, kind: int, numbers: tuple[int, int], inline: bytes
) -> tuple[int, ...] | bytes:
    """Return the first values of a tag: `numbers` are how many it has and the most to return. Raises `struct.error`."""
    code, number = _TYPES.get(kind, 'B'), min(numbers)
    size = struct.calcsize(order + code)
    if numbers[0] * size > len(inline):
        # All of them together decide whether they are in the entry, or where that points to.
        file.seek(link.unpack(inline)[0])
        inline = file.read(number * size)
    return (
        inline[:number] if code == 's' else struct.unpack(f'{order}{number}{code}', inline[: number * size])
    )
