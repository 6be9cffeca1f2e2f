"""What the osgeo tests need: the right environment, and what osgeo itself reads and warps."""

from __future__ import annotations

import importlib.util
import pathlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.services.skipping import missing

Array = npt.NDArray[np.generic]

#: Half the width of web mercator's square in metres.
HALF_WORLD = 20_037_508.342789244


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    here = pathlib.Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.gdal)


@pytest.fixture(scope='session', autouse=True)
def osgeo_alone() -> None:
    """Skip where osgeo's GDAL is missing; never run beside rasterio's."""
    if (
        importlib.util.find_spec('osgeo') is None
        or importlib.util.find_spec('large_image_source_gdal') is None
    ):
        missing("osgeo's GDAL is not installed")
    if importlib.util.find_spec('rasterio') is not None:
        pytest.fail(
            'rasterio is installed: its GDAL and that of osgeo must not be in one process', pytrace=False
        )


class Osgeo:
    """What osgeo says of a file, without this package."""

    def read(self, path: Any, left: int, top: int, width: int, height: int) -> Array:
        """Return the pixels of a rectangle, shape (bands, height, width)."""
        from osgeo import gdal

        array = np.asarray(gdal.Open(str(path)).ReadAsArray(left, top, width, height))
        return array[None] if array.ndim == 2 else array

    def warped_tile(self, path: Any, z: int, x: int, y: int) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Return the bands of a web mercator tile by nearest neighbour, and where it is valid."""
        from osgeo import gdal

        side = 2 * HALF_WORLD / 2**z
        left, top = x * side - HALF_WORLD, HALF_WORLD - y * side
        warped = gdal.Warp(
            '', str(path), format='MEM', dstSRS='EPSG:3857', outputBounds=(left, top - side, left + side, top),
            width=256, height=256, resampleAlg='near', dstAlpha=True, errorThreshold=0, overviewLevel='NONE',
        )  # fmt: skip
        array = warped.ReadAsArray()
        return array[:-1], array[-1] > 0

    def tiles_covering(self, path: Any, z: int) -> list[tuple[int, int, int]]:
        """Return the (z, x, y) of the web mercator tiles below the middle and the four quarters of an image."""
        from osgeo import gdal, osr

        dataset = gdal.Open(str(path))
        source, target = osr.SpatialReference(dataset.GetProjection()), osr.SpatialReference()
        target.ImportFromEPSG(3857)
        for reference in (source, target):
            reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        transform = osr.CoordinateTransformation(source, target)
        a, b, c, d, e, f = dataset.GetGeoTransform()
        side, found = 2 * HALF_WORLD / 2**z, set()
        for u, v in ((0.5, 0.5), (0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)):
            column, row = u * dataset.RasterXSize, v * dataset.RasterYSize
            px, py, _ = transform.TransformPoint(a + b * column + c * row, d + e * column + f * row)
            found.add((z, int((px + HALF_WORLD) // side), int((HALF_WORLD - py) // side)))
        return sorted(found)


@pytest.fixture
def osgeo(osgeo_alone: None) -> Osgeo:
    """Return osgeo's own answers."""
    from osgeo import gdal

    gdal.UseExceptions()
    return Osgeo()
