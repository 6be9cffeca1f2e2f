"""Averages, mosaics and shares of valid pixels, value by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from django_large_image.raster.resampling.sampling import (
    MaskedPixels,
    Mosaic,
    averaged,
    finished,
    resampled,
    smoothed,
    stacked,
)

UINT8 = np.dtype(np.uint8)


def of(values: Any, valid: Any = None, dtype: Any = np.uint8) -> MaskedPixels:
    """Return a drawing of one band."""
    return MaskedPixels(
        np.array(values, dtype)[:, :, None], None if valid is None else np.array(valid, np.uint8)
    )


def test_a_mosaic_shows_what_is_valid_of_each() -> None:
    mosaic = Mosaic(4, 2, 1, UINT8)
    assert mosaic.pixels() is None
    mosaic.lay(None, 0, 0)
    mosaic.lay(of([[1, 2], [3, 4]]), 0, 0)
    # Beside it, partly valid.
    mosaic.lay(of([[5, 6], [0, 7]], [[255, 9], [0, 255]]), 2, 0)
    # Over it: only what is valid covers.
    mosaic.lay(of([[8, 0], [9, 0]], [[255, 0], [100, 0]]), 1, 0)
    found = mosaic.pixels()
    assert found is not None
    assert found.values[:, :, 0].tolist() == [[1, 8, 5, 6], [3, 9, 0, 7]]
    assert found.mask is not None
    assert found.mask.tolist() == [[255, 255, 255, 9], [255, 100, 0, 255]]
    mosaic.lay(of([[1] * 4] * 2), 0, 0)
    found = mosaic.pixels()
    assert found is not None
    assert found.mask is None


def test_averages_of_blocks() -> None:
    values = [[0, 4, 8, 0, 9], [4, 8, 0, 0, 3]]
    found = averaged(of(values), 2, 2)
    # The last block has one column.
    assert found.values[:, :, 0].tolist() == [[4, 2, 6]]
    assert found.mask is None
    # Shares count: what is not valid is in no average, and finally is divided out.
    found = averaged(of(values, [[255, 0, 255, 255, 255], [255, 0, 255, 255, 0]]), 2, 2)
    assert found.mask is not None
    assert found.mask.tolist() == [[0.5, 1, 0.5]]
    assert found.values[:, :, 0].tolist() == [[1, 2, 4.5]]
    shown = finished(found, UINT8, None, False)
    assert shown is not None
    assert shown.values[:, :, 0].tolist() == [[2, 2, 9]]
    assert shown.mask is None
    # Rows at the end, too.
    assert averaged(of([[1], [3], [5]]), 1, 2).values[:, 0, 0].tolist() == [2, 5]
    assert averaged(of([[1], [3], [5]], [[255], [255], [0]]), 1, 2).values[:, 0, 0].tolist() == [2, 0]


@pytest.mark.parametrize(
    ('dtype', 'kept'),
    [('uint8', 'f4'), ('int16', 'f4'), ('float32', 'f4'), ('int32', 'f8'), ('float64', 'f8')],
)
def test_averages_are_as_fine_as_the_values(dtype: str, kept: str) -> None:
    assert averaged(of([[1, 2]], dtype=dtype), 2, 1).values.dtype == np.dtype(kept)
    assert averaged(of([[1, 2]], [[255, 255]], dtype=dtype), 2, 1).values.dtype == np.dtype(kept)


def test_strips_are_stacked() -> None:
    first, second = of([[1, 2]]), of([[3, 4]])
    assert stacked([first], 0) is first
    assert stacked([first, second], 0).values[:, :, 0].tolist() == [[1, 2], [3, 4]]
    found = stacked([first, second], 1)
    assert found.values[:, :, 0].tolist() == [[1, 2, 3, 4]]
    assert found.mask is None
    half = MaskedPixels(second.values, np.array([[0.5, 0]], np.float32))
    found = stacked([first, half], 1)
    assert found.mask is not None
    assert found.mask.tolist() == [[1, 1, 0.5, 0]]


def taps(step: float, averages: bool, sharp: bool) -> list[float]:
    """Return the weights with which a pixel's value is spread over its neighbours in a row."""
    impulse = MaskedPixels(np.zeros((9, 9, 1), np.float32), None)
    impulse.values[4, 4, 0] = 1
    found = smoothed(impulse, step, 1.0, (averages, averages), sharp)
    assert not found.values[:4].any()
    return [float(value) for value in found.values[4, 4:7, 0]]


@pytest.mark.parametrize('averages', [True, False])
@pytest.mark.parametrize('sharp', [True, False])
@pytest.mark.parametrize('step', [1.03, 1.4, 2.0])
def test_what_is_smoothed_has_the_variance_of_what_is_wanted(
    step: float, averages: bool, sharp: bool
) -> None:
    middle, near, far = taps(step, averages, sharp)
    assert middle + 2 * near + 2 * far == pytest.approx(1, abs=1e-6)
    variance = 2 * near + 8 * far
    wanted = {
        (True, True): step**2 - 0.5,
        (True, False): step**2 + 0.5,
        (False, True): step**2 - 2,
        (False, False): step**2 - 1,
    }
    assert variance == pytest.approx(wanted[sharp, averages] / 12, abs=1e-6)


