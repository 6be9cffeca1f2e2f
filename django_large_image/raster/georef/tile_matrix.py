"""The tile matrix of a projection: how wide its tile 0/0/0 is, in units of the CRS, round the origin."""

from __future__ import annotations

import functools
import math
from typing import Any

#: Half of the equator of WGS 84, πa, in metres: where the web map ends.
HALF_EQUATOR = 20_037_508.342789244
#: How far from its false origin a projection is used, in metres; from the pole to the equator is as far.
_REACH = 1e7


def world_width(west: float, east: float, false_origin: float, unit: float) -> float | None:
    """Return the width of tile 0/0/0 where x does not go round the world; None where it does.

    large-image 1.35.6 takes the distance of the equator's ends, `west` and `east`. Those are one place in a transverse,
    conic or polar projection (UTM, Lambert, LAEA, polar stereographic), which it refuses or gives a world of 1e-9 m.
    Here the world is as wide as the equator is long, or twice, four times … as wide, if the origin is far away
    (`false_origin`, in metres): some Gauss-Krüger zones begin at 45 500 km. `unit` is the CRS's own, in metres.
    """
    if math.isfinite(east - west) and abs(east - west) > 1:
        return None
    half = HALF_EQUATOR
    while half < abs(false_origin) + _REACH:
        half *= 2
    return 2 * half / unit


@functools.lru_cache(maxsize=256)
def world_width_of(wkt: str) -> float | None:
    """Return `world_width` of rasterio's CRS."""
    import rasterio.warp
    from rasterio.crs import CRS

    crs = CRS.from_wkt(wkt)
    try:
        (west, east), _ = rasterio.warp.transform('EPSG:4326', crs, [-180.0, 180.0], [0.0, 0.0])
    except Exception:
        # GDAL's: the equator has no place in some projections.
        west = east = math.nan
    return world_width(west, east, false_origin(crs.to_dict()), float(crs.linear_units_factor[1]))


def false_origin(projection: dict[str, Any]) -> float:
    """Return the larger of x_0 and y_0, in metres, of a CRS in PROJ's words."""
    return max(abs(float(projection.get(name, 0) or 0)) for name in ('x_0', 'y_0'))
