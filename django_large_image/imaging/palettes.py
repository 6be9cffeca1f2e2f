"""Named palettes, and the picture of one for a legend."""

from __future__ import annotations

import numpy as np

from django_large_image.colors import levels, names, resolve
from django_large_image.imaging.formats import Format, encode

__all__ = ['legend', 'names', 'resolve']


def legend(name: str, width: int, height: int, fmt: Format, scheme: str = 'linear') -> bytes:
    """Return an encoded picture of a palette, from its first colour at the left to its last, in width × height pixels.

    With the `scheme` 'discrete' its colours are not interpolated. Raises `InvalidParameter` for an unknown name.
    """
    colours = levels(resolve(name, 'name'))
    position = np.linspace(0, 1, width)
    if scheme == 'discrete':
        row = colours[np.minimum((position * len(colours)).astype(int), len(colours) - 1)]
    else:
        base = np.linspace(0, 1, len(colours))
        row = np.stack([np.interp(position, base, colours[:, channel]) for channel in range(4)], axis=-1)
    return encode(np.repeat(np.rint(row)[np.newaxis], height, axis=0).astype(np.uint8), fmt)
