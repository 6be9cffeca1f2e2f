"""The bounds of an image in a CRS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasterio.crs import CRS

from django_large_image.raster.georef.georeference import Extent, Georeference, target_crs


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where an image lies in a CRS: the box round it, which holds its bent sides, and its four corners (x, y).

    All are in units of the CRS. The box of an image over the antimeridian goes on beyond 180 degrees.
    """

    extent: Extent
    upper_left: tuple[float, float]
    lower_left: tuple[float, float]
    upper_right: tuple[float, float]
    lower_right: tuple[float, float]
    #: The CRS: EPSG:n, or its WKT.
    crs: str


def bounds_of(georeference: Georeference, crs: CRS) -> Bounds | None:
    """Return the bounds of an image in a CRS; None if it has no place there. Corners may be not finite."""
    there = target_crs(crs)
    extent = georeference.extent(there)
    if extent is None:
        return None
    width, height = georeference.width, georeference.height
    xs, ys = georeference.to_crs(np.array([0.0, 0, width, width]), np.array([0.0, height, 0, height]), there)
    turn = there.world_width
    if turn:
        # A corner on the other side of the antimeridian is moved once round the world, to the box.
        middle = (extent.left + extent.right) / 2
        away = np.abs(xs - middle) > turn / 2 * (1 + 1e-9)
        xs = np.where(away, xs + turn * np.round((middle - xs) / turn), xs)
    upper_left, lower_left, upper_right, lower_right = (
        (float(x), float(y)) for x, y in zip(xs, ys, strict=True)
    )
    return Bounds(extent, upper_left, lower_left, upper_right, lower_right, crs.to_string())
