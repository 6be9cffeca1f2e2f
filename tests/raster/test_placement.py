"""Where an image lies: places of pixels, what is covered in another CRS, and how often it is met round the world."""

from __future__ import annotations

import math
import types
from typing import Any

import numpy as np
import pytest
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

from django_large_image.raster.georef.georeference import Georeference, target_crs

DEGREES, MERCATOR, UTM, POLAR = (CRS.from_epsg(code) for code in (4326, 3857, 32632, 3413))
#: The half of the world's width in web mercator.
HALF = 20037508.342789244


def placed(
    transform: Affine, crs: Any = DEGREES, width: int = 100, height: int = 50, points: Any = ()
) -> Georeference:
    """Return the place of an image."""
    gcps = (list(points), DEGREES if points else None)
    return Georeference(
        types.SimpleNamespace(width=width, height=height, gcps=gcps, transform=transform, crs=crs)
    )


def degrees(left: float, top: float, right: float, bottom: float) -> Georeference:
    """Return the place of an image of 100 × 50 pixels between degrees."""
    return placed(Affine((right - left) / 100, 0, left, 0, (bottom - top) / 50, top))


def test_the_width_of_the_world() -> None:
    assert target_crs(DEGREES).world_width == 360.0
    assert target_crs(MERCATOR).world_width == pytest.approx(2 * HALF)
    assert target_crs(UTM).world_width is None
    assert target_crs(POLAR).world_width is None
    # The same for the same CRS.
    assert target_crs(CRS.from_epsg(3857)) is target_crs(MERCATOR)
    assert (target_crs(DEGREES).geographic, target_crs(MERCATOR).geographic) == (True, False)


def test_places_of_pixels_and_back() -> None:
    turned = placed(Affine(2, 1, 500_000, 0.5, -3, 5_000_000), UTM)
    here = target_crs(UTM)
    columns, rows = np.array([0.0, 10, 100]), np.array([0.0, 20, 50])
    x, y = turned.to_crs(columns, rows, here)
    assert x.tolist() == [500_000, 500_040, 500_250]
    assert y.tolist() == [5_000_000, 4_999_945, 4_999_900]
    back = turned.to_pixels(x, y, here)
    assert np.allclose(back, [columns, rows])
    there = target_crs(DEGREES)
    back = turned.to_pixels(*turned.to_crs(columns, rows, there), there)
    assert np.allclose(back, [columns, rows], atol=1e-4)
    assert (turned.is_native(here), turned.is_native(there), turned.has_points) == (True, False, False)


def test_what_has_no_crs_is_in_degrees_if_it_has_a_place() -> None:
    assert placed(Affine(1, 0, 5, 0, -1, 5), None).crs == DEGREES
    nowhere = placed(Affine.identity(), None)
    assert (nowhere.crs, nowhere.native, nowhere.wrap_offset) == (None, None, None)


def test_control_points() -> None:
    corners = ((0, 0, 10, 60), (100, 0, 12, 60), (100, 50, 12, 59), (0, 50, 10, 59))
    points = [GroundControlPoint(row=row, col=column, x=x, y=y) for column, row, x, y in corners]
    there = target_crs(DEGREES)
    place = placed(Affine.identity(), None, points=points)
    assert place.has_points
    assert place.wrap_offset is None
    x, y = place.to_crs(np.array([[50.0]]), np.array([[25.0]]), there)
    assert (x.shape, float(x[0, 0]), float(y[0, 0])) == ((1, 1), pytest.approx(11), pytest.approx(59.5))
    columns, rows = place.to_pixels(np.array([[11.0, 12]]), np.array([[59.5, 59]]), there)
    assert np.allclose(columns, [[50, 100]], atol=1e-3)
    assert np.allclose(rows, [[25, 50]], atol=1e-3)
    assert place.extent(there) == pytest.approx((10, 59, 12, 60), abs=1e-6)


def test_a_turn_round_the_world_in_pixels() -> None:
    turn = degrees(0, 50, 100, 0).wrap_offset
    assert turn is not None
    assert turn.tolist() == [360, 0]
    assert placed(Affine(2, 0, 500_000, 0, -2, 5_000_000), UTM).wrap_offset is None


