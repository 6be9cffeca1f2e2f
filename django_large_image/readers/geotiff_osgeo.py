"""Regions as GeoTIFF files, written by osgeo's GDAL in processes in which rasterio must not be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osgeo import gdal, osr

from django_large_image.pixels import Array
from django_large_image.readers.base import ReadWindow

if TYPE_CHECKING:
    from django_large_image.readers.sources.osgeosource import OsgeoSource

OPTIONS = ['COMPRESS=DEFLATE', 'ZLEVEL=1', 'TILED=YES', 'BIGTIFF=IF_SAFER']


def write(path: Path, source: OsgeoSource, area: ReadWindow, pixels: Array | None, frame: int) -> None:
    """Write a window as a GeoTIFF to `path`: styled `pixels` if given, else the file's own bands and values.

    `pixels` are uint8 (height, width, 1 to 4). Raises what GDAL raises.
    """
    dataset = source._getFrameDataset(frame)
    projection = source.projection.decode() if source.projection else None
    if pixels is not None:
        _write_styled(path, source, area, pixels, projection)
    elif projection:
        gdal.Warp(
            str(path), dataset, format='GTiff', dstSRS=projection, width=area.width, height=area.height,
            outputBounds=(area.left, area.bottom, area.right, area.top), resampleAlg='near',
            creationOptions=OPTIONS,
        )  # fmt: skip
    else:
        window = [area.left, area.top, area.right - area.left, area.bottom - area.top]
        gdal.Translate(
            str(path), dataset, format='GTiff', srcWin=window, width=area.width, height=area.height,
            resampleAlg='near', creationOptions=OPTIONS,
        )  # fmt: skip


def _write_styled(
    path: Path, source: OsgeoSource, area: ReadWindow, pixels: Array, projection: str | None
) -> None:
    count = pixels.shape[2]
    options = [*OPTIONS, 'PHOTOMETRIC=RGB' if count >= 3 else 'PHOTOMETRIC=MINISBLACK']
    if count in (2, 4):
        options.append('ALPHA=YES')
    output = gdal.GetDriverByName('GTiff').Create(
        str(path), area.width, area.height, count, gdal.GDT_Byte, options
    )
    scale = (area.right - area.left) / area.width, (area.bottom - area.top) / area.height
    if projection:
        reference = osr.SpatialReference()
        reference.SetFromUserInput(projection)
        output.SetProjection(reference.ExportToWkt())
        output.SetGeoTransform((area.left, scale[0], 0, area.top, 0, scale[1]))
    else:
        x, a, b, y, d, e = source._getGeoTransform()
        output.SetProjection(source.getCrs())
        output.SetGeoTransform((
            x + a * area.left + b * area.top, a * scale[0], b * scale[1],
            y + d * area.left + e * area.top, d * scale[0], e * scale[1],
        ))  # fmt: skip
    for band in range(count):
        output.GetRasterBand(band + 1).WriteArray(pixels[:, :, band])
