"""Reading every n-th pixel of a level, and all of an image piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from django_large_image.conf import settings
from django_large_image.inspection.costs import Budget
from django_large_image.pixels import Array, strips_of
from django_large_image.raster.blocks.blockreader import BlockReader
from django_large_image.raster.blocks.validity import checked
from django_large_image.raster.blocks.windows import columns_of

#: The bytes of one piece of a whole image.
_PIECE_BYTES = 16 * 2**20
#: Rows of blocks are read together up to so many bytes.
_TOGETHER_BYTES = 4 * 2**20


def nearest(
    blocks: BlockReader, index: int, rows: Array, columns: Array, bands: tuple[int, ...], budget: Budget
) -> tuple[Array, Array | None]:
    """Return values and validity of the pixels of a level at some rows and columns, as `BlockReader.read` does.

    `rows` and `columns` are rising integers. Raises `TooMuchToDecode`, `ImageChanged`, and what rasterio raises.
    """
    info = blocks.info
    wanted = info.with_alpha(bands)
    values, mask = decimated(blocks, index, rows, columns, wanted, budget)
    block = checked(info, values, bands, wanted, mask)
    return block.values, block.mask


def everything(blocks: BlockReader, bands: tuple[int, ...]) -> Iterator[tuple[Array, Array | None]]:
    """Yield values and mask of the whole image in pieces of whole blocks, each as `BlockReader.raw` returns them.

    Raises `TooMuchToDecode`, `ImageChanged`, and what rasterio raises.
    """
    level, info, budget = blocks.level(0), blocks.info, Budget()
    most = info.columns_together(level, 1, settings.GDAL_CACHE_BYTES // 2)
    for left, _, right, _ in columns_of((0, 0, level.width, level.height), most):
        row = (right - left) * len(bands) * info.dtype.itemsize
        rows = level.stored_height * max(1, _PIECE_BYTES // (row * level.stored_height))
        for top, bottom in strips_of(0, level.height, rows):
            yield blocks.raw(0, (left, top, right, bottom), bands, budget)
    blocks.check()


def decimated(
    blocks: BlockReader, index: int, rows: Array, columns: Array, bands: tuple[int, ...], budget: Budget
) -> tuple[Array, Array | None]:
    """Return values and mask of the pixels of a level at some rows and columns, as `BlockReader.raw` does.

    `rows` and `columns` are rising integers. Each block is decoded once, where GDAL would decode a row of blocks for
    each row of pixels if its cache does not hold the row. Raises `TooMuchToDecode`, `ImageChanged`, and what rasterio
    raises.
    """
    level, info = blocks.level(index), blocks.info
    # Plane by plane: with many bands in each pixel, the values of one band would be far apart in memory.
    values = np.empty((len(bands), len(rows), len(columns)), info.dtype)
    mask: Array | None = None
    most = info.columns_together(level, 1, settings.GDAL_CACHE_BYTES // 2)
    height = level.stored_height
    if rows[-1] - rows[0] < 2 * len(rows):
        # At least every second row is wanted: in a file with strips of one row, one read for each would be slow.
        strip = info.cost(level, (0, 0, min(most, level.width), 1), len(bands)) // info.weight
        height *= max(1, _TOGETHER_BYTES // strip)
    for across in _runs(columns, most):
        for down in _runs(rows, height):
            part_rows, part_columns = rows[down], columns[across]
            window = (
                int(part_columns[0]), int(part_rows[0]), int(part_columns[-1]) + 1, int(part_rows[-1]) + 1,
            )  # fmt: skip
            found, valid = blocks.raw(index, window, bands, budget)
            offsets = (part_rows - window[1])[:, None], (part_columns - window[0])[None, :]
            values[:, down, across] = np.moveaxis(found, 2, 0)[:, offsets[0], offsets[1]]
            if valid is not None:
                mask = np.empty(values.shape[1:], valid.dtype) if mask is None else mask
                mask[down, across] = valid[offsets]
    blocks.check()
    return np.moveaxis(values, 0, 2), mask


def _runs(indices: Array, size: int) -> list[slice]:
    """Return slices of rising indices, one for each block of `size` that they lie in."""
    ends = np.flatnonzero(np.diff(indices // size)) + 1
    return [slice(start, end) for start, end in zip([0, *ends], [*ends, len(indices)], strict=True)]
