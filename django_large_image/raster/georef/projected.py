"""An image in a projection: its tile matrix there, and the size of its pixels on the ground."""

from __future__ import annotations

import functools
import math

import rasterio.warp
from rasterio.crs import CRS

from django_large_image.raster.georef.bounds import Bounds, bounds_of
from django_large_image.raster.georef.georeference import Georeference, TargetCRS
from django_large_image.raster.georef.tile_matrix import (
    TileMatrix,
    false_origin,
    levels_for,
    projected_levels,
    world_without_turn,
)

#: The side of a tile, in pixels.
TILE_SIZE = 256
#: The mean radius of the earth, in metres (IUGG).
_RADIUS = 6_371_008.8


@functools.lru_cache(maxsize=256)
def world_of(wkt: str) -> float | None:
    """Return the width of tile 0/0/0 in units of the CRS of a WKT; None for degrees, which have no tile matrix."""
    crs = CRS.from_wkt(wkt)
    if crs.is_geographic:
        return None
    try:
        (west, east), _ = rasterio.warp.transform('EPSG:4326', crs, [-180.0, 180.0], [0.0, 0.0])
    except Exception:
        # Some projections do not have the equator.
        west = east = math.nan
    without = world_without_turn(west, east, false_origin(crs.to_dict()), float(crs.linear_units_factor[1]))
    return float(abs(east - west)) if without is None else without


def pixel_metres(georeference: Georeference, bounds: Bounds | None) -> tuple[float, float] | None:
    """Return the mean width and height of a pixel on the ground in metres, by the corners of the image.

    `bounds` are those in EPSG:4326. None without them, or if a side has no length.
    """
    if bounds is None:
        return None
    top, right, bottom, left = (
        _haversine(*start, *end)
        for start, end in (
            (bounds.upper_left, bounds.upper_right),
            (bounds.upper_right, bounds.lower_right),
            (bounds.lower_right, bounds.lower_left),
            (bounds.lower_left, bounds.upper_left),
        )
    )
    width, height = (top + bottom) / (2 * georeference.width), (left + right) / (2 * georeference.height)
    return (width, height) if all(math.isfinite(side) and side > 0 for side in (width, height)) else None


def _haversine(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the great-circle distance in metres (R. W. Sinnott, Virtues of the Haversine, 1984)."""
    lon1, lat1, lon2, lat2 = (math.radians(value) for value in (lon1, lat1, lon2, lat2))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * _RADIUS * math.asin(min(1.0, math.sqrt(half)))


def mean_side(georeference: Georeference, sides: tuple[float, float]) -> float:
    """Return the mean of a pixel's width and height (`sides`), weighted by the width and the height of the image."""
    width, height = georeference.width, georeference.height
    return float((sides[0] * width + sides[1] * height) / (width + height))


def tile_matrix_of(
    georeference: Georeference,
    projection: TargetCRS | None,
    metres: tuple[float, float] | None,
    tile_size: tuple[int, int] = (TILE_SIZE, TILE_SIZE),
) -> TileMatrix | None:
    """Return the tile matrix of an image in a projection, or in its own pixels if that is None.

    `metres` are the sides of its pixels on the ground, and `tile_size` those of a tile in its own pixels.
    """
    width, height = georeference.width, georeference.height
    if projection is None:
        return TileMatrix(levels_for(width, height, tile_size), *tile_size, width, height)
    world = world_of(projection.name)
    if world is None or not world or metres is None or bounds_of(georeference, projection.crs) is None:
        return None
    levels = projected_levels(world, mean_side(georeference, metres), TILE_SIZE)
    return TileMatrix(levels, TILE_SIZE, TILE_SIZE, width, height, world)
