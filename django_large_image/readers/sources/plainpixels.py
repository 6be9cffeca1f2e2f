"""The pixels of a picture that Pillow decoded, as they are meant to be seen: upright and with transparency."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from django_large_image.inspection.pngheader import PngHeader
from django_large_image.pixels import Array, MaskedPixels

#: Pillow's modes that need no conversion.
_AS_THEY_ARE = frozenset({'L', 'LA', 'RGB', 'RGBA'})
#: What other modes are converted to. Those that are not listed are converted to RGB.
_BECOMES = {'1': 'L', 'La': 'LA', 'RGBa': 'RGBA', 'PA': 'RGBA'}


#: What makes a picture upright, by its EXIF orientation. Pillow's own function rewrites the EXIF, and fails for a
#: broken one.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Pyramid(MaskedPixels):
    """A decoded picture with its smaller versions, each half as wide and high as the last, for the block cache."""

    smaller: tuple[Array, ...] = ()

    @property
    def nbytes(self) -> int:
        """Return the memory that it takes, in bytes."""
        return self.values.nbytes + sum(level.nbytes for level in self.smaller)


def pyramid_of(image: Image.Image, levels: int, turn: int, png: PngHeader | None) -> Pyramid:
    """Return the upright pixels of a picture in `levels` sizes, each uint8 or uint16 (height, width, 1 to 4).

    `turn` is the EXIF orientation, 1 to 8, that the picture has to be turned by; `png` is the header of a PNG.
    """
    shown = upright_colours(image if turn == 1 else image.transpose(_TURNS[turn]), png)
    full = _array(shown)
    return Pyramid(full, None, tuple(_averaged(shown, full, 2**level) for level in range(1, levels)))


def upright_colours(image: Image.Image, png: PngHeader | None) -> Image.Image:
    """Return a picture in mode L, LA, RGB, RGBA or, with 16-bit grey, I;16; its transparent colour becomes alpha."""
    mode, clear = image.mode, image.info.get('transparency')
    if mode == 'P':
        return image.convert('RGB' if clear is None else 'RGBA')
    if png is not None and mode in ('1', 'L') and png.clear is not None:
        # Pillow 13.0 scales values of 2 and 4 bits to 8, but not the transparent value.
        value = round(png.clear * 255 / (2**png.depth - 1))
        grey = image.convert('L')
        grey.info.pop('transparency', None)
        alpha = grey.point([0 if level == value else 255 for level in range(256)])
        return Image.merge('LA', (grey, alpha))
    if mode == 'RGB' and clear is not None:
        if png is not None and png.depth == 16:
            # Pillow keeps 8 of the 16 bits, which cannot tell the transparent colour from others near it.
            image = image.copy()
            del image.info['transparency']
            return image
        return image.convert('RGBA')
    if mode.startswith('I;16'):
        return image
    if mode in ('I', 'F'):
        return _deep(image)
    return image if mode in _AS_THEY_ARE else image.convert(_BECOMES.get(mode, 'RGB'))


def _deep(image: Image.Image) -> Image.Image:
    """Return a picture of 32-bit values in 16 bits if they are integers that need these, else scaled to 8 bits.

    As in large-image's source of Pillow, 8 bits are scaled from 0 to the next of 1, 255, 65535, 2²⁴ - 1 and 2³² - 1.
    """
    values = np.nan_to_num(np.asarray(image, np.float64))
    if image.mode == 'I' and values.size and values.min() >= 0 and 255 < values.max() < 2**16:
        return Image.fromarray(values.astype(np.uint16))
    top = max(0.0, float(values.max())) if values.size else 0.0
    scale = 255.0 / max(1, 256 ** math.ceil(math.log(top + 1, 256)) - 1)
    return Image.fromarray(np.clip(values * scale, 0, 255).astype(np.uint8))


def _array(image: Image.Image) -> Array:
    values = np.asarray(image)
    if image.mode.startswith('I;16'):
        values = values.astype(np.uint16)
    return values if values.ndim == 3 else values[:, :, np.newaxis]


def _averaged(image: Image.Image, full: Array, factor: int) -> Array:
    """Return a smaller picture, each pixel the mean of factor × factor pixels."""
    if not image.mode.startswith('I;16'):
        return _array(image.reduce(factor))
    height, width = full.shape[:2]
    rows, columns = np.arange(0, height, factor), np.arange(0, width, factor)
    sums = np.add.reduceat(np.add.reduceat(full[:, :, 0], rows, 0, np.uint64), columns, 1)
    tall, wide = np.diff([*rows, height]), np.diff([*columns, width])
    means: Array = np.rint(sums / (tall[:, None] * wide[None, :])).astype(np.uint16)
    return means[:, :, np.newaxis]


def smallest_first(pyramid: Pyramid, level: int) -> Array:
    """Return a level of a picture, 0 the smallest: (height, width, bands)."""
    return pyramid.values if level == len(pyramid.smaller) else pyramid.smaller[-1 - level]
