"""Coordinate reference systems by their codes, and in words that a client's own projection library reads."""

from __future__ import annotations

import functools
import re
import warnings
from typing import TYPE_CHECKING

from django_large_image.exceptions import Misconfigured
from django_large_image.handles.ready import make_ready
from django_large_image.loading import is_there
from django_large_image.pixels import Json

if TYPE_CHECKING:
    from rasterio.crs import CRS


@functools.lru_cache(maxsize=1024)
def crs_from_code(code: str) -> CRS | None:
    """Return rasterio's CRS of 'EPSG:n', that of pyproj where there is no rasterio, None where there is neither.

    Raises ValueError for a code that PROJ does not know, and `Misconfigured` where PROJ knows none at all.
    """
    number = int(code.partition(':')[2])
    if is_there('rasterio'):
        make_ready('rasterio')
        from rasterio.crs import CRS
        from rasterio.errors import CRSError
    elif is_there('pyproj'):
        # large-image's gdal source comes with it.
        make_ready('gdal')
        from pyproj import CRS
        from pyproj.exceptions import CRSError
    else:
        return None
    try:
        return CRS.from_epsg(number)
    except CRSError:
        pass
    try:
        CRS.from_epsg(4326)
    except CRSError:
        # Such as PROJ_DATA of another PROJ, whose database this one cannot read.
        raise Misconfigured('PROJ does not find its database of coordinate systems on the server.') from None
    raise ValueError(code)


@functools.lru_cache(maxsize=256)
def describe_code(code: str) -> Json | None:
    """Return what `describe` does for 'EPSG:n', which keeps its own name; None where no library knows it."""
    crs = crs_from_code(code)
    found = None if crs is None else describe(crs)
    return None if found is None else found | {'code': code}


def describe(crs: object) -> Json | None:
    """Return code, name, proj4 and unit of a CRS: one of rasterio or pyproj, or its WKT; None if that says nothing.

    `proj4` is PROJ's old notation (https://proj.org/en/stable/usage/quickstart.html), which proj4js reads; it has the
    order x, y whatever the order of the CRS is. `unit` is `degree`, `metre` or another unit's name in the WKT.
    """
    if not crs:
        return None
    return _of_rasterio(crs) if is_there('rasterio') else _of_pyproj(crs)


def _of_rasterio(crs: object) -> Json | None:
    from rasterio.crs import CRS
    from rasterio.env import Env
    from rasterio.errors import CRSError

    try:
        known = CRS.from_user_input(crs)
        # Else a CRS of another datum would lie beside the map by a hundred metres (GDAL 3.9).
        with Env(OSR_ADD_TOWGS84_ON_EXPORT_TO_PROJ4='YES'):
            # rasterio 1.4.4 writes flags as `+no_defs=True`.
            proj4 = known.to_proj4().replace('=True', '')
        authority = known.to_authority(confidence_threshold=100)
        unit = 'degree' if known.is_geographic else str(known.linear_units)
        return _answer(authority, known.to_wkt(), proj4, unit)
    except CRSError:
        return None


def _of_pyproj(crs: object) -> Json | None:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        known = CRS.from_user_input(crs)
        with warnings.catch_warnings():
            # It warns of what the notation cannot say, which is why WKT exists.
            warnings.simplefilter('ignore', UserWarning)
            proj4 = known.to_proj4()
        authority = known.to_authority(min_confidence=100)
        return _answer(authority, known.to_wkt('WKT1_GDAL'), proj4, known.axis_info[0].unit_name)
    except CRSError:
        return None


def _answer(authority: tuple[str, str] | None, wkt: str, proj4: str, unit: str) -> Json:
    name = re.match(r'\w+\["([^"]*)"', wkt)
    return {
        'code': None if authority is None else ':'.join(authority),
        'name': '' if name is None else name.group(1),
        'proj4': proj4.strip(),
        'unit': unit,
    }
