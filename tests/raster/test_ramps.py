"""A ramp stays a ramp: what is drawn of a plane is that plane at the centres of the answer's pixels, at any scale."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from django_large_image.exceptions import TooMuchToDecode
from django_large_image.inspection.costs import Budget
from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.georef.georeference import target_crs
from django_large_image.raster.resampling.warp import draw
from tests.images import GeoTiff
from tests.raster import drawn, opened

WIDTH, HEIGHT = 700, 420
UTM = (10, 0, 500_000, 0, -10, 5_600_000)


def plane(columns: Any, rows: Any) -> Any:
    """Return the value of a place, in pixels from the upper left corner."""
    return 1000 + 3 * np.asarray(columns) + 7 * np.asarray(rows)


@pytest.fixture(scope='module', params=['plain', 'overviews', 'masked'])
def ramp(request: Any, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a file of a plane: with overviews or without, and with a hole."""
    columns, rows = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    array = plane(columns, rows).astype('float32')[None]
    image = GeoTiff(array, 32633, UTM, overviews=request.param == 'overviews', resampling='average')
    if request.param == 'masked':
        image.nodata = -9999.0
        image.array[:, 100:140, 200:260] = -9999.0
    return image.write(tmp_path_factory.mktemp('ramp') / f'{request.param}.tif')


def centres(canvas: GeoBox) -> tuple[Any, Any]:
    """Return the columns and the rows of the image in which a canvas' pixels have their centres."""
    affine = canvas.affine
    return np.meshgrid(
        affine.a * (np.arange(canvas.width) + 0.5) + affine.c,
        affine.e * (np.arange(canvas.height) + 0.5) + affine.f,
    )


#: Columns and rows of the image for one of the answer, and where the answer begins.
GRIDS = [
    (1.0, 1.0, 0.0, 0.0), (1.0, 1.0, 37.0, 21.0), (1.0, 1.0, 37.4, 20.7), (0.25, 0.25, 100.3, 50.1), (1.02, 1.02, 5.0, 5.0),
    (1.5, 1.5, -40.0, -30.0), (2.0, 2.0, 10.0, 6.0), (3.7, 3.7, -90.0, -50.0), (4.0, 4.0, 400.0, 300.0), (9.3, 9.3, -20.0, -17.0),
    (40.0, 40.0, -90.0, -50.0), (1.0, 6.0, 20.0, -30.0), (8.0, 2.0, -30.0, 11.0), (0.5, 3.0, 30.0, 4.0), (12.0, 0.8, 3.0, 60.0),
]  # fmt: skip


def canvas_of(grid: tuple[float, float, float, float]) -> GeoBox:
    """Return a canvas of 96 × 72 pixels of the image's own."""
    across, down, left, top = grid
    return GeoBox(Affine(across, 0, left, 0, down, top), 96, 72)


def in_hole(path: pathlib.Path, columns: Any, rows: Any, reach_x: float, reach_y: float) -> Any:
    """Return which places are within reach of the hole, if the file has one."""
    near = (columns > 200 - reach_x) & (columns < 260 + reach_x)
    near &= (rows > 100 - reach_y) & (rows < 140 + reach_y)
    return near & (path.name == 'masked.tif')


@pytest.mark.parametrize('grid', GRIDS)
@pytest.mark.parametrize('method', ['bilinear', 'cubic'])
def test_a_plane_is_drawn_at_the_centres_of_pixels(ramp: pathlib.Path, grid: Any, method: str) -> None:
    canvas = canvas_of(grid)
    values, valid = drawn(ramp, canvas, method)
    columns, rows = centres(canvas)
    inside = (columns > 0) & (columns < WIDTH) & (rows > 0) & (rows < HEIGHT)
    reach_x, reach_y = 3 * max(1.0, grid[0]) + 1, 3 * max(1.0, grid[1]) + 1
    # Where an average reaches over an end, or over the hole, it is that of what is there.
    deep = (columns > reach_x) & (columns < WIDTH - reach_x) & (rows > reach_y) & (rows < HEIGHT - reach_y)
    deep &= ~in_hole(ramp, columns, rows, reach_x, reach_y)
    off = np.abs(values[0] - plane(columns, rows))
    # OpenCV's cubic bends a plane by some hundredths of a pixel.
    assert off[deep].max(initial=0) < 0.06 * (3 * max(1, grid[0]) + 7 * max(1, grid[1]))
    assert off[inside & (valid > 0)].max() < 1.5 * (3 * reach_x + 7 * reach_y)
    # Just the pixels whose centres are in the image are shown.
    near = in_hole(ramp, columns, rows, reach_x, reach_y)
    if ramp.name == 'masked.tif':
        # Averages at an end are of what is there of it, which may be too little.
        near |= ~deep & (max(grid) > 9)
    assert ((valid > 0) == inside)[~near].all()


