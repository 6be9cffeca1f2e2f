"""What is drawn before it is encoded."""

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
