"""The blocks of a tiled TIFF as JPEG or WebP files of their own, without GDAL decoding them."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from rasterio.io import DatasetReader

from django_large_image.raster.blocks import jpegs

#: The most bytes of an encoded block that is read here.
_MOST_BYTES = 16 * 2**20
#: The marker APP14, which says that a JPEG's three components are red, green and blue (Adobe Technical Note 5116).
_ADOBE_RGB = b'\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00'
#: The marker APP0 of JFIF 1.02, which says that they are luminance and colour differences.
_JFIF = b'\xff\xe0\x00\x10JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00'


def read_block(
    dataset: DatasetReader, path: str, level: int | None, column: int, row: int, size: tuple[int, int]
) -> bytes | None:
    """Return a block of a local TIFF as a JPEG or WebP file.

    `level` is GDAL's number of an overview, None for the full resolution. `size` is the width and height that the block
    should have, in pixels. None if there is no such block, or it is no picture of this size. Raises OSError.
    """
    options = {} if level is None else {'ovr': level}
    offset = dataset.get_tag_item(f'BLOCK_OFFSET_{column}_{row}', 'TIFF', 1, **options)
    length = dataset.get_tag_item(f'BLOCK_SIZE_{column}_{row}', 'TIFF', 1, **options)
    if not offset or not length or not 0 < int(length) <= _MOST_BYTES:
        return None
    with open(path, 'rb') as file:
        file.seek(int(offset))
        data = file.read(int(length))
    if data[:2] == b'\xff\xd8':
        tables = dataset.get_tag_item('JPEGTABLES', 'TIFF', 1, **options)
        own = b''
        if dataset.tags(ns='IMAGE_STRUCTURE').get('COMPRESSION') == 'JPEG':
            # The TIFF says RGB, or grey. Some programs say so and store luminance and colour differences.
            own = _JFIF if _is_ycc(data) else _ADOBE_RGB
        # Tables and block are streams from SOI to EOI. The tables go behind the block's SOI (TIFF Technical Note 2).
        data = b'\xff\xd8' + own + (bytes.fromhex(tables)[2:-2] if tables else b'') + data[2:]
    return data if _is_picture(data, size) else None


def contradicts_rgb(data: bytes) -> bool:
    """Return whether a JPEG block of a TIFF that says RGB, as `read_block` returns it, holds colour differences.

    GDAL 3.10 takes their values for red, green and blue. Where they are stored at half the resolution it reads nothing.
    """
    return data[2 : 2 + len(_JFIF)] == _JFIF


def _is_ycc(data: bytes) -> bool:
    """Return whether a stream says by its JFIF, or by components of several resolutions, that it is no RGB."""
    if data[6:11] == b'JFIF\0':
        return True
    try:
        with Image.open(io.BytesIO(data), formats=('JPEG',)) as picture:
            layers = picture.layer if isinstance(picture, JpegImageFile) else []
            return len({(across, down) for _, across, down, _ in layers}) > 1
    except Exception:
        # What is no picture is not handed on.
        return False


def decode_jpeg(data: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a JPEG file, uint8 (rows, columns, 1, 3 or 4); raises Pillow's errors for a broken one."""
    found = jpegs.decode_jpeg(data)
    if found is not None:
        return found
    with Image.open(io.BytesIO(data), formats=('JPEG',)) as picture:
        pixels: NDArray[np.uint8] = np.asarray(picture)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _is_picture(data: bytes, size: tuple[int, int]) -> bool:
    """Return whether bytes have the header of one JPEG or WebP of this size: the file may hold anything there."""
    try:
        with Image.open(io.BytesIO(data), formats=('JPEG', 'WEBP')) as picture:
            return bool(picture.size == size and getattr(picture, 'n_frames', 1) == 1)
    except Exception:
        return False