@pytest.mark.parametrize('grid', GRIDS)
def test_the_nearest_pixel_is_the_one_below_the_centre(ramp: pathlib.Path, grid: Any) -> None:
    canvas = canvas_of(grid)
    values, valid = drawn(ramp, canvas)
    columns, rows = centres(canvas)
    inside = (columns > 0) & (columns < WIDTH) & (rows > 0) & (rows < HEIGHT)
    shown = inside & ~in_hole(ramp, np.floor(columns) + 0.5, np.floor(rows) + 0.5, 0, 0)
    if ramp.name == 'overviews.tif' and max(grid[:2]) >= 2:
        # It is one of an overview, each of whose pixels stands for several.
        assert ((valid > 0) == inside).mean() > 0.99
        off = np.abs(values[0] - plane(columns, rows))[inside]
        assert off.max() <= 0.51 * (3 * max(grid[:2]) + 7 * max(grid[:2])) + 12
        return
    expected = plane(np.floor(columns) + 0.5, np.floor(rows) + 0.5)
    off = np.abs(values[0] - expected)[shown & (valid > 0)]
    far = grid[0] * grid[1] >= 16
    if not far:
        assert ((valid > 0) == shown).mean() > 0.999
        assert (off == 0).mean() > 0.99
    # Far out it may be one beside it: then every n-th pixel is read.
    assert off.max() <= ((3 * grid[0] + 7 * grid[1]) / 2 + 10 if far else 10)


def test_a_further_value_that_is_not_valid(ramp: pathlib.Path) -> None:
    canvas = canvas_of((1.0, 1.0, 0.0, 0.0))
    value = float(plane(10.5, 20.5))
    for method in ('nearest', 'bilinear'):
        _, valid = drawn(ramp, canvas, method, nodata=value)
        # (c, r) with 3c + 7r = 170: each seventh column and each third row.
        gone = {(int(row), int(column)) for row, column in zip(*np.nonzero(valid == 0), strict=True)}
        wanted = {(20 - 3 * step, 10 + 7 * step) for step in range(-1, 7)}
        assert gone == wanted
    _, valid = drawn(ramp, canvas, nodata=-5.0)
    assert valid.all()


def test_beside_the_image_there_is_nothing(ramp: pathlib.Path) -> None:
    for left, top in ((WIDTH, 0), (-96, 0), (0, HEIGHT), (0, -72), (9000, 9000)):
        _, valid = drawn(ramp, canvas_of((1.0, 1.0, left, top)))
        assert not valid.any()
    for left, top, place in (
        (WIDTH - 1, 0, (0, 0)),
        (-95, 0, (0, 95)),
        (0, HEIGHT - 1, (0, 0)),
        (0, -71, (71, 0)),
    ):
        values, valid = drawn(ramp, canvas_of((1.0, 1.0, left, top)))
        assert valid[place] == 255
        row, column = place
        assert values[0][place] == plane(left + column + 0.5, top + row + 0.5)


@pytest.mark.parametrize('scale', [0.5, 1.0, 2.5, 7.0])
def test_in_another_projection_a_plane_is_where_it_belongs(ramp: pathlib.Path, scale: float) -> None:
    there = target_crs(CRS.from_epsg(3857))
    with opened(ramp) as (_, placement):
        xs, ys = placement.to_crs(np.array([350.0, 351.0]), np.array([210.0, 210.0]), there)
    pixel = scale * float(xs[1] - xs[0])
    canvas = GeoBox(Affine(pixel, 0, xs[0] - 40 * pixel, 0, -pixel, ys[0] + 30 * pixel), 80, 60, there)
    values, valid = drawn(ramp, canvas, 'bilinear')
    x, y = np.meshgrid(
        canvas.affine.c + pixel * (np.arange(80) + 0.5), canvas.affine.f - pixel * (np.arange(60) + 0.5)
    )
    with opened(ramp) as (_, placement):
        columns, rows = placement.to_pixels(x, y, there)
    reach = 3 * max(1.0, scale) + 1
    deep = (columns > reach) & (columns < WIDTH - reach) & (rows > reach) & (rows < HEIGHT - reach)
    deep &= ~in_hole(ramp, columns, rows, reach, reach)
    assert deep.sum() > 1000
    assert np.abs(values[0] - plane(columns, rows))[deep].max() < 0.05 * scale * 10 + 0.1
    inside = (columns > 0.1) & (columns < WIDTH - 0.1) & (rows > 0.1) & (rows < HEIGHT - 0.1)
    assert (valid > 0)[inside & ~in_hole(ramp, columns, rows, reach, reach)].all()
    beside = (columns < -0.1) | (columns > WIDTH + 0.1) | (rows < -0.1) | (rows > HEIGHT + 0.1)
    assert not valid[beside].any()


