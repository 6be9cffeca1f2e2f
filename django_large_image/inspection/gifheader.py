"""The size and the frames of a GIF by its headers, before a decoder allocates any of them.

A frame may reach beyond the logical screen that the file announces, and Pillow 12 makes the screen as large as that.
Format: https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

from __future__ import annotations

import struct
from typing import IO

from django_large_image.exceptions import ImageRefused, ImageUnreadable

#: The most frames of a GIF.
MAX_FRAMES = 20_000
#: What a block begins with: an extension, an image (a frame), or the end of the file.
_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B


def screen(path: str) -> tuple[int, int, int]:
    """Return the width and height in pixels that hold the screen and every frame, and the number of frames.

    Raises `ImageRefused` for more than `MAX_FRAMES` and `ImageUnreadable` for a file that is cut off in a header.
    """
    with open(path, 'rb') as file:
        try:
            return _walk(file)
        except (struct.error, IndexError):
            raise ImageUnreadable('The GIF is broken.') from None


def _walk(file: IO[bytes]) -> tuple[int, int, int]:
    head = file.read(13)
    width, height, flags = struct.unpack_from('<HHB', head, 6)
    file.seek(_table_bytes(flags), 1)
    frames = 0
    while True:
        introducer = file.read(1)
        if not introducer or introducer[0] == _END:
            return width, height, frames
        if introducer[0] == _EXTENSION:
            file.read(1)
            _skip_sub_blocks(file)
        elif introducer[0] == _IMAGE:
            left, top, across, down, flags = struct.unpack('<HHHHB', file.read(9))
            width, height, frames = max(width, left + across), max(height, top + down), frames + 1
            if frames > MAX_FRAMES:
                raise ImageRefused(f'The GIF has more than {MAX_FRAMES} frames.')
            file.seek(_table_bytes(flags) + 1, 1)
            _skip_sub_blocks(file)
        # Decoders pass over any other byte, and so does this.


def _table_bytes(flags: int) -> int:
    """Return the bytes of a colour table, by the flags in front of it; 0 if there is none."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _skip_sub_blocks(file: IO[bytes]) -> None:
    """Move past data sub-blocks, the last of which is empty."""
    while (size := file.read(1)) and size[0]:
        file.seek(size[0], 1)
