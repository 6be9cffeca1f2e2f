"""A rectangle of the image, as a picture or as a georeferenced file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from large_image.constants import TILE_FORMAT_NUMPY

from django_large_image.access.tempfiles import temporary_file
from django_large_image.exceptions import (
    InvalidParameter,
    NotSupported,
    fault_of,
)
from django_large_image.handles.lease import reading
from django_large_image.imaging import drawing, image, png
from django_large_image.imaging.bounds import check_size, check_values, refusing
from django_large_image.imaging.formats import Format, to_uint8, write
from django_large_image.loading import is_there, load

#: The rows that are read and written at a time.
STRIP_ROWS = 512
#: With places much farther away PROJ 9.5 goes round the world without end.
_FARTHEST = 1e12


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle: its sides in `units` ('pixels' or 'EPSG:n'), and the most pixels of the answer a side."""

    left: float
    top: float
    right: float
    bottom: float
    units: str
    max_width: int | None = None
    max_height: int | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidParameter` for swapped sides: y counts downwards in pixels, upwards in a CRS."""
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


@dataclass(frozen=True, slots=True)
class Frame:
    """What is read and how large the answer is: sides in the source's own units, and the output's size."""

    left: float
    top: float
    right: float
    bottom: float
    width: int
    height: int


def render(source: Any, region: Region, styled: bool, frame: int | None, fmt: Format) -> IO[bytes]:
    """Return the region as an open binary file that has no name any more, positioned at its start.

    A TIFF of a georeferenced image is georeferenced; without a style it holds the file's own bands, values, nodata
    and colours. Raises `InvalidParameter`, `RegionTooLarge`, `NotSupported` and `ImageUnreadable`.
    """
    geospatial = image.is_geospatial(source)
    if region.units != 'pixels' and not geospatial:
        raise NotSupported(
            'The image is not georeferenced; units must be pixels.', parameter='units', value=region.units
        )
    projected = bool(getattr(source, 'projection', None))
    with reading():
        place = _projected_frame(source, region) if projected else _native_frame(source, region)
    check_size(place.width, place.height, fmt)
    if _paintable(source, frame):
        drawing.check_work(source, place.width, place.height, frame)
    from_rasterio = hasattr(source, 'isGeoreferenced')
    with temporary_file(f'.{fmt.extensions[0]}') as path, refusing(place.width, place.height), reading():
        if fmt is Format.TIFF and geospatial and (from_rasterio or getattr(source, 'name', '') == 'gdal'):
            module = 'geotiff' if from_rasterio else 'geotiff_osgeo'
            geotiff = load(f'django_large_image.imaging.{module}')
            if not styled:
                check_values(source, place.width, place.height)
            pixels = _pixels(source, place, projected, frame, fmt) if styled else None
            geotiff.write(path, source, place, pixels, frame)
        else:
            with open(path, 'wb') as output:
                if fmt is Format.PNG and _paintable(source, frame):
                    canvas = _canvas(source, place)
                    channels = drawing.channels_of(source, canvas, frame)
                    parts = drawing.strips(source, canvas, frame, channels)
                    png.write(output, place.width, place.height, channels, parts)
                else:
                    write(_pixels(source, place, projected, frame, fmt), fmt, output)
        return open(path, 'rb')


def _native_frame(source: Any, region: Region) -> Frame:
    """Return the part of the image's own pixels that the region covers, clipped to the image."""
    width, height = image.size(source)
    left, top, right, bottom = region.left, region.top, region.right, region.bottom
    if region.units != 'pixels':
        left, top, right, bottom = _crs_to_pixels(source, region)
    # A side within a thousandth of a pixel of a pixel's edge means that edge.
    left, top = math.floor(max(0.0, left) + 1e-3), math.floor(max(0.0, top) + 1e-3)
    right, bottom = math.ceil(min(width, right) - 1e-3), math.ceil(min(height, bottom) - 1e-3)
    if left >= right or top >= bottom:
        raise _beside(region, f'0 to {width} across and 0 to {height} down, in pixels')
    return Frame(left, top, right, bottom, *_output_size(right - left, bottom - top, region))


def _crs_to_pixels(source: Any, region: Region) -> tuple[float, float, float, float]:
    crs = source.getCrs()
    x0, y0, x1, y1 = _transform_bounds(
        region.units, crs, (region.left, region.bottom, region.right, region.top)
    )
    corners = [_to_pixel(source, *point) for point in ((x0, y0), (x0, y1), (x1, y0), (x1, y1))]
    columns, rows = zip(*corners, strict=True)
    return min(columns), min(rows), max(columns), max(rows)


def _projected_frame(source: Any, region: Region) -> Frame:
    """Return the bounds in the source's projection, clipped to the image, at the resolution of its finest level."""
    sides = (region.left, region.bottom, region.right, region.top)
    units = region.units
    if units == 'pixels':
        points = [
            _to_place(source, x, y) for x in (region.left, region.right) for y in (region.top, region.bottom)
        ]
        xs, ys = zip(*points, strict=True)
        sides, units = (min(xs), min(ys), max(xs), max(ys)), source.getCrs()
    x0, y0, x1, y1 = _transform_bounds(units, source.projection, sides)
    bounds = source.getBounds(source.projection)
    x0, x1 = _in_turn(source, x0, x1, bounds)
    x0, x1 = max(x0, bounds['xmin']), min(x1, bounds['xmax'])
    y0, y1 = max(y0, bounds['ymin']), min(y1, bounds['ymax'])
    if x0 >= x1 or y0 >= y1:
        raise _beside(region, ', '.join(f'{k} {bounds[k]}' for k in ('xmin', 'ymin', 'xmax', 'ymax')))
    resolution = source.unitsAcrossLevel0 / source.tileWidth / 2 ** (source.levels - 1)
    width, height = max(1, round((x1 - x0) / resolution)), max(1, round((y1 - y0) / resolution))
    return Frame(x0, y1, x1, y0, *_output_size(width, height, region))


def _in_turn(source: Any, x0: float, x1: float, bounds: Any) -> tuple[float, float]:
    """Return two sides moved round the world to where most of the image is: it may lie beyond the antimeridian."""
    turn = source.worldWidth() if hasattr(source, 'worldWidth') else None
    if not turn:
        return x0, x1
    if x1 - x0 >= turn * (1 - 1e-9):
        return bounds['xmin'], bounds['xmax']

    def shared(move: float) -> float:
        return float(min(x1 + move, bounds['xmax']) - max(x0 + move, bounds['xmin']))

    move = max((0.0, turn, -turn), key=shared)
    return x0 + move, x1 + move


def _affine(source: Any) -> tuple[float, ...]:
    """Return a, b, c, d, e, f of x = a·column + b·row + c and y = d·column + e·row + f."""
    if hasattr(source, '_getAffine'):
        affine = source._getAffine()
        return affine.a, affine.b, affine.c, affine.d, affine.e, affine.f
    c, a, b, f, d, e = source._getGeoTransform()
    return a, b, c, d, e, f


def _to_place(source: Any, column: float, row: float) -> tuple[float, float]:
    a, b, c, d, e, f = _affine(source)
    return a * column + b * row + c, d * column + e * row + f


def _to_pixel(source: Any, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = _affine(source)
    determinant = a * e - b * d
    return (e * (x - c) - b * (y - f)) / determinant, (a * (y - f) - d * (x - c)) / determinant


def _transformed(source_crs: Any, target_crs: Any, sides: tuple[float, ...]) -> tuple[float, ...]:
    # A source is open, so one of the two is ready.
    if not is_there('rasterio'):
        from django_large_image.readers import osgeosource

        return osgeosource.transform_bounds(source_crs, target_crs, sides)
    from rasterio.warp import transform_bounds

    return tuple(transform_bounds(source_crs, target_crs, *sides, densify_pts=21))


def _transform_bounds(
    source_crs: Any, target_crs: Any, sides: tuple[float, ...]
) -> tuple[float, float, float, float]:
    if max(map(abs, sides)) > _FARTHEST:
        shown = ', '.join(map(str, sides))
        raise InvalidParameter('region', shown, f'sides within {_FARTHEST:g} units of the origin')
    try:
        found = _transformed(source_crs, target_crs, sides)
    except Exception as error:
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        # A vertical or a local CRS has no way to others; each library says so in an error of its own.
        found = (math.inf,) * 4
    if not all(math.isfinite(side) for side in found):
        raise InvalidParameter('units', str(source_crs), 'a CRS in which the region lies where the image is')
    x0, y0, x1, y1 = found
    return x0, y0, x1, y1


def _beside(region: Region, allowed: str) -> InvalidParameter:
    shown = f'left {region.left}, top {region.top}, right {region.right}, bottom {region.bottom}'
    return InvalidParameter('region', shown, f'a region that overlaps the image: {allowed}')


def _output_size(width: float, height: float, region: Region) -> tuple[int, int]:
    scale = min(1.0, (region.max_width or width) / width, (region.max_height or height) / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _paintable(source: Any, frame: int | None) -> bool:
    return hasattr(source, 'canPaint') and bool(source.canPaint(frame))


def _canvas(source: Any, place: Frame) -> Any:
    return source.canvas(place.left, place.top, place.right, place.bottom, place.width, place.height)


def _pixels(source: Any, place: Frame, projected: bool, frame: int | None, fmt: Format) -> np.ndarray:
    """Return the styled region as uint8 of shape (height, width, bands), read in strips where nothing is scaled."""
    if _paintable(source, frame):
        return drawing.pixels(source, _canvas(source, place), frame, fmt.lossy)
    if projected:
        units, down = 'projection', (place.bottom - place.top) / place.height
        scaled = True
    else:
        units, down = 'base_pixels', 1.0
        scaled = (place.width, place.height) != (place.right - place.left, place.bottom - place.top)
    # A reader of pictures without levels makes the whole of its only tile for each strip.
    step = place.height if scaled or source.levels == 1 else STRIP_ROWS
    result: np.ndarray | None = None
    for row in range(0, place.height, step):
        rows = min(step, place.height - row)
        top = place.top + row * down
        bottom = place.bottom if scaled else top + rows
        part, _ = source.getRegion(
            region={'left': place.left, 'top': top, 'right': place.right, 'bottom': bottom, 'units': units},
            output={'maxWidth': place.width, 'maxHeight': rows},
            format=TILE_FORMAT_NUMPY,
            frame=frame,
        )
        part = to_uint8(part)
        if result is None:
            result = part if scaled else np.empty((place.height, place.width, part.shape[2]), np.uint8)
        if not scaled:
            result[row : row + rows] = part
    assert result is not None
    return result
