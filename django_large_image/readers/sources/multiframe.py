"""The source of multi-frame TIFFs: large-image's tifffile source, made to work with zarr 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import zarr
from large_image.constants import TILE_FORMAT_NUMPY
from large_image_source_tifffile import TifffileFileTileSource

from django_large_image.conf import settings
from django_large_image.pixels import Array, Json
from django_large_image.readers.sources.frametones import Tones, shown, tones_of
from django_large_image.readers.sources.pooled import PooledSource

if TYPE_CHECKING:
    from tifffile import TiffPageSeries

#: The most frames of a channel that its range is found out from, and the most channels whose ranges are listed.
MAX_FRAMES, MAX_CHANNELS = 8, 64


class MultiFrameSource(PooledSource, TifffileFileTileSource):  # type: ignore[misc]
    """Read OME-TIFF and other TIFFs of several frames through tifffile.

    large-image-source-tifffile 1.35.6 asks a zarr group for the levels of a pyramid by number. zarr 3.1 takes only
    texts and raises TypeError, and the file is then refused as if its axes were wrong.
    """

    cacheName = 'tilesource'
    name = 'tifffile'

    def _take_style(self, style: Json | None) -> None:
        # Only a view without a style shows colours. The handle itself, which has no view's style, gives stored values.
        self.automatic_ranges_shown = style is None
        super()._take_style(style)

    def closers(self) -> tuple[Callable[[], object], ...]:
        """Return what closes the file."""
        return (lambda: self._tf.close(),)

    @property
    def stored_levels(self) -> int:
        """Return how many levels the file has."""
        return int(self._populatedLevels)

    def getTile(
        self,
        x: int,
        y: int,
        z: int,
        pilImageAllowed: bool = False,
        numpyAllowed: bool | str = False,
        **kwargs: object,
    ) -> object:
        """Return a tile as large-image's sources do; in a view without a style in the colours that the tags mean."""
        if not self.automatic_ranges_shown:
            return super().getTile(x, y, z, pilImageAllowed, numpyAllowed, **kwargs)
        values = np.asarray(self._unstyled.getTile(x, y, z, numpyAllowed='always', **kwargs))
        tones = self._tones(1 if values.ndim == 2 else values.shape[2])
        low, high = self._range(self._channel(self._getFrame(**kwargs)))
        pixels = values if low is None and tones.plain else shown(values, tones, low, high)
        return self._outputTile(pixels, TILE_FORMAT_NUMPY, x, y, z, pilImageAllowed, numpyAllowed, **kwargs)

    def _tones(self, samples: int) -> Tones:
        known = self.facts.tones
        if samples not in known:
            known[samples] = tones_of(self._baseSeries.keyframe, samples)
        return known[samples]

    def _channel(self, frame: int) -> int:
        """Return the channel that a frame shows, from 0."""
        basis, _, count = self._basis.get('C', (1, 0, 1))
        return int((frame // basis) % count)

    def _range(self, channel: int) -> tuple[Array, Array] | tuple[None, None]:
        """Return the least and the greatest value of each sample of a channel over all its frames; None for bytes.

        Of more than `MAX_FRAMES` frames some are looked at, evenly spread, and of each about a million pixels.
        """
        if np.dtype(self.dtype).itemsize == 1:
            return None, None
        known = self.facts.ranges
        if channel not in known:
            frames = [frame for frame in range(self._framecount) if self._channel(frame) == channel]
            most = max(1, min(MAX_FRAMES, self._frames_to_look_at() // self._basis.get('C', (1, 0, 1))[2]))
            values = [self._ends(frame) for frame in frames[:: -(-len(frames) // most)]]
            known[channel] = (
                np.min([low for low, _ in values], axis=0), np.max([high for _, high in values], axis=0),
            )  # fmt: skip
        return known[channel]

    def _frames_to_look_at(self) -> int:
        """Return how many frames may be decoded to find out ranges, in the smallest level of 1024 pixels or more."""
        sizes = [
            (level.shape[level.axes.index('X')], level.shape[level.axes.index('Y')])
            for level in self._baseSeries.levels
        ]
        fits = [across * down for across, down in sizes if max(across, down) >= 1024]
        pixels = min(fits, default=int(self.sizeX) * int(self.sizeY))
        return max(1, int(settings.MAX_DECODED_BYTES // 4 // max(1, pixels * np.dtype(self.dtype).itemsize)))

    def _ends(self, frame: int) -> tuple[Array, Array]:
        output = {'maxWidth': min(int(self.sizeX), 1024), 'maxHeight': min(int(self.sizeY), 1024)}
        values, _ = self._unstyled.getRegion(
            format=TILE_FORMAT_NUMPY, resample=None, frame=frame, output=output
        )
        flat = np.asarray(values, np.float64).reshape(-1, 1 if values.ndim == 2 else values.shape[2])
        flat[~np.isfinite(flat)] = np.nan
        if np.isnan(flat).all(axis=0).any():
            flat = np.nan_to_num(flat)
        return np.nanmin(flat, axis=0), np.nanmax(flat, axis=0)

    def automatic_ranges(self) -> list[Json]:
        """Return band (from 1), channel (from 0), min and max of what is shown without a style; none for 8-bit data."""
        found: list[Json] = []
        # The range of a further channel is found out when the channel is shown.
        for channel in range(
            min(MAX_CHANNELS, self._frames_to_look_at(), self._basis.get('C', (1, 0, 1))[2])
        ):
            low, high = self._range(channel)
            if low is None or high is None:
                break
            named = {'channel': channel} if 'C' in self._basis else {}
            shown_bands = self._tones(len(low)).colours
            found += [
                {'band': band + 1, **named, 'min': float(low[band]), 'max': float(high[band])}
                for band in range(min(shown_bands, len(low)))
            ]
        return found

    def _scanForMinMax(
        self, dtype: np.dtype[np.generic], frame: int = 0, *args: object, **kwargs: object
    ) -> None:
        """Set what styles mean by `auto`, `min` and `max`: the range of the channel, the same in all its frames."""
        super()._scanForMinMax(dtype, frame, *args, **kwargs)
        low, high = self._range(self._channel(frame or 0))
        ranges = self._bandRanges.get(frame)
        if low is not None and ranges and len(ranges['min']) == len(low):
            ranges['min'], ranges['max'] = low, high

    def _getZarrArray(self, series: TiffPageSeries, sidx: int) -> tuple[object, bool]:
        with self._zarrlock:
            if sidx not in self._zarrcache and len(series.levels) > 1:
                opened = zarr.open(series.aszarr(), mode='r')
                if isinstance(opened, zarr.Group):
                    self._zarrcache[sidx] = [opened[str(level)] for level in range(len(series.levels))], True
        found: tuple[object, bool] = super()._getZarrArray(series, sidx)
        return found

    def getMetadata(self) -> Json:
        """Return large-image's metadata, with the names of an OME-TIFF's channels."""
        metadata: Json = super().getMetadata()
        names = self._channel_names()
        if names and 'channels' not in metadata:
            self._addMetadataFrameInformation(metadata, names)
        return metadata

    def _channel_names(self) -> list[str]:
        try:
            root = ElementTree.fromstring(self._tf.ome_metadata or '')  # noqa: S314 - expat bounds entities
        except (ElementTree.ParseError, ValueError):
            return []
        image = next((element for element in root if element.tag.endswith('Image')), None)
        if image is None:
            return []
        return [element.get('Name', '') for element in image.iter() if element.tag.endswith('}Channel')]
