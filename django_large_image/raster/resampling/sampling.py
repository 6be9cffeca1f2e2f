"""Averages and interpolation in which only valid pixels count.

Values are multiplied by their validity as a share from 0 to 1, then values and shares are averaged or interpolated with
the same weights, and at the end the values are divided by the shares.
"""

from __future__ import annotations

import numpy as np

from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.resampling import kernels

#: The least share of a valid pixel. With 0.5 thin lines of valid pixels would get lost, and with 0 the valid area would
#: grow by half a pixel on each side.
VALID_SHARE = 0.25
#: The least share of a valid pixel in an image with alpha, where a pixel can be partly transparent: from less of it no
#: colour is known.
NOTHING = 3 / 255


class Mosaic:
    """Pixels that are put together from several parts."""

    def __init__(self, width: int, height: int, bands: int, dtype: np.dtype[np.generic]) -> None:
        self._values = np.zeros((height, width, bands), dtype)
        self._valid = np.zeros((height, width), np.uint8)

    def lay(self, masked: MaskedPixels | None, left: int, top: int) -> None:
        """Copy the valid pixels of a finished part, whose upper left pixel goes to column `left` and row `top`."""
        if masked is None:
            return
        height, width = masked.values.shape[:2]
        values = self._values[top : top + height, left : left + width]
        valid = self._valid[top : top + height, left : left + width]
        if masked.mask is None:
            values[:], valid[:] = masked.values, 255
        elif not valid.any():
            # A copy of the whole part is quicker. What is not valid is 0 in both.
            values[:], valid[:] = masked.values, masked.mask
        else:
            there = masked.mask > 0
            values[there], valid[there] = masked.values[there], masked.mask[there]

    def pixels(self) -> MaskedPixels | None:
        """Return what was put together, with a uint8 mask; None if nothing is valid."""
        if not self._valid.any():
            return None
        return MaskedPixels(self._values, None if bool((self._valid == 255).all()) else self._valid)


def _floating(values: Array) -> Array:
    exact = np.float32 if values.dtype.itemsize <= 2 or values.dtype == np.float32 else np.float64
    return values.astype(exact, copy=False)


def _premultiplied(masked: MaskedPixels) -> tuple[Array, Array]:
    """Return values multiplied by their share, and the share: float32, 0 to 1. Once multiplied, they stay so."""
    assert masked.mask is not None
    if masked.mask.dtype != np.uint8:
        return masked.values, masked.mask
    share = masked.mask.astype(np.float32) * np.float32(1 / 255)
    values = _floating(masked.values)
    return values * share[:, :, None].astype(values.dtype), share


def averaged(masked: MaskedPixels, across: int, down: int) -> MaskedPixels:
    """Return averages of `down` × `across` pixels, as floats; those at the right and lower edge may be of fewer.

    With a mask, values come multiplied by their share, and the mask is the share (float32, 0 to 1).
    """
    values, share = _floating(masked.values), None
    if masked.mask is not None:
        values, share = _premultiplied(masked)
    short_x, short_y = -values.shape[1] % across, -values.shape[0] % down
    if short_x or short_y:
        values = np.pad(values, ((0, short_y), (0, short_x), (0, 0)), mode='edge')
        share = None if share is None else np.pad(share, ((0, short_y), (0, short_x)), mode='edge')
    values = kernels.shrink(values, across, down)
    return MaskedPixels(
        values, None if share is None else kernels.shrink(share[:, :, None], across, down)[:, :, 0]
    )


def stacked(strips: list[MaskedPixels], axis: int) -> MaskedPixels:
    """Return strips that `averaged` returned as one, from top to bottom (axis 0) or from left to right (axis 1)."""
    if len(strips) == 1:
        return strips[0]
    values = np.concatenate([strip.values for strip in strips], axis=axis)
    if all(strip.mask is None for strip in strips):
        return MaskedPixels(values, None)
    shares = [np.ones(s.values.shape[:2], np.float32) if s.mask is None else s.mask for s in strips]
    return MaskedPixels(values, np.concatenate(shares, axis=axis))


