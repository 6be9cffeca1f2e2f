"""One tile: the check of its index, its pixels, its bounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from large_image.exceptions import TileSourceXYZRangeError

from django_large_image.conf import settings
from django_large_image.exceptions import EmptyTile, TileOutsideGrid
from django_large_image.handles.lease import reading
from django_large_image.imaging import image
from django_large_image.imaging.formats import (
    Format,
    check_pixels,
    empty,
    encode,
    encode_picture,
    to_uint8,
)
from django_large_image.pixels import Array


def check_index(source: Any, z: int, x: int, y: int) -> None:
    """Raise `TileOutsideGrid` for an index outside the tile matrix of its zoom level."""
    columns, rows, levels = image.grid(source, z)
    if z >= levels:
        raise TileOutsideGrid(
            f'z: {z} is not allowed; allowed is 0 to {levels - 1}.',
            parameter='z',
            value=z,
            allowed=f'0 to {levels - 1}',
        )
    for name, value, count in (('x', x, columns), ('y', y, rows)):
        if not 0 <= value < count:
            allowed = f'0 to {count - 1} at zoom level {z}'
            raise TileOutsideGrid(
                f'{name}: {value} is not allowed; allowed is {allowed}.',
                parameter=name,
                value=value,
                allowed=allowed,
            )


def render(source: Any, z: int, x: int, y: int, frame: int | None, fmt: Format) -> bytes:
    """Return an encoded tile of a styled source.

    Raises `TileOutsideGrid`, `EmptyTile` where the project answers that with 404, and `ImageUnreadable`.
    """
    check_index(source, z, x, y)
    if hasattr(source, 'canPaint'):
        with reading():
            return _paint(source, z, x, y, frame, fmt)
    check_pixels(source.tileWidth, source.tileHeight, fmt)
    if getattr(source, 'projection', None) and not _touches(source, z, x, y):
        return _nothing(source, fmt)
    with reading():
        try:
            pixels = source.getTile(x, y, z, numpyAllowed='always', frame=frame, sparseFallback=True)
        except TileSourceXYZRangeError:
            raise TileOutsideGrid() from None
    return encode(_cleared(source, z, x, y, to_uint8(pixels)), fmt)


def _cleared(source: Any, z: int, x: int, y: int, pixels: Array) -> Array:
    """Return a tile with nothing beyond the image's sides, where large-image 1.35.6 puts black."""
    if getattr(source, 'projection', None):
        return pixels
    scale = 2 ** (source.levels - 1 - z)
    width = math.ceil(source.sizeX / scale) - x * source.tileWidth
    height = math.ceil(source.sizeY / scale) - y * source.tileHeight
    if width >= pixels.shape[1] and height >= pixels.shape[0]:
        return pixels
    if pixels.shape[2] in (1, 3):
        alpha = np.full((*pixels.shape[:2], 1), 255, np.uint8)
        pixels = np.concatenate([pixels, alpha], axis=2)
    else:
        pixels = pixels.copy()
    pixels[height:], pixels[:, width:] = 0, 0
    return pixels


def _paint(source: Any, z: int, x: int, y: int, frame: int | None, fmt: Format) -> bytes:
    """Return a tile of the geospatial source: the file's own bytes, or drawn, or the one empty tile."""
    stored: bytes | None = source.storedTile(z, x, y, frame, fmt.encoding)
    if stored is not None:
        return stored
    if not source.canPaint(frame):
        pixels = source.getTile(x, y, z, numpyAllowed='always', frame=frame)
        return encode(to_uint8(pixels), fmt) if pixels.any() else _nothing(source, fmt)
    picture = source.paint(source.tileCanvas(z, x, y), frame, fmt.lossy)
    return _nothing(source, fmt) if picture is None else encode_picture(picture, fmt)


def _nothing(source: Any, fmt: Format) -> bytes:
    if settings.EMPTY_TILE_STATUS == 404:
        raise EmptyTile()
    return empty(source.tileWidth, source.tileHeight, fmt, settings.BACKGROUND)


def _touches(source: Any, z: int, x: int, y: int) -> bool:
    xmin, ymin, xmax, ymax = source.getTileCorners(z, x, y)
    bounds = source.getBounds(source.projection)
    return bool(
        xmin < bounds['xmax'] and xmax > bounds['xmin'] and ymin < bounds['ymax'] and ymax > bounds['ymin']
    )


def corners(source: Any, z: int, x: int, y: int) -> dict[str, float]:
    """Return the bounds of a tile: in the units of the projection, or in pixels with y counted from the bottom."""
    check_index(source, z, x, y)
    if hasattr(source, 'getTileCorners'):
        xmin, ymin, xmax, ymax = source.getTileCorners(z, x, y)
    else:
        scale = 2 ** (source.levels - 1 - z)
        xmin, xmax = x * scale * source.tileWidth, (x + 1) * scale * source.tileWidth
        ymin = source.sizeY - (y + 1) * scale * source.tileHeight
        ymax = source.sizeY - y * scale * source.tileHeight
    return {'xmin': xmin, 'ymin': ymin, 'xmax': xmax, 'ymax': ymax}
