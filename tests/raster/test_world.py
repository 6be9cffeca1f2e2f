"""Images of the whole globe and of a pole: no seam where the world begins anew, no error where it ends."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.georef.georeference import target_crs
from tests.images import GeoTiff
from tests.raster import Array, drawn, mercator_tile

#: The first longitude of images of the globe: as maps have it, as climate models have it, and neither.
FIRST = (-180.0, 0.0, -30.0)


def content(longitudes: Array, latitudes: Array) -> Array:
    """Return a value for each place that is the same on both sides of the antimeridian."""
    return np.asarray(120 + 60 * np.cos(np.radians(longitudes)) + latitudes / 2)


def globe(
    path: pathlib.Path,
    first: float,
    top: float = 90.0,
    bottom: float = -90.0,
    step: float = 0.5,
    epsg: int = 4326,
) -> pathlib.Path:
    """Write an image of all longitudes from `first` on, in degrees."""
    width, height = round(360 / step), round((top - bottom) / step)
    longitudes = first + (np.arange(width) + 0.5) * step
    latitudes = top - (np.arange(height) + 0.5) * step
    array = content(longitudes[None], latitudes[:, None]).round().astype('uint8')[None]
    return GeoTiff(array, epsg, (step, 0, first, 0, -step, top), overviews=False).write(path)


def places(canvas: GeoBox) -> tuple[Array, Array]:
    """Return the longitude and the latitude of each pixel of a canvas; not finite beside the globe."""
    from rasterio.warp import transform

    assert canvas.target is not None
    columns, rows = np.meshgrid(np.arange(canvas.width) + 0.5, np.arange(canvas.height) + 0.5)
    xs, ys = canvas.affine.a * columns + canvas.affine.c, canvas.affine.e * rows + canvas.affine.f
    found = [transform(canvas.target.crs, 'EPSG:4326', xs[row], ys[row]) for row in range(canvas.height)]
    return np.array([line[0] for line in found]), np.array([line[1] for line in found])


def canvas_of(epsg: int, x: float, y: float, pixel: float, size: int = 256) -> GeoBox:
    """Return a canvas round a place."""
    half = pixel * size / 2
    return GeoBox(
        Affine(pixel, 0, x - half, 0, -pixel, y + half), size, size, target_crs(CRS.from_epsg(epsg))
    )


def assert_shows_the_globe(path: pathlib.Path, canvas: GeoBox, method: str, north: float = -90.0) -> None:
    """Check that each pixel north of a latitude is there and shows the content of its place."""
    values, valid = drawn(path, canvas, method)
    longitudes, latitudes = places(canvas)
    inside = np.isfinite(longitudes) & (latitudes > north) & (latitudes > -89) & (latitudes < 89.9999)
    assert inside.any()
    assert (valid > 0)[inside].mean() > 0.995
    # Where the image begins, a pixel may be that of the other end, which is next to it.
    off = np.abs(values[0].astype(float) - content(longitudes, latitudes))[inside & (valid > 0)]
    assert np.quantile(off, 0.99) <= 3


@pytest.mark.parametrize('first', FIRST)
@pytest.mark.parametrize('tile', [(0, 0, 0), (1, 0, 0), (1, 1, 1), (2, 2, 1), (3, 7, 3)])
@pytest.mark.parametrize('method', ['nearest', 'bilinear'])
def test_all_of_the_globe_is_on_the_tiles(
    tmp_path: pathlib.Path, first: float, tile: tuple[int, int, int], method: str
) -> None:
    assert_shows_the_globe(globe(tmp_path / 'globe.tif', first), mercator_tile(*tile), method)


@pytest.mark.parametrize('first', FIRST)
@pytest.mark.parametrize('method', ['nearest', 'bilinear'])
@pytest.mark.parametrize('place', [(0, 0), (300_000, 900_000), (-1_100_000, 2_345_678), (77_000, 2_000_000)])
@pytest.mark.parametrize('pixel', [30_000, 8_000])
def test_over_the_antimeridian_there_is_no_gap_on_a_polar_map(
    tmp_path: pathlib.Path, first: float, method: str, place: tuple[int, int], pixel: int
) -> None:
    path = globe(tmp_path / 'globe.tif', first)
    assert_shows_the_globe(path, canvas_of(3995, *place, pixel, 200), method)


@pytest.mark.parametrize('first', FIRST)
@pytest.mark.parametrize('pixel', [20, 700, 2500])
def test_round_a_pole_nothing_is_missing(tmp_path: pathlib.Path, first: float, pixel: int) -> None:
    path = globe(tmp_path / 'pole.tif', first, 90, 85, 0.1)
    for x, y in ((0, 0), (12_345, 4_000)):
        assert_shows_the_globe(path, canvas_of(3995, x, y, pixel), 'nearest', 85.2)


@pytest.mark.parametrize('first', FIRST)
@pytest.mark.parametrize('epsg', [3035, 3408, 6933, 8857])
@pytest.mark.filterwarnings('error')
def test_places_beside_the_globe_are_no_error(tmp_path: pathlib.Path, first: float, epsg: int) -> None:
    path = globe(tmp_path / 'globe.tif', first)
    for _ in range(2):
        # Larger than the world: PROJ has no place for the corners, and says so only the first times.
        canvas = canvas_of(epsg, 0, 0, 200_000, 200)
        _, valid = drawn(path, canvas, 'bilinear')
        assert valid.any()
        assert not valid[0, 0]


@pytest.mark.parametrize('first', FIRST)
@pytest.mark.parametrize('epsg', [4269, 4277])
@pytest.mark.parametrize('method', ['nearest', 'bilinear'])
def test_beyond_a_pole_there_is_nothing_and_below_it_all(
    tmp_path: pathlib.Path, first: float, epsg: int, method: str
) -> None:
    path = globe(tmp_path / 'globe.tif', first, epsg=epsg)
    # The latitudes 36 to 164: PROJ has no place for most of them.
    canvas = canvas_of(4326, 20, 100, 0.5)
    assert_shows_the_globe(path, canvas, method, 36)
    _, valid = drawn(path, canvas, method)
    assert not valid[:148].any()
