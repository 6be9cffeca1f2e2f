"""The values of one pixel."""

from __future__ import annotations

import math
from typing import Any

from django_large_image.exceptions import InvalidParameter, NotSupported, fault_of
from django_large_image.handles.lease import reading
from django_large_image.imaging import image
from django_large_image.imaging.jsonsafe import json_safe


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
    if getattr(source, '_automatic', False):
        # The values of the file, not what they are shown as.
        source = source._unstyled
    with reading():
        found = _painted(source, column, row, frame) or source.getPixel(
            region={'left': column, 'top': row, 'units': 'base_pixels'}, frame=frame
        )
    result: dict[str, Any] = json_safe(dict(found))
    return result | {'left': column, 'top': row}


def _painted(source: Any, column: int, row: int, frame: int | None) -> dict[str, Any] | None:
    """Return what `getPixel` does, from the geospatial source; None where that cannot."""
    if not hasattr(source, 'canPaint') or source.projection or not source.canPaint(frame):
        return None
    picture = source.paint(source.canvas(column, row, column + 1, row + 1, 1, 1), frame)
    values = source.values(column, row, frame)
    colour = [0, 0, 0, 0] if picture is None else picture.array()[0, 0].tolist()
    if len(colour) == 3 and source.style:
        colour.append(255)
    if len(values) == 1 and _is_gray(source.style) and colour[3:] == [255]:
        # large-image's picture of one band in gray has one channel.
        return {'value': colour[:1], 'l': colour[0], 'bands': {1: values[0]}}
    return {
        'value': colour,
        **dict(zip('rgba', colour, strict=False)),
        'bands': dict(enumerate(values, 1)),
    }


def _is_gray(style: Any) -> bool:
    bands = style.get('bands', ())
    return len(bands) == 1 and [
        str(c).lower()[:7] for c in bands[0].get('palette', ['#000000', '#ffffff'])
    ] in (
        ['#000000', '#ffffff'],
        ['#000', '#fff'],
    )


def to_pixels(source: Any, x: float, y: float, units: str) -> tuple[float, float]:
    """Return the pixel coordinates of a place given in a CRS; raises `NotSupported` and `InvalidParameter`."""
    if not image.is_geospatial(source):
        raise NotSupported(
            'The image is not georeferenced; units must be pixels.', parameter='units', value=units
        )
    try:
        column, row = source.toNativePixelCoordinates(x, y, crs=units, roundResults=False)
    except Exception as error:
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        # A vertical or a local CRS has no way to others; each library says so in an error of its own.
        raise InvalidParameter('units', units, 'a CRS that leads to that of the image') from None
    if not (math.isfinite(column) and math.isfinite(row)):
        raise InvalidParameter('left', x, f'a place that exists in {units}')
    return column, row
