"""The ranges of a raster's bands: what a style's words mean, such as `auto` and `min:0.02`.

They mean what they mean in large-image 1.35.6 (`TileSource._getMinMax`), with two differences: only valid values count,
and a band has one range over all frames of a channel, so that playback does not flicker.
"""

from __future__ import annotations

import contextlib
from typing import Literal

import numpy as np
from rasterio.errors import RasterioIOError

from django_large_image.conf import settings
from django_large_image.raster.facts import Band
from django_large_image.raster.handle import RasterHandle
from django_large_image.raster.statistics import (
    band_histogram,
    band_statistics,
    describe_bands,
    edge_excluding,
    sample_cost,
    samples,
    uses_bytes,
)

End = Literal['min', 'max']

#: The most frames of a channel whose values are looked at, and the most channels whose ranges are listed.
MAX_FRAMES, MAX_CHANNELS = 16, 64
#: The interpretations of bands that are shown without a style.
_SHOWN = ('red', 'green', 'blue', 'gray')


def bands(handle: RasterHandle, frame: int = 0) -> dict[int, Band]:
    """Return what the file says of each band, by its number from 1."""
    facts = handle.frame_facts(frame)
    if facts.bands is None:
        facts.bands = describe_bands(handle.frame(frame), facts.info.white_is_zero)
    return facts.bands


def statistics(handle: RasterHandle, frame: int = 0) -> dict[int, Band]:
    """Return what `bands` does, with min, max, mean and stdev of a sample of about a million pixels of each band.

    A band without valid values has none of the four. Raises `TooMuchToDecode`.
    """
    facts, described = handle.frame_facts(frame), bands(handle, frame)
    if facts.statistics is None:
        found = samples(handle.blocks(frame), tuple(range(len(described))))
        facts.statistics = {band + 1: band_statistics(values) for band, values in found}
    return {band: described[band] | own for band, own in facts.statistics.items()}


