"""The site's images, whose colours are known at every place."""

from __future__ import annotations

import pathlib

import numpy as np
import tifffile

from tests.images import GeoTiff, make_dem, make_ome_tiff, make_png_bomb

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 60), (40, 60, 200), (230, 200, 40)


def quarters(height: int, width: int) -> np.ndarray:
    """Return bands × rows × columns: red and green above, blue and yellow below."""
    picture = np.empty((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    picture[:top, :left], picture[:top, left:] = RED, GREEN
    picture[top:, :left], picture[top:, left:] = BLUE, YELLOW
    return np.moveaxis(picture, -1, 0)


def make_square(path: pathlib.Path) -> pathlib.Path:
    """10 degrees of the web map round 15° east, 50° north or so: 2^20 metres a side."""
    side, pixels = 2**20, 1024
    left, top = 1_600_000 - side / 2, 6_450_000 + side / 2
    return GeoTiff(
        quarters(pixels, pixels), epsg=3857, transform=(side / pixels, 0, left, 0, -side / pixels, top),
        photometric='RGB', cog=True,
    ).write(path)  # fmt: skip


def make_over_the_antimeridian(path: pathlib.Path) -> pathlib.Path:
    """170° east to 170° west, 10° south to 10° north."""
    return GeoTiff(
        quarters(800, 800), epsg=4326, transform=(20 / 800, 0, 170, 0, -20 / 800, 10), photometric='RGB', cog=True
    ).write(path)  # fmt: skip


def make_pole(path: pathlib.Path) -> pathlib.Path:
    """The south pole and 2 000 km round it, in polar stereographic: 0° and the Atlantic are above."""
    return GeoTiff(
        quarters(1000, 1000), epsg=3031, transform=(4000, 0, -2_000_000, 0, -4000, 2_000_000), photometric='RGB',
        cog=True,
    ).write(path)  # fmt: skip


def make_slide(path: pathlib.Path) -> pathlib.Path:
    """A pyramid without a place, whose pixels are half a micrometre wide."""
    picture = np.moveaxis(quarters(1500, 2000), 0, -1)
    with tifffile.TiffWriter(path) as writer:
        resolution = {'resolution': (20_000, 20_000), 'resolutionunit': 'CENTIMETER'}
        options = {'tile': (256, 256), 'photometric': 'rgb', 'compression': 'zlib'}
        writer.write(picture, subifds=0, **resolution, **options)
        for level in (2, 4, 8):
            writer.write(picture[::level, ::level], subfiletype=1, **options)
    return path


PICTURES = {
    'square': (make_square, 'square.tif'),
    'antimeridian': (make_over_the_antimeridian, 'antimeridian.tif'),
    'pole': (make_pole, 'pole.tif'),
    'slide': (make_slide, 'slide.tif'),
    'dem': (make_dem, 'dem.tif'),
    'ome': (make_ome_tiff, 'cells.ome.tif'),
    # Refused: it has to be converted first.
    'giant': (make_png_bomb, 'giant.png'),
}
