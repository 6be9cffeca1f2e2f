"""The files that cost the most, each made small: what is decoded of them is not."""

from __future__ import annotations

import functools
import pathlib
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.images.bombs import repeated_tiff
from tests.images.content import SEED

Make = Callable[[pathlib.Path], pathlib.Path]


def noise(rows: int, columns: int, bands: int = 1, dtype: str = 'uint8') -> np.ndarray:
    """Return values that compress badly and decode slowly."""
    return np.random.default_rng(SEED).integers(0, 200, (rows, columns, bands)).astype(dtype)


def _noisy(size: int, bands: int = 1, dtype: str = 'uint8', placed: bool = True, apart: bool = False) -> Make:
    """Return the maker of a TIFF of `size` pixels a side, all of whose blocks are the same noise."""

    def make(path: pathlib.Path) -> pathlib.Path:
        data = zlib.compress(noise(512, 512, 1 if apart else bands, dtype).tobytes(), 1)
        return repeated_tiff(
            path, (size, size), (512, 512), bands, dtype, data=data, placed=placed, apart=apart
        )

    return make


def _zeros(size: tuple[int, int], block: tuple[int, int], *args: object, **kwargs: object) -> Make:
    return functools.partial(
        repeated_tiff, size=size, block=block, **dict(zip(('bands', 'dtype'), args, strict=False)), **kwargs
    )  # type: ignore[arg-type]


def _ome(elements: int, filler: int = 0) -> Make:
    """Return the maker of an OME-TIFF whose XML has so many elements, and a comment of so many bytes."""

    def make(path: pathlib.Path) -> pathlib.Path:
        planes = ''.join(
            f'<Plane TheC="0" TheZ="0" TheT="{number}" DeltaT="1"/>' for number in range(elements)
        )
        xml = (
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" '
            'DimensionOrder="XYCZT" Type="uint8" SizeX="512" SizeY="512" SizeC="1" SizeZ="1" SizeT="1">'
            f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/><TiffData/>{planes}</Pixels></Image>'
            f'<!--{"x" * filler}--></OME>'
        )
        return repeated_tiff(path, (512, 512), (256, 256), placed=False, description=xml.encode())

    return make


def make_gif_bomb(path: pathlib.Path, side: int = 65_535) -> pathlib.Path:
    """Write a GIF of one pixel whose second frame is said to have `side` pixels a side."""
    body = b''
    for across, down in ((1, 1), (side, side)):
        body += (
            b'\x2c'
            + struct.pack('<HHHHB', 0, 0, across, down, 0)
            + b'\x02\x02'
            + struct.pack('<H', 4 | 5 << 6)
            + b'\0'
        )
    path.write_bytes(b'GIF89a' + struct.pack('<HHBBB', 1, 1, 0x80, 0, 0) + bytes(6) + body + b'\x3b')
    return path


def make_page_bomb(path: pathlib.Path) -> pathlib.Path:
    """Write a TIFF of a small page and of an enormous one, in strips of zeros."""
    first = repeated_tiff(path, (64, 64), (64, 64), strips=True, placed=False).read_bytes()
    second = repeated_tiff(path, (30_000, 30_000), (30_000, 64), strips=True, placed=False).read_bytes()
    count = struct.unpack_from('<H', first, 8)[0]
    shift = len(first)
    # The second file behind the first, with its offsets moved by what lies before.
    directory = bytearray(second[8:])
    for index in range(struct.unpack_from('<H', directory)[0]):
        tag, kind, number = struct.unpack_from('<HHI', directory, 2 + 12 * index)
        if number * {3: 2, 4: 4, 12: 8, 2: 1}[kind] > 4 or (tag in (273,) and number == 1):
            (value,) = struct.unpack_from('<I', directory, 2 + 12 * index + 8)
            struct.pack_into('<I', directory, 2 + 12 * index + 8, value + shift - 8)
            if tag == 273:
                at = value - 8
                for place in range(number):
                    (offset,) = struct.unpack_from('<I', directory, at + 4 * place)
                    struct.pack_into('<I', directory, at + 4 * place, offset + shift - 8)
    linked = bytearray(first)
    struct.pack_into('<I', linked, 8 + 2 + 12 * count, shift)
    path.write_bytes(bytes(linked) + bytes(directory))
    return path


