"""What all handles of one raster (a file, or one frame of it) know of it: its levels, bands and masks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags

from django_large_image.inspection.costs import blocks_in, weight_of


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


@dataclass(slots=True)
class RasterInfo:
    """What all handles of one raster know of it."""

    #: How many times smaller each level is than the first, which is 1.
    factors: tuple[int, ...]
    #: GDAL's number of each level's overview.
    positions: tuple[int, ...]
    count: int
    dtype: np.dtype[Any]
    #: The index of the alpha band, from 0.
    alpha: int | None
    nodata: tuple[float | None, ...]
    #: Whether GDAL has a mask that is neither alpha nor nodata.
    masked: bool
    #: Whether all bands of a pixel are stored together.
    together: bool
    #: Whether the values are classes, so that nothing lies between two of them.
    categorical: bool
    #: Whether the blocks may be JPEGs of all bands.
    jpeg: bool = False
    #: By level: whether they are, and show what GDAL reads.
    jpegs: dict[int, bool] = field(default_factory=dict)
    levels: dict[int, Level] = field(default_factory=dict)
    #: How many times as long as deflate a byte takes to decode.
    weight: int = 1
    #: The bits of a value that are used, fewer than those of the type in files of 1, 2, 4 or 12.
    bits: int = 8

    def with_alpha(self, bands: tuple[int, ...]) -> tuple[int, ...]:
        """Return bands with the alpha band behind them, if there is one and it is not among them."""
        return bands if self.alpha is None or self.alpha in bands else (*bands, self.alpha)

    def cost(self, level: Level, window: tuple[int, int, int, int], bands: int) -> int:
        """Return the weighted bytes that are decoded for some bands of a window (left, top, right, bottom)."""
        left, top, right, bottom = window
        across = blocks_in(left, right, level.stored_width)
        down = blocks_in(top, bottom, level.stored_height)
        pixels = across * level.stored_width * down * level.stored_height
        return pixels * (self.count if self.together else bands) * self.dtype.itemsize * self.weight

    def columns_together(self, level: Level, bands: int, most: int) -> int:
        """Return how many columns of a level to read at a time so that a row of their blocks has at most so many bytes.

        They are those of whole blocks, of one at least: a cache that a row of blocks does not fit into is of no use.
        """
        block = self.cost(level, (0, 0, 1, 1), bands) // self.weight
        return level.stored_width * max(1, most // max(1, block))

    def level_for(self, scale: float) -> int:
        """Return the index of the coarsest level whose pixels are no larger than `scale` of the full resolution's."""
        fits = [index for index, factor in enumerate(self.factors) if factor <= scale * 1.002]
        return fits[-1] if fits else 0


def describe(dataset: Any) -> RasterInfo:
    """Return the layout of a dataset."""
    flags = dataset.mask_flag_enums
    alpha = [index for index, name in enumerate(dataset.colorinterp) if name is ColorInterp.alpha]
    masked = any(MaskFlags.per_dataset in own and MaskFlags.alpha not in own for own in flags)
    # A file may list its overviews in any order; of two of one size the first is taken.
    overviews: dict[int, int] = {}
    for position, factor in enumerate(dataset.overviews(1)):
        if factor > 1:
            overviews.setdefault(int(factor), position)
    interleaving = dataset.interleaving
    together = bool(interleaving and interleaving.value == 'PIXEL') or dataset.count == 1
    compression = dataset.tags(ns='IMAGE_STRUCTURE').get('COMPRESSION', '')
    # GDAL makes a colour table of it, whose colours are levels of grey.
    white = dataset.tags(ns='IMAGE_STRUCTURE').get('MINISWHITE') == 'YES'
    thematic = str(dataset.tags(1).get('LAYER_TYPE', '')).lower() == 'thematic'
    return RasterInfo(
        factors=(1, *sorted(overviews)),
        positions=(-1, *(overviews[factor] for factor in sorted(overviews))),
        count=dataset.count,
        dtype=np.dtype(dataset.dtypes[0]),
        alpha=alpha[0] if alpha and dataset.count > 1 else None,
        nodata=tuple(dataset.nodatavals),
        masked=masked,
        together=together,
        categorical=(ColorInterp.palette in dataset.colorinterp and not white) or thematic,
        weight=weight_of(dataset),
        bits=_bits(dataset),
        jpeg=(
            dataset.driver == 'GTiff'
            and compression in ('JPEG', 'YCbCr JPEG')
            and together
            and dataset.count in (1, 3)
            and set(dataset.dtypes) == {'uint8'}
        ),
    )


def add_sub_images(layout: RasterInfo, width: int, sizes: list[tuple[int, int, int]]) -> None:
    """Add smaller versions (width, height, place in the file) that GDAL does not list as overviews.

    Their position is the place, negative.
    """
    found = dict(zip(layout.factors, layout.positions, strict=True))
    for across, _, place in sizes:
        factor = round(width / across)
        if factor > 1:
            found.setdefault(factor, -place)
    layout.factors = tuple(sorted(found))
    layout.positions = tuple(found[factor] for factor in layout.factors)


def _bits(dataset: Any) -> int:
    """Return the bits of a value of the first band by the file, or else by its type."""
    stored = str(dataset.tags(1, ns='IMAGE_STRUCTURE').get('NBITS', ''))
    most = 8 * int(np.dtype(dataset.dtypes[0]).itemsize)
    return min(int(stored), most) if stored.isdigit() and int(stored) else most
