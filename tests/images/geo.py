"""GeoTIFFs of the common kinds, Cloud Optimized where it says so; each is one file."""

from __future__ import annotations

import pathlib

import numpy as np

from tests.images import content
from tests.images.writers import RGBA, GeoTiff

#: The classes of the land cover image, with colours that differ in every channel.
LAND_COVER = {
    0: (0, 0, 0, 255),
    1: (65, 155, 223, 255),
    2: (57, 125, 73, 255),
    3: (136, 176, 83, 255),
    4: (228, 150, 53, 255),
    5: (196, 40, 27, 255),
    6: (165, 155, 143, 255),
    7: (230, 240, 250, 255),
}


#: 10 m a pixel in UTM 33N.
UTM = 32633
UTM_TRANSFORM = (10, 0, 500_000, 0, -10, 5_600_000)


def make_rgb(path: pathlib.Path, width: int = 2048, height: int = 1536) -> pathlib.Path:
    """Write a uint8 colour COG in UTM 33N, 10 m a pixel."""
    array = content.rgb(width, height)
    return GeoTiff(array, UTM, UTM_TRANSFORM, photometric='rgb', cog=True).write(path)


def make_rgba(path: pathlib.Path, size: int = 1024) -> pathlib.Path:
    """Write an RGBA COG in web mercator: a disk, half transparent in a stripe of it."""
    alpha = np.where(content.disk(size, size), 255, 0).astype('uint8')
    stripe = slice(size * 3 // 8, size * 5 // 8)
    alpha[:, stripe] = np.minimum(alpha[:, stripe], 128)
    array = np.concatenate([content.rgb(size, size), alpha[None]])
    transform = (30, 0, 1_500_000, 0, -30, 6_600_000)
    return GeoTiff(array, 3857, transform, photometric='rgb', colors=RGBA, cog=True).write(path)


def make_uint16(path: pathlib.Path, size: int = 1024) -> pathlib.Path:
    """Write a 4-band uint16 COG in UTM 33N, as a satellite scene (blue, green, red, near infrared)."""
    array = content.scaled(content.scene(size, size, 4), 200, 12_000, 'uint16')
    transform = (10, 0, 520_000, 0, -10, 5_580_000)
    return GeoTiff(array, UTM, transform, colors=('gray', *['undefined'] * 3), cog=True).write(path)


def make_dem(path: pathlib.Path, width: int = 1200, height: int = 900) -> pathlib.Path:
    """Write a float32 elevation COG in EPSG:4326 with nodata -9999 in one corner and in a hole."""
    heights = content.scaled(content.scene(width, height), -50, 2900, 'float32')
    y, x = np.mgrid[0:height, 0:width]
    heights[:, (x + y < height // 3) | (np.hypot(x - width * 2 / 3, y - height / 2) < height / 15)] = -9999
    return GeoTiff(heights, 4326, (0.001, 0, 10.2, 0, -0.001, 47.3), nodata=-9999, cog=True).write(path)


def make_palette(path: pathlib.Path, width: int = 1024, height: int = 512) -> pathlib.Path:
    """Write a land cover COG in EPSG:4326 whose values are indices of a colour table."""
    classes = np.minimum(content.scene(width, height) * len(LAND_COVER), len(LAND_COVER) - 1).astype('uint8')
    return GeoTiff(
        classes,
        4326,
        (0.0005, 0, 13.0, 0, -0.0005, 52.6),
        photometric='palette',
        colormap=LAND_COVER,
        resampling='nearest',
        cog=True,
    ).write(path)


def make_no_crs(path: pathlib.Path, width: int = 1536, height: int = 1024) -> pathlib.Path:
    """Write a tiled colour TIFF with overviews and neither CRS nor transform."""
    return GeoTiff(content.rgb(width, height), photometric='rgb').write(path)


def make_striped(path: pathlib.Path, width: int = 1024, height: int = 768) -> pathlib.Path:
    """Write a colour GeoTIFF in UTM 33N in strips, without overviews."""
    array = content.rgb(width, height)
    return GeoTiff(array, UTM, UTM_TRANSFORM, photometric='rgb', tiled=False, overviews=False).write(path)


def make_striped_plain(path: pathlib.Path, width: int = 1024, height: int = 768) -> pathlib.Path:
    """Write a colour TIFF in strips, without CRS and without overviews."""
    return GeoTiff(content.rgb(width, height), photometric='rgb', tiled=False, overviews=False).write(path)
