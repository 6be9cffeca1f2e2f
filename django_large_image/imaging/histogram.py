"""Histograms of the file's own values, band by band."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from large_image.constants import TILE_FORMAT_NUMPY

from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter
from django_large_image.imaging import image
from django_large_image.sources.lease import reading

#: Yields the valid values of one band, block by block.
Blocks = Callable[[], Iterator[np.ndarray]]


def compute(
    source: Any, bins: int, density: bool, exact: bool, only_min_max: bool, frame: int | None
) -> list[dict[str, Any]] | dict[str, list[float | None]]:
    """Return one histogram a band; with `only_min_max` two lists instead, the minima and the maxima.

    The values come from the overview that has about a million pixels; with `exact` from every pixel. Nodata, masked
    and not-finite values are not counted. The range is [min, max + 1) for integers, so that each value is a bin's
    left edge, and [min, max] for floats. Raises `InvalidParameter` for `exact` above `MAX_EXACT_PIXELS`.
    """
    width, height = image.size(source)
    if exact and width * height > settings.MAX_EXACT_PIXELS:
        raise InvalidParameter(
            'exact',
            True,
            f'false for images of more than {settings.MAX_EXACT_PIXELS} pixels (this has {width * height})',
        )
    with reading():
        bands_there = image.band_count(source)
        if bins * bands_there > 4 * settings.MAX_HISTOGRAM_BINS:
            most = 4 * settings.MAX_HISTOGRAM_BINS // bands_there
            raise InvalidParameter(
                'bins', bins, f'an integer from 1 to {most} for an image of {bands_there} bands'
            )
        if getattr(source, 'name', '') == 'rasterio' and hasattr(source, 'isGeoreferenced'):
            bands = _of_dataset(source, exact, frame)
        else:
            bands = _of_any(source, exact, frame)
        if only_min_max:
            ranges = [_range(blocks) for blocks in bands]
            return {
                'min': [None if found is None else found[0] for found in ranges],
                'max': [None if found is None else found[1] for found in ranges],
            }
        return [_histogram(blocks, bins, density) for blocks in bands]


def _of_dataset(source: Any, exact: bool, frame: int | None) -> list[Blocks]:
    from django_large_image.sources.statistics import read_sample

    dataset = source._getFrameDataset(frame or 0)

    def blocks(band: int) -> Blocks:
        def sample() -> Iterator[np.ndarray]:
            yield values

        def everything() -> Iterator[np.ndarray]:
            for window in _windows(dataset):
                yield read_sample(dataset, band, window, pixels=window.width * window.height)

        if exact:
            return everything
        values = read_sample(dataset, band)
        return sample

    return [blocks(band) for band in dataset.indexes]


def _windows(dataset: Any) -> Iterator[Any]:
    """Yield windows that cover the image in rows of whole blocks, of about four million pixels each."""
    from rasterio.windows import Window

    block = dataset.block_shapes[0][0]
    rows = max(1, 4_000_000 // dataset.width // block) * block
    for top in range(0, dataset.height, rows):
        yield Window(0, top, dataset.width, min(rows, dataset.height - top))


def _of_any(source: Any, exact: bool, frame: int | None) -> list[Blocks]:
    raw = getattr(source, '_unstyled', source)
    width, height = image.size(source)
    output = {} if exact else {'output': {'maxWidth': min(width, 1024), 'maxHeight': min(height, 1024)}}
    rows = max(1, 4_000_000 // width) if exact else height

    def strip(top: int) -> np.ndarray:
        region = {
            'left': 0,
            'top': top,
            'right': width,
            'bottom': min(height, top + rows),
            'units': 'base_pixels',
        }
        pixels, _ = raw.getRegion(
            region=region, format=TILE_FORMAT_NUMPY, resample=None, frame=frame, **output
        )
        return np.asarray(pixels)

    first = strip(0)

    def blocks(band: int) -> Blocks:
        def values() -> Iterator[np.ndarray]:
            yield first[:, :, band].ravel()
            for top in range(rows, height, rows):
                yield strip(top)[:, :, band].ravel()

        return values

    return [blocks(band) for band in range(first.shape[2])]


def _range(blocks: Blocks) -> tuple[float, float] | None:
    low, high = np.inf, -np.inf
    for values in blocks():
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else None


def _histogram(blocks: Blocks, bins: int, density: bool) -> dict[str, Any]:
    found = _range(blocks)
    empty = {'min': None, 'max': None, 'mean': None, 'stdev': None, 'range': None, 'hist': [0] * bins}
    if found is None:
        return empty | {'bin_edges': [], 'bins': bins, 'density': density, 'samples': 0}
    low, high = found
    edges: np.ndarray = np.empty(0)
    counts: np.ndarray = np.zeros(bins, np.int64)
    total, squares, samples, integer = 0.0, 0.0, 0, False
    # The sums are of differences to the minimum, which keeps them exact enough for large offsets.
    for values in blocks():
        integer = values.dtype.kind in 'iub'
        part, edges = np.histogram(values, bins, (low, high + 1 if integer else high))
        counts += part
        shifted = values.astype(np.float64) - low
        total += float(shifted.sum())
        squares += float((shifted * shifted).sum())
        samples += values.size
    mean = total / samples
    return {
        'min': low,
        'max': high,
        'mean': low + mean,
        'stdev': max(0.0, squares / samples - mean * mean) ** 0.5,
        'range': [float(edges[0]), float(edges[-1])],
        'hist': (counts / max(1, counts.sum())).tolist() if density else counts.tolist(),
        'bin_edges': edges.tolist(),
        'bins': bins,
        'density': density,
        'samples': samples,
    }
