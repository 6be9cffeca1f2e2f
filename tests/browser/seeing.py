"""What is on the screen: pixels of an element's picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def picture(locator: Any) -> np.ndarray:
    """Return a screenshot of an element, rows × columns × RGB."""
    with Image.open(io.BytesIO(locator.screenshot())) as image:
        return np.asarray(image.convert('RGB')).astype(int)


def colour_at(pixels: np.ndarray, x: float, y: float, reach: int = 4) -> np.ndarray:
    """Return the mean colour round a place."""
    left, top = round(x), round(y)
    return pixels[top - reach : top + reach + 1, left - reach : left + reach + 1].reshape(-1, 3).mean(axis=0)


def is_like(colour: np.ndarray, expected: tuple[int, int, int], most: float = 30) -> bool:
    """Return whether a colour is nearly another."""
    return bool(np.abs(colour - np.array(expected)).max() <= most)


def share_like(pixels: np.ndarray, expected: tuple[int, int, int], most: float = 30) -> float:
    """Return the share of pixels of a colour."""
    return float((np.abs(pixels - np.array(expected)).max(axis=-1) <= most).mean())
