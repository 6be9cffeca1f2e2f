"""What is known about an image, as JSON."""

from __future__ import annotations

import io
import json
import os
from typing import Any

from django_large_image.access import ImageRef
from django_large_image.exceptions import ImageUnreadable, InvalidParameter, NotSupported, fault_of
from django_large_image.handles.lease import reading
from django_large_image.imaging import crs, image, tile, webmercator
from django_large_image.imaging.jsonsafe import json_safe
from django_large_image.loading import is_there, load

#: The most IFDs that a dump shows.
MAX_IFDS = 1000
#: The most bytes of their values, those of directories that are shown twice counted once.
MAX_DUMPED_BYTES = 8 * 2**20


def hidden(ref: ImageRef) -> tuple[str, ...]:
    """Return the texts that may not leave: the image's path and its folder."""
    if not ref.path:
        return ()
    return (ref.path, os.path.dirname(ref.path) + os.sep) if not ref.remote else (ref.path,)


def metadata(source: Any, ref: ImageRef) -> dict[str, Any]:
    """Return large-image's metadata: sizes, levels, dtype, magnification, bands, frames, and bounds in EPSG:4326."""
    with reading():
        found = dict(source.getMetadata())
        if 'bands' in found:
            found['bands'] = source.getBandInformation(statistics=True)
        _correct(source, found)
        if hasattr(source, 'automaticRanges'):
            found['ranges'] = source.automaticRanges()
        elif str(found.get('dtype')) == 'uint8':
            found['ranges'] = []
    return _safe(found, ref)


def metadata_internal(source: Any, ref: ImageRef) -> dict[str, Any]:
    """Return what the reader knows beyond the common metadata, whatever that is."""
    with reading():
        found = dict(source.getInternalMetadata() or {})
        if image.frame_count(source) > 1:
            # That of a reader may have a list of its own by this name.
            found.setdefault('frames', source.getMetadata().get('frames') or image.frame_count(source))
        _correct(source, found)
    return _safe(found, ref)


def _correct(source: Any, found: dict[str, Any]) -> None:
    # large-image 1.35.6 says `geospatial: true` of every file that rasterio opens: the identity transform is true.
    found['geospatial'] = image.is_geospatial(source)
    found.setdefault('frames', False)
    if found['geospatial']:
        found['bounds'] = bounds(source, 'EPSG:4326')


def _safe(found: dict[str, Any], ref: ImageRef) -> dict[str, Any]:
    result: dict[str, Any] = json_safe(found, hidden(ref))
    return result


def bounds(source: Any, code: str) -> dict[str, Any] | None:
    """Return xmin, ymin, xmax, ymax and srs of the image in a CRS, EPSG:n; latitudes end just before the poles."""
    try:
        found = source.getBounds(code)
    except Exception:  # the image's CRS has no way to this one
        return None
    if not found:
        return None
    result = {key: found[key] for key in ('xmin', 'ymin', 'xmax', 'ymax', 'srs') if key in found}
    if code == 'EPSG:4326':
        for key in ('ymin', 'ymax'):
            result[key] = max(min(result[key], 89.9999), -89.9999)
    return result


def tiles(source: Any, ref: ImageRef, projection: str | None = None) -> dict[str, Any]:
    """Return the tile matrix: levels, size in pixels and tile size, and all other metadata.

    A georeferenced image has its CRS too. In a projection (EPSG:n) that is the CRS, `extent` holds the corners of tile
    0/0/0 (xmin, ymin, xmax, ymax), from which all other tiles follow, and `bounds` the image's own. Without one,
    `web_mercator` says the same of the web map's, so that a client that shows a map there has to ask once.
    """
    geospatial = image.is_geospatial(source)
    place: dict[str, Any] = {}
    if projection is not None:
        corners = tile.corners(source, 0, 0, 0)
        own = bounds(source, projection)
        place = {
            'crs': crs.describe_code(projection),
            'extent': [corners[side] for side in ('xmin', 'ymin', 'xmax', 'ymax')],
            'bounds': own and webmercator.within(own, corners['ymin'], corners['ymax']),
        }
    elif geospatial:
        place = {
            'crs': crs.describe(image.crs_of(source)),
            'web_mercator': webmercator.tile_matrix(source, bounds(source, webmercator.CODE)),
        }
    described: dict[str, Any] = json_safe(place)
    return described | {
        'levels': int(source.levels),
        'size_x': int(source.sizeX),
        'size_y': int(source.sizeY),
        'tile_size': int(source.tileWidth),
        'tile_width': int(source.tileWidth),
        'tile_height': int(source.tileHeight),
        'geospatial': geospatial,
        'additional_metadata': metadata(source, ref),
    }


def bands(source: Any, frame: int | None = None) -> dict[str, Any]:
    """Return what is known of each band, by its number from 1, with statistics of about a million pixels."""
    with reading():
        options = {'frame': frame} if frame else {}
        found: dict[str, Any] = json_safe(source.getBandInformation(statistics=True, **options))
    return found


def band(source: Any, number: int, frame: int | None = None) -> dict[str, Any]:
    """Return what is known of one band; raises `InvalidParameter` for one that is not there."""
    with reading():
        count = image.band_count(source)
    if not 1 <= number <= count:
        raise InvalidParameter('band', number, f'an integer from 1 to {count}')
    found: dict[str, Any] = bands(source, frame)[str(number)]
    return found


def frames(source: Any) -> dict[str, Any]:
    """Return the channels or bands of each frame, for building a control of what is shown.

    A frame of an image with axes has its place on them: `c`, `z`, `t` and the like, from 0.
    """
    with reading():
        listed = source.getMetadata().get('frames') or []
        information = {} if listed else source.getBandInformation()
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


def _axes(entry: dict[str, Any]) -> dict[str, int]:
    """Return the place of a frame on each axis: large-image calls them IndexC, IndexZ and so on."""
    return {
        name.removeprefix('Index').lower(): int(value)
        for name, value in entry.items()
        if name.startswith('Index') and name not in ('Index', 'IndexRange', 'IndexStride')
    }


def tiff_dump(ref: ImageRef) -> Any:
    """Return the tags of every IFD of a TIFF, as tifftools writes them.

    Raises `NotSupported` without tifftools and for a file that is no TIFF, `ImageUnreadable` for a broken one.
    """
    from django_large_image.access import local_ref
    from django_large_image.inspection import guard, tiffheader

    local = local_ref(ref)
    assert local.path is not None
    if guard.sniff(local.path).name != 'tiff':
        raise NotSupported('The image is not a TIFF.')
    if not is_there('tifftools'):
        raise NotSupported('The dump of TIFF tags needs the package tifftools on the server.')
    tifftools = load('tifftools')
    # Those that two others lead to are shown twice.
    count = tiffheader.visits(local.path)
    if count > MAX_IFDS:
        raise NotSupported(f'The TIFF has {count} directories; up to {MAX_IFDS} are shown.')
    size = tiffheader.value_bytes(local.path)
    if size > MAX_DUMPED_BYTES:
        raise NotSupported(f'The tags of the TIFF take {size} bytes; up to {MAX_DUMPED_BYTES} are shown.')
    output = io.StringIO()
    try:
        tifftools.tiff_dump(local.path, dest=output, outformat='json')
        found = json.loads(output.getvalue())
    except Exception as error:
        raise fault_of(error) or ImageUnreadable('The tags of the TIFF cannot be read.') from error
    return json_safe(found, hidden(local) + hidden(ref))
