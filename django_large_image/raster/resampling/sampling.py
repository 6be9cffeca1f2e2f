"""Averages and interpolation in which only valid pixels count."""

from __future__ import annotations

import numpy as np

from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.resampling import kernels

#: The share of a pixel that has to be valid for the pixel to be. Half of it would lose thin lines of valid pixels, none
#: of it would let the valid area grow by half a pixel on each side.
VALID_SHARE = 0.25
#: The share below which a pixel of an image with alpha is none: a colour is not known from so little of it.
NOTHING = 3 / 255


class Mosaic:
    """Pixels that are put together of several parts."""

    def __init__(self, width: int, height: int, bands: int, dtype: np.dtype[np.generic]) -> None:
        self._values = np.zeros((height, width, bands), dtype)
        self._valid = np.zeros((height, width), np.uint8)

    def lay(self, masked: MaskedPixels | None, left: int, top: int) -> None:
        """Put a finished part in its place, where it is valid."""
        if masked is None:
            return
        height, width = masked.values.shape[:2]
        values = self._values[top : top + height, left : left + width]
        valid = self._valid[top : top + height, left : left + width]
        if masked.mask is None:
            values[:], valid[:] = masked.values, 255
        elif not valid.any():
            # What is not valid in it is 0, as what lies there.
            values[:], valid[:] = masked.values, masked.mask
        else:
            there = masked.mask > 0
            values[there], valid[there] = masked.values[there], masked.mask[there]

    def pixels(self) -> MaskedPixels | None:
        """Return what was put together, None if nothing is valid."""
        if not self._valid.any():
            return None
        return MaskedPixels(self._values, None if bool((self._valid == 255).all()) else self._valid)


def _floating(values: Array) -> Array:
    exact = np.float32 if values.dtype.itemsize <= 2 or values.dtype == np.float32 else np.float64
    return values.astype(exact, copy=False)


def _premultiplied(masked: MaskedPixels) -> tuple[Array, Array]:
    """Return values multiplied by how valid they are, and that as 0 to 1."""
    assert masked.mask is not None
    if masked.mask.dtype != np.uint8:
        return masked.values, masked.mask
    share = masked.mask.astype(np.float32) * np.float32(1 / 255)
    values = _floating(masked.values)
    return values * share[:, :, None].astype(values.dtype), share


def averaged(masked: MaskedPixels, across: int, down: int) -> MaskedPixels:
    """Return averages of blocks of `down` × `across` pixels; those at the end may be of fewer."""
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
    """Return averages of strips, one below the other (axis 0) or beside it (1), as one."""
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
    """Widen what a pixel shows to the size of the answer's pixels, `step` (1 to 2) of the pixels read.

    `averages` says along which axes the pixels read are averages of smaller ones; with `sharp` the interpolation that
    follows is cubic, else bilinear.
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
    """Return the weights of a pixel, of its neighbours and of theirs, None for 1, 0 and 0.

    The weights and the triangle of the bilinear interpolation after them come together as near as five weights can
    (least squares) to the best weights for an average over `step` pixels: a box of `step` folded with the box of one
    pixel. Their variance is that of what is wanted, so that a bent surface keeps its height: (step² + 1) / 12, less
    1 / 12 where the pixels are averages themselves, of which the triangle has 1 / 6. Those for the cubic, whose own
    variance is about nothing, were found by trial on noise, on terrain and on the Blue Marble.
    """
    if step < 1.03:
        return None
    step = min(step, 2.0)
    if not whole:
        # A share that is nearly nothing must not come from weights that are negative.
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
    places: Array,
    method: str,
    dtype: np.dtype[np.generic],
    shown: Array | None,
    soft: bool,
) -> MaskedPixels | None:
    """Return the values at places (indices of the pixels given) in the file's type, None if nothing is valid.

    `shown`, 255 or 0, says which places are in the image; with `soft` a pixel can be partly transparent.
    """
    if masked.mask is None:
        values = kernels.resample(kernels.workable(masked.values), places, method)
        return finished(MaskedPixels(values, None), dtype, shown, soft)
    if not masked.mask.any():
        return None
    if method == 'nearest':
        values = kernels.resample(kernels.workable(masked.values), places, method)
        valid = kernels.resample(masked.mask[:, :, None], places, method)[:, :, 0]
        return finished(MaskedPixels(values, valid), dtype, shown, soft)
    values, share = _premultiplied(masked)
    # Negative weights do harm among pixels that are not valid.
    method = 'bilinear'
    # In one array: a value and its share have to have the same weights, whatever their types.
    both = np.concatenate([values, share[:, :, None].astype(values.dtype)], axis=2)
    both = kernels.resample(both, places, method)
    return finished(MaskedPixels(both[:, :, :-1], both[:, :, -1].astype(np.float32)), dtype, shown, soft)


def finished(
    masked: MaskedPixels, dtype: np.dtype[np.generic], shown: Array | None, soft: bool
) -> MaskedPixels | None:
    """Return values of the file's type, 0 where they are not valid; None if none is."""
    values, valid = masked.values, masked.mask
    if valid is not None and valid.dtype != np.uint8:
        # Cubic weights are negative in places.
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
