"""What the test images show: smooth ramps, shapes and a fine texture, so that a shift by one pixel shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SEED = 20240229

Array = npt.NDArray[np.generic]


def scene(width: int, height: int, bands: int = 1, seed: int = SEED) -> npt.NDArray[np.float64]:
    """Return `bands` related pictures with values from 0 to 1, shape (bands, height, width)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    u, v = x / max(width - 1, 1), y / max(height - 1, 1)
    shapes = np.zeros((height, width))
    for _ in range(12):
        cx, cy, radius, level = rng.random(4)
        radius = (0.02 + 0.1 * radius) * min(width, height)
        distance = np.hypot(x - cx * width, y - cy * height)
        shapes[distance < radius] = 0.3 + 0.7 * level
    texture = _clouds(width, height, rng)
    pictures = []
    for band in range(bands):
        angle = band * np.pi / (2 * max(bands, 2))
        ramp = u * np.cos(angle) + v * np.sin(angle)
        waves = np.sin(2 * np.pi * (x / (61 + 8 * band) + y / 97))
        pictures.append(0.45 * ramp + 0.15 * texture + 0.1 * waves + 0.3 * np.roll(shapes, 5 * band, axis=1))
    stack = np.stack(pictures)
    low, high = stack.min(), stack.max()
    return (stack - low) / (high - low)


def scaled(picture: npt.NDArray[np.float64], low: float, high: float, dtype: str) -> Array:
    """Return a picture of 0 to 1 stretched to `low`…`high` in another type."""
    values = low + picture * (high - low)
    return (np.rint(values) if np.issubdtype(np.dtype(dtype), np.integer) else values).astype(dtype)


def rgb(width: int, height: int, seed: int = SEED) -> Array:
    """Return a uint8 colour picture, shape (3, height, width)."""
    return scaled(scene(width, height, 3, seed), 0, 255, 'uint8')


def disk(width: int, height: int, radius: float = 0.45) -> npt.NDArray[np.bool_]:
    """Return true inside a disk in the middle, `radius` in shares of the shorter side."""
    y, x = np.mgrid[0:height, 0:width]
    return np.hypot(x - width / 2, y - height / 2) < radius * min(width, height)


def _clouds(width: int, height: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return random values on a coarse grid, bilinear in between."""
    coarse = rng.random((height // 24 + 2, width // 24 + 2))
    rows, columns = np.arange(height) / 24, np.arange(width) / 24
    r, c = rows.astype(int), columns.astype(int)
    fr, fc = (rows - r)[:, None], (columns - c)[None, :]
    top = coarse[np.ix_(r, c)] * (1 - fc) + coarse[np.ix_(r, c + 1)] * fc
    bottom = coarse[np.ix_(r + 1, c)] * (1 - fc) + coarse[np.ix_(r + 1, c + 1)] * fc
    return np.asarray(top * (1 - fr) + bottom * fr)
