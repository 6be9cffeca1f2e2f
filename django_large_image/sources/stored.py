"""Tiles that are in the file as they are to be answered: blocks of a tiled TIFF in JPEG or WebP."""

from __future__ import annotations

import io
from typing import Any

from affine import Affine
from PIL import Image

from django_large_image.sources.canvas import Canvas
from django_large_image.sources.placement import Placement
from django_large_image.sources.raster import Raster

#: Nothing that is served as a tile is larger.
_MOST_BYTES = 16 * 2**20
#: Says that a JPEG's three components are red, green and blue (Adobe Technical Note 5116, marker APP14).
_ADOBE_RGB = b'\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00'


def encoding_of(dataset: Any) -> str | None:
    """Return 'JPEG' or 'WEBP' if the blocks of a dataset are pictures of all its bands that browsers read."""
    if dataset.driver != 'GTiff' or set(dataset.dtypes) != {'uint8'}:
        return None
    structure = dataset.tags(ns='IMAGE_STRUCTURE')
    compression = structure.get('COMPRESSION', '')
    names = tuple(name.name for name in dataset.colorinterp)
    together = structure.get('INTERLEAVE') == 'PIXEL'
    if any(nodata is not None for nodata in dataset.nodatavals):
        return None
    if compression in ('YCbCr JPEG', 'JPEG') and together and names == ('red', 'green', 'blue'):
        return 'JPEG'
    if (
        compression == 'WEBP'
        and together
        and names in (('red', 'green', 'blue'), ('red', 'green', 'blue', 'alpha'))
    ):
        return 'WEBP'
    return None


def block_of(raster: Raster, placement: Placement, canvas: Canvas) -> tuple[int | None, int, int] | None:
    """Return GDAL's overview number, column and row of the block that a canvas is, None if it is none.

    The number is None for the full resolution. The block has to lie in the image as a whole and be valid all over.
    """
    here, there = canvas.affine, placement.affine
    if canvas.target is None:
        there = Affine.identity()
    elif not placement.is_home(canvas.target) or placement.has_points or there.b or there.d:
        return None
    scale_x, scale_y = here.a / there.a, here.e / there.e
    if not (scale_x > 0.999 and abs(scale_y / scale_x - 1) < 1e-6):
        return None
    index = raster.layout.level_for(scale_x)
    level = raster.level(index)
    if (
        abs(placement.width / level.width / scale_x - 1) > 1e-6
        or abs(placement.height / level.height / scale_y - 1) > 1e-6
    ):
        return None
    size = (canvas.width, canvas.height)
    if (level.block_width, level.block_height) != size:
        return None
    column = (here.c - there.c) / there.a / scale_x / size[0]
    row = (here.f - there.f) / there.e / scale_y / size[1]
    left, top = round(column), round(row)
    # A sixteenth of a pixel is nothing that is seen.
    if abs(column - left) * size[0] > 1 / 16 or abs(row - top) * size[1] > 1 / 16:
        return None
    inside = (
        left >= 0 and top >= 0 and (left + 1) * size[0] <= level.width and (top + 1) * size[1] <= level.height
    )
    if not inside or not raster.all_valid(index, left * size[0], top * size[1], *size):
        return None
    return (None if index == 0 else raster.layout.positions[index]), left, top


def read_block(
    dataset: Any, path: str, level: int | None, column: int, row: int, size: tuple[int, int]
) -> bytes | None:
    """Return a block as a file of its own format, None if it is not there or not what a block should be.

    `level` is GDAL's number of an overview, None for the full resolution; `size` is the block's width and height.
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
        own = _ADOBE_RGB if dataset.tags(ns='IMAGE_STRUCTURE').get('COMPRESSION') == 'JPEG' else b''
        # Each is a stream from SOI to EOI; the tables go before what needs them (TIFF Technical Note 2).
        data = b'\xff\xd8' + own + (bytes.fromhex(tables)[2:-2] if tables else b'') + data[2:]
    return data if _is_picture(data, size) else None


def _is_picture(data: bytes, size: tuple[int, int]) -> bool:
    """Return whether bytes, which come from the file as they are, begin as a picture of that size does."""
    try:
        with Image.open(io.BytesIO(data), formats=('JPEG', 'WEBP')) as picture:
            return bool(picture.size == size and getattr(picture, 'n_frames', 1) == 1)
    except Exception:
        return False
