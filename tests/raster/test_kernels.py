"""The loops on pixels: with OpenCV and without it they give the same, and what they say they do."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image.raster.blocks import jpegs
from django_large_image.raster.resampling import kernels
from django_large_image.raster.resampling.sampling import _taps
from tests.raster import RANGES, Array

DTYPES = ('uint8', 'uint16', 'int16', 'float32', 'float64', 'int8', 'int32', 'uint32')
METHODS = ('nearest', 'bilinear', 'cubic')


@pytest.fixture(params=['opencv', 'numpy'])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with OpenCV, and without it."""
    if request.param == 'numpy':
        monkeypatch.setattr(kernels, 'cv2', None)


def noise(dtype: str, bands: int, height: int = 50, width: int = 61) -> Array:
    """Return noise all over the range of a type, in a type that the loops take."""
    low, high = RANGES[dtype]
    values = low + np.random.default_rng(3).random((height, width, bands)) * (high - low)
    return kernels.workable(values.astype(dtype))


def places(height: int, width: int, beyond: float = 3) -> tuple[Array, Array]:
    """Return places of a picture of 40 × 30 pixels, some of them outside an image."""
    rng = np.random.default_rng(4)
    columns = rng.random((40, 30)) * (width + 2 * beyond) - beyond
    rows = rng.random((40, 30)) * (height + 2 * beyond) - beyond
    return columns.astype(np.float32), rows.astype(np.float32)


def variants(monkeypatch: pytest.MonkeyPatch, function: Callable[[], Array]) -> tuple[Array, Array]:
    """Return what a function gives with OpenCV and without it."""
    fast = function()
    with monkeypatch.context() as patch:
        patch.setattr(kernels, 'cv2', None)
        slow = function()
    return fast, slow


def assert_alike(fast: Array, slow: Array, share: float = 1e-5) -> None:
    """Check that two pictures are one: to a level of integers, and to a share of the values of floats."""
    assert fast.dtype == slow.dtype
    assert fast.shape == slow.shape
    slack = 1 if fast.dtype.kind in 'iu' else share * max(1.0, float(np.abs(slow).max()))
    assert np.abs(fast.astype(float) - slow.astype(float)).max() <= slack


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('bands', range(1, 7))
@pytest.mark.parametrize('dtype', [name for name in DTYPES if not name.endswith('int32')])
def test_both_variants_resample_alike(
    monkeypatch: pytest.MonkeyPatch, dtype: str, bands: int, method: str
) -> None:
    values = noise(dtype, bands)
    columns, rows = places(*values.shape[:2])
    fast, slow = variants(
        monkeypatch,
        lambda: kernels.resample(kernels.workable(values), np.stack([columns, rows], axis=-1), method),
    )
    if method == 'nearest':
        np.testing.assert_array_equal(fast, slow)
    assert fast.shape == (40, 30, bands)
    assert_alike(fast, slow)


@pytest.mark.parametrize('method', METHODS)
def test_the_number_of_bands_changes_no_weight(both: None, method: str) -> None:
    # Values that are not valid count nothing only if they and their share have the same weights.
    values = noise('float32', 1)
    where = np.stack(places(*values.shape[:2]), axis=-1)
    one = kernels.resample(values, where, method)
    for bands in range(2, 7):
        several = kernels.resample(np.repeat(values, bands, axis=2), where, method)
        np.testing.assert_allclose(several, np.repeat(one, bands, axis=2), rtol=1e-4, atol=0.05)


