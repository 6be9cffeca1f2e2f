"""A rectangle of the image, as a picture or as a georeferenced file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import IO

from django_large_image.access.tempfiles import temporary_file
from django_large_image.exceptions import InvalidParameter, NotSupported, fault_of
from django_large_image.imaging import png
from django_large_image.imaging.checks import check_size, check_values, refusing
from django_large_image.imaging.formats import Format, write
from django_large_image.readers.base import BoundingBox, ImageReader, ReadWindow
from django_large_image.readers.errors import reading

#: xmin, ymin, xmax, ymax in a CRS; or left, top, right, bottom in pixels.
Sides = tuple[float, float, float, float]

#: PROJ 9.5 never returns from points that are much farther away, in units of a CRS.
_FARTHEST = 1e12


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle with its sides in `units` ('pixels' or 'EPSG:n'), and the largest size of the answer in pixels."""

    left: float
    top: float
    right: float
    bottom: float
    units: str
    max_width: int | None = None
    max_height: int | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidParameter` for swapped sides. y goes down in pixels, and up in a CRS."""
        if not self.left < self.right:
            raise InvalidParameter('right', self.right, f'a number greater than left ({self.left})')
        if self.units == 'pixels' and not self.top < self.bottom:
            raise InvalidParameter(
                'bottom', self.bottom, f'a number greater than top ({self.top}) for pixels'
            )
        if self.units != 'pixels' and not self.bottom < self.top:
            raise InvalidParameter(
                'bottom', self.bottom, f'a number less than top ({self.top}) for {self.units}'
            )


def render(
    reader: ImageReader,
    region: Region,
    styled: bool,
    frame: int | None,
    fmt: Format,
    quality: int | None = None,
) -> IO[bytes]:
    """Return the region as a binary file that is open at its start, and is removed when it is closed.

    A TIFF of a georeferenced image is georeferenced. If it is not `styled`, it holds the file's own bands, values,
    nodata and colour table. `quality` is that of `formats.write`. Raises `InvalidParameter`, `RegionTooLarge`,
    `NotSupported` and `ImageUnreadable`.
    """
    if region.units != 'pixels' and not reader.is_geospatial:
        raise NotSupported(
            'The image is not georeferenced; units must be pixels.', parameter='units', value=region.units
        )
    number = frame or 0
    with reading():
        window = window_of(reader, region)
    check_size(window.width, window.height, fmt)
    with reading():
        reader.check_window(window.width, window.height, number)
    with temporary_file(f'.{fmt.extensions[0]}') as path, refusing(window.width, window.height), reading():
        if fmt is Format.TIFF and reader.is_geospatial and reader.writes_geotiff:
            if not styled:
                check_values(reader, window.width, window.height)
            reader.write_geotiff(
                path, window, number, reader.window(window, number, False) if styled else None
            )
        else:
            with open(path, 'wb') as output:
                strips = reader.strips(window, number) if fmt is Format.PNG else None
                if strips is not None:
                    png.write(output, window.width, window.height, strips.channels, strips.strips)
                else:
                    write(reader.window(window, number, fmt.lossy), fmt, output, quality)
        return open(path, 'rb')


def window_of(reader: ImageReader, region: Region) -> ReadWindow:
    """Return the window of an image that a region covers, clipped to the image.

    Raises `InvalidParameter` for a region beside the image, or one that cannot be transformed to its CRS.
    """
    return _projected_window(reader, region) if reader.projection else _native_window(reader, region)


def _native_window(reader: ImageReader, region: Region) -> ReadWindow:
    """Return the window in the image's own pixels that a region covers, clipped to the image."""
    width, height = reader.matrix.width, reader.matrix.height
    left, top, right, bottom = region.left, region.top, region.right, region.bottom
    if region.units != 'pixels':
        left, top, right, bottom = _crs_to_pixels(reader, region)
    # A side that is less than a thousandth of a pixel off the edge of a pixel means that edge.
    left, top = math.floor(max(0.0, left) + 1e-3), math.floor(max(0.0, top) + 1e-3)
    right, bottom = math.ceil(min(width, right) - 1e-3), math.ceil(min(height, bottom) - 1e-3)
    if left >= right or top >= bottom:
        raise _beside(region, f'0 to {width} across and 0 to {height} down, in pixels')
    return ReadWindow(left, top, right, bottom, *_output_size(right - left, bottom - top, region))


def _crs_to_pixels(reader: ImageReader, region: Region) -> Sides:
    sides = (region.left, region.bottom, region.right, region.top)
    x0, y0, x1, y1 = _transform_bounds(reader, region.units, reader.crs, sides)
    corners = [_to_pixel(reader, *point) for point in ((x0, y0), (x0, y1), (x1, y0), (x1, y1))]
    columns, rows = zip(*corners, strict=True)
    return min(columns), min(rows), max(columns), max(rows)


def _projected_window(reader: ImageReader, region: Region) -> ReadWindow:
    """Return the window in the reader's projection that a region covers, at the resolution of the finest level."""
    sides: Sides = (region.left, region.bottom, region.right, region.top)
    units: object = region.units
    if units == 'pixels':
        points = [
            _to_crs(reader, x, y) for x in (region.left, region.right) for y in (region.top, region.bottom)
        ]
        xs, ys = zip(*points, strict=True)
        sides, units = (min(xs), min(ys), max(xs), max(ys)), reader.crs
    x0, y0, x1, y1 = _transform_bounds(reader, units, reader.projection, sides)
    bounds = reader.bounds(reader.projection)
    assert bounds is not None
    x0, x1 = _in_turn(reader.world_width, x0, x1, bounds)
    x0, x1 = max(x0, bounds.xmin), min(x1, bounds.xmax)
    y0, y1 = max(y0, bounds.ymin), min(y1, bounds.ymax)
    if x0 >= x1 or y0 >= y1:
        allowed = f'xmin {bounds.xmin}, ymin {bounds.ymin}, xmax {bounds.xmax}, ymax {bounds.ymax}'
        raise _beside(region, allowed)
    resolution = reader.matrix.resolution
    width, height = max(1, round((x1 - x0) / resolution)), max(1, round((y1 - y0) / resolution))
    return ReadWindow(x0, y1, x1, y0, *_output_size(width, height, region))


def _in_turn(turn: float | None, x0: float, x1: float, bounds: BoundingBox) -> tuple[float, float]:
    """Return left and right moved once round the world if they then share more with the image.

    The image may lie beyond the antimeridian. `turn` is the width of the world, None where x does not go round it.
    """
    if not turn:
        return x0, x1
    if x1 - x0 >= turn * (1 - 1e-9):
        return bounds.xmin, bounds.xmax

    def shared(move: float) -> float:
        return min(x1 + move, bounds.xmax) - max(x0 + move, bounds.xmin)

    move = max((0.0, turn, -turn), key=shared)
    return x0 + move, x1 + move


def _to_crs(reader: ImageReader, column: float, row: float) -> tuple[float, float]:
    a, b, c, d, e, f = reader.affine
    return a * column + b * row + c, d * column + e * row + f


def _to_pixel(reader: ImageReader, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = reader.affine
    determinant = a * e - b * d
    return (e * (x - c) - b * (y - f)) / determinant, (a * (y - f) - d * (x - c)) / determinant


def _transform_bounds(reader: ImageReader, source: object, target: object, sides: Sides) -> Sides:
    if max(map(abs, sides)) > _FARTHEST:
        shown = ', '.join(map(str, sides))
        raise InvalidParameter('region', shown, f'sides within {_FARTHEST:g} units of the origin')
    found: tuple[float, ...] = (math.inf,) * 4
    try:
        found = reader.transform_bounds(source, target, sides)
    except Exception as error:
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        # A vertical or a local CRS cannot be transformed. Each library has an error of its own for that.
    if not all(math.isfinite(side) for side in found):
        raise InvalidParameter('units', str(source), 'a CRS in which the region lies where the image is')
    x0, y0, x1, y1 = found
    return x0, y0, x1, y1


def _beside(region: Region, allowed: str) -> InvalidParameter:
    shown = f'left {region.left}, top {region.top}, right {region.right}, bottom {region.bottom}'
    return InvalidParameter('region', shown, f'a region that overlaps the image: {allowed}')


def _output_size(width: float, height: float, region: Region) -> tuple[int, int]:
    scale = min(1.0, (region.max_width or width) / width, (region.max_height or height) / height)
    return max(1, round(width * scale)), max(1, round(height * scale))
