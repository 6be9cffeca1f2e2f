"""What is known about an image, as JSON."""

from __future__ import annotations

import io
import json
import os

from django_large_image.access import ImageRef
from django_large_image.exceptions import ImageUnreadable, InvalidParameter, NotSupported, fault_of
from django_large_image.handles import crs
from django_large_image.imaging import tile, webmercator
from django_large_image.loading import is_there, load
from django_large_image.pixels import Json
from django_large_image.readers.base import BoundingBox, ImageReader
from django_large_image.readers.errors import reading
from django_large_image.readers.jsonsafe import json_safe

#: The most IFDs that a dump shows.
MAX_IFDS = 1000
#: The most bytes of their values, those of directories that are shown twice counted once.
MAX_DUMPED_BYTES = 8 * 2**20


def hidden(ref: ImageRef) -> tuple[str, ...]:
    """Return the texts that may not leave: the image's path and its folder."""
    if not ref.path:
        return ()
    return (ref.path, os.path.dirname(ref.path) + os.sep) if not ref.remote else (ref.path,)


def metadata(reader: ImageReader, ref: ImageRef) -> Json:
    """Return large-image's metadata: sizes, levels, dtype, magnification, bands, frames, and bounds in EPSG:4326."""
    with reading():
        found = reader.metadata()
        _correct(reader, found)
        ranges = reader.ranges()
        if ranges is not None:
            found['ranges'] = ranges
    return _safe(found, ref)


def metadata_internal(reader: ImageReader, ref: ImageRef) -> Json:
    """Return what the reader knows beyond the common metadata, whatever that is."""
    with reading():
        found = reader.internal_metadata()
        if reader.frame_count > 1:
            # That of a reader may have a list of its own by this name.
            found.setdefault('frames', reader.metadata().get('frames') or reader.frame_count)
        _correct(reader, found)
    return _safe(found, ref)


def _correct(reader: ImageReader, found: Json) -> None:
    # large-image 1.35.6 says `geospatial: true` of every file that rasterio opens: the identity transform is true.
    found['geospatial'] = reader.is_geospatial
    found.setdefault('frames', False)
    if found['geospatial']:
        place = bounds(reader, 'EPSG:4326')
        found['bounds'] = None if place is None else webmercator.as_json(place)


def _safe(found: Json, ref: ImageRef) -> Json:
    result: Json = json_safe(found, hidden(ref))
    return result


def bounds(reader: ImageReader, code: str) -> BoundingBox | None:
    """Return the box round the image in a CRS, EPSG:n; latitudes end just before the poles."""
    try:
        found = reader.bounds(code)
    except Exception:  # the image's CRS has no way to this one
        return None
    if found is None or code != 'EPSG:4326':
        return found
    ymin, ymax = (max(min(side, 89.9999), -89.9999) for side in (found.ymin, found.ymax))
    return found._replace(ymin=ymin, ymax=ymax)


def tiles(reader: ImageReader, ref: ImageRef, projection: str | None = None) -> Json:
    """Return the tile matrix: levels, size in pixels and tile size, and all other metadata.

    A georeferenced image has its CRS too. In a projection (EPSG:n) that is the CRS, `extent` holds the corners of tile
    0/0/0 (xmin, ymin, xmax, ymax), from which all other tiles follow, and `bounds` the image's own. Without one,
    `web_mercator` says the same of the web map's, so that a client that shows a map there has to ask once.
    """
    matrix = reader.matrix
    place: Json = {}
    if projection is not None:
        corners = tile.corners(reader, 0, 0, 0)
        own = bounds(reader, projection)
        place = {
            'crs': crs.describe_code(projection),
            'extent': [corners[side] for side in ('xmin', 'ymin', 'xmax', 'ymax')],
            'bounds': own and webmercator.within(own, corners['ymin'], corners['ymax']),
        }
    elif reader.is_geospatial:
        place = {
            'crs': crs.describe(reader.crs),
            'web_mercator': webmercator.tile_matrix(reader, bounds(reader, webmercator.CODE)),
        }
    described: Json = json_safe(place)
    return described | {
        'levels': matrix.levels,
        'size_x': matrix.size_x,
        'size_y': matrix.size_y,
        'tile_size': matrix.tile_width,
        'tile_width': matrix.tile_width,
        'tile_height': matrix.tile_height,
        'geospatial': reader.is_geospatial,
        'additional_metadata': metadata(reader, ref),
    }


