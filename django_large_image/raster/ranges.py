"""The ranges of a raster's bands: what words such as `auto` and `min:0.02` of a style mean.

The meanings are large-image's (`TileSource._getMinMax`, 1.35.6), with valid values only, and one range a band over all
frames, so that playback does not flicker.
"""

from __future__ import annotations

import contextlib
from typing import Literal

import numpy as np
from rasterio.errors import RasterioIOError

from django_large_image.raster.facts import Band
from django_large_image.raster.handle import RasterHandle
from django_large_image.raster.statistics import (
    band_histogram,
    band_statistics,
    describe_bands,
    edge_excluding,
    samples,
    uses_bytes,
)

End = Literal['min', 'max']
_ENDS: tuple[End, End] = ('min', 'max')

#: The most frames whose values are looked at.
MAX_FRAMES = 16
#: The bands that are shown without a style.
_SHOWN = ('red', 'green', 'blue', 'gray')


def bands(handle: RasterHandle, frame: int = 0) -> dict[int, Band]:
    """Return what the file says of each band, by its number from 1."""
    facts = handle.frame_facts(frame)
    if facts.bands is None:
        facts.bands = describe_bands(handle.frame(frame), facts.info.white_is_zero)
    return facts.bands


def statistics(handle: RasterHandle, frame: int = 0) -> dict[int, Band]:
    """Return the same with min, max, mean and stdev of each band's sample of about a million pixels."""
    facts, described = handle.frame_facts(frame), bands(handle, frame)
    if facts.statistics is None:
        found = samples(handle.blocks(frame), tuple(range(len(described))))
        facts.statistics = {band + 1: band_statistics(values) for band, values in found}
    return {band: described[band] | own for band, own in facts.statistics.items()}


def over_frames(handle: RasterHandle) -> dict[int, dict[str, float]]:
    """Return min and max of each band, by its number from 1, over all frames or some that are evenly spread."""
    facts = handle.facts
    if facts.ranges is None:
        found: dict[int, dict[str, float]] = {band: {} for band in bands(handle)}
        for frame in range(0, handle.frame_count, -(-handle.frame_count // MAX_FRAMES)):
            for band, entry in statistics(handle, frame).items():
                if 'min' in entry:
                    known = found[band]
                    known['min'] = min(known.get('min', entry['min']), entry['min'])
                    known['max'] = max(known.get('max', entry['max']), entry['max'])
        facts.ranges = found
    return facts.ranges


def automatic(handle: RasterHandle) -> list[dict[str, float]]:
    """Return band (from 1), min and max of each band that is shown without a style, none for 8-bit data."""
    if handle.info().dtype == np.uint8:
        return []
    shown = [band for band, entry in bands(handle).items() if entry.get('interpretation') in _SHOWN]
    return [{'band': band, **entry} for band, entry in over_frames(handle).items() if band in shown and entry]


def end_of_range(
    handle: RasterHandle, frame: int, band: int | None, end: End, wanted: object, styled: bool
) -> float:
    """Return the value of the first (`min`) or of the last (`max`) colour of a band, which counts from 0.

    `wanted` is a number or a style's word for it: auto, min, max or full, or one of the first three with the share of
    the values to leave out, such as min:0.02. Without a style (`styled` false) bytes are levels as they are. The band
    after the last one, or None, is the alpha that maps have.
    """
    info = handle.info(frame)
    word, colon, share = str(wanted).partition(':')
    if word not in ('auto', 'min', 'max', 'full'):
        return float(str(wanted))
    if word == 'full':
        return 0.0 if end == 'min' else _top_of_type(info.dtype)
    if word == 'auto' and handle.info().dtype == np.uint8:
        top = _top_of_bytes(handle, frame, styled)
        if top is not None:
            return 0.0 if end == 'min' else float(top)
    chosen: End = end if word == 'auto' else 'min' if word == 'min' else 'max'
    if colon and band is not None and band < info.count:
        edge = edge_excluding(_histogram(handle, frame, band), float(share), chosen)
        if edge is not None:
            return edge
    elif word == 'auto' and _fits_bytes(handle):
        return 0.0 if end == 'min' else 255.0
    if band is None:
        return 0.0 if chosen == 'min' else _top_of_type(info.dtype)
    return _known_end(handle, band, chosen)


def _top_of_type(dtype: np.dtype[np.generic]) -> float:
    if dtype == np.uint16:
        return 65535.0
    return 1.0 if dtype.kind == 'f' else 255.0


def _known_end(handle: RasterHandle, band: int, end: End) -> float:
    """Return an end of the range of a band, or of the alpha after the last one: from 0 to the type's maximum."""
    info = handle.info()
    if band >= info.count:
        top = float(np.iinfo(info.dtype.name).max) if info.dtype.kind in 'iu' else 1.0
        return 0.0 if end == 'min' else top
    found = over_frames(handle)[band + 1]
    # Nothing of the band is valid: it is drawn as if all of it were its nodata.
    return float(found.get(end, info.nodata[band] or 0.0))


def _fits_bytes(handle: RasterHandle) -> bool:
    """Return whether the values of all bands, and the alpha that maps have, fit between 0 and 255 and are not few."""
    every = [
        (_known_end(handle, band, 'min'), _known_end(handle, band, 'max'))
        for band in range(handle.info().count + 1)
    ]
    return all(0 <= low <= 254 and 2 <= high <= 255 for low, high in every)


def _top_of_bytes(handle: RasterHandle, frame: int, styled: bool) -> int | None:
    """Return the greatest value that 8-bit data can have, None for a style that the few values have to fill.

    Bytes are levels that their writer chose, so without a style none is changed. A style's colours are spread over the
    values themselves where all of them are 0 or 1, as those of a mask are.
    """
    bits = handle.info(frame).bits
    if bits < 8 or not styled or _uses_bytes(handle, frame):
        return int(2**bits - 1)
    return None


def _uses_bytes(handle: RasterHandle, frame: int) -> bool:
    facts = handle.frame_facts(frame)
    if facts.uses_bytes is None:
        try:
            facts.uses_bytes = uses_bytes(handle.blocks(frame))
        except RasterioIOError:
            if handle.path is None:
                raise
            # One broken block of a file without overviews does not make the others unreadable.
            handle.forget_error()
            facts.uses_bytes = True
    return facts.uses_bytes


def _histogram(handle: RasterHandle, frame: int, band: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the histogram of a band, from 0."""
    facts = handle.frame_facts(frame)
    if band not in facts.histograms:
        # Whoever decodes one of the bands that are stored together has decoded them all.
        every = tuple(range(facts.info.count)) if facts.info.together else (band,)
        with contextlib.closing(samples(handle.blocks(frame), every)) as found:
            for index, values in found:
                facts.histograms[index] = band_histogram(values)
    return facts.histograms[band]
