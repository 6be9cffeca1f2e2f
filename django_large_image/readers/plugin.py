"""The engine as a source of large-image: for `large_image.open()`, and for hooks that expect large-image's methods."""

from __future__ import annotations

import contextlib
import json
import math
import pathlib
import threading

import numpy as np
from large_image import config
from large_image.constants import TILE_FORMAT_NUMPY
from large_image.exceptions import TileSourceError
from large_image.tilesource.utilities import JSONDict
from large_image_source_rasterio import PROJECTION_SENTINEL, RasterioFileTileSource, _lazyImport
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.io import DatasetReader

from django_large_image.access import image_ref
from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter, LargeImageError
from django_large_image.pixels import Json
from django_large_image.raster import ranges
from django_large_image.raster.dataset import gdal_env, open_dataset, open_overview
from django_large_image.raster.handle import Origin, RasterHandle
from django_large_image.readers import described
from django_large_image.readers.rasterreader import RasterReader

_lazyImport()

#: The style by which large-image means the values of the file.
_BARE = '{}'


class RasterTileSource(RasterioFileTileSource):  # type: ignore[misc]
    """A source of large-image whose pixels come from a `RasterReader`.

    It takes a path, as large-image's sources do, or a reader. What is not overridden here is large-image's own.
    """

    cacheName = 'geosource'
    cacheMaxSize = 1
    name = 'rasterio'

    def __init__(
        self,
        path: str | pathlib.Path | RasterReader,
        projection: object = PROJECTION_SENTINEL,
        keeper: object = None,
        **kwargs: object,
    ) -> None:
        """Open a path, or take a reader, with large-image's keywords; raises `TileSourceError`.

        `keeper` is kept as long as the source lives: the lease of the reader's handle, for instance.
        """
        self._keeper = keeper
        if isinstance(path, RasterReader):
            reader = path
            kwargs.setdefault('style', reader.style)
        else:
            reader = _opened(path, projection)
        #: The open handle. `reader` is replaced by one with the style of the source.
        self._handle = reader.handle
        self.reader = reader
        # Skip the constructor of large-image's source, which would open the file once more and look at it many times.
        super(RasterioFileTileSource, self).__init__(reader.handle.name, **kwargs)
        if keeper is not None:
            # The maps for notebooks refer back to the source. Such a cycle would keep the source and its keeper, and so
            # the lease, until the garbage collector runs (large-image 1.35.6).
            self._map = self.to_map = self.from_map = None
        self.addKnownExtensions()
        self._getDatasetLock = threading.RLock()
        self._largeImagePath = reader.handle.name
        self._unitsPerPixel = None
        self._bounds: Json = {}
        self._take_matrix(reader)
        self._getTileLock = threading.Lock()
        self._setDefaultStyle()

    def _take_matrix(self, reader: RasterReader) -> None:
        matrix, own = reader.matrix, RasterReader(reader.handle).matrix
        self.projection = reader.projection
        self.tileSize = self.tileWidth = matrix.tile_width
        self.tileHeight = matrix.tile_height
        self.sourceSizeX, self.sourceSizeY, self.sourceLevels = own.width, own.height, own.levels
        self.sizeX, self.sizeY, self.levels = matrix.size_x, matrix.size_y, matrix.levels
        self._populatedLevels = len(reader.handle.info().factors)
        if matrix.world is not None:
            self.unitsAcrossLevel0, self.projectionOrigin = matrix.world, (0, 0)
        if reader.frame_count > 1:
            self._frames = list(range(reader.frame_count))
        self._dtype, self._bandCount = reader.dtype, reader.band_count

    @property
    def dataset(self) -> DatasetReader:
        """Return rasterio's dataset of the full resolution."""
        return self._handle.dataset

    def _getFrameDataset(self, frame: int) -> DatasetReader:
        return self._handle.frame(int(frame or 0))

    # -- styles

    def _setDefaultStyle(self) -> None:
        bare = self._jsonstyle == _BARE
        style: Json | None = None
        if not bare and self._jsonstyle is not None:
            style = json.loads(self._jsonstyle)
        code = None if self.projection is None else self.projection.to_wkt()
        try:
            self.reader = RasterReader(self._handle, code, style, self.reader.view.resampling)
            complete = None if bare else self.reader.view.colours(0).style
        except LargeImageError as error:
            raise TileSourceError(error.message) from None
        self._bandNames = {
            str(band['interpretation']).lower(): number
            for number, band in self.reader.bands().items()
            if band.get('interpretation')
        }
        self._bare = bare
        self._style = JSONDict({} if complete is None else complete)

    def _getMinMax(
        self,
        minmax: ranges.End,
        value: object,
        dtype: object,
        bandidx: int | None = None,
        frame: int | None = None,
    ) -> float:
        return ranges.end_of_range(
            self._handle, frame or 0, bandidx, minmax, value, self._jsonstyle not in (None, _BARE),
            self.reader.view.icc,
        )  # fmt: skip

    # -- pixels

    def getTile(
        self,
        x: int,
        y: int,
        z: int,
        pilImageAllowed: bool = False,
        numpyAllowed: bool | str = False,
        **kwargs: object,
    ) -> object:
        """Return a tile as large-image's sources do: encoded, or an array or a Pillow image where that is allowed."""
        frame = self._getFrame(**kwargs)
        if self.projection is None:
            self._xyzInRange(x, y, z)
        view = self.reader.view
        geobox = view.tile_geobox(z, x, y)
        options = (TILE_FORMAT_NUMPY, x, y, z, pilImageAllowed, numpyAllowed)
        if not view.can_paint(frame) or (self._bare and not self._handle.info().is_picture):
            return self._outputTile(view.bare(geobox, frame), *options, **kwargs)
        picture = view.paint(geobox, frame)
        pixels = (
            np.zeros((self.tileHeight, self.tileWidth, 4), np.uint8) if picture is None else picture.array()
        )
        return self._outputTile(pixels, *options, applyStyle=False, **kwargs)

    # -- facts

    def getBandInformation(
        self, statistics: bool = False, dataset: object = None, frame: int | None = None, **kwargs: object
    ) -> dict[int, Json]:
        """Return what is known of each band, by its number from 1; with `statistics` also min, max, mean and stdev.

        large-image 1.35.6 computes the statistics of every band when it opens a file and ignores `statistics`.
        """
        return self.reader.bands(statistics, int(frame or 0))

    def getMetadata(self) -> JSONDict:
        """Return large-image's metadata."""
        return JSONDict(self.reader.metadata())

    def getCrs(self) -> CRS | None:
        """Return the CRS of the file, None without one."""
        return self.reader.crs

    def getPixelSizeInMeters(self) -> float | None:
        """Return the mean size of a pixel in metres, None if the image is not georeferenced."""
        return self.reader.pixel_metres()

    def getNativeMagnification(self) -> dict[str, float | None]:
        """Return the width and height of a pixel in millimetres."""
        return described.magnification(self._handle)

    def getBounds(self, crs: object = None, **kwargs: object) -> Json | None:
        """Return the corners of the image and the box round it in a CRS (by default its own), None without one."""
        wanted = crs if crs is not None else kwargs.get('srs')
        found = described.corners(self._handle, None if wanted is None else CRS.from_user_input(wanted))
        if found is None and self.reader.crs is not None:
            raise TileSourceError('The image has no place in this projection.')
        return found

    def toNativePixelCoordinates(
        self, x: float, y: float, crs: object = None, roundResults: bool = True
    ) -> tuple[float, float]:
        """Return column and row of a point in a CRS, by default in the projection; rounded if `roundResults`."""
        column, row = self.reader.to_pixels(x, y, self.projection if crs is None else crs)
        if roundResults and math.isfinite(column) and math.isfinite(row):
            return round(column), round(row)
        return column, row


