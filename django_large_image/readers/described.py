"""The metadata of a raster under the names that large-image's sources use."""

from __future__ import annotations

from typing import cast

from rasterio.crs import CRS

from django_large_image.pixels import Json
from django_large_image.raster import ranges
from django_large_image.raster.handle import RasterHandle
from django_large_image.raster.statistics import stated_metres
from django_large_image.raster.view import StyledView


def metadata(handle: RasterHandle, view: StyledView) -> Json:
    """Return sizes, levels, magnification, bounds and bands of an image in the projection of a view."""
    matrix, info = view.matrix, handle.info()
    own = handle.tile_matrix(None)
    projection = None if view.target is None else view.target.crs
    found: Json = {
        'levels': matrix.levels,
        'sizeX': matrix.size_x,
        'sizeY': matrix.size_y,
        'tileWidth': matrix.tile_width,
        'tileHeight': matrix.tile_height,
        **magnification(handle),
        'dtype': str(info.dtype),
        'bandCount': info.count,
        'geospatial': handle.facts.georeference.crs is not None,
        'sourceLevels': matrix.levels if own is None else own.levels,
        'sourceSizeX': matrix.width,
        'sourceSizeY': matrix.height,
        'bounds': corners(handle, projection),
        'projection': projection,
        'sourceBounds': corners(handle, None),
        'bands': ranges.statistics(handle),
    }
    if handle.frame_count > 1:
        # As in large-image, for frames without names and axes.
        found['frames'] = [{'Frame': index, 'Index': index} for index in range(handle.frame_count)]
    return found


def internal_metadata(handle: RasterHandle) -> Json:
    """Return what GDAL says of the file beyond the common metadata."""
    dataset = handle.dataset
    points, crs = dataset.gcps
    meta = dict(dataset.meta)
    meta['crs'] = None if meta.get('crs') is None else meta['crs'].to_string()
    meta['transform'] = None if meta.get('transform') is None else meta['transform'].to_gdal()
    found: Json = {
        'driverShortName': dataset.driver,
        'driverLongName': dataset.driver,
        'RasterXSize': dataset.width,
        'RasterYSize': dataset.height,
        'Affine': handle.facts.georeference.affine,
        'Projection': dataset.crs.to_string() if dataset.crs else None,
        'GCPProjection': crs,
        'Metadata': meta,
    }
    return found | ({'GCPs': [point.asdict() for point in points]} if points else {})


def magnification(handle: RasterHandle) -> dict[str, float | None]:
    """Return the magnification of a scan, and the width and height of a pixel in millimetres.

    large-image 1.35.6 gives the mean of the two for both.
    """
    scan = handle.facts.scan
    if scan is not None and scan.pixel_mm is not None:
        return {'magnification': scan.magnification, 'mm_x': scan.pixel_mm, 'mm_y': scan.pixel_mm}
    across, down = handle.pixel_metres() or stated_metres(handle.dataset)
    return {
        'magnification': None if scan is None else scan.magnification,
        'mm_x': None if across is None else across * 1000,
        'mm_y': None if down is None else down * 1000,
    }


def corners(handle: RasterHandle, crs: CRS | None) -> Json | None:
    """Return the four corners and the box in a CRS (None for the file's own), by large-image's names.

    None for an image without a georeference, and where it has no place.
    """
    crs = handle.facts.georeference.crs if crs is None else crs
    found = None if crs is None else handle.bounds(crs)
    if found is None:
        return None
    left, bottom, right, top = found.extent
    named = (
        ('ul', found.upper_left), ('ll', found.lower_left), ('ur', found.upper_right), ('lr', found.lower_right),
    )  # fmt: skip
    points = {name: {'x': x, 'y': y} for name, (x, y) in named}
    return cast(Json, points) | {'xmin': left, 'xmax': right, 'ymin': bottom, 'ymax': top, 'srs': found.crs}
