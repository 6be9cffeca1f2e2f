"""What is known of a raster's bands: from the headers, and from a sample of about a million pixels."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import cast

import numpy as np
from rasterio.io import DatasetReader

from django_large_image.conf import settings
from django_large_image.inspection.costs import Budget
from django_large_image.pixels import Array, finite, summary
from django_large_image.raster.blocks.blockreader import BlockReader
from django_large_image.raster.blocks.decimation import decimated
from django_large_image.raster.facts import Band
from django_large_image.raster.info import RasterInfo

#: The pixels of a sample: statistics, histograms and automatic ranges look at about so many of a band.
SAMPLE_PIXELS = 1_000_000
#: The most bytes that the samples of several bands take together.
_TOGETHER_BYTES = 64 * 2**20


def describe_bands(dataset: DatasetReader, white_is_zero: bool) -> dict[int, Band]:
    """Return what the file says of each band, by its number from 1. What it does not say is left out, NaN too.

    `white_is_zero` is `RasterInfo.white_is_zero`.
    """
    # Once each, not in the loop: rasterio goes through all bands for each of these lists.
    lists = zip(
        dataset.indexes, dataset.nodatavals, dataset.scales, dataset.offsets, dataset.units, dataset.descriptions,
        dataset.colorinterp, strict=True,
    )  # fmt: skip
    found: dict[int, Band] = {}
    for band, nodata, scale, offset, units, categories, interpretation in lists:
        entry = {
            'nodata': nodata,
            'scale': scale,
            'offset': offset,
            'units': units,
            'categories': categories,
            'interpretation': interpretation.name.lower(),
        }
        if white_is_zero and band == 1:
            # GDAL 3.10 gives integers a colour table of greys (65 536 for 16 bits), and floats none.
            entry['interpretation'] = 'gray'
        elif entry['interpretation'] == 'palette':
            try:
                entry['colortable'] = list(dataset.colormap(band).values())
            except ValueError:
                # The file says that it has a colour table, and has none.
                entry['interpretation'] = 'gray'
        found[band] = cast(
            Band,
            {
                key: value
                for key, value in entry.items()
                if value not in (None, '') and not (isinstance(value, float) and math.isnan(value))
            },
        )
    return found


def sample_shape(width: int, height: int, pixels: int = SAMPLE_PIXELS) -> tuple[int, int]:
    """Return height and width of an image reduced to about `pixels` pixels: never larger than it is, at least 1 × 1."""
    scale = min(1.0, math.sqrt(pixels / (width * height)))
    return max(1, round(height * scale)), max(1, round(width * scale))


def samples(
    blocks: BlockReader, bands: tuple[int, ...], most: int | None = None
) -> Generator[tuple[int, Array]]:
    """Yield each of `bands` (from 0) with the valid values of its sample, as a flat array of the file's dtype.

    A sample is about `SAMPLE_PIXELS` pixels, evenly spread over the coarsest level that has as many. The values are the
    file's own (nearest neighbour); nodata, masked and not-finite ones are left out. Where the level has more than
    `most` bytes (None is `MAX_DECODED_BYTES`), only some of its blocks are decoded, evenly spread. Raises
    `TooMuchToDecode`.
    """
    index, shape = _sample_of(blocks)
    for band, values, mask in _picked(blocks, index, shape, bands, most):
        yield band, valid_values(blocks.info, band, values, mask)


def sample_cost(blocks: BlockReader) -> int:
    """Return how many bytes are decoded for a sample of all bands, weighted as in `costs`."""
    info, level = blocks.info, blocks.level(_sample_of(blocks)[0])
    cost = info.cost(level, (0, 0, level.width, level.height), info.count)
    return min(cost, int(settings.MAX_DECODED_BYTES))


def _sample_of(blocks: BlockReader) -> tuple[int, tuple[int, int]]:
    """Return the level that a sample is taken from, and height and width of the sample."""
    level = blocks.level(0)
    shape = sample_shape(level.width, level.height)
    return blocks.info.level_for(level.width / shape[1]), shape


def _picked(
    blocks: BlockReader,
    index: int,
    shape: tuple[int, int],
    bands: tuple[int, ...],
    most: int | None = None,
) -> Iterator[tuple[int, Array, Array | None]]:
    """Yield each band with values and mask of `shape` pixels of a level, evenly spread, or of fewer; see `samples`."""
    info, level, budget = blocks.info, blocks.level(index), Budget()
    rows, columns = (
        ((np.arange(count) + 0.5) * (size / count)).astype(np.int64)
        for count, size in zip(shape, (level.height, level.width), strict=True)
    )
    together = max(1, _TOGETHER_BYTES // (shape[0] * shape[1] * info.dtype.itemsize))
    passes = -(-len(bands) // together) if info.together else 1
    cost = passes * info.cost(level, (0, 0, level.width, level.height), len(bands))
    most = settings.MAX_DECODED_BYTES if most is None else most
    if cost > most:
        share = most / cost
        rows, share = _some(rows, level.stored_height, share)
        columns, _ = _some(columns, level.stored_width, share)
    for first in range(0, len(bands), together):
        group = bands[first : first + together]
        values, mask = decimated(blocks, index, rows, columns, group, budget)
        for position, band in enumerate(group):
            yield band, values[:, :, position], mask


def _some(indices: Array, size: int, share: float) -> tuple[Array, float]:
    """Return the row or column indices that lie in a share of the blocks, and the share left for the other axis.

    `size` is that of a block. At least one block is kept, so more than `share` may be.
    """
    blocks = np.unique(indices // size)
    count = max(1, int(len(blocks) * share))
    chosen = blocks[((np.arange(count) + 0.5) * (len(blocks) / count)).astype(np.int64)]
    return indices[np.isin(indices // size, chosen)], min(1.0, share * len(blocks) / count)


def valid_values(info: RasterInfo, band: int, values: Array, mask: Array | None) -> Array:
    """Return the valid values of a band, from 0, as a flat array.

    As in GDAL, the first of these decides: the file's mask, nodata, alpha. `mask` has the shape of `values` and is that
    of a mask or of alpha, 0 where nothing is valid. Alpha itself is valid all over. Not-finite values are left out.
    """
    nodata = info.nodata[band]
    if band == info.alpha or values.size == 0:
        found = values.ravel()
    elif info.masked and mask is not None:
        found = values[mask != 0]
    elif nodata is not None and not math.isnan(nodata):
        found = values[values != (values.dtype.type(nodata) if values.dtype.kind == 'f' else nodata)]
    else:
        found = values.ravel() if mask is None else values[mask != 0]
    return finite(found)


def band_statistics(values: Array) -> Band:
    """Return `min`, `max`, `mean` and `stdev` of a band's sample; an empty dictionary if it has no values."""
    return cast(Band, summary(values))


