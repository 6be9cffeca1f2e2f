"""The geospatial source: large-image's rasterio source, opened by us and without its statistics on open."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from large_image_source_rasterio import RasterioFileTileSource, _lazyImport
from rasterio.enums import MaskFlags

from django_large_image.sources.gdal import is_georeferenced

#: Statistics, histograms and automatic ranges look at about so many pixels of a band.
SAMPLE_PIXELS = 1_000_000

_lazyImport()


class GeoSource(RasterioFileTileSource):  # type: ignore[misc]
    """Read georeferenced rasters, and plain TIFFs, through a rasterio dataset that the caller opened.

    large-image 1.35.6 computes the statistics of every band when it opens a file (`getBandInformation` ignores
    its argument). Here they are computed when a style or an answer asks for them, once per version of the file:
    `info` is shared by all handles of one image.
    """

    cacheName = 'tilesource'
    name = 'rasterio'

    def __init__(self, dataset: Any, info: dict[Any, Any] | None = None, **kwargs: Any) -> None:
        self._info: dict[Any, Any] = {} if info is None else info
        super().__init__(dataset, **kwargs)

    @staticmethod
    def getLRUHash(*args: Any, **kwargs: Any) -> str:
        raise NotImplementedError('Handles are kept by our pool, not by large-image.')

    def isGeoreferenced(self) -> bool:
        """Return whether the file says where it is; large-image's metadata says yes for every file."""
        return is_georeferenced(self.dataset)

    def getPixelSizeInMeters(self) -> float | None:
        """Return the mean size of a pixel in metres, None if the image is not georeferenced.

        large-image 1.35.6 without pyproj takes the arc cosine of a sum that rounding can bring above 1, and then does
        not open the image.
        """
        try:
            size: float | None = super().getPixelSizeInMeters()
        except ValueError:
            bounds = self.getBounds('epsg:4326')
            ring = [bounds[corner] for corner in ('ul', 'ur', 'lr', 'll', 'ul')]
            around = sum(_haversine(a['x'], a['y'], b['x'], b['y']) for a, b in pairwise(ring))
            size = around / (2 * (self.sourceSizeX + self.sourceSizeY))
        except Exception:
            # A CRS that has no way to longitude and latitude, such as that of a building site.
            size = None
        return size

    def getBandInformation(
        self, statistics: bool = False, dataset: Any = None, **kwargs: Any
    ) -> dict[int, Any]:
        """Return what is known of each band, by its number from 1; min, max, mean and stdev if asked for."""
        dataset = dataset or self.dataset
        key = ('bands', dataset.name)
        if key not in self._info:
            self._info[key] = {band: _describe(dataset, band) for band in dataset.indexes}
        bands: dict[int, Any] = self._info[key]
        if not statistics:
            return bands
        key = ('statistics', dataset.name)
        if key not in self._info:
            with self._getDatasetLock:
                self._info[key] = {band: band_statistics(dataset, band) for band in dataset.indexes}
        return {band: entry | self._info[key][band] for band, entry in bands.items()}

    def _scanForMinMax(
        self, dtype: Any, frame: int = 0, analysisSize: int = 1024, onlyMinMax: bool = True, **kwargs: Any
    ) -> None:
        # The superclass asks `getBandInformation` and expects the ranges in its answer.
        if onlyMinMax:
            bands = self.getBandInformation(True, self._getFrameDataset(self._getFrame(frame=frame or 0)))
            if all('min' in band for band in bands.values()):
                self._setRanges(frame, bands)
                return
        super()._scanForMinMax(dtype, frame, analysisSize, onlyMinMax, **kwargs)

    def _getMinMax(
        self, minmax: str, value: Any, dtype: Any, bandidx: int | None = None, frame: int | None = None
    ) -> float:
        # 'auto' of 8-bit data is 0 and 255 unless a band has no value below 255 or none above 1. The smallest overview
        # nearly always settles that, where statistics would read megabytes of a remote file for its first tile.
        if value == 'auto' and self.dataset.dtypes[0] == 'uint8' and self._usesFullRange(frame or 0):
            return 0.0 if minmax == 'min' else 255.0
        result: float = super()._getMinMax(minmax, value, dtype, bandidx, frame)
        return result

    def _usesFullRange(self, frame: int) -> bool:
        dataset = self._getFrameDataset(frame)
        key = ('full range', dataset.name)
        if key not in self._info:
            scale = max(dataset.overviews(1), default=1)
            shape = (dataset.count, max(1, dataset.height // scale), max(1, dataset.width // scale))
            if shape[1] * shape[2] > SAMPLE_PIXELS:
                shape = (dataset.count, *sample_shape(dataset.width, dataset.height))
            bands = dataset.read(out_shape=shape).reshape(dataset.count, -1)
            self._info[key] = bool((bands.min(axis=1) <= 254).all() and (bands.max(axis=1) >= 2).all())
        return bool(self._info[key])

    def isPlainPicture(self) -> bool:
        """Return whether large-image's default style changes no value: 8-bit RGB or RGBA without nodata.

        Such an image needs no style, which would make four floats of each pixel.
        """
        dataset = self.dataset
        names = tuple(interpretation.name for interpretation in dataset.colorinterp)
        return bool(
            names in (('red', 'green', 'blue'), ('red', 'green', 'blue', 'alpha'))
            and set(dataset.dtypes) == {'uint8'}
            and not any(nodata is not None for nodata in dataset.nodatavals)
            and self._usesFullRange(0)
        )

    def _setRanges(self, frame: int, bands: dict[int, Any]) -> None:
        # The last entry is that of the alpha band which large-image's styles append: 0 to the type's maximum.
        kind = np.dtype(self.dataset.dtypes[0])
        top = np.iinfo(kind).max if kind.kind in 'iu' else 1
        self._bandRanges[frame] = {
            'min': np.array([band['min'] for band in bands.values()] + [0], dtype=kind),
            'max': np.array([band['max'] for band in bands.values()] + [top], dtype=kind),
        }


def _haversine(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the great-circle distance in metres (R. W. Sinnott, Virtues of the Haversine, 1984)."""
    lon1, lat1, lon2, lat2 = (math.radians(value) for value in (lon1, lat1, lon2, lat2))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(half)))


def _describe(dataset: Any, band: int) -> dict[str, Any]:
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
