"""Pictures before they are encoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from django_large_image.pixels import Array


@dataclass(frozen=True, slots=True)
class RenderedImage:
    """A picture: colours, uint8 (height, width, 1, 3 or 4 channels), or indices of a palette, (height, width, 1)."""

    pixels: Array
    #: The colour of each index, uint8 (up to 256, 4); None if the pixels are colours.
    palette: Array | None = None

    def array(self) -> Array:
        """Return the colours, uint8 (height, width, 1, 3 or 4); those of an opaque palette have three channels."""
        if self.palette is None:
            return self.pixels
        used = self.palette if (self.palette[:, 3] < 255).any() else self.palette[:, :3]
        return np.asarray(np.take(used, self.pixels[:, :, 0], axis=0))


def to_uint8(pixels: Array) -> Array:
    """Return pixels as uint8, (height, width, 1 to 4), by large-image's rules.

    Takes (height, width, bands), or without the last axis, of any real dtype. Integers of up to 32 bits are scaled from
    the range of their type. Floats, and integers of 64 bits, are cut off at 0 and 255. Of more than four bands the
    first three are taken.
    """
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if pixels.shape[2] > 4:
        pixels = pixels[:, :, :3]
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    if pixels.dtype == np.uint8:
        return pixels
    if kind == 'b':
        return pixels.astype(np.uint8) * 255
    if kind in 'iu' and size <= 4:
        shifted = pixels.astype(np.int64) + (1 << (8 * size - 1)) if kind == 'i' else pixels
        return (shifted >> (8 * (size - 1))).astype(np.uint8)
    return np.asarray(np.clip(np.nan_to_num(pixels, nan=0.0), 0, 255), np.uint8)