def band_histogram(values: Array) -> tuple[Array, Array]:
    """Return the counts of a band's sample in 256 bins, and the 257 edges of the bins.

    As in large-image, the bins go from the minimum to the maximum + 1.
    """
    if not values.size:
        return np.zeros(256, int), np.linspace(0, 1, 257)
    return np.histogram(values, 256, (float(values.min()), float(values.max()) + 1))


def edge_excluding(histogram: tuple[np.ndarray, np.ndarray], share: float, end: str) -> float | None:
    """Return the edge of a histogram's bin so that at most `share` (0 to 1) of the values lie beyond it.

    `end` says where they are left out: below the edge ('min') or above it ('max'). None if there are no values, or if
    the bin at that end already holds more than the share: then nothing is left out.
    """
    counts, edges = histogram if end == 'min' else (histogram[0][::-1], histogram[1][::-1])
    beyond = np.cumsum(counts)
    first = int(np.searchsorted(beyond, share * beyond[-1], side='right'))
    return float(edges[first]) if first and beyond[-1] else None


def uses_bytes(blocks: BlockReader) -> bool:
    """Return whether 8-bit data have a value above 1 in a band other than alpha.

    The smallest overview says that, where statistics would read megabytes of a remote file. Raises `TooMuchToDecode`.
    """
    info = blocks.info
    index, whole = len(info.factors) - 1, blocks.dataset(0)
    bands = tuple(band for band in range(info.count) if band != info.alpha)
    height, width = (max(1, side // info.factors[index]) for side in (whole.height, whole.width))
    if index and info.positions[index] >= 0 and info.count <= 4 and width * height <= SAMPLE_PIXELS:
        # Through the dataset of the full resolution: one of the overview would be opened for this alone.
        values = whole.read([band + 1 for band in bands], out_shape=(len(bands), height, width))
        blocks.check()
        return bool((values >= 2).any())
    level = blocks.level(index)
    shape = sample_shape(level.width, level.height)
    return any(bool((values >= 2).any()) for _, values, _ in _picked(blocks, index, shape, bands))


def stated_metres(dataset: DatasetReader) -> tuple[float | None, float | None]:
    """Return width and height of a pixel in metres, by the resolution that a TIFF states; None where it states none.

    Fewer than 100 pixels an inch or a centimetre are the default of a screen, and say nothing.
    """
    tags = dataset.tags() if dataset.driver == 'GTiff' else {}
    unit = {'2': 0.0254, '3': 0.01}.get(str(tags.get('TIFFTAG_RESOLUTIONUNIT', ''))[:1])
    found: list[float | None] = []
    for name in ('TIFFTAG_XRESOLUTION', 'TIFFTAG_YRESOLUTION'):
        try:
            stated = float(tags.get(name, 0))
        except ValueError:
            stated = 0.0
        found.append(unit / stated if unit and 100 <= stated < math.inf else None)
    return found[0], found[1]
