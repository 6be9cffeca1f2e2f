"""How frames of a TIFF are shown without a style: as uint8 colours, by what the tags say of the stored values.

large-image-source-tifffile 1.35.6 shows the stored values: indices instead of colours of a table, black for white, CMYK
as RGB, and values of 4 or 12 bits as if all bits of the type were used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from django_large_image.pixels import Array

if TYPE_CHECKING:
    from tifffile import TiffPage

_WHITE_IS_ZERO, _PALETTE, _CMYK, _YCBCR = 0, 3, 5, 6
#: The compressions whose decoders turn YCbCr into RGB: JPEG in all its numbers, JPEG 2000 and WebP.
_RGB_ANYWAY = {6, 7, 33003, 33005, 33007, 34712, 50001}


@dataclass(frozen=True, slots=True)
class Tones:
    """What the tags of a frame say of its values."""

    photometric: int
    #: How many bits of a value are used.
    bits: int
    #: uint8 (colours, 3), None without a colour table.
    table: Array | None
    #: How many samples of a pixel are colours, and whether the one behind them is alpha.
    colours: int
    alpha: bool

    @property
    def plain(self) -> bool:
        """Return whether bytes with these tags are colours already."""
        special = self.photometric in (_WHITE_IS_ZERO, _PALETTE, _CMYK, _YCBCR)
        return not special and self.bits == 8


def tones_of(page: TiffPage, samples: int) -> Tones:
    """Return what the tags of tifffile's page say, for pixels of `samples` values."""
    photometric = int(page.photometric)
    if photometric == _YCBCR and int(page.compression) in _RGB_ANYWAY:
        photometric = 2
    if photometric in (_CMYK, _YCBCR, 2):
        colours = min(samples, 4 if photometric == _CMYK else 3)
    else:
        colours = 1 if samples < 3 else 3
    extra = [int(kind) for kind in page.extrasamples]
    colormap = page.colormap if photometric == _PALETTE else None
    table = None if colormap is None else np.asarray(colormap >> 8, np.uint8).T
    alpha = samples > colours and bool(extra) and extra[0] in (1, 2)
    return Tones(photometric, int(page.bitspersample), table, colours, alpha)


def shown(values: Array, tones: Tones, low: Array | None, high: Array | None) -> Array:
    """Return the colours of values (height, width, samples), uint8 (height, width, 1 to 4).

    `low` and `high` are the range of each sample where values have more than 8 bits; None for bytes.
    """
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    if tones.table is not None:
        return np.asarray(np.take(tones.table, values[:, :, 0], axis=0, mode='clip'))
    colours = values[:, :, : tones.colours]
    if low is not None and high is not None:
        span = np.where(high > low, high - low, 1.0)[: tones.colours]
        with np.errstate(over='ignore'):
            # What is infinite in the file lies beyond either end of the range.
            scaled = (np.nan_to_num(colours.astype(np.float64)) - low[: tones.colours]) * (255 / span)
    else:
        scaled = colours.astype(np.float64) * (255 / (2 ** min(tones.bits, 8) - 1))
    # Cut off and not rounded, as large-image does it with styles.
    levels = scaled.clip(0, 255).astype(np.uint8)
    if tones.photometric == _WHITE_IS_ZERO:
        levels = np.asarray(255 - levels, np.uint8)
    elif tones.photometric == _CMYK and tones.colours == 4:
        ink = 255 - levels.astype(np.uint16)
        levels = (ink[:, :, :3] * ink[:, :, 3:] // 255).astype(np.uint8)
    elif tones.photometric == _YCBCR:
        levels = _rgb(levels)
    if not tones.alpha:
        return levels
    alpha = values[:, :, tones.colours]
    top = float(np.iinfo(alpha.dtype).max) if alpha.dtype.kind in 'iu' else 1.0
    opaque = (np.clip(alpha.astype(np.float64) / top, 0, 1) * 255).astype(np.uint8)
    return np.concatenate([levels, opaque[:, :, np.newaxis]], axis=2)


def _rgb(levels: Array) -> Array:
    """Return RGB of YCbCr, uint8, by ITU-R BT.601: the default of TIFF 6.0 (section 21)."""
    luma, blue, red = (levels[:, :, index].astype(np.float64) for index in range(3))
    blue, red = blue - 128, red - 128
    colours = [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]
    return np.stack(colours, axis=2).round().clip(0, 255).astype(np.uint8)
