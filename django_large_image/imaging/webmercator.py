"""The tile matrix of the web map (EPSG:3857), found without opening the image in that projection."""

from __future__ import annotations

from django_large_image.handles import crs
from django_large_image.pixels import Json
from django_large_image.raster.georef.tile_matrix import HALF_EQUATOR, TileMatrix, projected_levels
from django_large_image.readers.base import BoundingBox, ImageReader

CODE = 'EPSG:3857'


def tile_matrix(reader: ImageReader, bounds: BoundingBox | None) -> Json | None:
    """Return what `tiles/metadata?projection=EPSG:3857` says of the tile matrix; None if the image has no place there.

    `bounds` is the box round the image in EPSG:3857.
    """
    pixel = bounds and reader.pixel_metres()
    if not bounds or not pixel:
        return None
    width, height = reader.matrix.tile_width, reader.matrix.tile_height
    world = 2 * HALF_EQUATOR
    matrix = TileMatrix(projected_levels(world, pixel, width), width, height, 0, 0, world)
    return {
        'crs': crs.describe_code(CODE),
        'levels': matrix.levels,
        'size_x': matrix.size_x,
        'size_y': matrix.size_y,
        'tile_size': width,
        'tile_width': width,
        'tile_height': height,
        'extent': [-HALF_EQUATOR, -HALF_EQUATOR, HALF_EQUATOR, HALF_EQUATOR],
        'bounds': within(bounds, -HALF_EQUATOR, HALF_EQUATOR),
    }


def within(bounds: BoundingBox, ymin: float, ymax: float) -> Json:
    """Return bounds cut off at `ymin` and `ymax`, as JSON: in the web map the poles are infinitely far."""
    return as_json(bounds._replace(ymin=max(bounds.ymin, ymin), ymax=min(bounds.ymax, ymax)))


def as_json(bounds: BoundingBox) -> Json:
    """Return bounds as JSON, by large-image's names: xmin, ymin, xmax, ymax and srs."""
    found = bounds._asdict()
    return {**{side: found[side] for side in ('xmin', 'ymin', 'xmax', 'ymax')}, 'srs': bounds.crs}
