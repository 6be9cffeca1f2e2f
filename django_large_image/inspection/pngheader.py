"""What the chunks of a PNG say that Pillow does not, or only when it has decoded the picture.

The orientation (chunk eXIf) may stand behind all pixels, and Pillow 13.0 decodes them to get there. The transparent
value of a grey picture of 2 or 4 bits (chunk tRNS) Pillow takes for one of 8 bits. Format:
https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

from django_large_image.exceptions import ImageUnreadable

#: The most chunks that are looked at; encoders make one for each row, or for each 8 kB.
MAX_CHUNKS = 2**17
#: The most bytes of an eXIf chunk that are read.
_EXIF_BYTES = 65_536
#: The signature, and the chunk IHDR with its length, type and checksum, in bytes.
_SIGNATURE_BYTES, _IHDR_BYTES = 8, 25
#: The type of colour of a grey picture.
_GREY = 0


@dataclass(frozen=True, slots=True)
class PngHeader:
    """What the chunks of a PNG say."""

    #: The bits of a sample: 1, 2, 4, 8 or 16.
    depth: int
    #: The type of colour: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
    colour: int
    #: The number of frames, 1 for what is no animation.
    frames: int
    #: The EXIF data, of which the first chunk counts; empty without one.
    exif: bytes
    #: The value of a grey picture that is transparent, in `depth` bits; None without one.
    clear: int | None


def read(path: str) -> PngHeader:
    """Return what the chunks of a local PNG say; raises `ImageUnreadable` for a file that ends in one of them."""
    with open(path, 'rb') as file:
        try:
            return _walk(file)
        except struct.error:
            raise ImageUnreadable('The PNG is broken.') from None


def _walk(file: IO[bytes]) -> PngHeader:
    file.seek(_SIGNATURE_BYTES)
    _, kind, _, _, depth, colour = struct.unpack('>I4sIIBB', file.read(18))
    if kind != b'IHDR':
        raise ImageUnreadable('The PNG is broken.')
    frames, exif, clear = 1, b'', None
    offset = _SIGNATURE_BYTES + _IHDR_BYTES
    for _ in range(MAX_CHUNKS):
        file.seek(offset)
        head = file.read(8)
        if len(head) < 8:
            break
        length, kind = struct.unpack('>I4s', head)
        if kind == b'acTL' and length == 8:
            frames = max(1, struct.unpack('>I', file.read(4))[0])
        elif kind == b'eXIf' and not exif:
            exif = file.read(min(length, _EXIF_BYTES))
        elif kind == b'tRNS' and colour == _GREY and length == 2:
            clear = struct.unpack('>H', file.read(2))[0]
        elif kind == b'IEND':
            break
        # Its length, its type and its checksum have 4 bytes each.
        offset += 12 + length
    return PngHeader(depth, colour, frames, exif, clear)


def is_deep(path: str) -> bool:
    """Return whether a local PNG has 16 bits a sample and is no animation."""
    header = read(path)
    return header.depth == 16 and header.frames == 1
