"""The values of one pixel."""

from __future__ import annotations

import math
from typing import Any

from django_large_image.exceptions import InvalidParameter, NotSupported
from django_large_image.imaging import image
from django_large_image.imaging.jsonsafe import json_safe
from django_large_image.sources.opening import reading


def read(source: Any, left: float, top: float, units: str, frame: int | None) -> dict[str, Any]:
    """Return the styled colour (r, g, b, a: 0 to 255) and the bands' own values of the pixel at (left, top).

    `units` is 'pixels' or 'EPSG:n'. Raises `InvalidParameter` for a place outside the image.
    """
    if units != 'pixels':
        left, top = to_pixels(source, left, top, units)
    width, height = image.size(source)
    column, row = math.floor(left), math.floor(top)
    for name, value, count in (('left', column, width), ('top', row, height)):
        if not 0 <= value < count:
            raise InvalidParameter(name, value, f'a place in the image, pixels 0 to {count - 1}')
    with reading():
        found = source.getPixel(region={'left': column, 'top': row, 'units': 'base_pixels'}, frame=frame)
    result: dict[str, Any] = json_safe(dict(found))
    return result | {'left': column, 'top': row}


def to_pixels(source: Any, x: float, y: float, units: str) -> tuple[float, float]:
    """Return the pixel coordinates of a place given in a CRS; raises `NotSupported` and `InvalidParameter`."""
    if not image.is_geospatial(source):
        raise NotSupported(
            'The image is not georeferenced; units must be pixels.', parameter='units', value=units
        )
    try:
        column, row = source.toNativePixelCoordinates(x, y, crs=units, roundResults=False)
    except Exception:
        # A vertical or a local CRS has no way to others; each library says so in an error of its own.
        raise InvalidParameter('units', units, 'a CRS that leads to that of the image') from None
    if not (math.isfinite(column) and math.isfinite(row)):
        raise InvalidParameter('left', x, f'a place that exists in {units}')
    return column, row
