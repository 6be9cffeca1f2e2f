"""The tile matrix of the web map (EPSG:3857), told without opening the image in that projection."""

from __future__ import annotations

import math
from typing import Any

from django_large_image.imaging import crs
from django_large_image.raster.georef.tile_matrix import HALF_EQUATOR

CODE = 'EPSG:3857'


def tile_matrix(source: Any, bounds: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what `tiles/metadata?projection=EPSG:3857` says of the tile matrix; None where the image has no place.

    The image is georeferenced, and `bounds` are its own in that projection. The finest level is the first whose pixels,
    at the equator, are no larger than the image's mean pixel, as large-image 1.35.6 has it for every projection.
    """
    pixel = bounds and source.getPixelSizeInMeters()
    if not bounds or not pixel:
        return None
    width, height = int(source.tileWidth), int(source.tileHeight)
    levels = max(1, math.ceil(math.log2(2 * HALF_EQUATOR / (pixel * width))) + 1)
    return {
        'crs': crs.describe_code(CODE),
        'levels': levels,
        'size_x': width * 2 ** (levels - 1),
        'size_y': height * 2 ** (levels - 1),
        'tile_size': width,
        'tile_width': width,
        'tile_height': height,
        'extent': [-HALF_EQUATOR, -HALF_EQUATOR, HALF_EQUATOR, HALF_EQUATOR],
        'bounds': within(bounds, -HALF_EQUATOR, HALF_EQUATOR),
    }


def within(bounds: dict[str, Any], ymin: float, ymax: float) -> dict[str, Any]:
    """Return bounds without what is above or below the tile matrix: in the web map the poles are infinitely far."""
    return bounds | {'ymin': max(bounds['ymin'], ymin), 'ymax': min(bounds['ymax'], ymax)}
