"""The warp against GDAL's: every type and kind of mask, several CRSs, levels and layouts."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.georef.georeference import target_crs
from django_large_image.raster.resampling import kernels
from tests import reference
from tests.images import GeoTiff
from tests.raster import (
    MASKS,
    PLACES,
    RANGES,
    Array,
    agreement,
    bleeding,
    canvas_over,
    drawn,
    masked,
    mercator_tile,
    textured,
    tile_canvases,
    warped,
)

#: Types that have the kinds of masks. GDAL takes a band of other types for no alpha, we do.
KINDS = [
    (dtype, kind)
    for dtype in RANGES
    for kind in MASKS
    if (kind != 'nan' or dtype.startswith('float')) and (kind != 'alpha' or dtype in ('uint8', 'uint16', 'int16', 'float32'))
]  # fmt: skip
#: rasterio 1.4.4's warped datasets say that all is valid with these.
SILENT = {('int16', 'alpha'), ('float32', 'alpha'), ('uint64', 'nodata'), ('int64', 'nodata')}
#: A further CRS to show each place in.
ELSEWHERE = {
    'utm': 32632,
    'degrees': 3035,
    'mercator': 4326,
    'laea': 32632,
    'polar': 3413,
    'polar-other': 3995,
}
#: How far beyond the values of a file a drawn value may lie, in shares of their range. Of noise, cubic weights make at
#: most 45 %: they are -0.09, 0.59, 0.59 and -0.09 halfway between two pixels, along both axes.
OVERSHOOT = {('bilinear', 'native'): 0.0, ('bilinear', 'out'): 0.05, ('cubic', 'native'): 0.45, ('cubic', 'out'): 0.45}  # fmt: skip
#: So many pixels of the tiles of a zoom level, relative to the native one, are seen at least.
SEEN = {0: 50_000, 1: 80_000, -1: 36_000, -3: 3_600}


@pytest.fixture(params=['opencv', 'numpy'])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run with OpenCV, and without it."""
    if request.param == 'numpy':
        monkeypatch.setattr(kernels, 'cv2', None)
    return str(request.param)


def write(path: pathlib.Path, array: Array, kind: str = 'none', place: str = 'utm', **fields: Any) -> Any:
    """Write an image at one of the places, without overviews unless they are asked for."""
    epsg, transform = PLACES[place]
    fields = {'overviews': False, 'epsg': epsg, 'transform': transform} | fields
    return masked(array, kind, **fields).write(path)


def nearest_is_gdal_s(path: pathlib.Path, canvas: GeoBox, oracle: pathlib.Path | None = None) -> None:
    """Check that the nearest pixels are GDAL's; `oracle` is a file of the same content that GDAL reads right."""
    found, expected = drawn(path, canvas), warped(oracle or path, canvas)
    if oracle is not None:
        found = (found[0][: len(expected[0])], found[1])
    assert agreement(found, expected) >= 0.995


@pytest.mark.parametrize(('dtype', 'kind'), KINDS)
def test_the_nearest_pixel_of_every_type_and_mask_is_gdal_s(
    tmp_path: pathlib.Path, dtype: str, kind: str
) -> None:
    array = textured(220, 180, 1, dtype)
    path, oracle = write(tmp_path / 'image.tif', array, kind), None
    if (dtype, kind) in SILENT:
        oracle = write(tmp_path / 'oracle.tif', array, 'internal')
    for canvas in (*tile_canvases(path, 0, 2), canvas_over(path, 32632)):
        nearest_is_gdal_s(path, canvas, oracle)


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('kind', ['none', 'nodata', 'internal'])
def test_the_nearest_pixel_is_gdal_s_in_every_crs(tmp_path: pathlib.Path, place: str, kind: str) -> None:
    path = write(tmp_path / 'image.tif', textured(300, 260, 2), kind, place)
    for zoom in (0, 1, 6):
        for canvas in tile_canvases(path, zoom, 2):
            nearest_is_gdal_s(path, canvas)
    for scale in (1.0, 0.3, 1.9):
        nearest_is_gdal_s(path, canvas_over(path, ELSEWHERE[place], scale))
    if PLACES[place][0] != 4326:
        nearest_is_gdal_s(path, canvas_over(path, 4326))