def _picture(mode: str, width: int, height: int, **options: object) -> Make:
    def make(path: pathlib.Path) -> pathlib.Path:
        Image.fromarray(np.squeeze(noise(height, width, len(mode)))).save(path, **options)
        return path

    return make


def make_jp2(path: pathlib.Path, tiles: int = 65_535, components: int = 3) -> pathlib.Path:
    """Write the header of a JPEG 2000 code stream of very many tiles; nothing of them is there."""
    size = (
        struct.pack('>H8IH', 0, 64 * tiles, 64, 0, 0, 64, 64, 0, 0, components) + b'\x07\x01\x01' * components
    )
    style = struct.pack('>BBHBBBBBB', 0, 0, 1, 0, 1, 4, 4, 0, 1)
    quantization = b'\x40\x40\x48\x48\x50'
    path.write_bytes(
        b'\xff\x4f'
        + b''.join(
            marker + struct.pack('>H', len(body) + 2) + body
            for marker, body in ((b'\xff\x51', size), (b'\xff\x52', style), (b'\xff\x5c', quantization))
        )
        + b'\xff\x90\x00\x0a' + struct.pack('>HIBB', 0, 14, 0, 1) + b'\xff\x93\xff\xd9'
    )  # fmt: skip
    return path


#: Rasters with a place, for our own source: the largest that are served, and those just beyond.
RASTERS: dict[str, tuple[Make, str]] = {
    'one-block': (_zeros((16_400, 16_352), (16_352, 16_352)), 'a.tif'),
    'large-blocks': (_zeros((16_384, 8192), (8192, 8192)), 'a.tif'),
    'sparse-doubles': (_zeros((16_384, 16_384), (512, 512), 16, 'float64'), 'a.tif'),
    'rgb': (_noisy(9459, 3), 'a.tif'),
    'uint16': (_noisy(11_585, 1, 'uint16'), 'a.tif'),
    'float32': (_noisy(8192, 1, 'float32'), 'a.tif'),
    'float64': (_noisy(5792, 1, 'float64'), 'a.tif'),
    'many-bands-apart': (_noisy(2048, 400, 'uint16', apart=True), 'a.tif'),
    'many-bands': (_zeros((512, 512), (256, 256), 512, 'uint16'), 'a.tif'),
    'too-many-bands': (_zeros((64, 64), (64, 64), 20_000, 'uint8', apart=True), 'a.tif'),
    'bands-of-large-blocks': (_zeros((8192, 8192), (8192, 8192), 4000, apart=True), 'a.tif'),
    'thin': (_zeros((65_000, 1000), (65_000, 8), strips=True), 'a.tif'),
    '64-bands': (_noisy(1024, 64, 'float32'), 'a.tif'),
}

#: Files of other readers.
PICTURES: dict[str, tuple[Make, str]] = {
    'tiled': (_noisy(4096, 3, placed=False), 'a.tif'),
    'tiled-too-large': (_noisy(9000, 3, placed=False), 'a.tif'),
    'large-tiles': (_zeros((16_384, 8192), (8192, 8192), placed=False), 'a.tif'),
    'xml': (_ome(30_000), 'a.ome.tif'),
    'xml-elements': (_ome(400_000), 'a.ome.tif'),
    'xml-bytes': (_ome(1, 16 * 2**20), 'a.ome.tif'),
    'photo': (_picture('RGB', 4608, 3456, quality=95), 'a.jpg'),
    'rgba': (_picture('RGBA', 4096, 4096, compress_level=1), 'a.png'),
    'gif': (make_gif_bomb, 'a.gif'),
    'pages': (make_page_bomb, 'a.tif'),
    'jp2': (make_jp2, 'a.j2k'),
}
