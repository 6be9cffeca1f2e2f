"""Histograms of the file's own values, band by band."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from large_image.constants import TILE_FORMAT_NUMPY

from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter
from django_large_image.handles.lease import reading
from django_large_image.imaging import image
from django_large_image.imaging.tally import Pieces, Tally, tally
from django_large_image.loading import load


def compute(
    source: Any, bins: int, density: bool, exact: bool, only_min_max: bool, frame: int | None
) -> list[dict[str, Any]] | dict[str, list[float | None]]:
    """Return one histogram a band; with `only_min_max` two lists instead, the minima and the maxima.

    The values come from the overview that has about a million pixels; with `exact` from every pixel. Nodata, masked
    and not-finite values are not counted. The range is [min, max + 1) for integers, so that each value is a bin's
    left edge, and [min, max] for floats. Raises `InvalidParameter` for `exact` above `MAX_EXACT_PIXELS`.
    """
    with reading():
        width, height = image.size(source)
        count = image.band_count(source)
        if exact:
            _check_exact(width, height, count, source.dtype)
        if bins * count > 4 * settings.MAX_HISTOGRAM_BINS:
            most = 4 * settings.MAX_HISTOGRAM_BINS // count
            raise InvalidParameter('bins', bins, f'an integer from 1 to {most} for an image of {count} bands')
        from_rasterio = getattr(source, 'name', '') == 'rasterio' and hasattr(source, 'isGeoreferenced')
        if from_rasterio and not exact:
            tallies = _of_samples(source, bins, frame)
        else:
            pieces = _of_dataset(source, frame) if from_rasterio else _of_any(source, exact, frame)
            tallies = iter(tally(pieces, bins))
        if only_min_max:
            found = list(tallies)
            return {
                'min': [one.low if one.samples else None for one in found],
                'max': [one.high if one.samples else None for one in found],
            }
        return [one.body(density) for one in tallies]


def _check_exact(width: int, height: int, bands: int, dtype: Any) -> None:
    pixels, most = width * height * bands, settings.MAX_EXACT_PIXELS
    size = pixels * np.dtype(dtype).itemsize
    if pixels > most or size > settings.MAX_DECODED_BYTES:
        raise InvalidParameter(
            'exact',
            True,
            f'false for images of more than {most} pixels in all bands together, or {settings.MAX_DECODED_BYTES} bytes '
            f'(this has {pixels} pixels, {size} bytes)',
        )


def _of_samples(source: Any, bins: int, frame: int | None) -> Iterator[Tally]:
    statistics = load('django_large_image.raster.statistics')
    raster = source.raster(frame or 0)
    for _, values in statistics.samples(raster, tuple(range(raster.layout.count))):
        yield from tally(functools.partial(iter, [[values]]), bins)


def _of_dataset(source: Any, frame: int | None) -> Pieces:
    statistics = load('django_large_image.raster.statistics')
    picking, raster = load('django_large_image.raster.decimation'), source.raster(frame or 0)
    bands = tuple(range(raster.layout.count))

    def pieces() -> Iterator[list[np.ndarray]]:
        for values, mask in picking.everything(raster, bands):
            yield [statistics.valid_values(raster.layout, band, values[:, :, band], mask) for band in bands]

    return pieces


def _of_any(source: Any, exact: bool, frame: int | None) -> Pieces:
    raw = getattr(source, '_unstyled', source)
    width, height = image.size(source)
    output = {} if exact else {'output': {'maxWidth': min(width, 1024), 'maxHeight': min(height, 1024)}}
    rows = max(1, 4_000_000 // width) if exact else height

    def pieces() -> Iterator[list[np.ndarray]]:
        for top in range(0, height, rows):
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
            yield [band.ravel() for band in np.moveaxis(np.asarray(pixels), 2, 0)]

    return pieces