def _opened(path: str | pathlib.Path, projection: object) -> RasterReader:
    """Return a reader of a path, for large-image's own `open`; raises `TileSourceError`."""
    try:
        ref = image_ref(path)
        limit = int(settings.MAX_UNTILED_SIZE)
        with gdal_env(ref):
            dataset, tiff = open_dataset(ref, limit)

        def overview(dataset: DatasetReader, name: str, index: int) -> DatasetReader:
            with gdal_env(ref):
                return open_overview(dataset, name, index)

        handle = RasterHandle(dataset, Origin(ref.digest, str(ref.path), overview, limit), None, tiff)
    except LargeImageError as error:
        raise TileSourceError(error.message) from None
    if projection == PROJECTION_SENTINEL:
        default = config.getConfig('default_projection')
        projection = None if handle.facts.georeference.crs is None else default
    try:
        code = None if not projection else CRS.from_user_input(_text(projection)).to_wkt()
        return RasterReader(handle, code)
    except (CRSError, InvalidParameter):
        with contextlib.suppress(Exception):
            handle.close()
        raise TileSourceError('The image cannot be shown in this projection.') from None


def _text(projection: object) -> object:
    """Return a CRS without large-image's own prefix of PROJ's notation."""
    text = projection.decode() if isinstance(projection, bytes) else projection
    return text.removeprefix('proj4:') if isinstance(text, str) else text
