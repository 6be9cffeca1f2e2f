"""GeoTIFFs that readers get wrong: masks, NaN, unusual transforms, the antimeridian, a bent projection."""

from __future__ import annotations

import math
import pathlib

import numpy as np

from tests.images import content
from tests.images.geo import UTM, UTM_TRANSFORM
from tests.images.writers import GeoTiff


def make_internal_mask(path: pathlib.Path, size: int = 1024) -> pathlib.Path:
    """Write a colour GeoTIFF whose mask, a disk, is inside the file."""
    return _masked(path, size, internal=True)


def make_external_mask(path: pathlib.Path, size: int = 1024) -> pathlib.Path:
    """Write a colour GeoTIFF whose mask, a disk, is in a second file with `.msk` behind the name."""
    return _masked(path, size, internal=False)


def _masked(path: pathlib.Path, size: int, *, internal: bool) -> pathlib.Path:
    mask = np.where(content.disk(size, size), 255, 0).astype('uint8')
    image = GeoTiff(content.rgb(size, size), UTM, UTM_TRANSFORM, photometric='rgb', mask=mask)
    image.internal_mask = internal
    return image.write(path)


def make_nan_nodata(path: pathlib.Path, size: int = 1024) -> pathlib.Path:
    """Write a float32 GeoTIFF whose nodata value is NaN, outside a disk."""
    values = content.scaled(content.scene(size, size), 270, 310, 'float32')
    values[:, ~content.disk(size, size)] = np.nan
    return GeoTiff(values, UTM, UTM_TRANSFORM, nodata=math.nan).write(path)


def make_south_up(path: pathlib.Path, width: int = 1024, height: int = 768) -> pathlib.Path:
    """Write a colour GeoTIFF whose first row is the southernmost; a map shows `make_striped`'s picture."""
    transform = (10, 0, 500_000, 0, 10, 5_600_000 - 10 * height)
    return GeoTiff(content.rgb(width, height)[:, ::-1], UTM, transform, photometric='rgb').write(path)


def make_rotated(path: pathlib.Path, size: int = 1024, degrees: float = 25) -> pathlib.Path:
    """Write a colour GeoTIFF whose rows run at an angle to the east."""
    cos, sin = 10 * math.cos(math.radians(degrees)), 10 * math.sin(math.radians(degrees))
    transform = (cos, sin, 500_000, sin, -cos, 5_600_000)
    return GeoTiff(content.rgb(size, size), UTM, transform, photometric='rgb').write(path)


def make_gcps(path: pathlib.Path, size: int = 1024) -> pathlib.Path:
    """Write a colour GeoTIFF that is placed by ground control points alone, as a radar scene is.

    The points lie on an affine grid, so that the right place of each pixel is known.
    """
    places = [(column, row) for row in np.linspace(0, size, 5) for column in np.linspace(0, size, 5)]
    points = [
        (column, row, 14 + 0.0003 * column + 0.00004 * row, 51 + 0.00005 * column - 0.0002 * row)
        for column, row in places
    ]
    return GeoTiff(content.rgb(size, size), gcps=points, photometric='rgb').write(path)


def make_antimeridian(path: pathlib.Path, width: int = 1000, height: int = 500) -> pathlib.Path:
    """Write a colour GeoTIFF in EPSG:4326 from 170° to 190° east."""
    transform = (20 / width, 0, 170, 0, -10 / height, -12)
    return GeoTiff(content.rgb(width, height), 4326, transform, photometric='rgb').write(path)


def make_antimeridian_utm(path: pathlib.Path, size: int = 1024) -> pathlib.Path:
    """Write a colour GeoTIFF in UTM zone 1 south that reaches over the antimeridian (Fiji, 100 m a pixel)."""
    transform = (100, 0, 140_000, 0, -100, 8_150_000)
    return GeoTiff(content.rgb(size, size), 32701, transform, photometric='rgb').write(path)


def make_conic(path: pathlib.Path, width: int = 1100, height: int = 1000) -> pathlib.Path:
    """Write a colour GeoTIFF of all of Canada in a conic projection, whose edges bend in web mercator."""
    transform = (5000, 0, -2_500_000, 0, -5000, 4_000_000)
    return GeoTiff(content.rgb(width, height), 3978, transform, photometric='rgb').write(path)