def over_frames(handle: RasterHandle, channel: int = 0) -> dict[int, dict[str, float]]:
    """Return `min` and `max` of each band, by its number from 1, over all frames of a channel.

    Of more than `MAX_FRAMES` frames some are looked at, evenly spread, and fewer if a sample of them takes much to
    decode. A band without valid values has an empty entry. Raises `TooMuchToDecode`.
    """
    facts = handle.facts
    if channel not in facts.ranges:
        found: dict[int, dict[str, float]] = {band: {} for band in bands(handle)}
        frames = range(channel, handle.frame_count, facts.channel_count)
        for frame in frames[:: -(-len(frames) // _frames_to_look_at(handle))]:
            for band, entry in _sampled(handle, frame).items():
                if 'min' in entry:
                    known = found[band]
                    known['min'] = min(known.get('min', entry['min']), entry['min'])
                    known['max'] = max(known.get('max', entry['max']), entry['max'])
        facts.ranges[channel] = found
    return facts.ranges[channel]


def _sampled(handle: RasterHandle, frame: int) -> dict[int, Band]:
    """Return `min` and `max` of each band of a frame, by its number from 1, of fewer blocks where channels are many."""
    blocks, most = handle.blocks(frame), _room() // handle.facts.channel_count
    if handle.facts.stack is None or sample_cost(blocks) <= most:
        return statistics(handle, frame)
    found = samples(blocks, tuple(range(blocks.info.count)), most)
    return {band + 1: band_statistics(values) for band, values in found}


def _frames_to_look_at(handle: RasterHandle) -> int:
    """Return how many frames of a channel are looked at for its range."""
    if handle.facts.stack is None:
        return MAX_FRAMES
    cost = sample_cost(handle.blocks()) * handle.facts.channel_count
    return max(1, min(MAX_FRAMES, _room() // max(1, cost)))


def _room() -> int:
    """Return how many bytes the ranges of a stack's channels may decode together, as far as each has one block."""
    return int(settings.MAX_DECODED_BYTES // 4)


def automatic(handle: RasterHandle) -> list[dict[str, float]]:
    """Return `band` (from 1), `min` and `max` of each band that is shown without a style; nothing for 8-bit data.

    Where frames have channels, also `channel` (from 0), of the first `MAX_CHANNELS` or fewer: the range of a further
    one is found out when it is shown.
    """
    if handle.info().dtype == np.uint8:
        return []
    shown = [band for band, entry in bands(handle).items() if entry.get('interpretation') in _SHOWN]
    count = handle.facts.channel_count
    room = _room() // max(1, sample_cost(handle.blocks())) if count > 1 else 1
    return [
        {'band': band, **({'channel': channel} if count > 1 else {}), **entry}
        for channel in range(max(1, min(count, MAX_CHANNELS, room)))
        for band, entry in over_frames(handle, channel).items()
        if band in shown and entry
    ]


def end_of_range(
    handle: RasterHandle,
    frame: int,
    band: int | None,
    end: End,
    wanted: object,
    styled: bool,
    icc: object = False,
) -> float:
    """Return the value that gets the first colour (`end` is 'min') or the last colour ('max') of a palette.

    `band` counts from 0. The number after the last band, or None, means the alpha that is added to maps. `wanted` is a
    number, or a word of a style: auto, min, max or full. With a share behind it, such as min:0.02, each of the first
    three leaves out that share of the values. Without a style (`styled` false) 8-bit values are shown as they are.
    `icc` is that of a style: the ranges of colours that a profile corrects are those of the corrected ones. Raises
    `TooMuchToDecode`, and ValueError for another word.
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
        edge = edge_excluding(_histogram(handle, frame, band, icc), float(share), chosen)
        if edge is not None:
            return edge
    elif word == 'auto' and handle.facts.stack is None and _fits_bytes(handle):
        return 0.0 if end == 'min' else 255.0
    if band is None:
        return 0.0 if chosen == 'min' else _top_of_type(info.dtype)
    if band < min(3, info.count) and handle.transform(icc) is not None:
        edges = _histogram(handle, frame, band, icc)[1]
        return float(edges[0] if chosen == 'min' else edges[-1] - 1)
    return _known_end(handle, band, chosen, handle.facts.channel(frame))


def _top_of_type(dtype: np.dtype[np.generic]) -> float:
    if dtype == np.uint16:
        return 65535.0
    return 1.0 if dtype.kind == 'f' else 255.0


def _known_end(handle: RasterHandle, band: int, end: End, channel: int = 0) -> float:
    """Return `min` or `max` of a band, from 0, of a channel.

    The band after the last is alpha: 0 and the maximum of the type.
    """
    info = handle.info()
    if band >= info.count:
        top = float(np.iinfo(info.dtype.name).max) if info.dtype.kind in 'iu' else 1.0
        return 0.0 if end == 'min' else top
    found = over_frames(handle, channel)[band + 1]
    # Without a valid value both ends are the nodata value.
    return float(found.get(end, info.nodata[band] or 0.0))


def _fits_bytes(handle: RasterHandle) -> bool:
    """Return whether all bands, and the alpha of maps, have a minimum from 0 to 254 and a maximum from 2 to 255."""
    every = [
        (_known_end(handle, band, 'min'), _known_end(handle, band, 'max'))
        for band in range(handle.info().count + 1)
    ]
    return all(0 <= low <= 254 and 2 <= high <= 255 for low, high in every)


def _top_of_bytes(handle: RasterHandle, frame: int, styled: bool) -> int | None:
    """Return the maximum of 8-bit data for `auto`; None where it is the maximum of the values.

    Bytes are levels that their writer chose, so they are shown as they are. The exception is a style of data of which
    all values are 0 or 1, such as a mask: its colours are spread over these two values.
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
            # A broken block of a local file must not make the other blocks unreadable.
            handle.forget_error()
            facts.uses_bytes = True
    return facts.uses_bytes


def _histogram(handle: RasterHandle, frame: int, band: int, icc: object) -> tuple[np.ndarray, np.ndarray]:
    """Return counts and edges of the histogram of a band, from 0; of corrected colours if `icc` heeds a profile."""
    facts, transform = handle.frame_facts(frame), handle.transform(icc)
    known = False if transform is None else icc
    if (band, known) not in facts.histograms:
        # Where bands are stored together, GDAL decodes all of them for one: all get their histogram.
        every = tuple(range(facts.info.count)) if facts.info.together or transform is not None else (band,)
        with contextlib.closing(samples(handle.blocks(frame), every)) as found:
            if transform is None:
                for index, values in found:
                    facts.histograms[index, known] = band_histogram(values)
            else:
                colours = [values for _, values in found]
                corrected = (
                    transform.apply(np.stack(colours[:3], axis=1)[None])[0] if colours[0].size else None
                )
                for index, values in enumerate(colours):
                    own = values if corrected is None or index > 2 else corrected[:, index]
                    facts.histograms[index, known] = band_histogram(own)
    return facts.histograms[band, known]