def test_a_grid_of_places_is_that_of_its_axes() -> None:
    place, there = degrees(5, 48, 7, 47), target_crs(MERCATOR)
    xs, ys = np.linspace(550_000, 780_000, 5), np.linspace(6_100_000, 5_900_000, 4)
    columns, rows = np.broadcast_arrays(*place.grid_to_pixels(xs, ys, there))
    one_by_one = place.to_pixels(*np.meshgrid(xs, ys), there)
    assert columns.shape == (4, 5)
    assert np.allclose([columns, rows], one_by_one, atol=1e-6)
    # Where they are bent each place is transformed by itself.
    bent = placed(Affine(2000, 0, 500_000, 0, -2000, 5_400_000), UTM)
    columns, rows = bent.grid_to_pixels(xs, ys, there)
    assert (columns.shape, np.ptp(columns, axis=0).max() > 0.1) == ((4, 5), True)
    assert np.allclose([columns, rows], bent.to_pixels(*np.meshgrid(xs, ys), there))


def test_what_is_covered() -> None:
    here, there = target_crs(DEGREES), target_crs(MERCATOR)
    place = degrees(-10, 60, 20, 30)
    assert place.extent(here) == pytest.approx((-10, 30, 20, 60))
    left, bottom, right, top = place.extent(there) or (0, 0, 0, 0)
    assert (left, right) == pytest.approx((-HALF / 18, HALF / 9))
    assert (bottom, top) == pytest.approx((3503549.84, 8399737.89), abs=0.01)
    # A bent side reaches beyond the corners: the lowest place is at the middle of UTM's zone.
    left, bottom, right, top = place.extent(target_crs(UTM)) or (0, 0, 0, 0)
    assert 3_318_785 < bottom < 3_318_900


def test_across_the_antimeridian() -> None:
    there = target_crs(MERCATOR)
    left, _, right, _ = degrees(170, 10, 190, -10).extent(there) or (0, 0, 0, 0)
    assert right - left == pytest.approx(HALF / 9)
    assert (left + right) / 2 == pytest.approx(HALF)
    # A turn further it is the same place; at home it stays where the file says.
    left, _, right, _ = degrees(350, 10, 370, -10).extent(there) or (0, 0, 0, 0)
    assert (left, right) == pytest.approx((-HALF / 18, HALF / 18))
    assert degrees(350, 10, 370, -10).extent(target_crs(DEGREES)) == pytest.approx((350, -10, 370, 10))
    # No wider than the world.
    left, _, right, _ = degrees(-200, 10, 200, -10).extent(target_crs(DEGREES)) or (0, 0, 0, 0)
    assert (left, right) == pytest.approx((-180, 180))


def test_round_a_pole() -> None:
    # 2000 km round the north pole: all longitudes, and the pole.
    place = placed(Affine(40_000, 0, -2e6, 0, -80_000, 2e6), POLAR)
    left, bottom, right, top = place.extent(target_crs(DEGREES)) or (0, 0, 0, 0)
    assert (left, right, top) == (-180, 180, math.inf)
    assert bottom == pytest.approx(64, abs=2)
    # In the south it is the other way round.
    south = placed(Affine(40_000, 0, -2e6, 0, -80_000, 2e6), CRS.from_epsg(3031))
    left, bottom, right, top = south.extent(target_crs(DEGREES)) or (0, 0, 0, 0)
    assert (left, right, bottom) == (-180, 180, -math.inf)
    assert top == pytest.approx(-64, abs=2)
    # Beside the pole there is no pole in it.
    beside = placed(Affine(10_000, 0, 2e6, 0, -10_000, 2e6), POLAR)
    left, bottom, right, top = beside.extent(target_crs(DEGREES)) or (0, 0, 0, 0)
    assert (right - left < 90, top < 90) == (True, True)


def test_nowhere() -> None:
    # Metres that are no place on earth.
    far = placed(Affine(1, 0, 1e13, 0, -1, 1e13), UTM)
    assert far.extent(target_crs(DEGREES)) is None
    assert far.shifts(target_crs(DEGREES), -180, 180) == []
    x, y = far.to_crs(np.array([0.0]), np.array([0.0]), target_crs(MERCATOR))
    assert np.isnan([x, y]).all()


