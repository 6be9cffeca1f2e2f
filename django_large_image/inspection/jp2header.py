"""The header of a JPEG 2000 file, before a decoder allocates what it announces.

OpenJPEG 2.5 makes a structure for each code block and precinct of a tile: 18 kB of file can take a gigabyte. Format:
ITU-T T.800, annexes A (the code stream) and I (boxes).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

from django_large_image.exceptions import ImageRefused, ImageUnreadable

#: The most code blocks, precincts or packets of a tile. OpenJPEG 2.5 takes 150 bytes for each.
MAX_PARTS = 3 * 2**20
#: The bytes that OpenJPEG 2.5 takes for each tile, and for each component of a tile, when it opens a file, even if they
#: are not in it, and keeps until the file is closed: measured 3.5 to 9 kB and 1.1 kB.
_TILE_BYTES, _COMPONENT_BYTES = 9216, 1126
#: The most bytes of that.
MAX_TABLE_BYTES = 2**27
#: Markers: the start of the code stream, the size, the coding style, the start of a tile.
_SOC, _SIZ, _COD, _SOT = 0xFF4F, 0xFF51, 0xFF52, 0xFF90
#: Marker segments are read up to this offset in the file, and boxes up to this number.
_MAX_HEADER_END, _MAX_BOXES = 2**20, 1024


@dataclass(frozen=True, slots=True)
class CodeStream:
    """What the main header of a code stream says; sizes are in pixels."""

    width: int
    height: int
    components: int
    #: The bytes of a decoded pixel, all components together.
    bytes_per_pixel: int
    #: The bytes that the decoder keeps for all tiles while the file is open.
    table_bytes: int


def check(path: str) -> CodeStream:
    """Return what the header of a local file says.

    Raises `ImageRefused` for tiles of more than `MAX_PARTS`, or with more than `MAX_TABLE_BYTES` of tables, and
    `ImageUnreadable`.
    """
    with open(path, 'rb') as file:
        try:
            return _header(file)
        except (struct.error, IndexError, OverflowError, ValueError):
            raise ImageUnreadable('The header of the JPEG 2000 file cannot be read.') from None


def _header(file: IO[bytes]) -> CodeStream:
    _find_stream(file)
    size: tuple[int, ...] = ()
    depths = b''
    while file.tell() < _MAX_HEADER_END:
        (marker,) = struct.unpack('>H', file.read(2))
        if marker == _SOC:
            continue
        if marker == _SOT:
            break
        (length,) = struct.unpack('>H', file.read(2))
        if length < 2:
            # It counts itself; what is read of a negative length is all the file.
            raise ImageUnreadable('The header of the JPEG 2000 file cannot be read.')
        body = file.read(length - 2)
        if marker == _SIZ:
            size = struct.unpack_from('>8IH', body, 2)
            depths = body[36::3][: size[8]]
        elif marker == _COD and size:
            _check_tile(size, body)
    if not size or not all(size[:2]) or not all(size[4:6]) or len(depths) != size[8]:
        raise ImageUnreadable('The header of the JPEG 2000 file cannot be read.')
    per_pixel = sum(((depth & 0x7F) + 8) // 8 for depth in depths)
    width, height, left, top = size[:4]
    tiles = -(-(width - size[6]) // size[4]) * -(-(height - size[7]) // size[5])
    tables = tiles * (_TILE_BYTES + size[8] * _COMPONENT_BYTES)
    if tables > MAX_TABLE_BYTES:
        raise ImageRefused(
            f'The JPEG 2000 file has {tiles} tiles of {size[8]} components, whose tables take {tables} bytes; up to '
            f'{MAX_TABLE_BYTES} are kept. Convert it to a tiled, pyramidal TIFF.'
        )
    return CodeStream(width - left, height - top, size[8], per_pixel, tables)


def _find_stream(file: IO[bytes]) -> None:
    """Move to the code stream: to the start of the file, or into the box jp2c. Raises `ImageUnreadable`."""
    start = file.read(4)
    file.seek(0)
    if start[:2] == b'\xff\x4f':
        return
    for _ in range(_MAX_BOXES):
        start_of_box = file.tell()
        length, kind = struct.unpack('>I4s', file.read(8))
        if length == 1:
            (length,) = struct.unpack('>Q', file.read(8))
        if kind == b'jp2c':
            return
        if length < 8:
            break
        file.seek(start_of_box + length)
    raise ImageUnreadable('The JPEG 2000 file has no code stream.')


def _check_tile(size: tuple[int, ...], body: bytes) -> None:
    """Raise `ImageRefused` for too many parts of a tile, by the body of SIZ (its numbers) and of COD."""
    width, height, left, top, tile_width, tile_height, *_, components = size
    style, _, layers, _, levels, wide, high = struct.unpack_from('>BBHBBBB', body)
    across, down = min(tile_width, width - left), min(tile_height, height - top)
    blocks = -(-across >> wide + 2) * -(-down >> high + 2)
    precincts = 0
    for level in range(levels + 1):
        # With bit 0 of the style each resolution has precincts of its own size, else all have 2¹⁵ pixels a side.
        sizes = body[10 + level] if style & 1 else 0xFF
        reduction = levels - level
        precincts += max(1, -(-across >> reduction + (sizes & 15))) * max(
            1, -(-down >> reduction + (sizes >> 4))
        )
    if max(blocks, precincts, precincts * layers) * components > MAX_PARTS:
        raise ImageRefused(
            f'A tile of the JPEG 2000 file has {across} × {down} pixels in {max(blocks, precincts * layers)} parts of '
            f'{components} components; up to {MAX_PARTS} parts are decoded.'
        )