@pytest.mark.parametrize('method', METHODS)
def test_on_a_pixel_s_centre_is_its_value(both: None, method: str) -> None:
    values = noise('uint16', 3)
    rows, columns = np.mgrid[0:50, 0:61].astype(np.float32)
    np.testing.assert_array_equal(
        kernels.resample(values, np.stack([columns, rows], axis=-1), method), values
    )


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('bands', range(1, 6))
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_a_fraction_stays_one_up_to_the_border(both: None, dtype: str, bands: int, method: str) -> None:
    # OpenCV 5.0's cubic of 64 bits makes whole numbers of what lies near a border.
    values = np.full((8, 9, bands), 0.75, dtype)
    where = np.stack(np.meshgrid(np.linspace(-1, 9, 41), np.linspace(-1, 8, 37)), axis=-1)
    found = kernels.resample(values, where.astype(np.float32), method)
    np.testing.assert_allclose(found, 0.75, rtol=1e-6)


def test_halfway_between_two_pixels_is_the_second_one(both: None) -> None:
    values = np.arange(9, dtype=np.uint8)[None, :, None]
    columns = np.array([[0.5, 1.5, 2.5, 3.4999, -0.5, -9, 8.4, 99]], np.float32)
    found = kernels.resample(values, np.stack([columns, np.zeros_like(columns)], axis=-1), 'nearest')
    assert found.ravel().tolist() == [1, 2, 3, 3, 0, 0, 8, 8]


def test_bilinear_is_linear_between_two_pixels(both: None) -> None:
    values = np.array([[0.0, 64.0]], np.float32)[:, :, None]
    columns = np.linspace(0, 1, 129, dtype=np.float32)[None]
    found = kernels.resample(values, np.stack([columns, np.zeros_like(columns)], axis=-1), 'bilinear')
    np.testing.assert_allclose(found.ravel(), 64 * columns.ravel(), atol=1e-3)


@pytest.mark.parametrize('shape', [(1, 1), (1, 7), (7, 1), (2, 2)])
@pytest.mark.parametrize('method', METHODS)
def test_pictures_of_a_pixel_or_a_line(both: None, method: str, shape: tuple[int, int]) -> None:
    values = np.full((*shape, 2), 7, np.uint8)
    columns, rows = places(*shape)
    assert (kernels.resample(values, np.stack([columns, rows], axis=-1), method) == 7).all()
    assert (kernels.smooth(values.astype(np.float32), (0.5, 0.25, 0.0), (0.5, 0.25, 0.0)) == 7).all()


@pytest.mark.parametrize('bands', [1, 2, 4, 6])
@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(('across', 'down'), [(1, 1), (2, 2), (3, 1), (1, 5), (7, 4), (16, 16)])
def test_shrinking_gives_averages_of_blocks(
    both: None, dtype: str, bands: int, across: int, down: int
) -> None:
    values = noise(dtype, bands, 3 * down, 5 * across)
    means = values.astype(float).reshape(3, down, 5, across, bands).mean(axis=(1, 3))
    found = kernels.shrink(values, across, down)
    assert found.dtype == values.dtype
    assert_alike(found, means.astype(values.dtype) if found.dtype.kind == 'f' else np.rint(means).astype(found.dtype))  # fmt: skip


@pytest.mark.parametrize('bands', range(1, 7))
@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'float32', 'float64'])
@pytest.mark.parametrize('step', [1.1, 1.5, 2.0])
@pytest.mark.parametrize('averages', [False, True])
def test_both_variants_smooth_alike(
    monkeypatch: pytest.MonkeyPatch, dtype: str, bands: int, step: float, averages: bool
) -> None:
    values, taps = noise(dtype, bands), _taps(step, averages, False)
    assert taps is not None
    assert taps[0] + 2 * taps[1] + 2 * taps[2] == pytest.approx(1)
    assert_alike(*variants(monkeypatch, lambda: kernels.smooth(values, taps, (1.0, 0.0, 0.0))))
    assert_alike(*variants(monkeypatch, lambda: kernels.smooth(values, taps, taps)))


