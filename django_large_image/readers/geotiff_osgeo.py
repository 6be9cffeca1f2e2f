"""Regions as GeoTIFF files by osgeo's GDAL, where rasterio must not be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osgeo import gdal, osr

from django_large_image.pixels import Array
from django_large_image.readers.base import ReadWindow

if TYPE_CHECKING:
    from django_large_image.readers.sources.osgeosource import OsgeoSource

OPTIONS = ['COMPRESS=DEFLATE', 'ZLEVEL=1', 'TILED=YES', 'BIGTIFF=IF_SAFER']


def write(path: Path, source: OsgeoSource, place: ReadWindow, pixels: Array | None, frame: int) -> None:
    """Write a region to a GeoTIFF: styled `pixels` if given, else the file's own bands and values."""
    dataset = source._getFrameDataset(frame)
    projection = source.projection.decode() if source.projection else None
    if pixels is not None:
        _write_styled(path, source, place, pixels, projection)
    elif projection:
        gdal.Warp(
            str(path), dataset, format='GTiff', dstSRS=projection, width=place.width, height=place.height,
            outputBounds=(place.left, place.bottom, place.right, place.top), resampleAlg='near',
            creationOptions=OPTIONS,
        )  # fmt: skip
    else:
        window = [place.left, place.top, place.right - place.left, place.bottom - place.top]
        gdal.Translate(
            str(path), dataset, format='GTiff', srcWin=window, width=place.width, height=place.height,
            resampleAlg='near', creationOptions=OPTIONS,
        )  # fmt: skip


def _write_styled(
    path: Path, source: OsgeoSource, place: ReadWindow, pixels: Array, projection: str | None
) -> None:
    count = pixels.shape[2]
    options = [*OPTIONS, 'PHOTOMETRIC=RGB' if count >= 3 else 'PHOTOMETRIC=MINISBLACK']
    if count in (2, 4):
        options.append('ALPHA=YES')
    output = gdal.GetDriverByName('GTiff').Create(
        str(path), place.width, place.height, count, gdal.GDT_Byte, options
    )
    scale = (place.right - place.left) / place.width, (place.bottom - place.top) / place.height
    if projection:
        reference = osr.SpatialReference()
        reference.SetFromUserInput(projection)
        output.SetProjection(reference.ExportToWkt())
        output.SetGeoTransform((place.left, scale[0], 0, place.top, 0, scale[1]))
    else:
        x, a, b, y, d, e = source._getGeoTransform()
        output.SetProjection(source.getCrs())
        output.SetGeoTransform((
            x + a * place.left + b * place.top, a * scale[0], b * scale[1],
            y + d * place.left + e * place.top, d * scale[0], e * scale[1],
        ))  # fmt: skip
    for band in range(count):
        output.GetRasterBand(band + 1).WriteArray(pixels[:, :, band])