def smoothed(
    masked: MaskedPixels, step_x: float, step_y: float, averages: tuple[bool, bool], sharp: bool
) -> MaskedPixels:
    """Smooth pixels so that each shows as much of the image as a pixel of the answer does.

    `step_x` and `step_y` are the sides of an answer's pixel, 1 to 2 of the pixels given. `averages` says along which
    axes (x, y) the pixels given are averages of smaller ones. `sharp` says that a cubic interpolation follows, else a
    bilinear one. With a mask, values come multiplied by their share, and the mask is the share (float32, 0 to 1).
    """
    across, down = (
        _taps(step, own, sharp, masked.mask is None)
        for step, own in zip((step_x, step_y), averages, strict=True)
    )
    if across is None and down is None:
        return masked
    across, down = across or (1.0, 0.0, 0.0), down or (1.0, 0.0, 0.0)
    if masked.mask is not None:
        values, share = _premultiplied(masked)
        share = kernels.smooth(share[:, :, None], across, down)[:, :, 0]
        return MaskedPixels(kernels.smooth(values, across, down), share)
    return MaskedPixels(kernels.smooth(masked.values, across, down), None)


def _taps(step: float, averages: bool, sharp: bool, whole: bool = True) -> tuple[float, float, float] | None:
    """Return the weights of a pixel, of its neighbours and of theirs; None for 1, 0 and 0.

    Smoothing and the bilinear interpolation after it are two convolutions, the second with a triangle. Together they
    come as near as five weights can (least squares) to the average over `step` pixels: a box as wide as `step`,
    convolved with the box of one pixel. They also have its variance, so that a curved surface keeps its height. That is
    (step² + 1) / 12, less 1 / 12 where the pixels are averages themselves; the triangle contributes 1 / 6 of it. The
    weights before a cubic, whose own variance is about 0, were found by trial on noise, on terrain and on the Blue
    Marble.
    """
    if step < 1.03:
        return None
    step = min(step, 2.0)
    if not whole:
        # No negative weights: they can make a share that is nearly 0, by which the values are divided.
        near = 0.15 * (step - 1)
        return 1 - 2 * near, near, 0.0
    far = (0.014 * (step - 1) - 0.04) * (step - 1)
    if sharp:
        variance = step * step + (-0.5 if averages else 0.5)
    elif averages:
        far, variance = far - 0.0125, step * step - 2
    else:
        variance = step * step - 1
    near = (variance / 12 - 8 * far) / 2
    return 1 - 2 * near - 2 * far, near, far


def resampled(
    masked: MaskedPixels,
    positions: Array,
    method: str,
    dtype: np.dtype[np.generic],
    shown: Array | None,
    soft: bool,
) -> MaskedPixels | None:
    """Return the pixels at positions, with values of `dtype`; None if nothing is valid.

    `positions` and `method` are those of `kernels.resample`; pixels with a mask are never interpolated by a cubic.
    `shown`, uint8 (height, width), is 255 for positions in the image and 0 for others; None if all are in it. With
    `soft` a pixel can be partly transparent.
    """
    if masked.mask is None:
        values = kernels.resample(kernels.workable(masked.values), positions, method)
        return finished(MaskedPixels(values, None), dtype, shown, soft)
    if not masked.mask.any():
        return None
    if method == 'nearest':
        values = kernels.resample(kernels.workable(masked.values), positions, method)
        valid = kernels.resample(masked.mask[:, :, None], positions, method)[:, :, 0]
        return finished(MaskedPixels(values, valid), dtype, shown, soft)
    values, share = _premultiplied(masked)
    # The negative weights of a cubic can make a share that is nearly 0, by which the values are divided.
    method = 'bilinear'
    # In one array, so that a value and its share get the same weights.
    both = np.concatenate([values, share[:, :, None].astype(values.dtype)], axis=2)
    both = kernels.resample(both, positions, method)
    return finished(MaskedPixels(both[:, :, :-1], both[:, :, -1].astype(np.float32)), dtype, shown, soft)


def finished(
    masked: MaskedPixels, dtype: np.dtype[np.generic], shown: Array | None, soft: bool
) -> MaskedPixels | None:
    """Return pixels with values of `dtype`, 0 where they are not valid, and a uint8 mask; None if none is valid.

    `shown` and `soft` are those of `resampled`.
    """
    values, valid = masked.values, masked.mask
    if valid is not None and valid.dtype != np.uint8:
        # Values come multiplied by their share, which is 0 where nothing is valid.
        values = kernels.like(values / np.maximum(valid, 1e-6)[:, :, None].astype(values.dtype), dtype)
        if soft:
            valid = np.where(valid >= NOTHING, np.rint(valid * 255).clip(0, 255), 0)
        else:
            valid = (valid >= VALID_SHARE) * np.uint8(255)
        valid = valid.astype(np.uint8, copy=False)
    elif values.dtype != dtype:
        values = kernels.like(values, dtype)
    if shown is not None:
        valid = shown if valid is None else np.minimum(shown, valid)
    if valid is not None:
        if valid.max() == 0:
            return None
        if valid.min() == 255:
            valid = None
        else:
            values = kernels.masked(values, valid)
    return MaskedPixels(values, valid)