@pytest.mark.parametrize('value', [0, 1, 127, 254, 255])
@pytest.mark.parametrize('step', np.linspace(1.03, 2.0, 12).round(3).tolist())
def test_smoothing_keeps_constants(both: None, value: int, step: float) -> None:
    taps = _taps(step, False, False)
    assert taps is not None
    values = np.full((9, 11, 3), value, np.uint8)
    assert (kernels.like(kernels.smooth(values, taps, taps), np.dtype(np.uint8)) == value).all()
    for dtype in (np.float32, np.float64):
        np.testing.assert_allclose(kernels.smooth(values.astype(dtype), taps, taps), values, rtol=1e-6)


def test_smoothing_does_not_move_the_picture(both: None) -> None:
    values = np.zeros((11, 11, 1), np.float32)
    values[5, 5] = 1
    found = kernels.smooth(values, (0.5, 0.3, -0.05), (0.6, 0.2, 0.0))[:, :, 0]
    np.testing.assert_allclose(found[5], [0, 0, 0, *np.array([-0.05, 0.3, 0.5, 0.3, -0.05]) * 0.6, 0, 0, 0], atol=1e-6)  # fmt: skip
    np.testing.assert_allclose(found[:, 5], [0] * 4 + [0.1, 0.3, 0.1] + [0] * 4, atol=1e-6)


