"""What it takes to decode pixels, counted in bytes, and the bound on it.

A small file can hold very much: blocks of zeros, absent blocks, the bytes of one block for all. So what counts is what
comes out of the decoder: each block as often as it is decoded, with all its samples.
"""

from __future__ import annotations

from django_large_image.conf import settings
from django_large_image.exceptions import TooMuchToDecode

#: How many times as long as deflate (300 MB/s) a decoded byte takes, by GDAL's name of the compression. Measured with
#: the GDAL 3.10 of rasterio 1.4.4, for photographs and terrain with noise. ZSTD, LZW, JPEG and PackBits take no longer.
WEIGHTS = {
    'LZMA': 8,
    'LERC': 2,
    'LERC_DEFLATE': 3,
    'LERC_ZSTD': 3,
    'WEBP': 2,
    'JXL': 8,
    'CCITTFAX3': 3,
    'CCITTFAX4': 3,
    'CCITTRLE': 3,
    'JPEG2000': 5,
}


def weight_of(driver: str, compression: str) -> int:
    """Return how many times as long as deflate a decoded byte takes, by GDAL's names of driver and compression."""
    return WEIGHTS['JPEG2000'] if driver == 'JP2OpenJPEG' else WEIGHTS.get(compression.upper(), 1)


def blocks_in(low: int, high: int, size: int) -> int:
    """Return how many blocks of `size` pixels hold the pixels from `low` to `high`, the latter not included."""
    return (high - 1) // size - low // size + 1 if high > low else 0


class Budget:
    """What may still be decoded for one picture, in bytes, each as often as its weight says.

    It begins with twice `MAX_DECODED_BYTES`: blocks reach beyond a picture's sides, and some are decoded again for the
    next strip.
    """

    def __init__(self) -> None:
        self.limit = 2 * int(settings.MAX_DECODED_BYTES)
        self.left = self.limit

    def foresee(self, size: int) -> None:
        """Raise `TooMuchToDecode` if so many weighted bytes are more than what is left; nothing is counted."""
        if size > self.left:
            raise TooMuchToDecode(self.limit)

    def spend(self, size: int) -> None:
        """Count weighted bytes that are about to be decoded; raises `TooMuchToDecode` if they are too many."""
        self.left -= size
        if self.left < 0:
            raise TooMuchToDecode(self.limit)