def test_what_is_decoded_is_bounded(tmp_path: pathlib.Path, settings: Any) -> None:
    path = GeoTiff(np.zeros((1, 1024, 1024), 'uint8'), 32633, UTM, overviews=False).write(tmp_path / 'a.tif')
    canvas = GeoBox(Affine(16, 0, 0, 0, 16, 0), 64, 64)
    for method in ('nearest', 'bilinear'):
        with opened(path) as (raster, placement):
            # A budget is twice what an image may have, and each block counts once.
            settings.LARGE_IMAGE_MAX_DECODED_BYTES = 1024 * 1024 // 2
            assert draw(raster, placement, canvas, (0,), method) is not None
            settings.LARGE_IMAGE_MAX_DECODED_BYTES = 1024 * 1024 // 2 - 1
            with pytest.raises(TooMuchToDecode):
                draw(raster, placement, canvas, (0,), method)
            # Of a budget that several share there is less for the second.
            settings.LARGE_IMAGE_MAX_DECODED_BYTES = 1024 * 1024
            budget = Budget()
            for _ in range(2):
                assert draw(raster, placement, canvas, (0,), method, budget=budget) is not None


def test_classes_are_never_between_others(tmp_path: pathlib.Path) -> None:
    array = (np.indices((300, 300)).sum(axis=0) % 5 * 50).astype('uint8')[None]
    image = GeoTiff(
        array, 32633, UTM, overviews=False, colormap={number: (number, 0, 0, 255) for number in range(256)}
    )
    path = image.write(tmp_path / 'a.tif')
    for grid in ((0.3, 0.3, 10.0, 10.0), (1.7, 1.7, 10.0, 10.0), (5.0, 5.0, -9.0, -9.0)):
        values, valid = drawn(path, canvas_of(grid), 'bilinear')
        assert set(np.unique(values[0][valid > 0])) <= {0, 50, 100, 150, 200}


def test_a_mean_is_that_of_all_pixels_below(tmp_path: pathlib.Path) -> None:
    # Noise far out: the mean of all stays, and the noise goes by the root of the number of pixels.
    array = np.random.default_rng(1).normal(100, 20, (1, 512, 512)).astype('float32')
    path = GeoTiff(array, 32633, UTM, overviews=False).write(tmp_path / 'a.tif')
    for scale in (4.0, 8.0, 16.0):
        size = int(512 / scale)
        values, _ = drawn(path, GeoBox(Affine(scale, 0, 0, 0, scale, 0), size, size), 'bilinear')
        assert abs(values[0].mean() - 100) < 0.5
        wanted = array[0].reshape(size, int(scale), size, int(scale)).mean(axis=(1, 3))
        assert np.corrcoef(values[0].ravel(), wanted.ravel())[0, 1] > 0.75


