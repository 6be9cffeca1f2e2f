"""Small files that are huge once decoded."""

from __future__ import annotations

import pathlib
import struct
import zlib

import numpy as np

from tests.images.broken import ASCII, LONG, SHORT, Field, tiff

__all__ = [
    'make_apng_frames',
    'make_giant_tile',
    'make_gif_frames',
    'make_png_bomb',
    'make_untiled_doubles',
    'repeated_tiff',
    'zeros_deflated',
]

_BLOCK = 1 << 20


def zeros_deflated(size: int) -> bytes:
    """Return the zlib stream of `size` zero bytes without ever holding them."""
    blocks, rest = divmod(size, _BLOCK)
    # A full flush ends a block on a byte and forgets the window, so that the block can be repeated.
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = compressor.compress(bytes(_BLOCK)) + compressor.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    end = last.compress(bytes(rest)) + last.flush()
    # Adler-32 (RFC 1950) of n zeros: the low half stays 1, the high half counts n.
    checksum = struct.pack('>I', size % 65_521 << 16 | 1)
    return b'\x78\xda' + block * blocks + end + checksum


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def _png(width: int, height: int, depth: int, *chunks: bytes) -> bytes:
    header = _chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, 0, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + b''.join(chunks) + _chunk(b'IEND', b'')