@pytest.mark.parametrize('cell', [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize('size', [(64, 64), (96, 33), (50, 71)])
def test_enlarging_a_grid_is_bilinear_at_the_centres_of_pixels(
    both: None, cell: int, size: tuple[int, int]
) -> None:
    width, height = size
    j, i = np.mgrid[0 : -(-height // cell) + 1, 0 : -(-width // cell) + 1].astype(float)
    # Linear along each axis, so that the interpolation is exact; any shift shows.
    grid = np.stack(
        [3.25 * i * cell + 0.5 * j * cell + 10, -1.5 * j * cell + 0.01 * i * j * cell * cell], axis=-1
    )
    dense = kernels.enlarge(grid, cell, width, height)
    assert dense.dtype == np.float32
    assert dense.shape == (height, width, 2)
    y, x = np.mgrid[0:height, 0:width] + 0.5
    expected = np.stack([3.25 * x + 0.5 * y + 10, -1.5 * y + 0.01 * x * y], axis=-1)
    np.testing.assert_allclose(dense, expected, atol=2e-3)


@pytest.mark.parametrize('dtype', ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32'])
def test_floats_become_integers_by_rounding_and_clipping(both: None, dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = np.array([0.4, 0.6, 1.0, limits.max - 0.4, limits.max + 900.0, limits.min - 900.0, 1e9, -1e9])
    expected = [
        0,
        1,
        1,
        limits.max,
        limits.max,
        limits.min,
        *np.clip([10**9, -(10**9)], limits.min, limits.max).tolist(),
    ]
    kinds: list[Any] = [np.float64] + ([np.float32] if np.dtype(dtype).itemsize < 4 else [])
    for kind in kinds:
        found = kernels.like(values.astype(kind)[None, :, None], np.dtype(dtype))
        assert found.dtype == dtype
        assert found.ravel().tolist() == expected


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('bands', range(1, 7))
def test_what_is_not_valid_is_nothing(both: None, dtype: str, bands: int) -> None:
    values = noise(dtype, bands + 1)[:, :, 1:]
    valid = np.random.default_rng(5).choice(np.array([0, 1, 255], np.uint8), values.shape[:2])
    found = kernels.masked(values, valid)
    assert (found.dtype, found.shape) == (values.dtype, values.shape)
    np.testing.assert_array_equal(found, np.where(valid[:, :, None] == 0, 0, values))
    assert not np.shares_memory(found, values)


def test_what_is_not_valid_may_be_no_number(both: None) -> None:
    values = np.array([[[np.nan, 1.0]], [[2.0, np.inf]]], np.float32)
    assert kernels.masked(values, np.array([[0], [255]], np.uint8)).tolist() == [[[0, 0]], [[2, np.inf]]]


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('bands', [[0, 1, 2], [2, 0], [3], [3, 2, 1, 0]])
def test_some_of_the_bands(both: None, dtype: str, bands: list[int]) -> None:
    values = noise(dtype, 5)[:, :, 1:]
    found = kernels.select(values, bands)
    np.testing.assert_array_equal(found, values[:, :, bands])
    assert found.flags.c_contiguous


def test_colours_with_alpha(both: None) -> None:
    colours, alpha = noise('uint8', 4)[:, :, 1:], noise('uint8', 1)[:, :, 0]
    np.testing.assert_array_equal(kernels.with_alpha(colours, alpha), np.dstack([colours, alpha]))


def test_places_within(both: None) -> None:
    last = float(np.nextafter(np.float32(7.5), np.float32(0)))
    across = [np.nan, -np.inf, -0.51, -0.5, 3, last, 7.5, 1e30, np.inf]
    places = np.stack(np.meshgrid(across, [-0.5, 3, 9.5, np.nan]), axis=-1).astype(np.float32)
    # A part of a larger array, as the places of a tile are.
    larger = np.zeros((6, 12, 2), np.float32)
    larger[1:5, 2:11] = places
    found = kernels.within(larger[1:5, 2:11], np.array([-0.5, 7.5]), np.array([-0.5, 9.5]))
    inside = [0, 0, 0, 255, 255, 255, 0, 0, 0]
    assert found.dtype == np.uint8
    assert found.tolist() == [inside, inside, [0] * 9, [0] * 9]


@pytest.mark.parametrize('rows', ['uint8', 'uint16', 'int32'])
@pytest.mark.parametrize('entries', ['uint8', 'uint32'])
def test_look_up(both: None, monkeypatch: pytest.MonkeyPatch, rows: str, entries: str) -> None:
    if kernels.cv2 is None:
        monkeypatch.setattr(kernels, '_ROWS', frozenset())
    rng = np.random.default_rng(7)
    length = 1000 if rows == 'int32' else np.iinfo(rows).max + 1
    table = rng.integers(0, np.iinfo(entries).max, length, entries, endpoint=True)
    asked = rng.integers(0, length, (40, 70, 3)).astype(rows)
    for part in (asked[:, :, 0].copy(), asked[:, :, 1]):
        found = kernels.look_up(table, part)
        assert found.dtype == table.dtype
        assert (found == table[part]).all()
    # A shorter table is one whose values go no further.
    assert (kernels.look_up(table[:100], asked[:, :, 2] % 100) == table[asked[:, :, 2] % 100]).all()


@pytest.mark.parametrize('mode', ['RGB', 'L', 'CMYK'])
@pytest.mark.parametrize('subsampling', [0, 2])
def test_jpegs_are_those_of_pillow(both: None, mode: str, subsampling: int) -> None:
    values = np.random.default_rng(9).integers(0, 256, (5, 7, 3), 'uint8').repeat(20, 0).repeat(20, 1)
    output = io.BytesIO()
    Image.fromarray(values).convert(mode).save(output, 'JPEG', quality=85, subsampling=subsampling)
    data = output.getvalue()
    found = jpegs.decode_jpeg(data)
    if kernels.cv2 is None:
        assert found is None
        assert jpegs.recode_jpeg(data, 40) is None
        return
    if mode != 'CMYK':
        own = np.asarray(Image.open(io.BytesIO(data)))
        assert found is not None
        assert (found == (own[:, :, None] if mode == 'L' else own)).all()
    for broken in (data[: len(data) // 2], data[:4] + bytes(100)):
        assert jpegs.decode_jpeg(broken) is None
        assert jpegs.recode_jpeg(broken, 40) is None
    if mode == 'RGB':
        again = jpegs.recode_jpeg(data, 40)
        assert again is not None
        assert len(again) < len(data)
        with Image.open(io.BytesIO(again)) as picture:
            assert np.abs(np.asarray(picture).astype(int) - values).mean() < 12