@pytest.mark.parametrize(
    'grid', [(1.0, 1.0, 0.0, 0.0), (1.0, 1.0, 10.5, 10.5), (3.0, 3.0, 5.0, 5.0), (0.5, 0.5, 20.0, 9.0)]
)
def test_alpha_stays_soft(tmp_path: pathlib.Path, grid: Any) -> None:
    columns = np.arange(300)[None, :].repeat(240, axis=0)
    array = np.stack([np.full((240, 300), 90), columns * 255 // 299]).astype('uint8')
    path = GeoTiff(array, 32633, UTM, overviews=False, colors=('gray', 'alpha')).write(tmp_path / 'a.tif')
    canvas = GeoBox(Affine(grid[0], 0, grid[2], 0, grid[1], grid[3]), 80, 60)
    values, valid = drawn(path, canvas, 'bilinear', bands=(0,))
    wanted = (centres(canvas)[0] - 0.5) * 255 / 299
    assert np.abs(valid.astype(float) - wanted).max() < 3
    assert set(np.unique(values[0][valid > 4])) <= {89, 90, 91}


@pytest.mark.parametrize('method', ['nearest', 'bilinear'])
@pytest.mark.parametrize('corner', [(0, 0), (960, 0), (0, 960), (960, 960), (480, 480)])
def test_only_the_blocks_below_are_decoded(
    tmp_path: pathlib.Path, settings: Any, method: str, corner: tuple[int, int]
) -> None:
    image = GeoTiff(np.ones((1, 1024, 1024), 'uint8'), 32633, UTM, overviews=False)
    path = image.write(tmp_path / 'a.tif')
    with opened(path) as (raster, placement):
        level = raster.level(0)
        canvas = GeoBox(Affine(1, 0, corner[0] + 0.3, 0, 1, corner[1] + 0.3), 64, 64)
        settings.LARGE_IMAGE_MAX_DECODED_BYTES = level.stored_width * level.stored_height // 2 - 1
        with pytest.raises(TooMuchToDecode):
            draw(raster, placement, canvas, (0,), method)
        # In the middle it is some of four blocks.
        settings.LARGE_IMAGE_MAX_DECODED_BYTES = 2 * level.stored_width * level.stored_height
        drawing = draw(raster, placement, canvas, (0,), method)
        assert drawing is not None
        assert (drawing.values == 1)[drawing.mask != 0 if drawing.mask is not None else ...].all()


@pytest.mark.parametrize('method', ['nearest', 'bilinear', 'cubic'])
def test_an_image_that_is_less_than_a_pixel(ramp: pathlib.Path, method: str) -> None:
    # The places of the other pixels are farther away than OpenCV can count.
    pixel = 50_000
    canvas = GeoBox(Affine(pixel, 0, 350 - 48.5 * pixel, 0, pixel, 210 - 36.5 * pixel), 96, 72)
    values, valid = drawn(ramp, canvas, method)
    assert [tuple(map(int, place)) for place in np.argwhere(valid)] == [(36, 48)]
    # About the mean: averages are of whole multiples of 64 pixels.
    assert abs(values[0, 36, 48] - plane(350, 210)) < 500


@pytest.mark.parametrize(('width', 'height'), [(17_000, 12), (12, 17_000)])
def test_a_picture_that_is_longer_than_opencv_takes(ramp: pathlib.Path, width: int, height: int) -> None:
    across, down = 500 / width, 300 / height
    canvas = GeoBox(Affine(across, 0, 100, 0, down, 60), width, height)
    values, valid = drawn(ramp, canvas, 'bilinear')
    columns, rows = centres(canvas)
    deep = ~in_hole(ramp, columns, rows, 3 * max(1, across) + 1, 3 * max(1, down) + 1)
    assert valid[deep].all()
    assert np.abs(values[0] - plane(columns, rows))[deep].max() < 0.06 * (
        3 * max(1, across) + 7 * max(1, down)
    )


@pytest.mark.parametrize('method', ['nearest', 'bilinear'])
@pytest.mark.parametrize('scale', [0.4, 1.0, 2.2])
def test_bent_places_are_exact(tmp_path: pathlib.Path, method: str, scale: float) -> None:
    # Degrees over a map of the Arctic: circles and rays.
    columns, rows = np.meshgrid(np.arange(400) + 0.5, np.arange(400) + 0.5)
    array = plane(columns, rows).astype('float32')[None]
    image = GeoTiff(array, 3995, (10_000, 0, -2_000_000, 0, -10_000, 2_000_000), overviews=False)
    path, there = image.write(tmp_path / 'a.tif'), target_crs(CRS.from_epsg(4326))
    pixel = 0.1 * scale
    canvas = GeoBox(Affine(pixel, 0, 20, 0, -pixel, 78), 200, 60, there)
    values, valid = drawn(path, canvas, method)
    x, y = np.meshgrid(20 + pixel * (np.arange(200) + 0.5), 78 - pixel * (np.arange(60) + 0.5))
    with opened(path) as (_, placement):
        columns, rows = placement.to_pixels(x, y, there)
    deep = (columns > 4) & (columns < 396) & (rows > 4) & (rows < 396)
    assert deep.mean() > 0.5
    assert valid[deep].all()
    if method == 'nearest':
        columns, rows = np.floor(columns) + 0.5, np.floor(rows) + 0.5
    off = np.abs(values[0] - plane(columns, rows))[deep]
    # Within 1/128 of a pixel of the true place, and of what averages add.
    assert np.quantile(off, 0.98) < (0.01 if method == 'nearest' else 0.3 * max(1, scale))
    assert off.max() < (7.1 * max(1, scale) if method == 'nearest' else 1.0 * max(1, scale))