def test_the_far_weights() -> None:
    # By least squares for steps of 2, and less where the pixels are averages already.
    assert taps(2.0, False, False)[2] == pytest.approx(-0.026, abs=1e-6)
    assert taps(2.0, True, False)[2] == pytest.approx(-0.0385, abs=1e-6)
    assert taps(2.0, True, True)[2] == pytest.approx(-0.026, abs=1e-6)
    assert taps(1.5, False, False)[2] == pytest.approx(-0.0165, abs=1e-6)
    # Wider than two pixels nothing is spread: then averages are made first.
    assert taps(3.0, False, False) == taps(2.0, False, False)


def test_what_is_nearly_as_large_is_left_as_it_is() -> None:
    drawing = of([[1, 2], [3, 4]])
    assert smoothed(drawing, 1.02, 1.02, (False, False), False) is drawing
    assert smoothed(drawing, 1.02, 1.03, (False, False), False) is not drawing


def test_shares_are_smoothed_without_negative_weights() -> None:
    valid = np.zeros((5, 7), np.uint8)
    valid[2, 3] = 255
    found = smoothed(MaskedPixels(np.full((5, 7, 1), 100, np.uint8), valid), 2.0, 1.0, (True, True), False)
    assert found.mask is not None
    assert found.mask[2].tolist() == pytest.approx([0, 0, 0.15, 0.7, 0.15, 0, 0], abs=1e-6)
    assert not found.mask[[0, 1, 3, 4]].any()
    assert found.values[2, :, 0].tolist() == pytest.approx([0, 0, 15, 70, 15, 0, 0], abs=1e-4)
    # Halfway to twice the size half as much.
    found = smoothed(MaskedPixels(np.full((5, 7, 1), 100, np.uint8), valid), 1.0, 1.5, (True, True), False)
    assert found.mask is not None
    assert found.mask[:, 3].tolist() == pytest.approx([0, 0.075, 0.85, 0.075, 0], abs=1e-6)


def shares(*values: float) -> MaskedPixels:
    """Return a drawing whose values are 100, multiplied by how valid they are."""
    share = np.array([values], np.float32)
    return MaskedPixels(share[:, :, None] * np.float32(100), share)


def test_what_is_valid_by_a_quarter_is() -> None:
    found = finished(shares(1, 0.25, 0.24, 0), UINT8, None, False)
    assert found is not None
    assert found.mask is not None
    assert found.mask.tolist() == [[255, 255, 0, 0]]
    assert found.values[:, :, 0].tolist() == [[100, 100, 0, 0]]


def test_alpha_stays_soft() -> None:
    found = finished(shares(1.1, 0.5, 3 / 255, 2.9 / 255), UINT8, None, True)
    assert found is not None
    assert found.mask is not None
    assert found.mask.tolist() == [[255, 128, 3, 0]]
    assert found.values[:, :, 0].tolist() == [[100, 100, 100, 0]]


def test_what_is_not_in_the_image_is_not_shown() -> None:
    shown = np.array([[255, 0]], np.uint8)
    for drawing in (of([[7, 8]]), of([[7, 8]], [[255, 255]]), of([[7, 8]], [[200, 255]])):
        found = finished(drawing, UINT8, shown, True)
        assert found is not None
        assert found.values[:, :, 0].tolist() == [[7, 0]]
        assert found.mask is not None
        assert found.mask.tolist() == [[255 if drawing.mask is None else int(drawing.mask[0, 0]), 0]]
    assert finished(of([[7, 8]]), UINT8, np.zeros((1, 2), np.uint8), False) is None
    found = finished(of([[7, 8]], [[255, 255]]), UINT8, np.full((1, 2), 255, np.uint8), False)
    assert found is not None
    assert found.mask is None
    # Values become those of the file's type.
    found = finished(of([[7.6, -3]], dtype=np.float32), UINT8, None, False)
    assert found is not None
    assert (found.values.dtype, found.values[:, :, 0].tolist()) == (UINT8, [[8, 0]])


@pytest.mark.parametrize('method', ['nearest', 'bilinear', 'cubic'])
def test_only_valid_pixels_are_between(method: str) -> None:
    # The value of what is not valid is far off, and counts in no place.
    drawing = of([[10, 10, 200], [10, 10, 200]], [[255, 255, 0], [255, 255, 0]])
    places = np.array([[[0.0, 0.0], [1.2, 0.0], [1.4, 0.5], [1.9, 0.0]]], np.float32)
    found = resampled(drawing, places, method, UINT8, None, False)
    assert found is not None
    assert found.mask is not None
    assert found.mask.tolist() == [[255, 255, 255, 0]]
    assert found.values[:, :, 0].tolist() == [[10, 10, 10, 0]]
    nothing = of([[1, 2, 3]], [[0, 0, 0]])
    assert resampled(nothing, places, method, UINT8, None, False) is None
