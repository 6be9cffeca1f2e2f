"""Write GeoTIFFs with the GDAL that is there: rasterio's, or osgeo's where rasterio must not be."""

from __future__ import annotations

import pathlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from tests.images.content import Array

#: The side of the blocks of every tiled image.
BLOCK = 256

RGBA = ('red', 'green', 'blue', 'alpha')

#: osgeo's names of rasterio's colour interpretations.
OSGEO_COLORS = {
    'gray': 'GCI_GrayIndex',
    'undefined': 'GCI_Undefined',
    **{name: f'GCI_{name.capitalize()}Band' for name in RGBA},
}

#: The a, b, c, d, e, f of x = a·column + b·row + c and y = d·column + e·row + f.
Transform = tuple[float, float, float, float, float, float]


@dataclass
class GeoTiff:
    """A GeoTIFF to write; every field but `array`, of shape (bands, height, width), may be left out."""

    array: Array
    epsg: int | None = None
    transform: Transform | None = None
    nodata: float | None = None
    #: Names of colour interpretations, one a band; None leaves them to `photometric`.
    colors: Sequence[str] | None = None
    colormap: dict[int, tuple[int, ...]] | None = None
    photometric: str = 'minisblack'
    #: 255 where pixels are valid, shape (height, width); inside the file or in a `.msk` beside it.
    mask: Array | None = None
    internal_mask: bool = True
    #: Ground control points as (column, row, longitude, latitude).
    gcps: Sequence[tuple[float, float, float, float]] = ()
    cog: bool = False
    tiled: bool = True
    overviews: bool = True
    resampling: str = 'average'
    #: Further creation options of the GTiff driver.
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def creation(self) -> dict[str, Any]:
        """Return the creation options of the GTiff driver."""
        blocks = {'tiled': 'yes', 'blockxsize': BLOCK, 'blockysize': BLOCK} if self.tiled else {}
        return {'compress': 'deflate', 'photometric': self.photometric, **blocks, **self.options}

    @property
    def factors(self) -> list[int]:
        """Return the factors of the overviews."""
        side = max(self.array.shape[1:])
        return [2**level for level in range(1, 12) if side >> level >= BLOCK // 2]

    def write(self, path: pathlib.Path) -> pathlib.Path:
        """Write the file and return its path."""
        if find_spec('rasterio'):
            _write_by_rasterio(self, path)
        else:
            _write_by_osgeo(self, path)
        return path


def _cog_options(image: GeoTiff) -> dict[str, Any]:
    return {'blocksize': BLOCK, 'compress': 'deflate', 'overview_resampling': image.resampling}


def _write_by_rasterio(image: GeoTiff, path: pathlib.Path) -> None:
    import rasterio
    import rasterio.shutil
    from rasterio.control import GroundControlPoint
    from rasterio.enums import ColorInterp, Resampling
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    bands, height, width = image.array.shape
    profile: dict[str, Any] = {'width': width, 'height': height, 'count': bands, 'dtype': image.array.dtype}
    if image.epsg:
        profile['crs'] = f'EPSG:{image.epsg}'
    if image.transform:
        profile['transform'] = rasterio.Affine(*image.transform)
    with (
        warnings.catch_warnings(),
        MemoryFile() as memory,
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=image.internal_mask),
    ):
        # An image without a place on Earth is wanted here now and then.
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        target = memory.name if image.cog else path
        with rasterio.open(
            target, 'w', driver='GTiff', nodata=image.nodata, **profile, **image.creation
        ) as dataset:
            if image.colors:
                # Before the pixels: a TIFF's extra samples are fixed once its first block is written.
                dataset.colorinterp = [ColorInterp[name] for name in image.colors]
            dataset.write(image.array)
            if image.colormap:
                dataset.write_colormap(1, image.colormap)
            if image.gcps:
                points = [GroundControlPoint(row=r, col=c, x=x, y=y, z=0) for c, r, x, y in image.gcps]
                dataset.gcps = (points, rasterio.CRS.from_epsg(4326))
            if image.mask is not None:
                dataset.write_mask(image.mask)
        if image.cog:
            rasterio.shutil.copy(target, path, driver='COG', **_cog_options(image))
        elif image.overviews:
            with rasterio.open(path, 'r+') as dataset:
                dataset.build_overviews(image.factors, Resampling[image.resampling])


def _write_by_osgeo(image: GeoTiff, path: pathlib.Path) -> None:
    from osgeo import gdal, gdal_array, osr

    def options(values: dict[str, Any]) -> list[str]:
        return [f'{name.upper()}={str(value).upper()}' for name, value in values.items()]

    bands, height, width = image.array.shape
    kind = gdal_array.NumericTypeCodeToGDALTypeCode(image.array.dtype)
    target = '/vsimem/draft.tif' if image.cog else str(path)
    gdal.SetConfigOption('GDAL_TIFF_INTERNAL_MASK', 'YES' if image.internal_mask else 'NO')
    dataset = gdal.GetDriverByName('GTiff').Create(
        target, width, height, bands, kind, options=options(image.creation)
    )
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(image.epsg or 4326)
    if image.epsg:
        dataset.SetProjection(reference.ExportToWkt())
    if image.transform:
        a, b, c, d, e, f = image.transform
        dataset.SetGeoTransform((c, a, b, f, d, e))
    if image.gcps:
        points = [gdal.GCP(x, y, 0, column, row) for column, row, x, y in image.gcps]
        dataset.SetGCPs(points, reference.ExportToWkt())
    for index in range(bands):
        band = dataset.GetRasterBand(index + 1)
        if image.nodata is not None:
            band.SetNoDataValue(image.nodata)
        if image.colors:
            band.SetColorInterpretation(getattr(gdal, OSGEO_COLORS[image.colors[index]]))
        if image.colormap and index == 0:
            table = gdal.ColorTable()
            for value, color in image.colormap.items():
                table.SetColorEntry(value, color)
            band.SetColorTable(table)
    dataset.WriteArray(image.array if bands > 1 else image.array[0])
    if image.mask is not None:
        dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
        dataset.GetRasterBand(1).GetMaskBand().WriteArray(image.mask)
    if image.cog:
        gdal.GetDriverByName('COG').CreateCopy(str(path), dataset, options=options(_cog_options(image)))
        gdal.Unlink(target)
    elif image.overviews:
        dataset.BuildOverviews(image.resampling.upper(), image.factors)
    # GDAL writes the file when the last reference to the dataset goes.
    band = dataset = None
