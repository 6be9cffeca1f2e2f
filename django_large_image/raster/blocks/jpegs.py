"""JPEGs by OpenCV: decoded, and encoded in another quality, where it is installed."""

from __future__ import annotations

import numpy as np

from django_large_image.pixels import Array
from django_large_image.raster.resampling import kernels


def decode_jpeg(data: bytes) -> Array | None:
    """Return the pixels of a JPEG, uint8 (rows, columns, 1 or 3); None for a broken one, and without OpenCV.

    They are those of Pillow, in half its time: both have libjpeg-turbo.
    """
    pixels = _decoded(data)
    if pixels is None or pixels.ndim == 2:
        return None if pixels is None else pixels[:, :, None]
    colours: Array | None = (
        kernels.cv2.cvtColor(pixels, kernels.cv2.COLOR_BGR2RGB) if pixels.shape[2] == 3 else None
    )
    return colours


def _decoded(data: bytes) -> Array | None:
    """Return the pixels of a picture as OpenCV has them, blue first; None for a broken one, and without OpenCV."""
    pixels: Array | None = None
    if kernels.cv2 is not None:
        pixels = kernels.cv2.imdecode(np.frombuffer(data, np.uint8), kernels.cv2.IMREAD_UNCHANGED)
    return pixels


def recode_jpeg(data: bytes, quality: int) -> bytes | None:
    """Return a JPEG in another quality, 1 to 100; None for a broken one, and without OpenCV."""
    pixels = _decoded(data)
    if pixels is None:
        return None
    done, found = kernels.cv2.imencode('.jpg', pixels, [kernels.cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(found) if done else None
