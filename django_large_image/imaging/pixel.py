"""The values of one pixel."""

from __future__ import annotations

import math

from django_large_image.exceptions import InvalidParameter, NotSupported, fault_of
from django_large_image.pixels import Json
from django_large_image.readers.base import ImageReader
from django_large_image.readers.errors import reading
from django_large_image.readers.jsonsafe import json_safe


def read(reader: ImageReader, left: float, top: float, units: str, frame: int | None) -> Json:
    """Return the styled colour (r, g, b, a: 0 to 255) and the bands' own values of the pixel at (left, top).

    `units` is 'pixels' or 'EPSG:n'. The answer has the pixel's column and row as `left` and `top`. Raises
    `InvalidParameter` for a point outside the image, `NotSupported` for EPSG:n without a georeference, and
    `ImageUnreadable`.
    """
    if units != 'pixels':
        left, top = to_pixels(reader, left, top, units)
    column, row = math.floor(left), math.floor(top)
    for name, value, count in (('left', column, reader.matrix.width), ('top', row, reader.matrix.height)):
        if not 0 <= value < count:
            raise InvalidParameter(name, value, f'a place in the image, pixels 0 to {count - 1}')
    with reading():
        found: Json = json_safe(reader.pixel(column, row, frame or 0))
    return found | {'left': column, 'top': row}


def to_pixels(reader: ImageReader, x: float, y: float, units: str) -> tuple[float, float]:
    """Return column and row of a point in a CRS, EPSG:n, from the upper left corner of the image.

    Raises `NotSupported` for an image without a georeference, and `InvalidParameter` for a point that has none.
    """
    if not reader.is_geospatial:
        raise NotSupported(
            'The image is not georeferenced; units must be pixels.', parameter='units', value=units
        )
    try:
        column, row = reader.to_pixels(x, y, units)
    except Exception as error:
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        # A vertical or a local CRS cannot be transformed. Each library has an error of its own for that.
        raise InvalidParameter('units', units, 'a CRS that leads to that of the image') from None
    if not (math.isfinite(column) and math.isfinite(row)):
        raise InvalidParameter('left', x, f'a place that exists in {units}')
    return column, row
