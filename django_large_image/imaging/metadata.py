"""The metadata of an image as JSON."""

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
#: The most bytes of tags' values that a dump shows. A directory that is shown twice counts once.
MAX_DUMPED_BYTES = 8 * 2**20


def hidden(ref: ImageRef) -> tuple[str, ...]:
    """Return the texts that clients must not see: the path of the image, and its folder."""
    if not ref.path:
        return ()
    return (ref.path, os.path.dirname(ref.path) + os.sep) if not ref.remote else (ref.path,)


def metadata(reader: ImageReader, ref: ImageRef) -> Json:
    """Return large-image's metadata: sizes, levels, dtype, magnification, bands, frames, and bounds in EPSG:4326.

    Raises `ImageUnreadable`.
    """
    with reading():
        found = reader.metadata()
        _correct(reader, found)
        ranges = reader.ranges()
        if ranges is not None:
            found['ranges'] = ranges
    return _safe(found, ref)


def metadata_internal(reader: ImageReader, ref: ImageRef) -> Json:
    """Return what the reader knows beyond the common metadata. Its form depends on the reader.

    Raises `ImageUnreadable`.
    """
    with reading():
        found = reader.internal_metadata()
        if reader.frame_count > 1:
            # The reader's own metadata may have a list of this name.
            found.setdefault('frames', reader.metadata().get('frames') or reader.frame_count)
        _correct(reader, found)
    return _safe(found, ref)


def _correct(reader: ImageReader, found: Json) -> None:
    # large-image 1.35.6 says `geospatial: true` for every file that rasterio opens: it takes the identity transform for
    # a georeference.
    found['geospatial'] = reader.is_geospatial
    found.setdefault('frames', False)
    if found['geospatial']:
        box = bounds(reader, 'EPSG:4326')
        found['bounds'] = None if box is None else webmercator.as_json(box)


def _safe(found: Json, ref: ImageRef) -> Json:
    result: Json = json_safe(found, hidden(ref))
    return result


def bounds(reader: ImageReader, code: str) -> BoundingBox | None:
    """Return the box round the image in a CRS, EPSG:n; None if it has no place there.

    In EPSG:4326 latitudes end at ±89.9999, because some projections of clients have no poles.
    """
    try:
        found = reader.bounds(code)
    except Exception:  # there is no transformation from the image's CRS to this one
        return None
    if found is None or code != 'EPSG:4326':
        return found
    ymin, ymax = (max(min(side, 89.9999), -89.9999) for side in (found.ymin, found.ymax))
    return found._replace(ymin=ymin, ymax=ymax)


def tiles(reader: ImageReader, ref: ImageRef, projection: str | None = None) -> Json:
    """Return the tile matrix: levels, sizes in pixels, tile size, and all other metadata.

    In a projection (EPSG:n) `crs` describes it, `extent` is xmin, ymin, xmax and ymax of tile 0/0/0, from which those
    of all tiles follow, and `bounds` is the box round the image. Without one, a georeferenced image has its own CRS in
    `crs`. `web_mercator` then is what the web map's projection would answer, so that a client has to ask only once.
    """
    matrix = reader.matrix
    located: Json = {}
    if projection is not None:
        corners = tile.corners(reader, 0, 0, 0)
        own = bounds(reader, projection)
        located = {
            'crs': crs.describe_code(projection),
            'extent': [corners[side] for side in ('xmin', 'ymin', 'xmax', 'ymax')],
            'bounds': own and webmercator.within(own, corners['ymin'], corners['ymax']),
        }
    elif reader.is_geospatial:
        located = {
            'crs': crs.describe(reader.crs),
            'web_mercator': webmercator.tile_matrix(reader, bounds(reader, webmercator.CODE)),
        }
    described: Json = json_safe(located)
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
    """Return what is known of each band, by its number from 1, with statistics of a sample of about a million pixels.

    Raises `ImageUnreadable`.
    """
    with reading():
        found: Json = json_safe(reader.bands(statistics=True, frame=frame or 0))
    return found


def band(reader: ImageReader, number: int, frame: int | None = None) -> Json:
    """Return what is known of one band, from 1; raises `InvalidParameter` for one that is not there."""
    with reading():
        count = reader.band_count
    if not 1 <= number <= count:
        raise InvalidParameter('band', number, f'an integer from 1 to {count}')
    found: Json = bands(reader, frame)[str(number)]
    return found


def frames(reader: ImageReader) -> Json:
    """Return the channels or bands of each frame, from which a client can build a control of what is shown.

    A frame of an image with axes has its index on each of them: `c`, `z`, `t` and the like, from 0.
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
    """Return the index of a frame on each axis, which large-image calls IndexC, IndexZ and so on."""
    return {
        name.removeprefix('Index').lower(): int(value)
        for name, value in entry.items()
        if name.startswith('Index') and name not in ('Index', 'IndexRange', 'IndexStride')
    }


def tiff_dump(ref: ImageRef) -> object:
    """Return the tags of every directory (IFD) of a TIFF, as tifftools writes them.

    Raises `NotSupported` without tifftools, for a file that is no TIFF and for one with too many tags, and
    `ImageUnreadable` for a broken one.
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