@pytest.mark.parametrize('name', ['gcps', 'antimeridian', 'rotated', 'south-up', 'conic', 'antimeridian-utm'])
def test_the_nearest_pixel_of_an_odd_image_is_gdal_s(images: Any, name: str) -> None:
    path = images(name)
    for zoom in (0, 1):
        for canvas in tile_canvases(path, zoom, 3):
            nearest_is_gdal_s(path, canvas)


def test_over_the_antimeridian_both_sides_are_there(images: Any) -> None:
    path = images('antimeridian')
    # Degrees that go on beyond 180, and those that begin at -180.
    for left in (175.013, -184.987):
        canvas = GeoBox(Affine(0.02, 0, left, 0, -0.02, -12.507), 500, 400, target_crs(CRS.from_epsg(4326)))
        found, valid = drawn(path, canvas)
        assert (valid == 255).all()
        with rasterio.open(path) as dataset:
            columns = ((left + (np.arange(500) + 0.5) * 0.02) % 360 - 170) / 0.02
            rows = np.arange(400) + 0.5 + 25.35
            whole = dataset.read()
        expected = whole[:, rows.astype(int)[:, None], columns.astype(int)[None]]
        assert (found == expected).all(axis=0).mean() > 0.99


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'float32'])
def test_bilinear_at_native_zoom_is_as_near_to_the_truth_as_gdal_s(
    tmp_path: pathlib.Path, place: str, dtype: str
) -> None:
    path = write(tmp_path / 'image.tif', textured(500, 400, 1, dtype), 'none', place)
    z = reference.native_zoom(path)
    tiles = reference.tiles_covering(path, z)
    tile = tiles[len(tiles) // 2]
    truth, share = reference.area_truth(path, *tile)
    canvas = mercator_tile(*tile)
    found, expected = drawn(path, canvas, 'bilinear'), warped(path, canvas, 'bilinear')
    inside = (share == 1) & (found[1] == 255) & expected[1]
    assert inside.mean() > 0.05
    low, high = RANGES[dtype]
    ours, gdal_s = (reference.psnr(picture[0], truth, inside, high - low) for picture in (found, expected))
    assert ours >= gdal_s - 1


@pytest.mark.parametrize('zoom', [-1, -2, -3])
@pytest.mark.parametrize('overviews', [False, True])
def test_zoomed_out_every_pixel_counts(tmp_path: pathlib.Path, zoom: int, overviews: bool) -> None:
    path = write(tmp_path / 'image.tif', textured(1000, 800), overviews=overviews)
    z = reference.native_zoom(path) + zoom
    for tile in reference.tiles_covering(path, z)[:2]:
        truth, share = reference.area_truth(path, *tile, oversampling=16)
        values, valid = drawn(path, mercator_tile(*tile), 'bilinear')
        inside = (share == 1) & (valid == 255)
        assert reference.psnr(values, truth, inside) > 33
        # Not shifted, and neither brighter nor darker.
        assert abs((values - truth)[:, inside].mean()) < 0.5


@pytest.mark.parametrize(('dtype', 'kind'), [case for case in KINDS if case[1] != 'none'])
@pytest.mark.parametrize('method', ['bilinear', 'cubic'])
def test_what_is_not_valid_does_not_bleed(tmp_path: pathlib.Path, dtype: str, kind: str, method: str) -> None:
    rng = np.random.default_rng(5)
    # A narrow range: beside it, any other value shows.
    array = (10 + 10 * rng.random((2, 300, 300))).round().astype(dtype)
    valid = rng.random((300, 300)) < 0.8
    valid[100:140, 60:200] = False
    low, high = 10.0, 20.0
    path = tmp_path / 'image.tif'
    with_mask = masked(
        array, kind, valid, epsg=32633, transform=PLACES['utm'][1], overviews=False, options={'blockxsize': 64, 'blockysize': 64}
    )  # fmt: skip
    if kind in ('internal', 'external', 'alpha'):
        with_mask.array[: len(array), ~valid] = np.dtype(dtype).type(100 if dtype[0] != 'u' else 120)
    with_mask.write(path)
    bands = (0, 1)
    for zoom, name in ((0, 'native'), (1, 'native'), (-1, 'out'), (-3, 'out')):
        seen = 0
        for canvas in tile_canvases(path, zoom, 2):
            found = drawn(path, canvas, method, bands)
            seen += int((found[1] > 0).sum())
            # Integers are rounded, floats are sums of products.
            slack = 0.5 if dtype[0] in 'iu' and OVERSHOOT[method, name] else 1e-4
            assert bleeding(found, low, high, OVERSHOOT[method, name]) <= slack, (zoom, canvas)
        assert seen >= SEEN[zoom], zoom


@pytest.mark.parametrize('bands', [1, 3, 4, 6])
@pytest.mark.parametrize('interleave', ['pixel', 'band'])
@pytest.mark.parametrize('tiled', [True, False])
def test_every_layout_gives_the_same_pixels(
    tmp_path: pathlib.Path, both: str, bands: int, interleave: str, tiled: bool
) -> None:
    array = textured(330, 280, bands, 'uint16')
    options: dict[str, Any] = {'interleave': interleave} | (
        {'blockxsize': 64, 'blockysize': 64} if tiled else {}
    )
    path = write(tmp_path / 'image.tif', array, tiled=tiled, options=options)
    plain = write(tmp_path / 'plain.tif', array)
    for canvas in tile_canvases(path, 0, 2):
        nearest_is_gdal_s(path, canvas)
        for method in ('bilinear', 'cubic'):
            np.testing.assert_array_equal(drawn(path, canvas, method)[0], drawn(plain, canvas, method)[0])
    # Some of the bands, in an order of their own.
    order = tuple(range(bands))[::-2]
    some = drawn(path, canvas, bands=order)
    everything = drawn(path, canvas)
    np.testing.assert_array_equal(some[0], everything[0][list(order)])
    np.testing.assert_array_equal(some[1], everything[1])


@pytest.mark.parametrize('size', [(1, 1), (1, 300), (300, 1), (2, 3), (90, 40), (257, 255)])
def test_small_and_thin_images(tmp_path: pathlib.Path, both: str, size: tuple[int, int]) -> None:
    path = write(tmp_path / 'image.tif', textured(*size, 3))
    seen = 0
    for zoom in (0, 1, 3):
        for canvas in tile_canvases(path, zoom, 2):
            nearest_is_gdal_s(path, canvas)
            seen += int((drawn(path, canvas)[1] > 0).sum())
            assert bleeding(drawn(path, canvas, 'bilinear'), *RANGES['uint8']) <= 1
    assert seen


@pytest.mark.parametrize('method', ['nearest', 'bilinear', 'cubic'])
def test_a_tile_that_the_image_touches_with_a_corner(tmp_path: pathlib.Path, method: str) -> None:
    z, x, y = 14, 8700, 5500
    left, bottom, right, _ = reference.tile_bounds(z, x, y)
    pixel = (right - left) / 256
    # The upper left 3 × 3 pixels of the image are the tile's last.
    transform = (pixel, 0, right - 3 * pixel, 0, -pixel, bottom + 3 * pixel)
    array = textured(64, 64, 2)
    path = write(tmp_path / 'image.tif', array, epsg=3857, transform=transform)
    values, valid = drawn(path, mercator_tile(z, x, y), method)
    assert (valid > 0).sum() == 9
    np.testing.assert_array_equal(values[:, -3:, -3:], array[:, :3, :3])
    # The next tile to the right has the rest of its rows, the one to the left nothing.
    assert (drawn(path, mercator_tile(z, x + 1, y), method)[1] > 0).sum() == 3 * 61
    assert not drawn(path, mercator_tile(z, x - 1, y), method)[1].any()


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('overviews', [False, True])
def test_the_whole_world_in_one_tile(tmp_path: pathlib.Path, place: str, overviews: bool) -> None:
    path = write(tmp_path / 'image.tif', textured(400, 300), 'nodata', place, overviews=overviews)
    for method in ('nearest', 'bilinear'):
        ours = gdal_s = 0
        for zoom in range(0, 9, 2):
            for tile in reference.tiles_covering(path, zoom):
                found = drawn(path, mercator_tile(*tile), method)
                assert bleeding(found, *RANGES['uint8'], 0.05) <= 0.5
                ours += int((found[1] > 0).sum())
                gdal_s += int(warped(path, mercator_tile(*tile))[1].sum())
        # From so far away GDAL looks at one of many pixels, and here all of them count.
        assert ours >= 0.9 * gdal_s > 30


@pytest.mark.parametrize('method', ['nearest', 'bilinear', 'cubic'])
def test_far_beyond_native_zoom_pixels_are_where_they_are(
    tmp_path: pathlib.Path, both: str, method: str
) -> None:
    path = write(tmp_path / 'image.tif', textured(40, 40))
    compared = 0
    for canvas in tile_canvases(path, 6, 3):
        found, expected = drawn(path, canvas, method), warped(path, canvas, method)
        if method == 'nearest':
            assert agreement(found, expected) >= 0.995
        assert ((found[1] > 0) == expected[1]).mean() >= 0.995
        both_valid = (found[1] > 0) & expected[1]
        compared += int(both_valid.sum())
        if method == 'bilinear' and both_valid.any():
            # At the image's sides GDAL leaves out what is outside; here its last pixels go on.
            off = np.abs(found[0][0].astype(float) - expected[0][0])[both_valid]
            assert np.quantile(off, 0.9) <= 2
    assert compared > 50_000


@pytest.mark.parametrize('method', ['nearest', 'bilinear', 'cubic'])
@pytest.mark.parametrize('scale', [0.4, 1.0, 1.5, 2.0, 3.7, 9.0])
def test_without_opencv_the_picture_is_the_same(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, method: str, scale: float
) -> None:
    path = write(tmp_path / 'image.tif', textured(400, 380, 3), 'internal')
    canvas = canvas_over(path, 3857, scale, 128)
    fast = drawn(path, canvas, method)
    monkeypatch.setattr(kernels, 'cv2', None)
    slow = drawn(path, canvas, method)
    assert (fast[1] == slow[1]).mean() >= 0.999
    same = (fast[1] > 0) & (slow[1] > 0)
    # OpenCV's weights between two pixels have five bits.
    assert np.abs(fast[0].astype(int) - slow[0])[:, same].mean() < 1.5


@pytest.mark.parametrize('method', ['nearest', 'bilinear', 'cubic'])
@pytest.mark.parametrize('kind', ['none', 'nodata', 'internal'])
def test_on_its_own_grid_an_image_is_itself(
    tmp_path: pathlib.Path, both: str, method: str, kind: str
) -> None:
    array = textured(200, 170, 3, 'int16')
    path = write(tmp_path / 'image.tif', array, kind)
    for transform, crs in (
        (Affine(*PLACES['utm'][1]), target_crs(CRS.from_epsg(32633))),
        (Affine.identity(), None),
    ):
        values, valid = drawn(path, GeoBox(transform, 200, 170, crs), method)
        with reference.open_raster(path) as dataset:
            expected, there = dataset.read(), dataset.dataset_mask() > 0
        np.testing.assert_array_equal(valid > 0, there)
        np.testing.assert_array_equal(values, np.where(there, expected, 0))


def test_levels_of_any_order_and_size_are_found(tmp_path: pathlib.Path) -> None:
    path = GeoTiff(textured(900, 700), 32633, PLACES['utm'][1], overviews=False).write(tmp_path / 'image.tif')
    with rasterio.open(path, 'r+') as dataset:
        dataset.build_overviews([4], rasterio.enums.Resampling.average)
        dataset.build_overviews([2, 8], rasterio.enums.Resampling.average)
    for zoom in (-1, -2, -3):
        tile = reference.tiles_covering(path, reference.native_zoom(path) + zoom)[0]
        truth, share = reference.area_truth(path, *tile, oversampling=16)
        values, valid = drawn(path, mercator_tile(*tile), 'bilinear')
        assert reference.psnr(values, truth, (share == 1) & (valid == 255)) > 33
