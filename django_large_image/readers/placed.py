"""What the geospatial source knows of an image beyond its pixels: its place, its bands, their values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from large_image_source_rasterio import RasterioFileTileSource, _lazyImport
from rasterio.crs import CRS

from django_large_image.pixels import Array
from django_large_image.raster.blockreader import BlockReader
from django_large_image.raster.dataset import check_dataset, is_georeferenced, sub_images_of
from django_large_image.raster.georef.bounds import bounds_of
from django_large_image.raster.georef.georeference import Georeference, TargetCRS, target
from django_large_image.raster.georef.tile_matrix import world_width_of
from django_large_image.raster.info import RasterInfo, add_sub_images, describe
from django_large_image.raster.statistics import (
    band_histogram,
    band_statistics,
    describe_bands,
    edge_excluding,
    pixel_metres,
    samples,
    stated_metres,
)
from django_large_image.readers.opened import Gate, Opened, open_path
from django_large_image.readers.ranges import Ranges

_lazyImport()


class PlacedSource(Ranges, RasterioFileTileSource):  # type: ignore[misc]
    """Large-image's rasterio source of a dataset that the caller opened; what it asks of the file, it asks once.

    Takes a path instead, too, as large-image's sources do.
    """

    cacheName = 'tilesource'

    def __init__(self, path: Any, opened: Opened | None = None, **kwargs: Any) -> None:
        dataset = path
        if opened is None:
            dataset, opened = open_path(path)
        self._info = opened.info
        #: Called before a dataset is used: the lease of the moment sets GDAL's options then.
        self.gate = Gate()
        self._key, self._open_level, self._check = opened.key, opened.open_level, opened.check
        self._limit = opened.limit
        self._rasters: dict[int, BlockReader] = {}
        #: How pixels between others are made: one of `imaging.style.RESAMPLING`, None for what fits the data.
        self.resampling: str | None = None
        if 'placement' not in self._info:
            self._info['placement'] = Georeference(dataset)
        self._placement: Georeference = self._info['placement']
        super().__init__(dataset, **kwargs)
        self._target: TargetCRS | None = target(self.projection) if self.projection else None
        self._bounds = self._info.setdefault('bounds', {})
        self._dtype, self._bandCount = np.dtype(dataset.dtypes[0]), dataset.count

    def _initWithProjection(self, unitsPerPixel: float | None = None) -> None:
        across = None if unitsPerPixel else world_width_of(self.projection.to_wkt())
        super()._initWithProjection(across / self.tileSize if across else unitsPerPixel)

    @property
    def dataset(self) -> Any:
        """Return rasterio's dataset of the full resolution."""
        self.gate()
        return self.__dict__['_dataset']

    @dataset.setter
    def dataset(self, value: Any) -> None:
        self.__dict__['_dataset'] = value

    def close(self) -> None:
        """Close the datasets of the overviews."""
        for raster in self._rasters.values():
            raster.close()

    @property
    def placement(self) -> Georeference:
        """Return where the image lies."""
        return self._placement

    # -- its rasters

    def layout(self, frame: int) -> RasterInfo:
        key = ('layout', frame)
        if key not in self._info:
            dataset = self._getFrameDataset(frame)
            if frame:
                # large-image opened it; the first one was checked when the handle was opened.
                check_dataset(dataset, self._limit)
            described = describe(dataset)
            add_sub_images(described, dataset.width, sub_images_of(dataset))
            self._info[key] = described
        layout: RasterInfo = self._info[key]
        return layout

    def raster(self, frame: int) -> BlockReader:
        raster = self._rasters.get(frame)
        if raster is None:
            dataset = self._getFrameDataset(frame)
            path, opener = dataset.name if frame else self._largeImagePath, self._open_level

            def open_level(index: int) -> Any:
                # Not by `self`, which is a view: the raster is the handle's and outlives it.
                return opener(path, index)

            raster = BlockReader(
                dataset,
                (self._key, frame),
                self.layout(frame),
                open_level,
                self._check,
                self.gate,
                None if self._largeImagePath.startswith('/vsi') else self._largeImagePath,
            )
            self._rasters[frame] = raster
        return raster

    # -- where the image is

    def isGeoreferenced(self) -> bool:
        """Return whether the file says where it is; large-image's metadata says yes for every file."""
        return is_georeferenced(self.dataset)

    def getPixelSizeInMeters(self) -> float | None:
        """Return the mean size of a pixel in metres, None if the image is not georeferenced."""
        size = self.pixelMetres()
        if not size and '_target' not in self.__dict__ and not self.projection:
            # While large-image 1.35.6 opens a PNG it takes that for a reason to refuse it.
            return 1.0
        if size is None:
            return None
        width, height = self.sourceSizeX, self.sourceSizeY
        return float((size[0] * width + size[1] * height) / (width + height))

    def pixelMetres(self) -> tuple[float, float] | None:
        """Return the mean width and height of a pixel in metres, None if the image is not georeferenced."""
        if self._placement.crs is None:
            return None
        try:
            bounds = self.getBounds('EPSG:4326') or {}
            ring = [(bounds[corner]['x'], bounds[corner]['y']) for corner in ('ul', 'ur', 'lr', 'll')]
            size = pixel_metres(ring, self.sourceSizeX, self.sourceSizeY)
        except Exception:
            # A CRS that has no way to longitude and latitude, such as that of a building site.
            return None
        return size if all(math.isfinite(side) and side > 0 for side in size) else None

    def getNativeMagnification(self) -> dict[str, float | None]:
        """Return the width and height of a pixel in millimetres; large-image 1.35.6 gives their mean for both."""
        across, down = self.pixelMetres() or stated_metres(self.dataset)
        return {
            'magnification': None,
            'mm_x': None if across is None else across * 1000,
            'mm_y': None if down is None else down * 1000,
        }

    def getBounds(self, crs: Any = None, **kwargs: Any) -> dict[str, Any] | None:
        """Return the corners of the image and the box round it in a CRS (by default its own), None without one.

        The box holds bent sides, and for an image over the antimeridian it goes on beyond 180 degrees.
        """
        place = self._placement
        if place.crs is None:
            return None
        wanted = crs if crs is not None else kwargs.get('srs')
        crs = place.crs if wanted is None else CRS.from_user_input(wanted)
        name = crs.to_string()
        if name not in self._bounds:
            self._bounds[name] = bounds_of(self._placement, crs)
        found: dict[str, Any] | None = self._bounds[name]
        return found

    def toNativePixelCoordinates(
        self, x: float, y: float, crs: Any = None, roundResults: bool = True
    ) -> tuple[float, float]:
        """Return the pixel coordinates of a place in a CRS, by default in the projection."""
        there = target(self.projection if crs is None else CRS.from_user_input(crs))
        place = self._placement.to_pixels(np.array([float(x)]), np.array([float(y)]), there)
        column, row = (float(value[0]) for value in place)
        return (round(column), round(row)) if roundResults else (column, row)

    # -- what its values are

    def getBandInformation(
        self, statistics: bool = False, dataset: Any = None, frame: int | None = None, **kwargs: Any
    ) -> dict[int, Any]:
        """Return what is known of each band, by its number from 1; min, max, mean and stdev if asked for.

        large-image 1.35.6 computes the statistics of every band when it opens a file and ignores `statistics`.
        """
        number = int(frame or 0)
        dataset = self._getFrameDataset(number) if dataset is None else dataset
        key: Any = ('bands', dataset.name)
        if key not in self._info:
            self._info[key] = describe_bands(dataset)
        bands: dict[int, Any] = self._info[key]
        if not statistics:
            return bands
        key = ('statistics', number)
        if key not in self._info:
            found = samples(self.raster(number), tuple(range(len(bands))))
            self._info[key] = {band + 1: band_statistics(values) for band, values in found}
        return {band: entry | self._info[key][band] for band, entry in bands.items()}

    def _getMinMax(
        self, minmax: str, value: Any, dtype: Any, bandidx: int | None = None, frame: int | None = None
    ) -> float:
        number = frame or 0
        word, colon, share = str(value).partition(':')
        if word == 'auto' and self.dataset.dtypes[0] == 'uint8':
            top = self._topOfBytes(number)
            if top is not None:
                return 0.0 if minmax == 'min' else float(top)
        if not colon or bandidx is None or bandidx >= self._bandCount:
            result: float = super()._getMinMax(minmax, word if colon else value, dtype, bandidx, frame)
            return result
        # large-image 1.35.6 counts nodata, keeps thresholds by an id that another histogram can have later, and
        # replaces the ranges that words without a threshold mean.
        end = minmax if word == 'auto' else word
        edge = edge_excluding(self._histogram(number, bandidx + 1), float(share), end)
        return super()._getMinMax(minmax, end, dtype, bandidx, frame) if edge is None else edge

    def _histogram(self, frame: int, band: int) -> tuple[Array, Array]:
        key = ('histogram', frame, band)
        if key not in self._info:
            raster = self.raster(frame)
            # Whoever decodes one of the bands that are stored together has decoded them all.
            bands = tuple(range(raster.layout.count)) if raster.layout.together else (band - 1,)
            for index, values in samples(raster, bands):
                self._info['histogram', frame, index + 1] = band_histogram(values)
        found: tuple[Array, Array] = self._info[key]
        return found

    def isPlainPicture(self) -> bool:
        """Return whether large-image's default style changes no value: 8-bit RGB or RGBA without nodata.

        Such an image needs no style, which would make four floats of each pixel.
        """
        if 'plain' not in self._info:
            dataset = self.dataset
            names = tuple(interpretation.name for interpretation in dataset.colorinterp)
            self._info['plain'] = bool(
                names in (('red', 'green', 'blue'), ('red', 'green', 'blue', 'alpha'))
                and set(dataset.dtypes) == {'uint8'}
                and not any(nodata is not None for nodata in dataset.nodatavals)
            )
        return bool(self._info['plain'])
