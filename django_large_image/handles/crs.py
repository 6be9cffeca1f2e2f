"""Coordinate reference systems: from their codes, and in the notation that a client's projection library reads."""

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
    """Return the CRS of 'EPSG:n': rasterio's, or pyproj's where rasterio is not installed; None without either.

    Raises ValueError for a code that PROJ does not know, and `Misconfigured` where PROJ finds no code at all.
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
        # PROJ_DATA may name the database of another PROJ, which this one cannot read.
        raise Misconfigured('PROJ does not find its database of coordinate systems on the server.') from None
    raise ValueError(code)


@functools.lru_cache(maxsize=256)
def describe_code(code: str) -> Json | None:
    """Return what `describe` returns for 'EPSG:n', with this text as `code`; None without rasterio and pyproj.

    Raises ValueError and `Misconfigured` as `crs_from_code`.
    """
    crs = crs_from_code(code)
    found = None if crs is None else describe(crs)
    return None if found is None else found | {'code': code}


def describe(crs: object) -> Json | None:
    """Return `code`, `name`, `proj4` and `unit` of a CRS of rasterio or pyproj, or of its WKT; None if it is none.

    `code` is 'EPSG:n' or None. `proj4` is PROJ's old notation (https://proj.org/en/stable/usage/quickstart.html), which
    proj4js reads; its order of axes is x, y, whatever that of the CRS is. `unit` is `degree`, `metre` or the name of
    another unit in the WKT.
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
        # Without the datum shift, a CRS of another datum would lie a hundred metres beside the map (GDAL 3.9).
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
            # pyproj warns that the notation cannot express all of a CRS. That is known.
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
