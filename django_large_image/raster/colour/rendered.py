"""Pictures before they are encoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from django_large_image.pixels import Array


@dataclass(frozen=True, slots=True)
class RenderedImage:
    """Colours of a tile: uint8 (height, width, 1, 3 or 4 channels), or indices (height, width, 1) of a palette."""

    pixels: Array
    #: uint8 (up to 256, 4): the colour of each index; None if the pixels are colours.
    palette: Array | None = None

    def array(self) -> Array:
        """Return the colours themselves, uint8 (height, width, 1, 3 or 4)."""
        if self.palette is None:
            return self.pixels
        used = self.palette if (self.palette[:, 3] < 255).any() else self.palette[:, :3]
        return np.asarray(np.take(used, self.pixels[:, :, 0], axis=0))


def to_uint8(pixels: Array) -> Array:
    """Return pixels as uint8, by the same rules as large-image: full range for integers, clipped for floats.

    Takes (height, width, bands) of any real dtype; more than four bands become the first three.
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
