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
#: Markers: the start of the code stream, the size, the coding style of all components and of one, the start of a part
#: of a tile, and the start of its data.
_SOC, _SIZ, _COD, _COC, _SOT, _SOD = 0xFF4F, 0xFF51, 0xFF52, 0xFF53, 0xFF90, 0xFF93
#: The main header is read up to this offset in the file, and boxes up to this number.
_MAX_HEADER_END, _MAX_BOXES = 2**20, 1024
#: The most segments in the headers of all parts of tiles.
MAX_SEGMENTS = 2**18


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
    parts: _Parts | None = None
    while file.tell() < _MAX_HEADER_END:
        (marker,) = struct.unpack('>H', file.read(2))
        if marker == _SOC:
            continue
        if marker == _SOT:
            break
        body = file.read(_length(file))
        if marker == _SIZ:
            size = struct.unpack_from('>8IH', body, 2)
            depths = body[36::3][: size[8]]
            parts = _Parts(size)
        elif parts is not None:
            parts.add(marker, body)
    if parts is None or not all(size[:2]) or not all(size[4:6]) or len(depths) != size[8]:
        raise ImageUnreadable('The header of the JPEG 2000 file cannot be read.')
    parts.check()
    per_pixel = sum(((depth & 0x7F) + 8) // 8 for depth in depths)
    width, height, left, top = size[:4]
    tiles = -(-(width - size[6]) // size[4]) * -(-(height - size[7]) // size[5])
    tables = tiles * (_TILE_BYTES + size[8] * _COMPONENT_BYTES)
    if tables > MAX_TABLE_BYTES:
        raise ImageRefused(
            f'The JPEG 2000 file has {tiles} tiles of {size[8]} components, whose tables take {tables} bytes; up to '
            f'{MAX_TABLE_BYTES} are kept. Convert it to a tiled, pyramidal TIFF.'
        )
    if _add_tiles(file, parts):
        parts.check()
    return CodeStream(width - left, height - top, size[8], per_pixel, tables)


def _length(file: IO[bytes]) -> int:
    """Return the bytes of the body of a marker segment; raises `ImageUnreadable` for one without its own length."""
    (length,) = struct.unpack('>H', file.read(2))
    if length < 2:
        # The bytes to read would be negative, which is all of the file.
        raise ImageUnreadable('The header of the JPEG 2000 file cannot be read.')
    return int(length) - 2


def _add_tiles(file: IO[bytes], parts: _Parts) -> bool:
    """Add what the headers of the parts of tiles say, from behind the first one's marker on; return whether any does.

    A tile may have a coding style of its own. The headers are found without the data between them being read.
    """
    start, found, marker = file.tell() - 2, False, _SOT  # where the marker begins, and which it is
    end = None
    for _ in range(MAX_SEGMENTS):
        if marker == _SOD:
            if end is None:
                return found
            file.seek(max(end, file.tell()))
        else:
            length = file.read(2)
            if len(length) < 2 or length < b'\0\2':
                return found
            if marker in (_SOT, _COD, _COC):
                body = file.read(int.from_bytes(length) - 2)
                if marker == _SOT:
                    if len(body) < 6:
                        return found
                    # 0 stands for all that is left.
                    part = int.from_bytes(body[2:6])
                    end = start + part if part else None
                else:
                    parts.add(marker, body)
                    found = True
            else:
                file.seek(int.from_bytes(length) - 2, 1)
        start = file.tell()
        head = file.read(2)
        if len(head) < 2:
            return found
        marker = int.from_bytes(head)
    raise ImageRefused(f'The tiles of the JPEG 2000 file have more than {MAX_SEGMENTS} marker segments.')


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


class _Parts:
    """The code blocks, precincts and packets of the largest tile, by all the coding styles in the headers."""

    def __init__(self, size: tuple[int, ...]) -> None:
        """Take the numbers of SIZ."""
        width, height, left, top, tile_width, tile_height, *_, self._components = size
        self._across, self._down = min(tile_width, width - left), min(tile_height, height - top)
        self._layers = 1
        #: The most code blocks and precincts of a component; those of components with styles of their own.
        self._of_all = (0, 0)
        self._of_one: dict[int, tuple[int, int]] = {}

    def add(self, marker: int, body: bytes) -> None:
        """Count by the body of a segment, if that is a coding style."""
        if marker == _COD:
            style, _, layers = struct.unpack_from('>BBH', body)
            self._layers = max(self._layers, layers)
            self._of_all = _larger(self._of_all, self._count(style, body[5:]))
        elif marker == _COC:
            component, style = struct.unpack_from('>BB' if self._components < 257 else '>HB', body)
            counted = self._count(style, body[2 if self._components < 257 else 3 :])
            self._of_one[component] = _larger(self._of_one.get(component, (0, 0)), counted)

    def _count(self, style: int, coding: bytes) -> tuple[int, int]:
        """Return the code blocks and the precincts of a component, by the parameters of a coding style."""
        levels, wide, high = struct.unpack_from('>BBB', coding)
        blocks = -(-self._across >> wide + 2) * -(-self._down >> high + 2)
        precincts = 0
        for level in range(levels + 1):
            # With bit 0 of the style each resolution has precincts of its own size, else all have 2¹⁵ pixels a side.
            sizes = coding[5 + level] if style & 1 else 0xFF
            reduction = levels - level
            precincts += max(1, -(-self._across >> reduction + (sizes & 15))) * max(
                1, -(-self._down >> reduction + (sizes >> 4))
            )
        return blocks, precincts

    def check(self) -> None:
        """Raise `ImageRefused` if there are more than `MAX_PARTS`."""
        others = self._components - len(self._of_one)
        counts = [self._of_all] * (others > 0) + [_larger(self._of_all, own) for own in self._of_one.values()]
        parts = [max(blocks, precincts * self._layers) for blocks, precincts in counts]
        total = sum(parts) + (parts[0] * (others - 1) if others > 0 else 0)
        if total > MAX_PARTS:
            raise ImageRefused(
                f'A tile of the JPEG 2000 file has {self._across} × {self._down} pixels in {max(parts)} parts of '
                f'{self._components} components; up to {MAX_PARTS} parts are decoded.'
            )


def _larger(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Return the larger of each of two numbers."""
    return max(one[0], other[0]), max(one[1], other[1])