def bands(reader: ImageReader, frame: int | None = None) -> Json:
    """Return what is known of each band, by its number from 1, with statistics of about a million pixels."""
    with reading():
        found: Json = json_safe(reader.bands(statistics=True, frame=frame or 0))
    return found


def band(reader: ImageReader, number: int, frame: int | None = None) -> Json:
    """Return what is known of one band; raises `InvalidParameter` for one that is not there."""
    with reading():
        count = reader.band_count
    if not 1 <= number <= count:
        raise InvalidParameter('band', number, f'an integer from 1 to {count}')
    found: Json = bands(reader, frame)[str(number)]
    return found


def frames(reader: ImageReader) -> Json:
    """Return the channels or bands of each frame, for building a control of what is shown.

    A frame of an image with axes has its place on them: `c`, `z`, `t` and the like, from 0.
    """
    with reading():
        listed = reader.metadata().get('frames') or []
        information = {} if listed else reader.bands()
    if not listed:
        single = [
            {'index': number, 'frame': None, 'name': entry.get('interpretation', '')}
            for number, entry in information.items()
        ]
        return {'frames': [{'frame': 'Frame null', 'bands': json_safe(single)}]}
    found = [
        {
            'frame': f'Frame {entry["Frame"]}',
            **_axes(entry),
            'bands': [
                {
                    'index': entry.get('Index'),
                    'frame': entry['Frame'],
                    'name': entry.get('Channel', entry.get('Name', '')),
                }
            ],
        }
        for entry in listed
    ]
    return {'frames': json_safe(found)}


def _axes(entry: Json) -> dict[str, int]:
    """Return the place of a frame on each axis: large-image calls them IndexC, IndexZ and so on."""
    return {
        name.removeprefix('Index').lower(): int(value)
        for name, value in entry.items()
        if name.startswith('Index') and name not in ('Index', 'IndexRange', 'IndexStride')
    }


def tiff_dump(ref: ImageRef) -> object:
    """Return the tags of every IFD of a TIFF, as tifftools writes them.

    Raises `NotSupported` without tifftools and for a file that is no TIFF, `ImageUnreadable` for a broken one.
    """
    from django_large_image.access import local_ref
    from django_large_image.inspection.signatures import sniff
    from django_large_image.inspection.tiff import Tiff

    local = local_ref(ref)
    assert local.path is not None
    if sniff(local.path).name != 'tiff':
        raise NotSupported('The image is not a TIFF.')
    if not is_there('tifftools'):
        raise NotSupported('The dump of TIFF tags needs the package tifftools on the server.')
    tifftools = load('tifftools')
    tiff = Tiff.read(local.path)
    # Those that two others lead to are shown twice.
    count = tiff.visits()
    if count > MAX_IFDS:
        raise NotSupported(f'The TIFF has {count} directories; up to {MAX_IFDS} are shown.')
    size = tiff.value_bytes()
    if size > MAX_DUMPED_BYTES:
        raise NotSupported(f'The tags of the TIFF take {size} bytes; up to {MAX_DUMPED_BYTES} are shown.')
    output = io.StringIO()
    try:
        tifftools.tiff_dump(local.path, dest=output, outformat='json')
        found = json.loads(output.getvalue())
    except Exception as error:
        raise fault_of(error) or ImageUnreadable('The tags of the TIFF cannot be read.') from error
    return json_safe(found, hidden(local) + hidden(ref))
