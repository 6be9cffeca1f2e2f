"""What one raster (a file, or one frame of it) is: its levels, bands and masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader

from django_large_image.inspection.costs import blocks_in, weight_of
from django_large_image.inspection.tiff import SubImage

#: The colour interpretations of a picture whose values are colours.
_COLOURS = (('red', 'green', 'blue'), ('red', 'green', 'blue', 'alpha'))


@dataclass(frozen=True, slots=True)
class Level:
    """One level: its size, and the size of the blocks in which it is read."""

    width: int
    height: int
    block_width: int
    block_height: int
    #: The size of the blocks of the file, several of which may be read as one.
    stored_width: int
    stored_height: int


@dataclass(frozen=True, slots=True)
class RasterInfo:
    """What the headers of a raster say; all sizes are in pixels, bands count from 0."""

    width: int
    height: int
    #: How many times smaller each level is than the first, which is 1.
    factors: tuple[int, ...]
    #: GDAL's number of each level's overview, or the offset of a directory in the file, negative.
    positions: tuple[int, ...]
    count: int
    dtype: np.dtype[np.generic]
    #: The colour interpretation of each band in GDAL's words: gray, red, palette, alpha, undefined …
    interpretations: tuple[str, ...]
    #: The index of the alpha band.
    alpha: int | None
    nodata: tuple[float | None, ...]
    #: Whether GDAL has a mask that is neither alpha nor nodata.
    masked: bool
    #: Whether all bands of a pixel are stored together.
    together: bool
    #: Whether the values are classes, so that nothing lies between two of them.
    categorical: bool
    #: Whether all values are bytes.
    bytes_only: bool
    #: Whether the smallest value of a TIFF's grey is white (PhotometricInterpretation 0).
    white_is_zero: bool
    #: GDAL's name of the compression of a GeoTIFF, such as 'JPEG', 'YCbCr JPEG' and 'WEBP'; empty for other formats.
    compression: str = ''
    #: How many times as long as deflate a byte takes to decode.
    weight: int = 1
    #: The bits of a value that are used, fewer than those of the type in files of 1, 2, 4 or 12.
    bits: int = 8

    @property
    def has_jpeg_blocks(self) -> bool:
        """Return whether the blocks may be JPEGs of all bands."""
        jpeg = self.compression in ('JPEG', 'YCbCr JPEG')
        return jpeg and self.together and self.count in (1, 3) and self.bytes_only

    @property
    def block_encoding(self) -> str | None:
        """Return 'JPEG' or 'WEBP' if the blocks are pictures of all bands that browsers read."""
        if not (self.is_picture and self.together):
            return None
        if self.compression == 'WEBP':
            return 'WEBP'
        # An alpha band is no part of a JPEG.
        return 'JPEG' if self.has_jpeg_blocks else None

    @property
    def is_picture(self) -> bool:
        """Return whether the values are colours as they are: 8-bit RGB or RGBA without nodata."""
        silent = all(nodata is None for nodata in self.nodata)
        return self.interpretations in _COLOURS and self.bytes_only and silent

    def with_alpha(self, bands: tuple[int, ...]) -> tuple[int, ...]:
        """Return bands with the alpha band behind them, if there is one and it is not among them."""
        return bands if self.alpha is None or self.alpha in bands else (*bands, self.alpha)

    def bands_for(self, bands: tuple[int, ...]) -> tuple[int, ...]:
        """Return the bands to decode where some are asked for.

        Of a file of up to four bands that are stored together, or whose nodata is one value, those are all its colours:
        they cost nothing more, and whatever bands the next answer shows, the decoded block serves it.
        """
        everything = tuple(index for index in range(self.count) if index != self.alpha)
        alike = len(set(self.nodata)) == 1 and self.nodata[0] is not None
        # NaN in a band that is not shown says nothing of the one that is.
        few = self.count <= 4 and self.dtype.kind != 'f'
        if few and (self.together or alike) and self.alpha not in bands:
            return everything
        return bands

    def cost(self, level: Level, window: tuple[int, int, int, int], bands: int) -> int:
        """Return the weighted bytes that are decoded for some bands of a window (left, top, right, bottom)."""
        left, top, right, bottom = window
        across = blocks_in(left, right, level.stored_width)
        down = blocks_in(top, bottom, level.stored_height)
        pixels = across * level.stored_width * down * level.stored_height
        return pixels * (self.count if self.together else bands) * self.dtype.itemsize * self.weight

    def columns_together(self, level: Level, bands: int, most: int) -> int:
        """Return how many columns of a level to read at a time so that a row of their blocks has at most `most` bytes.

        They are those of whole blocks, of one at least: a cache that a row of blocks does not fit into is of no use.
        """
        block = self.cost(level, (0, 0, 1, 1), bands) // self.weight
        return level.stored_width * max(1, most // max(1, block))

    def is_sub_image(self, index: int) -> bool:
        """Return whether a level is a directory of its own, and so smaller by its factor exactly.

        Its last row and column may be cut off. GDAL's overviews show all of the image.
        """
        return self.positions[index] < -1

    def level_for(self, scale: float) -> int:
        """Return the index of the coarsest level whose pixels are no larger than `scale` of the full resolution's."""
        fits = [index for index, factor in enumerate(self.factors) if factor <= scale * 1.002]
        return fits[-1] if fits else 0


