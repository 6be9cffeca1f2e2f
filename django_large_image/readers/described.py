"""The metadata of a raster under the names that large-image's sources use."""

from __future__ import annotations

import contextlib
from typing import cast
from xml.etree import ElementTree

from large_image.tilesource.utilities import etreeToDict
from rasterio.crs import CRS

from django_large_image.inspection.pages.stack import Axis
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
    common: Json = {
        'levels': matrix.levels,
        'sizeX': matrix.size_x,
        'sizeY': matrix.size_y,
        'tileWidth': matrix.tile_width,
        'tileHeight': matrix.tile_height,
        **magnification(handle),
        'dtype': str(info.dtype),
        'bandCount': info.count,
    }
    if handle.facts.stack is not None:
        # As in large-image's source of stacks, which has no places and no statistics here.
        return common | (frames(handle) if handle.frame_count > 1 else {})
    found: Json = common | {
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
        found |= frames(handle)
    return found


def frames(handle: RasterHandle) -> Json:
    """Return `frames`, `IndexRange`, `IndexStride`, `channels` and `channelmap` of an image of several frames.

    The names and what they mean are those of large-image 1.35.6 (`TileSource._addMetadataFrameInformation`).
    """
    stack = handle.facts.stack
    axes = [] if stack is None else [axis for axis in stack.axes if axis.name != 'I']
    listed: list[Json] = []
    for number in range(handle.frame_count):
        entry: Json = {'Frame': number}
        entry |= {_index_of(axis): number // axis.stride % axis.count for axis in axes}
        listed.append(entry)
    channels = 1 if stack is None else stack.channel_count
    named = stack.channels[:channels] if stack is not None and any(stack.channels) else ()
    # What lies between two steps of the slowest axes but the channels is one index; without axes each frame is one.
    step = channels if axes else 1
    for number, entry in enumerate(listed):
        entry['Index'] = number // step
        if named:
            entry['Channel'] = named[entry.get('IndexC', 0)]
    found: Json = {'frames': listed}
    if axes:
        found['IndexRange'] = {_index_of(axis): axis.count for axis in axes}
        found['IndexStride'] = {_index_of(axis): axis.stride for axis in axes}
    if named:
        found |= {'channels': list(named), 'channelmap': {name: index for index, name in enumerate(named)}}
    return found


def _index_of(axis: Axis) -> str:
    """Return large-image's name of the index on an axis."""
    return 'Index' + ('XY' if axis.name.upper() == 'P' else axis.name.upper())


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
    if handle.facts.scan is not None or handle.facts.stack is not None:
        found |= _description(str(dataset.tags().get('TIFFTAG_IMAGEDESCRIPTION', '')))
    return found | ({'GCPs': [point.asdict() for point in points]} if points else {})


def _description(text: str) -> Json:
    """Return the description of a scan or a stack under large-image's names: `xml` for OME-XML, which was checked."""
    if text.rstrip().endswith('OME>'):
        with contextlib.suppress(ElementTree.ParseError):
            return {'xml': etreeToDict(ElementTree.fromstring(text.strip()))}  # noqa: S314 - `check_xml` has bounded it
    return {'ImageDescription': text} if text else {}


def magnification(handle: RasterHandle) -> dict[str, float | None]:
    """Return the magnification of a scan, and the width and height of a pixel in millimetres.

    large-image 1.35.6 gives the mean of the two for both.
    """
    scan = handle.facts.scan
    if scan is not None and scan.pixel_mm is not None:
        return {'magnification': scan.magnification, 'mm_x': scan.pixel_mm, 'mm_y': scan.pixel_mm}
    stack = handle.facts.stack
    across, down = (
        None if metres is None else metres * 1000
        for metres in handle.pixel_metres() or stated_metres(handle.dataset)
    )
    if stack is None:
        return {'magnification': None if scan is None else scan.magnification, 'mm_x': across, 'mm_y': down}
    # As in large-image-source-tifffile 1.35.6, which takes ten micrometres for the pixel of a camera.
    across = stack.pixel_mm[0] if across is None else across
    down = stack.pixel_mm[1] if down is None else down
    across, down = across or down, down or across
    return {'magnification': None if across is None else 0.01 / across, 'mm_x': across, 'mm_y': down}


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