def make_png_bomb(path: pathlib.Path, size: int = 30_000) -> pathlib.Path:
    """Write a black 1-bit PNG of `size` pixels a side in about a thousandth of its bytes."""
    # Each row is a filter byte and eight pixels a byte.
    path.write_bytes(_png(size, size, 1, _chunk(b'IDAT', zeros_deflated(size * (1 + (size + 7) // 8)))))
    return path


def make_giant_tile(path: pathlib.Path, size: int = 32_768) -> pathlib.Path:
    """Write a TIFF of one deflated tile of `size` pixels a side (1 GiB of zeros by default)."""
    fields: list[Field] = [
        (256, LONG, size),
        (257, LONG, size),
        (258, SHORT, 8),
        (259, SHORT, 8),
        (262, SHORT, 1),
        (270, ASCII, b'one tile\0\0'),
        (277, SHORT, 1),
        (322, LONG, size),
        (323, LONG, size),
    ]
    path.write_bytes(tiff(fields, zeros_deflated(size * size)))
    return path


def make_giant_sparse(path: pathlib.Path, size: int = 1_000_000) -> pathlib.Path:
    """Write a TIFF of `size` pixels a side whose tiles are all absent."""
    tile = 4096
    count = (size + tile - 1) // tile
    tiles = count * count
    # All tiles are at offset 0 with no bytes, which GDAL reads as zeros; both arrays end the file.
    at = 8 + 2 + 12 * 11 + 4
    fields = [
        (256, LONG, 1, size),
        (257, LONG, 1, size),
        (258, SHORT, 1, 8),
        (259, SHORT, 1, 8),
        (262, SHORT, 1, 1),
        (277, SHORT, 1, 1),
        (322, LONG, 1, tile),
        (323, LONG, 1, tile),
        (324, LONG, tiles, at),
        (325, LONG, tiles, at + 4 * tiles),
        (339, SHORT, 1, 1),
    ]
    directory = b''.join(struct.pack('<HHII', *entry) for entry in fields)
    start = b'II*\0' + struct.pack('<IH', 8, len(fields))
    path.write_bytes(start + directory + bytes(4) + bytes(8 * tiles))
    return path


def repeated_tiff(
    path: pathlib.Path,
    size: tuple[int, int],
    block: tuple[int, int],
    bands: int = 1,
    dtype: str = 'uint8',
    *,
    apart: bool = False,
    strips: bool = False,
    placed: bool = True,
    data: bytes | None = None,
    description: bytes = b'',
) -> pathlib.Path:
    """Write a deflated TIFF all of whose blocks are the same bytes of the file, zeros if `data` does not say else.

    `size` and `block` are width and height; with `apart` each band has blocks of its own, with `strips` the blocks are
    strips, and with `placed` it lies in EPSG:3857, with pixels of 10 m.
    """
    (width, height), (across, down) = size, block
    pixel = np.dtype(dtype)
    data = data or zeros_deflated(across * down * pixel.itemsize * (1 if apart else bands))
    colours = 3 if bands >= 3 and dtype == 'uint8' else 1
    fields: list[tuple[int, str, tuple[float, ...] | bytes]] = [
        (256, 'I', (width,)), (257, 'I', (height,)), (258, 'H', (8 * pixel.itemsize,) * bands), (259, 'H', (8,)),
        (262, 'H', (2 if colours == 3 else 1,)), (277, 'H', (bands,)), (284, 'H', (2 if apart else 1,)),
        (339, 'H', ({'u': 1, 'i': 2, 'f': 3}[pixel.kind],) * bands),
    ]  # fmt: skip
    if bands > colours:
        fields.append((338, 'H', (0,) * (bands - colours)))
    fields += [(278, 'I', (down,))] if strips else [(322, 'I', (across,)), (323, 'I', (down,))]
    if placed:
        keys = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 3857)
        fields += [(33550, 'd', (10.0, 10.0, 0.0)), (33922, 'd', (0.0,) * 6), (34735, 'H', keys)]
    if description:
        fields.append((270, 's', description + bytes(1)))
    count = -(-width // across) * -(-height // down) * (bands if apart else 1)
    start = 8 + 2 + 12 * (len(fields) + 2) + 4
    fields += [
        (273 if strips else 324, 'I', (start,) * count),
        (279 if strips else 325, 'I', (len(data),) * count),
    ]
    body, entries = data + bytes(len(data) % 2), b''
    for tag, code, values in sorted(fields, key=lambda field: field[0]):
        raw = values if isinstance(values, bytes) else struct.pack(f'<{len(values)}{code}', *values)
        number = len(values)
        kind = {'H': SHORT, 'I': LONG, 'd': 12, 's': ASCII}[code]
        entries += struct.pack('<HHI', tag, kind, number)
        if len(raw) <= 4:
            entries += raw.ljust(4, bytes(1))
        else:
            entries += struct.pack('<I', start + len(body))
            body += raw + bytes(len(raw) % 2)
    path.write_bytes(b'II*\0' + struct.pack('<IH', 8, len(fields)) + entries + bytes(4) + body)
    return path


def make_untiled_doubles(path: pathlib.Path) -> pathlib.Path:
    """Write a TIFF of 4096² pixels of 16 doubles, 2 GiB of zeros in strips."""
    return repeated_tiff(path, (4096, 4096), (4096, 64), 16, 'float64', strips=True)


def make_gif_frames(path: pathlib.Path, frames: int = 50_000, size: int = 64) -> pathlib.Path:
    """Write a GIF of very many frames, each of which changes one pixel."""
    palette = bytes([0, 0, 0, 255, 255, 255])
    header = b'GIF89a' + struct.pack('<HHBBB', size, size, 0x80, 0, 0) + palette
    delay = b'\x21\xf9\x04\x04\x01\x00\x00\x00'
    # Codes of 3 bits, least significant first: clear (4), the pixel (0 or 1), end (5).
    data = [b'\x02\x02' + struct.pack('<H', 4 | pixel << 3 | 5 << 6) + b'\0' for pixel in (0, 1)]
    body = bytearray()
    for frame in range(frames):
        row, column = divmod(frame, size)
        body += delay + b'\x2c' + struct.pack('<HHHHB', column, row % size, 1, 1, 0) + data[row % 2]
    path.write_bytes(header + body + b'\x3b')
    return path


def make_apng_frames(path: pathlib.Path, frames: int = 50_000) -> pathlib.Path:
    """Write an animated PNG of very many frames of one pixel."""
    pixel = zlib.compress(b'\0\xff')
    chunks = [_chunk(b'acTL', struct.pack('>II', frames, 0))]
    sequence = 0
    for frame in range(frames):
        control = struct.pack('>IIIIIHHBB', sequence, 1, 1, 0, 0, 1, 100, 0, 0)
        chunks.append(_chunk(b'fcTL', control))
        sequence += 1
        if frame == 0:
            chunks.append(_chunk(b'IDAT', pixel))
        else:
            chunks.append(_chunk(b'fdAT', struct.pack('>I', sequence) + pixel))
            sequence += 1
    path.write_bytes(_png(1, 1, 8, *chunks))
    return path