def describe(dataset: DatasetReader, sub_images: list[SubImage], with_overviews: bool = True) -> RasterInfo:
    """Return what the headers of a dataset say.

    `sub_images` are smaller versions that GDAL does not list as overviews.
    """
    flags = dataset.mask_flag_enums
    alpha = [index for index, name in enumerate(dataset.colorinterp) if name is ColorInterp.alpha]
    interleaving = dataset.interleaving
    together = bool(interleaving and interleaving.value == 'PIXEL') or dataset.count == 1
    structure = dataset.tags(ns='IMAGE_STRUCTURE')
    # GDAL makes a colour table of it, whose colours are levels of grey.
    white = structure.get('MINISWHITE') == 'YES'
    thematic = str(dataset.tags(1).get('LAYER_TYPE', '')).lower() == 'thematic'
    bytes_only = set(dataset.dtypes) == {'uint8'}
    levels = _levels(dataset if with_overviews else None, dataset.width, sub_images)
    return RasterInfo(
        width=dataset.width,
        height=dataset.height,
        factors=tuple(sorted(levels)),
        positions=tuple(levels[factor] for factor in sorted(levels)),
        count=dataset.count,
        dtype=np.dtype(dataset.dtypes[0]),
        interpretations=tuple(name.name for name in dataset.colorinterp),
        alpha=alpha[0] if alpha and dataset.count > 1 else None,
        nodata=tuple(dataset.nodatavals),
        masked=any(MaskFlags.per_dataset in own and MaskFlags.alpha not in own for own in flags),
        together=together,
        categorical=(ColorInterp.palette in dataset.colorinterp and not white) or thematic,
        bytes_only=bytes_only,
        white_is_zero=white,
        weight=weight_of(dataset.driver, str(structure.get('COMPRESSION', ''))),
        bits=_bits(dataset.tags(1, ns='IMAGE_STRUCTURE').get('NBITS', ''), dataset.dtypes[0]),
        compression=str(structure.get('COMPRESSION', '')) if dataset.driver == 'GTiff' else '',
    )


def _levels(dataset: DatasetReader | None, width: int, sub_images: list[SubImage]) -> dict[int, int]:
    """Return the position of each level by its factor."""
    # A file may list its overviews in any order; of two of one size the first is taken.
    found = {1: -1}
    for position, factor in enumerate([] if dataset is None else dataset.overviews(1)):
        if factor > 1:
            found.setdefault(int(factor), position)
    for sub_image in sub_images:
        factor = round(width / sub_image.width)
        if factor > 1:
            found.setdefault(factor, -sub_image.offset)
    return found


def _bits(stated: str, dtype: DTypeLike) -> int:
    """Return the bits of a value by what a file states, or else by its type."""
    most = 8 * np.dtype(dtype).itemsize
    return min(int(stated), most) if stated.isdigit() and int(stated) else most
