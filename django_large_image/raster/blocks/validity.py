"""The validity of pixels that were read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.info import RasterInfo


def checked(
    info: RasterInfo,
    values: Array,
    bands: tuple[int, ...],
    wanted: tuple[int, ...],
    mask: Array | None,
) -> MaskedPixels:
    """Return the values of `bands` with their validity.

    `wanted` are the bands in `values`: `bands`, and the alpha band behind them if the file has one. `mask` is the
    file's own. A pixel is as valid as alpha or else the mask says. It is not valid if no band is finite or, in a file
    without alpha, if all bands are nodata. Values that are not finite become 0, in `values` itself.
    """
    valid: Array | None = None
    if info.alpha is not None:
        alpha = values[:, :, wanted.index(info.alpha)]
        valid = alpha if alpha.dtype == np.uint8 else _scaled(alpha)
        if len(wanted) > len(bands):
            values = np.ascontiguousarray(values[:, :, : len(bands)])
    elif mask is not None:
        valid = mask
    own = [info.nodata[band] for band in bands]
    if values.dtype.kind == 'f':
        finite = np.isfinite(values)
        if not finite.all():
            values[~finite] = 0
            valid = _both(valid, np.asarray(finite.any(axis=2)))
    if info.alpha is None and any(nodata is not None and nodata == nodata for nodata in own):
        good: NDArray[np.bool_] = np.zeros(values.shape[:2], bool)
        for position, nodata in enumerate(own):
            if nodata is None or nodata != nodata:
                good[:] = True
                break
            band = values[:, :, position]
            good |= band != (band.dtype.type(nodata) if band.dtype.kind == 'f' else nodata)
        valid = _both(valid, good)
    return MaskedPixels(values, none_if_all(valid))


def _both(valid: Array | None, good: NDArray[np.bool_]) -> Array | None:
    if good.all():
        return valid
    return (
        good.astype(np.uint8) * np.uint8(255) if valid is None else np.where(good, valid, 0).astype(np.uint8)
    )


def _scaled(alpha: Array) -> Array:
    """Return an alpha band of another dtype as uint8; a value above 0 stays above 0."""
    top = float(np.iinfo(alpha.dtype).max) if alpha.dtype.kind in 'iu' else 1.0
    return np.ceil(np.clip(np.nan_to_num(alpha / top), 0, 1) * 255).astype(np.uint8)


def none_if_all(valid: Array | None) -> Array | None:
    """Return a validity (uint8) as a contiguous array; None if everything is valid."""
    return None if valid is None or bool((valid == 255).all()) else np.ascontiguousarray(valid)
