"""What the chunks of a PNG say that Pillow leaves out or reads from the end of the file.

The orientation may stand behind all pixels (chunk eXIf), where Pillow 13.0 decodes the picture to find it. And Pillow
takes the transparent value of a grey picture of 2 or 4 bits (chunk tRNS) for one of 8 bits. Format:
https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

from django_large_image.exceptions import ImageUnreadable

#: Chunks are looked at up to here; encoders make one a row, or one of 8 kB.
MAX_CHUNKS = 2**17
#: The most bytes of an eXIf chunk that are looked at for the orientation.
_EXIF_BYTES = 65_536
GREY, RGB, PALETTE = 0, 2, 3


@dataclass(frozen=True, slots=True)
class PngHeader:
    """What the chunks of a PNG say."""

    #: Bits of a sample: 1, 2, 4, 8 or 16.
    depth: int
    #: 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha.
    colour: int
    #: The frames of an animation, 1 of a picture.
    frames: int
    #: The body of the first eXIf chunk, empty without one.
    exif: bytes
    #: The transparent value of a grey picture, as the file stores it; None without one.
    clear: int | None


def read(path: str) -> PngHeader:
    """Return what the chunks of a PNG say; raises `ImageUnreadable` for a file that ends before its pixels."""
    with open(path, 'rb') as file:
        try:
            return _walk(file)
        except struct.error:
            raise ImageUnreadable('The PNG is broken.') from None


def _walk(file: IO[bytes]) -> PngHeader:
    file.seek(8)
    _, kind, _, _, depth, colour = struct.unpack('>I4sIIBB', file.read(18))
    if kind != b'IHDR':
        raise ImageUnreadable('The PNG is broken.')
    frames, exif, clear = 1, b'', None
    place = 8 + 8 + 13 + 4
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            break
        length, kind = struct.unpack('>I4s', head)
        if kind == b'acTL' and length == 8:
            frames = max(1, struct.unpack('>I', file.read(4))[0])
        elif kind == b'eXIf' and not exif:
            exif = file.read(min(length, _EXIF_BYTES))
        elif kind == b'tRNS' and colour == GREY and length == 2:
            clear = struct.unpack('>H', file.read(2))[0]
        elif kind == b'IEND':
            break
        place += 12 + length
    return PngHeader(depth, colour, frames, exif, clear)


def is_deep(path: str) -> bool:
    """Return whether a PNG has 16 bits a sample and no frames."""
    header = read(path)
    return header.depth == 16 and header.frames == 1