def test_latitudes_beyond_a_pole_are_nowhere() -> None:
    place, there = degrees(0, 50, 100, 0), target_crs(MERCATOR)
    x, y = place.to_pixels(np.array([0.0, 1e13, HALF]), np.zeros(3), there)
    assert np.isfinite(x).tolist() == np.isfinite(y).tolist() == [True, False, True]
    above = placed(Affine(1, 0, 0, 0, -1, 91))
    x, y = above.to_crs(np.array([0.0, 0]), np.array([0.0, 20]), there)
    assert np.isfinite(y).tolist() == [False, True]


@pytest.mark.parametrize(
    ('sides', 'wanted', 'turns'),
    [
        ((-10, 10), (-180, 180), [0]),
        ((170, 190), (-180, 180), [-1, 0]),
        ((-10, 10), (350, 370), [1]),
        ((-10, 10), (10, 350), []),
        ((-10, 10), (9, 351), [0, 1]),
        ((-10, 10), (-720, 720), [-2, -1, 0, 1]),
        ((-180, 180), (-180, 180), [0]),
        ((-10, 10), (-100, -20), []),
    ],
)
def test_how_often_an_image_is_met(sides: Any, wanted: Any, turns: list[int]) -> None:
    place = degrees(sides[0], 10, sides[1], -10)
    assert place.shifts(target_crs(DEGREES), *wanted) == [360.0 * turn for turn in turns]


def test_without_a_turn_an_image_is_met_once() -> None:
    place = placed(Affine(1, 0, 500_000, 0, -1, 5_000_000), UTM)
    here = target_crs(UTM)
    assert place.shifts(here, 500_099, 600_000) == [0.0]
    assert place.shifts(here, 500_100, 600_000) == []
    assert place.shifts(here, 400_000, 500_001) == [0.0]
    assert place.shifts(here, 400_000, 500_000) == []


def test_a_latitude_a_little_beyond_a_pole_is_the_pole() -> None:
    place, there = placed(Affine(1000, 0, -50_000, 0, -1000, 25_000), POLAR), target_crs(DEGREES)
    columns, rows = place.to_pixels(np.zeros(3), np.array([90.0, 90.0000005, 90.00001]), there)
    assert columns[:2].tolist() == pytest.approx([50, 50])
    assert rows[:2].tolist() == pytest.approx([25, 25])
    assert np.isnan([columns[2], rows[2]]).all()
    # A longitude of two turns is one of none; on a south polar map it is the other pole.
    columns, rows = place.to_pixels(np.array([0.0, 720.0, -1080.0]), np.full(3, 89.9), there)
    assert np.ptp(columns) < 1e-6
    south = placed(Affine(1000, 0, -50_000, 0, -1000, 25_000), CRS.from_epsg(3031))
    assert south.to_pixels(np.zeros(1), np.array([-90.0000005]), there)[0].tolist() == pytest.approx([50])


@pytest.mark.parametrize(('x', 'y'), [(0, 0), (-900_000, 0), (900_000, 900_000), (0, -990_000), (990_000, 0)])
@pytest.mark.parametrize('crs', [POLAR, CRS.from_epsg(3031), CRS.from_epsg(3995)])
def test_the_pole_is_found_wherever_it_is_in_the_image(crs: Any, x: float, y: float) -> None:
    # 2000 km a side, the pole off its middle.
    place = placed(Affine(20_000, 0, x - 1e6, 0, -40_000, y + 1e6), crs)
    left, bottom, right, top = place.extent(target_crs(DEGREES)) or (0, 0, 0, 0)
    assert (left, right) == (-180, 180)
    assert math.inf in (top, -bottom)


@pytest.mark.parametrize(('x', 'y'), [(1_100_000, 0), (0, 1_100_000), (-1_100_000, 0), (0, -1_100_000)])
def test_beside_a_pole_an_image_may_be_across_the_antimeridian(x: float, y: float) -> None:
    # In this CRS the antimeridian goes up from the pole, the meridian of Greenwich down.
    place = placed(Affine(20_000, 0, x - 1e6, 0, -40_000, y + 1e6), CRS.from_epsg(3995))
    left, _, right, top = place.extent(target_crs(DEGREES)) or (0, 0, 0, 0)
    assert 80 < right - left < 180
    assert 89 < top < 89.2
    middle = {(1_100_000, 0): 90, (-1_100_000, 0): -90, (0, -1_100_000): 0}.get((int(x), int(y)), 180)
    assert abs(((left + right) / 2 - middle + 180) % 360 - 180) < 1
