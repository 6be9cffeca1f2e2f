"""One tile: the check of its index, its picture and its bounds."""

from __future__ import annotations

import contextlib

from django_large_image.conf import settings
from django_large_image.exceptions import EmptyTile, TileOutsideGrid
from django_large_image.imaging.formats import Format, check_pixels, empty, encode_picture, recode
from django_large_image.readers.base import ImageReader
from django_large_image.readers.errors import reading


def check_index(reader: ImageReader, z: int, x: int, y: int) -> None:
    """Raise `TileOutsideGrid` for an index outside the tile matrix of its zoom level."""
    columns, rows, levels = reader.matrix.count(z)
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


def render(
    reader: ImageReader, z: int, x: int, y: int, frame: int | None, fmt: Format, quality: int | None = None
) -> bytes:
    """Return an encoded tile.

    `quality` is that of `formats.write`; without one a tile of the file may be handed on, with the quality that it has.

    Raises `TileOutsideGrid`, `EmptyTile` if the image does not touch the tile and `EMPTY_TILE_STATUS` is 404,
    `InvalidParameter` for a tile that is too large for the format, and `ImageUnreadable`.
    """
    check_index(reader, z, x, y)
    width, height = reader.matrix.tile_width, reader.matrix.tile_height
    with reading():
        stored = reader.stored_tile(z, x, y, frame or 0, fmt.encoding)
        if stored is not None:
            if quality is None:
                return stored
            # Only the reader knows what can be shown of a broken one.
            with contextlib.suppress(OSError, ValueError, SyntaxError):
                return recode(stored, fmt, quality)
        check_pixels(width, height, fmt)
        picture = reader.tile(z, x, y, frame or 0, fmt.lossy)
    if picture is not None:
        return encode_picture(picture, fmt, quality)
    if settings.EMPTY_TILE_STATUS == 404:
        raise EmptyTile()
    return empty(width, height, fmt, settings.BACKGROUND)


def corners(reader: ImageReader, z: int, x: int, y: int) -> dict[str, float]:
    """Return xmin, ymin, xmax and ymax of a tile: in units of the projection, or in pixels with y from the bottom.

    Raises `TileOutsideGrid`.
    """
    check_index(reader, z, x, y)
    xmin, ymin, xmax, ymax = reader.matrix.corners(z, x, y)
    return {'xmin': xmin, 'ymin': ymin, 'xmax': xmax, 'ymax': ymax}
