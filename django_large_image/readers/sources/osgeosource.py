"""The source of osgeo's GDAL: large-image's gdal source, kept to the one file that it opens."""

from __future__ import annotations

import warnings

from large_image.exceptions import TileSourceError
from large_image_source_gdal import GDALFileTileSource, _lazyImport
from osgeo import gdal, osr
from pyproj import Transformer

from django_large_image.exceptions import ImageRefused
from django_large_image.raster.georef.tile_matrix import false_origin, world_without_turn
from django_large_image.readers.sources.pooled import PooledSource, SourceFacts

_lazyImport()

#: Set for the whole process, because GDAL 3.6's bindings have none for a thread. rasterio is in no such process.
OPTIONS = {
    # No file beside the image, and no .aux.xml written there when statistics are computed.
    'GDAL_DISABLE_READDIR_ON_OPEN': 'EMPTY_DIR',
    'GDAL_PAM_ENABLED': 'NO',
    'GTIFF_IMPLICIT_JPEG_OVR': 'NO',
    # Remote files are copied first, so nothing is ever read over a network.
    'CPL_VSIL_CURL_ALLOWED_FILENAME': '/vsicurl/none',
}


class OsgeoSource(PooledSource, GDALFileTileSource):  # type: ignore[misc]
    """Read rasters by osgeo's GDAL, with the methods that our region and pixel endpoints expect."""

    cacheName = 'tilesource'
    name = 'gdal'

    has_default_style = True

    def __init__(self, path: str, facts: SourceFacts | None = None, **kwargs: object) -> None:
        for name, value in OPTIONS.items():
            gdal.SetConfigOption(name, value)
        gdal.UseExceptions()
        _check_references(path)
        try:
            super().__init__(path, facts, **{'style': '{}', **kwargs})
        except (RuntimeError, ValueError) as error:
            # pyproj's errors are RuntimeErrors.
            raise TileSourceError('The file cannot be opened in this projection.') from error

    def _initWithProjection(self, unitsPerPixel: float | None = None) -> None:
        if not unitsPerPixel:
            crs = self._proj4Proj(self.projection).crs
            transformer = Transformer.from_crs(4326, crs, always_xy=True)
            (west, east), _ = transformer.transform([-180.0, 180.0], [0.0, 0.0])
            with warnings.catch_warnings():
                # pyproj warns of what PROJ's parameters cannot express; only the false origin is wanted here.
                warnings.simplefilter('ignore', UserWarning)
                origin = false_origin(crs.to_dict())
            across = world_without_turn(west, east, origin, crs.axis_info[0].unit_conversion_factor)
            unitsPerPixel = across / self.tileSize if across else None
        super()._initWithProjection(unitsPerPixel)

    @property
    def stored_levels(self) -> int:
        """Return how many levels the file has."""
        return 1 + int(self.dataset.GetRasterBand(1).GetOverviewCount())

    def count_bands(self) -> int | None:
        """Return the number of bands."""
        return int(self.dataset.RasterCount)

    def getCrs(self) -> str:
        """Return the image's CRS as WKT, empty if it has none."""
        return str(self.dataset.GetProjection() or self.dataset.GetGCPProjection() or '')

    def toNativePixelCoordinates(
        self, x: float, y: float, proj: object = None, roundResults: bool = True, crs: object = None
    ) -> tuple[float, float]:
        """Return column and row of a point in a CRS, which is `proj` or, as in rasterio's source, `crs`."""
        result: tuple[float, float] = super().toNativePixelCoordinates(x, y, crs or proj, roundResults)
        return result


def _check_references(path: str) -> None:
    """Raise `ImageRefused` for metadata that make GDAL open another file; see `raster.dataset`."""
    dataset = gdal.OpenEx(path)
    pages = [
        value for name, value in dataset.GetMetadata('SUBDATASETS').items() if name.upper().endswith('_NAME')
    ]
    own = all(page.startswith('GTIFF_DIR:') and page.endswith(f':{path}') for page in pages)
    overviews = {name.upper() for name in dataset.GetMetadata('OVERVIEWS') or {}}
    if 'OVERVIEW_FILE' in overviews or dataset.GetMetadata('GEOLOCATION') or not own:
        raise ImageRefused('The metadata of the file refer to other files.')


def transform_bounds(source: object, target: object, *sides: float, densify_pts: int) -> tuple[float, ...]:
    """Return xmin, ymin, xmax, ymax of a rectangle in another CRS; infinite where it has no place there."""
    transformation = osr.CoordinateTransformation(_reference(source), _reference(target))
    try:
        return tuple(transformation.TransformBounds(*sides, densify_pts))
    except RuntimeError:
        return (float('inf'),) * 4


def _reference(crs: object) -> osr.SpatialReference:
    reference = osr.SpatialReference()
    reference.SetFromUserInput(crs.decode() if isinstance(crs, bytes) else str(crs))
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference
