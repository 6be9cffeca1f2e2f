"""Facts about an open source that large-image's sources give each in their own way."""

from __future__ import annotations

import functools
import math
from typing import Any

from django_large_image.exceptions import InvalidParameter, Misconfigured, NotSupported
from django_large_image.handles.ready import make_ready
from django_large_image.imaging.style import bands_of, check_against
from django_large_image.loading import is_there

#: The most pixels, those of each band of a style counted apart, that large-image's engine colours for an answer. The
#: rest of the work takes as long as two bands, and thresholds such as min:0.02 as long as four (large-image 1.35.6).
MAX_ENGINE_WORK, _WITHOUT, _THRESHOLDS = 120_000_000, 2, 4
#: The most pixels of a level, or of a tile, that are coloured.
MAX_STYLED_PIXELS = 2**25


def is_geospatial(source: Any) -> bool:
    """Return whether the image says where on earth it is."""
    if hasattr(source, 'isGeoreferenced'):
        return bool(source.isGeoreferenced())
    return bool(source.geospatial or crs_of(source))


def crs_of(source: Any) -> Any:
    """Return the CRS of the file, an object of the reader's own library or WKT; None without one."""
    return source.getCrs() if hasattr(source, 'getCrs') else None


def _info(source: Any) -> dict[Any, Any]:
    """Return the dictionary that all handles of the image share, or a new one for a source of the project's own."""
    return getattr(source, '_image_info', {})


def frame_count(source: Any) -> int:
    """Return the number of frames, 1 for most images."""
    info = _info(source)
    if 'frames' not in info:
        frames = getattr(source, '_frames', None)
        if hasattr(source, 'isGeoreferenced'):
            info['frames'] = len(frames) if frames else 1
        else:
            info['frames'] = max(1, int(source.frames))
    return int(info['frames'])


def band_count(source: Any) -> int:
    """Return the number of bands of the file."""
    info = _info(source)
    if 'band count' not in info:
        dataset = getattr(source, 'dataset', None)
        count = getattr(dataset, 'count', None) or getattr(dataset, 'RasterCount', None)
        info['band count'] = (
            count
            if isinstance(count, int)
            else len(getattr(source, '_unstyled', source).getBandInformation())
        )
    return int(info['band count'])


def check_frame(source: Any, frame: int | None) -> None:
    """Raise `InvalidParameter` for a frame that the image does not have."""
    if frame and frame >= frame_count(source):
        raise InvalidParameter('frame', frame, f'an integer from 0 to {frame_count(source) - 1}')


def check_deltas(source: Any, style: dict[str, Any] | None, frame: int | None) -> None:
    """Raise `InvalidParameter` for a style that shows a frame before the first or after the last one."""
    count = frame_count(source)
    for entry in bands_of(style):
        delta = entry.get('framedelta') or 0
        if not 0 <= (frame or 0) + delta < count:
            allowed = f'an integer from {-(frame or 0)} to {count - 1 - (frame or 0)} for frame {frame or 0}'
            raise InvalidParameter('framedelta', delta, allowed)


def check_style(source: Any, style: dict[str, Any] | None) -> None:
    """Raise `InvalidParameter` for a style with a band or a frame that the image does not have."""
    if style:
        check_against(style, band_count(source), frame_count(source))


def check_work(source: Any, style: dict[str, Any] | None) -> None:
    """Raise `InvalidParameter` for a style of so many bands that large-image's engine takes too long to apply it.

    It applies them one by one, to all pixels of the smallest level for a tile that is zoomed out.
    """
    if not style or hasattr(source, 'canPaint'):
        return
    width, height = size(source)
    levels = int(getattr(source, '_populatedLevels', None) or source.levels)
    if hasattr(source, 'heldBytes'):
        # A picture of Pillow is small, and a region of all of it is coloured in one go.
        levels = 1
    pixels = max(
        width * height // 4 ** (levels - 1), min(width, source.tileWidth) * min(height, source.tileHeight)
    )
    bands = bands_of(style)
    most = MAX_ENGINE_WORK // max(1, pixels) - _WITHOUT
    if any(':' in str(entry.get(end)) for entry in bands for end in ('min', 'max')):
        most -= _THRESHOLDS
    # Four doubles of each pixel are in memory, of all pixels of a tile at a time.
    most = max(0, most) if pixels <= MAX_STYLED_PIXELS else 0
    if len(bands) > most:
        allowed = f'at most {most} bands like these for an image whose smallest level has {pixels} pixels'
        raise InvalidParameter('style', f'{len(bands)} bands', allowed)


def check_resampling(source: Any, resampling: str | None) -> None:
    """Raise `NotSupported` for a choice of resampling where the image's reader has none."""
    if resampling is not None and not hasattr(source, 'canPaint'):
        raise NotSupported(
            'Only georeferenced images have a choice of resampling.', parameter='resampling', value=resampling
        )


def size(source: Any) -> tuple[int, int]:
    """Return the image's own width and height in pixels, whatever projection it is opened in."""
    return int(getattr(source, 'sourceSizeX', source.sizeX)), int(
        getattr(source, 'sourceSizeY', source.sizeY)
    )


def grid(source: Any, z: int) -> tuple[int, int, int]:
    """Return the number of tiles across and down at zoom level z, and the number of levels.

    A projected source has the tile matrix of its projection at every z; others have as many levels as they have.
    """
    if getattr(source, 'projection', None):
        return 2**z, 2**z, 31
    scale = 2 ** max(0, source.levels - 1 - z)
    return (
        max(1, math.ceil(source.sizeX / scale / source.tileWidth)),
        max(1, math.ceil(source.sizeY / scale / source.tileHeight)),
        source.levels,
    )


@functools.lru_cache(maxsize=1024)
def crs_from_code(code: str) -> Any:
    """Return rasterio's CRS of 'EPSG:n', that of pyproj where there is no rasterio, None where there is neither.

    Raises ValueError for a code that PROJ does not know, and `Misconfigured` where PROJ knows none at all.
    """
    number = int(code.partition(':')[2])
    if is_there('rasterio'):
        make_ready('rasterio')
        from rasterio.crs import CRS
        from rasterio.errors import CRSError
    elif is_there('pyproj'):
        # large-image's gdal source comes with it.
        make_ready('gdal')
        from pyproj import CRS
        from pyproj.exceptions import CRSError
    else:
        return None
    try:
        return CRS.from_epsg(number)
    except CRSError:
        pass
    try:
        CRS.from_epsg(4326)
    except CRSError:
        # Such as PROJ_DATA of another PROJ, whose database this one cannot read.
        raise Misconfigured('PROJ does not find its database of coordinate systems on the server.') from None
    raise ValueError(code)
