"""The automatic ranges of a raster's bands: what a style without numbers spreads its colours over."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.errors import RasterioIOError

from django_large_image.raster.statistics import uses_bytes

#: The most frames whose values are looked at.
MAX_FRAMES = 16

if TYPE_CHECKING:
    from large_image_source_rasterio import RasterioFileTileSource as _Base
else:
    _Base = object


class Ranges(_Base):  # type: ignore[misc]
    """The ranges of a source of large-image; one range a band, whichever frame is shown."""

    _info: dict[Any, Any]
    layout: Any
    raster: Any

    def _scanForMinMax(
        self, dtype: Any, frame: int = 0, analysisSize: int = 1024, onlyMinMax: bool = True, **kwargs: Any
    ) -> None:
        # The superclass asks `getBandInformation` and expects the ranges in its answer.
        if onlyMinMax:
            bands = self._rangesOverFrames()
            if all('min' in band for band in bands.values()):
                self._setRanges(frame, bands)
                return
        super()._scanForMinMax(dtype, frame, analysisSize, onlyMinMax, **kwargs)

    def _rangesOverFrames(self) -> dict[int, dict[str, float]]:
        """Return min and max of each band, by its number, over all frames or some that are evenly spread."""
        if 'ranges over frames' not in self._info:
            count = len(getattr(self, '_frames', None) or [0])
            step = -(-count // MAX_FRAMES)
            found: dict[int, dict[str, float]] = {}
            for frame in range(0, count, step):
                for band, entry in self.getBandInformation(True, frame=frame).items():
                    if 'min' in entry:
                        known = found.setdefault(band, {'min': entry['min'], 'max': entry['max']})
                        known['min'] = min(known['min'], entry['min'])
                        known['max'] = max(known['max'], entry['max'])
            self._info['ranges over frames'] = {
                band: found.get(band, {}) for band in self.getBandInformation()
            }
        ranges: dict[int, dict[str, float]] = self._info['ranges over frames']
        return ranges

    def automaticRanges(self) -> list[dict[str, float]]:
        """Return band (from 1), min and max of each band that is shown without a style, none for 8-bit data."""
        if self.dataset.dtypes[0] == 'uint8':
            return []
        names = {band: entry.get('interpretation') for band, entry in self.getBandInformation().items()}
        shown = [band for band, name in names.items() if name in ('red', 'green', 'blue', 'gray')]
        return [
            {'band': band, **entry}
            for band, entry in self._rangesOverFrames().items()
            if band in shown and entry
        ]

    def _setRanges(self, frame: int, bands: dict[int, Any]) -> None:
        # The last entry is that of the alpha band which large-image's styles append: 0 to the type's maximum.
        kind = np.dtype(self.dataset.dtypes[0])
        top = np.iinfo(kind).max if kind.kind in 'iu' else 1
        self._bandRanges[frame] = {
            'min': np.array([band['min'] for band in bands.values()] + [0], dtype=kind),
            'max': np.array([band['max'] for band in bands.values()] + [top], dtype=kind),
        }

    def _topOfBytes(self, frame: int) -> int | None:
        """Return the greatest value that 8-bit data can have, None for a style that the few values have to fill.

        Bytes are levels that their writer chose, so without a style none is changed. A style's colours are spread over
        the values themselves where all of them are 0 or 1, as those of a mask are.
        """
        bits = self.layout(frame).bits
        if bits < 8 or self._jsonstyle in (None, '{}') or self._usesBytes(frame):
            return int(2**bits - 1)
        return None

    def _usesBytes(self, frame: int) -> bool:
        key = ('uses bytes', frame)
        if key not in self._info:
            try:
                self._info[key] = uses_bytes(self.raster(frame))
            except RasterioIOError:
                if self._largeImagePath.startswith('/vsi'):
                    raise
                # One broken block of a file without overviews does not make the others unreadable. This call takes
                # the error, which rasterio 1.4.4 would raise again at the next one.
                with contextlib.suppress(Exception):
                    _ = self._getFrameDataset(frame).colorinterp
                self._info[key] = True
        return bool(self._info[key])
