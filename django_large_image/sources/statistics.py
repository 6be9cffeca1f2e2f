"""What is known of a raster's bands, from the overview that has about a million pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from rasterio.enums import MaskFlags

#: Statistics, histograms and automatic ranges look at about so many pixels of a band.
SAMPLE_PIXELS = 1_000_000


def describe_band(dataset: Any, band: int) -> dict[str, Any]:
    """Return what the file says of a band, from 1, without what it does not say."""
    index = band - 1
    entry = {
        'nodata': dataset.nodatavals[index],
        'scale': dataset.scales[index],
        'offset': dataset.offsets[index],
        'units': dataset.units[index],
        'categories': dataset.descriptions[index],
        'interpretation': dataset.colorinterp[index].name.lower(),
    }
    if entry['interpretation'] == 'palette':
        entry['colortable'] = list(dataset.colormap(band).values())
    return {
        key: value
        for key, value in entry.items()
        if value not in (None, '') and not (isinstance(value, float) and math.isnan(value))
    }


def sample_shape(width: int, height: int, pixels: int = SAMPLE_PIXELS) -> tuple[int, int]:
    """Return the (height, width) of a reduced image of about `pixels` pixels; never larger than the image."""
    scale = min(1.0, math.sqrt(pixels / (width * height)))
    return max(1, round(height * scale)), max(1, round(width * scale))


def read_sample(dataset: Any, band: int, window: Any = None, pixels: int = SAMPLE_PIXELS) -> np.ndarray:
    """Return the valid values of a band as a flat array, from the overview that has about `pixels` pixels.

    Nodata, masked and not-finite values are left out. The values are the file's own (nearest neighbour).
    """
    height, width = (window.height, window.width) if window is not None else (dataset.height, dataset.width)
    shape = sample_shape(int(width), int(height), pixels)
    flags = dataset.mask_flag_enums[band - 1]
    if MaskFlags.all_valid in flags:
        values = dataset.read(band, out_shape=shape, window=window).ravel()
    else:
        values = dataset.read(band, out_shape=shape, window=window, masked=True).compressed()
    return np.asarray(values[np.isfinite(values)] if values.dtype.kind == 'f' else values)


def band_statistics(dataset: Any, band: int) -> dict[str, float]:
    """Return min, max, mean and standard deviation of the band's sample; an empty dictionary if nothing is valid."""
    values = read_sample(dataset, band)
    if not values.size:
        return {}
    return {
        'min': float(values.min()),
        'max': float(values.max()),
        'mean': float(values.mean(dtype=np.float64)),
        'stdev': float(values.std(dtype=np.float64)),
    }


def band_histogram(dataset: Any, band: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the counts of the band's sample in large-image's 256 bins, and the edges of the bins."""
    values = read_sample(dataset, band)
    if not values.size:
        return np.zeros(256, int), np.linspace(0, 1, 257)
    return np.histogram(values, 256, (float(values.min()), float(values.max()) + 1))


def edge_excluding(histogram: tuple[np.ndarray, np.ndarray], share: float, end: str) -> float | None:
    """Return the edge of a bin beyond which, at an end ('min', 'max'), lies at most a share (0 to 1) of the values.

    None if the values of the very first bin are more than that, or there are none: then none is left out.
    """
    counts, edges = histogram if end == 'min' else (histogram[0][::-1], histogram[1][::-1])
    beyond = np.cumsum(counts)
    first = int(np.searchsorted(beyond, share * beyond[-1], side='right'))
    return float(edges[first]) if first and beyond[-1] else None


def uses_full_range(dataset: Any) -> bool:
    """Return whether every band of 8-bit data has a value below 255 and one above 1.

    The smallest overview nearly always settles that, where statistics would read megabytes of a remote file.
    """
    scale = max(dataset.overviews(1), default=1)
    shape = (dataset.count, max(1, dataset.height // scale), max(1, dataset.width // scale))
    if shape[1] * shape[2] > SAMPLE_PIXELS:
        shape = (dataset.count, *sample_shape(dataset.width, dataset.height))
    bands = dataset.read(out_shape=shape).reshape(dataset.count, -1)
    return bool((bands.min(axis=1) <= 254).all() and (bands.max(axis=1) >= 2).all())


def pixel_metres(ring: list[tuple[float, float]], width: int, height: int) -> float:
    """Return the mean size of a pixel of an image in metres, by the longitudes and latitudes of its four corners."""
    around = sum(_haversine(*ring[index], *ring[(index + 1) % len(ring)]) for index in range(len(ring)))
    return around / (2 * (width + height))


def _haversine(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the great-circle distance in metres (R. W. Sinnott, Virtues of the Haversine, 1984)."""
    lon1, lat1, lon2, lat2 = (math.radians(value) for value in (lon1, lat1, lon2, lat2))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(half)))
