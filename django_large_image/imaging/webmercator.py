"""The tile matrix of the web map (EPSG:3857), told without opening the image in that projection."""

from __future__ import annotations

import math
from typing import Any

from django_large_image.imaging import crs, image

CODE = 'EPSG:3857'
#: Half of the equator of WGS 84, πa, in metres: tile 0/0/0 reaches that far from the middle to each side.
HALF = 20_037_508.342789244


def tile_matrix(source: Any, bounds: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what `tiles/metadata?projection=EPSG:3857` says of the tile matrix; None where the image has no place.

    `bounds` are the image's own in that projection. The finest level is the first whose pixels, at the equator, are no
    larger than the image's mean pixel, as large-image 1.35.6 has it for every projection.
    """
    pixel = source.getPixelSizeInMeters() if image.is_geospatial(source) and bounds else None
    if not pixel or bounds is None:
        return None
    width, height = int(source.tileWidth), int(source.tileHeight)
    levels = max(1, math.ceil(math.log2(2 * HALF / (pixel * width))) + 1)
    return {
        'crs': crs.describe_code(CODE),
        'levels': levels,
        'size_x': width * 2 ** (levels - 1),
        'size_y': height * 2 ** (levels - 1),
        'tile_size': width,
        'tile_width': width,
        'tile_height': height,
        'extent': [-HALF, -HALF, HALF, HALF],
        'bounds': within(bounds, -HALF, HALF),
    }


def within(bounds: dict[str, Any], ymin: float, ymax: float) -> dict[str, Any]:
    """Return bounds without what is above or below the tile matrix: in the web map the poles are infinitely far."""
    return bounds | {'ymin': max(bounds['ymin'], ymin), 'ymax': min(bounds['ymax'], ymax)}
