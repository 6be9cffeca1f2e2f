"""What it takes to decode pixels, counted in bytes, and the bound on it.

A small file can hold very much: blocks of zeros, absent blocks, one block that all places share. So what counts is
what comes out of the decoder, each block as often as it is decoded and with all that is stored in it.
"""

from __future__ import annotations

from typing import Any

from django_large_image.conf import settings
from django_large_image.exceptions import TooMuchToDecode

#: How many times as long as deflate (300 MB/s) a byte takes, by GDAL's name of the compression: measured with the GDAL
#: 3.10 of rasterio 1.4.4, for photographs and terrain with noise. ZSTD, LZW, JPEG and PackBits take no longer.
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
#: And by the number of a TIFF's compression.
TIFF_WEIGHTS = {
    2: 3,
    3: 3,
    4: 3,
    34925: 8,
    34887: 3,
    50001: 2,
    34892: 8,
    50002: 8,
    34712: 16,
    33003: 16,
    33005: 16,
}


def weight_of(dataset: Any) -> int:
    """Return how many times as long as deflate a byte of a dataset takes."""
    if dataset.driver == 'JP2OpenJPEG':
        return WEIGHTS['JPEG2000']
    return WEIGHTS.get(str(dataset.tags(ns='IMAGE_STRUCTURE').get('COMPRESSION', '')).upper(), 1)


def blocks_in(low: int, high: int, size: int) -> int:
    """Return how many blocks of a size the pixels from `low` to before `high` touch."""
    return (high - 1) // size - low // size + 1 if high > low else 0


class Budget:
    """What a picture may still decode, in weighted bytes.

    Twice what an image may have: blocks reach beyond its sides, and some are decoded again for the next strip.
    """

    def __init__(self) -> None:
        self.limit = 2 * int(settings.MAX_DECODED_BYTES)
        self.left = self.limit

    def foresee(self, size: int) -> None:
        """Raise `TooMuchToDecode` if it is known before that it will be too much: then nothing is decoded for it."""
        if size > self.left:
            raise TooMuchToDecode(self.limit)

    def spend(self, size: int) -> None:
        """Count what is about to be decoded; raises `TooMuchToDecode` if it is too much."""
        self.left -= size
        if self.left < 0:
            raise TooMuchToDecode(self.limit)
