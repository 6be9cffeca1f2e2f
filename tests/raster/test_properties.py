"""Random images, transforms, CRSs, masks and tiles: what always holds, and where GDAL's warper agrees.

A few dozen cases that are the same each time; WARP_EXAMPLES=2000 asks for as many, of a new kind each run.
"""

from __future__ import annotations

import contextlib
import math
import os
import pathlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from hypothesis import HealthCheck, assume, given, note, settings, strategies as st
from rasterio.crs import CRS

from django_large_image.exceptions import LargeImageError
from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.georef.georeference import target_crs
from tests import reference
from tests.raster import PLACES, RANGES, Array, agreement, bleeding, drawn, masked, opened, warped

MORE = int(os.environ.get('WARP_EXAMPLES', '0'))
configured = settings(
    max_examples=MORE or 60,
    deadline=None,
    derandomize=not MORE,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
#: CRSs to draw in. A place that is far from where one is made for is left out.
TARGETS = {'utm': (32633, 32632), 'degrees': (4326, 32633), 'mercator': (4326, 32633), 'laea': (3035, 32632), 'polar': (3995,), 'polar-other': (3413,)}  # fmt: skip
DTYPES = ('uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64')


@dataclass(frozen=True)
class Case:
    """An image and a canvas near it."""

    place: str
    width: int
    height: int
    dtype: str
    bands: int
    kind: str
    #: Turn and shear in degrees, the scales of columns and rows.
    turn: float
    shear: float
    scales: tuple[float, float]
    overviews: bool
    tiled: bool
    seed: int
    #: The zoom level relative to the native one, and where in the image (0 to 1) the tile is.
    zoom: int
    where: tuple[float, float]
    #: An EPSG code, None for a tile of web mercator.
    epsg: int | None

    @property
    def transform(self) -> Affine:
        """Return the transform of the image."""
        given = Affine(*PLACES[self.place][1])
        return (
            Affine.translation(given.c, given.f)
            @ Affine.rotation(self.wrap_offset)
            @ Affine.shear(self.shear, 0)
            @ Affine.scale(given.a * self.scales[0], given.e * self.scales[1])
        )

    def array(self) -> Array:
        """Return the image's bands: noise over the whole of its range."""
        low, high = RANGES[self.dtype]
        values = low + np.random.default_rng(self.seed).random((self.bands, self.height, self.width)) * (
            high - low
        )
        return values.astype(self.dtype)

    def valid(self) -> Array:
        """Return where it is valid: in large patches, so that most of a mask is no edge."""
        if self.kind == 'none':
            return np.ones((self.height, self.width), bool)
        rng = np.random.default_rng(self.seed + 1)
        patches = rng.random((self.height // 20 + 1, self.width // 20 + 1)) < 0.7
        return np.kron(patches, np.ones((20, 20), bool))[: self.height, : self.width]

    def write(self, path: pathlib.Path, array: Array | None = None) -> pathlib.Path:
        """Write the image."""
        options = {'blockxsize': 64, 'blockysize': 64} if self.tiled else {}
        image = masked(
            self.array() if array is None else array,
            self.kind,
            self.valid(),
            epsg=PLACES[self.place][0],
            transform=tuple(self.transform)[:6],
            overviews=False,
            tiled=self.tiled,
            options=options,
        )
        image.write(path)
        if self.overviews and max(self.width, self.height) > 8:
            with rasterio.open(path, 'r+') as dataset:
                dataset.build_overviews([2, 4], rasterio.enums.Resampling.average)
        return path

    def canvas(self, path: pathlib.Path) -> GeoBox:
        """Return the tile."""
        column, row = self.where[0] * self.width, self.where[1] * self.height
        there = target_crs(CRS.from_epsg(self.epsg or 3857))
        with opened(path) as (_, placement):
            xs, ys = placement.to_crs(
                np.array([column, column + 1, column]), np.array([row, row, row + 1]), there
            )
        pixel = min(math.hypot(xs[1] - xs[0], ys[1] - ys[0]), math.hypot(xs[2] - xs[0], ys[2] - ys[0]))
        assume(math.isfinite(pixel) and pixel > 0)
        if self.epsg is not None:
            pixel /= 2.0**self.zoom
            left, top = xs[0] - 70.3 * pixel, ys[0] + 50.6 * pixel
            return GeoBox(Affine(pixel, 0, left, 0, -pixel, top), 150, 110, there)
        z = max(0, math.ceil(math.log2(2 * reference.HALF_WORLD / 256 / pixel)) + self.zoom)
        side = 2 * reference.HALF_WORLD / 2**z
        x, y = (
            math.floor((xs[0] + reference.HALF_WORLD) / side),
            math.floor((reference.HALF_WORLD - ys[0]) / side),
        )
        assume(0 <= y < 2**z and z <= 24)
        return GeoBox(reference.tile_transform(z, x % 2**z, y), 256, 256, there)


@st.composite
def cases(draw: Any, **fixed: Any) -> Case:
    """Draw an image and a tile of it."""
    dtype = draw(st.sampled_from(DTYPES))
    kinds = ['none', 'nodata', 'internal', 'external']
    kinds += ['nan'] if dtype.startswith('float') else ['alpha'] if dtype in ('uint8', 'uint16') else []
    side = st.one_of(st.integers(1, 12), st.integers(13, 300))
    scale = st.floats(0.1, 4).map(lambda value: round(value, 3))
    sign = st.sampled_from([1, 1, 1, -1])
    place = draw(st.sampled_from(sorted(PLACES)))
    kind = draw(st.sampled_from(kinds))
    options = {
        'place': place,
        'width': draw(side),
        'height': draw(side),
        'dtype': dtype,
        # GDAL knows an alpha band as a mask only behind one or three others.
        'bands': draw(st.sampled_from([1, 3]) if kind == 'alpha' else st.integers(1, 5)),
        'kind': kind,
        'turn': draw(st.sampled_from([0.0, 0.0, 0.01, 25.0, 90.0, 163.0, -45.0])),
        'shear': draw(st.sampled_from([0.0, 0.0, 5.0, -40.0])),
        'scales': (draw(scale) * draw(sign), draw(scale) * draw(sign)),
        'overviews': draw(st.booleans()),
        'tiled': draw(st.booleans()),
        'seed': draw(st.integers(0, 99)),
        'zoom': draw(st.integers(-3, 4)),
        'where': (draw(st.floats(0, 1)), draw(st.floats(0, 1))),
        'epsg': draw(st.sampled_from([None, *TARGETS[place]])),
    }
    return Case(**options | fixed)


@contextlib.contextmanager
def written(case: Case, array: Array | None = None) -> Iterator[tuple[pathlib.Path, GeoBox]]:
    """Write the image of a case into a folder that goes again."""
    with tempfile.TemporaryDirectory() as folder:
        path = case.write(pathlib.Path(folder) / 'image.tif', array)
        canvas = case.canvas(path)
        note(f'{case.transform!r} {canvas.affine!r}')
        yield path, canvas


def near_an_edge(valid: Array, distance: int = 2) -> Array:
    """Return where a mask is not the same all around, `distance` pixels far."""
    padded = np.pad(valid, distance, mode='edge')
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * distance + 1,) * 2)
    return np.asarray(windows.any(axis=(2, 3)) != windows.all(axis=(2, 3)))


@configured
@given(cases())
def test_the_nearest_pixels_are_gdal_s(case: Case) -> None:
    assume(case.zoom >= 0)
    with written(case) as (path, canvas):
        found, expected = drawn(path, canvas), warped(path, canvas)
    # The answer is nearer than a 64th of a pixel: on a grid of pixels that are seen large, that is little.
    assert agreement(found, expected) >= 0.99 or not disagreeing(found, expected).any()


def disagreeing(found: tuple[Array, Array], expected: tuple[Array, Array]) -> Array:
    """Return the pixels that are not GDAL's, nor one next to them."""
    shown = np.where(expected[1] > 0, expected[0].astype(float), np.nan)
    ours = np.where(found[1] > 0, found[0].astype(float), np.nan)
    height, width = expected[1].shape
    padded = np.pad(shown, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    alike = np.zeros((height, width), bool)
    for y in range(3):
        for x in range(3):
            there = padded[:, y : y + height, x : x + width]
            alike |= ((ours == there) | (np.isnan(ours) & np.isnan(there))).all(axis=0)
    return ~alike


def reach(case: Case, path: pathlib.Path, canvas: GeoBox) -> int:
    """Return how far from an edge of GDAL's mask, in pixels of the answer, ours may be another one.

    The valid area grows by half a pixel of the image; a hole that is smaller than one of the answer's closes.
    """
    column, row = case.where[0] * case.width, case.where[1] * case.height
    with opened(path) as (_, placement):
        xs, ys = placement.to_crs(
            np.array([column, column + 1, column]), np.array([row, row, row + 1]), canvas.target
        )
    longer = max(math.hypot(xs[1] - xs[0], ys[1] - ys[0]), math.hypot(xs[2] - xs[0], ys[2] - ys[0]))
    assume(math.isfinite(longer))
    return 2 + math.ceil(longer / canvas.affine.a / 2)


def assert_seen(valid: Array, case: Case, path: pathlib.Path, canvas: GeoBox) -> None:
    """Check that every pixel is valid that is so by GDAL and not near an edge of its mask."""
    expected, distance = warped(path, canvas)[1], reach(case, path, canvas)
    # So near to a pixel of the image there is no mask to speak of.
    if distance <= 40:
        assert (valid[expected & ~near_an_edge(expected, distance)] > 0).all()


@configured
@given(cases(), st.sampled_from(['nearest', 'bilinear', 'cubic']))
def test_values_come_from_valid_pixels_only(case: Case, method: str) -> None:
    array, valid = case.array(), case.valid()
    with written(case) as (path, canvas):
        found = drawn(path, canvas, method)
        assert_seen(found[1], case, path, canvas)
    if not valid.any():
        assert not found[1].any()
        return
    pixels = array[:, valid]
    share = {'nearest': 0.0, 'bilinear': 0.05, 'cubic': 0.45}[method]
    for band, values in zip(pixels, found[0], strict=False):
        low, high = float(band.min()), float(band.max())
        slack = 1 if case.dtype[0] in 'iu' else 1e-4 * (high - low) + 1e-6 * max(abs(low), abs(high))
        assert bleeding((values[None], found[1]), low, high, share) <= slack


@configured
@given(cases(), st.sampled_from(['nearest', 'bilinear', 'cubic']))
def test_a_constant_image_stays_constant(case: Case, method: str) -> None:
    value = np.dtype(case.dtype).type(17)
    array = np.full((case.bands, case.height, case.width), value)
    with written(case, array) as (path, canvas):
        values, valid = drawn(path, canvas, method)
        assert_seen(valid, case, path, canvas)
    shown = values[: case.bands, valid > 0]
    if case.dtype.startswith('float'):
        np.testing.assert_allclose(shown, 17, rtol=1e-5)
    else:
        assert (shown == 17).all()


@configured
@given(cases(), st.sampled_from(['bilinear', 'cubic']))
def test_masks_are_gdal_s_but_for_their_edges(case: Case, method: str) -> None:
    with written(case) as (path, canvas):
        distance = reach(case, path, canvas)
        assume(distance <= 16)
        valid, expected = drawn(path, canvas, method)[1] > 0, warped(path, canvas)[1]
    edges = near_an_edge(expected, distance)
    assert ((valid == expected) | edges).all()


@configured
@given(cases(), st.integers(0, 30), st.integers(0, 2**24))
def test_any_tile_of_the_world_is_drawn_or_refused(case: Case, z: int, place: int) -> None:
    # Far away, on the other side of the world or deep inside a pixel.
    x, y = place % 2**z, (place * 7919) % 2**z
    with written(case) as (path, _):
        canvas = GeoBox(reference.tile_transform(z, x, y), 256, 256, target_crs(CRS.from_epsg(3857)))
        for method in ('nearest', 'bilinear'):
            with contextlib.suppress(LargeImageError):
                _, valid = drawn(path, canvas, method)
                assert valid.shape == (256, 256)


@configured
@given(cases(kind='none', overviews=False, scales=(1.0, 1.0), shear=0.0))
def test_next_to_each_other_tiles_fit(case: Case) -> None:
    # What a tile shows does not depend on where it begins, but for the rounding of places. (Far out, GDAL takes every
    # n-th pixel of what a tile covers.)
    assume(case.zoom > -2)
    with written(case) as (path, canvas):
        affine = canvas.affine
        whole = drawn(path, canvas)
        assert_seen(whole[1], case, path, canvas)
        size = canvas.width // 2, canvas.height // 2
        for column in (0, size[0]):
            for row in (0, size[1]):
                quarter = GeoBox(affine @ Affine.translation(column, row), *size, canvas.target)
                values, valid = drawn(path, quarter)
                there = np.s_[row : row + size[1], column : column + size[0]]
                assert agreement((values, valid), (whole[0][(slice(None), *there)], whole[1][there])) >= 0.97
