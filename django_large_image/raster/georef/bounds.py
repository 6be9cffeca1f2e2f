"""The bounds of an image in a CRS, as large-image gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
from large_image.exceptions import TileSourceError

from django_large_image.raster.georef.georeference import Georeference, target


def bounds_of(place: Georeference, crs: Any) -> dict[str, Any]:
    """Return the corners of an image and the box round it in a CRS; raises `TileSourceError` if it has none there.

    The keys are large-image's: ul, ll, ur and lr with x and y, xmin, xmax, ymin, ymax and srs.
    """
    there = target(crs)
    extent = place.extent(there)
    if extent is None:
        raise TileSourceError('The image has no place in this projection.')
    width, height = place.width, place.height
    xs, ys = place.to_crs(np.array([0.0, 0, width, width]), np.array([0.0, height, 0, height]), there)
    turn = there.period
    if turn:
        # Corners beyond the end of the world lie where the box does.
        middle = (extent.left + extent.right) / 2
        away = np.abs(xs - middle) > turn / 2 * (1 + 1e-9)
        xs = np.where(away, xs + turn * np.round((middle - xs) / turn), xs)
    corners = {
        name: {'x': float(x), 'y': float(y)}
        for name, x, y in zip(('ul', 'll', 'ur', 'lr'), xs, ys, strict=True)
    }
    return corners | {
        'xmin': extent.left,
        'xmax': extent.right,
        'ymin': extent.bottom,
        'ymax': extent.top,
        'srs': crs.to_string(),
    }
