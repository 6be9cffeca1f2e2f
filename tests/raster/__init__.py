"""The tile source's own warp: rasters to draw, what is drawn, and what GDAL's warper draws instead."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import rasterio
import rasterio.warp
from affine import Affine
from rasterio.crs import CRS

from django_large_image.raster.blocks.blockreader import BlockReader
from django_large_image.raster.facts import FrameFacts
from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.georef.georeference import Georeference, target_crs
from django_large_image.raster.info import describe
from django_large_image.raster.resampling.warp import draw
from tests import reference
from tests.images import GeoTiff, content

Array = np.ndarray[Any, np.dtype[Any]]

#: A transform of about 10 m a pixel in places where each CRS is used, and the CRS' code.
PLACES: dict[str, tuple[int, tuple[float, ...]]] = {
    'utm': (32633, (10, 0, 500_000, 0, -10, 5_600_000)),
    'degrees': (4326, (0.0001, 0, 13.0, 0, -0.0001, 52.6)),
    'mercator': (3857, (11, 0, 1_500_003, 0, -11, 6_600_007)),
    'laea': (3035, (12, 0, 4_500_000, 0, -12, 3_200_000)),
    'polar': (3995, (50, 0, 1_000_000, 0, -50, -600_000)),
    'polar-other': (3413, (50, 0, -300_000, 0, -50, -1_500_000)),
}
#: Lowest and highest value of the content of a type, far from its ends so that an overshoot shows.
RANGES: dict[str, tuple[float, float]] = {
    'uint8': (20, 220), 'int8': (-100, 100), 'uint16': (300, 60_000), 'int16': (-20_000, 30_000),
    'uint32': (1000, 4_000_000_000), 'int32': (-2_000_000_000, 1_900_000_000), 'uint64': (10, 100_000),
    'int64': (-100_000, 100_000), 'float32': (-5.5, 2400.25), 'float64': (1e6, 1e6 + 10),
}  # fmt: skip
#: How a file says which of its pixels are valid.
MASKS = ('none', 'nodata', 'nan', 'internal', 'external', 'alpha')


def textured(width: int, height: int, bands: int = 1, dtype: str = 'uint8', seed: int = 1) -> Array:
    """Return shapes and ramps with noise in the range of a type, shape (bands, height, width)."""
    # The content of less than some pixels is all the same, which `scene` cannot stretch to 0 to 1.
    picture = content.scene(max(width, 8), max(height, 8), bands, seed)[:, :height, :width]
    noise = np.random.default_rng(seed).random(picture.shape)
    return content.scaled(0.7 * picture + 0.3 * noise, *RANGES[dtype], dtype)


def hole(width: int, height: int) -> Array:
    """Return true where a masked image is valid: not in a corner, in a hole and in thin lines."""
    y, x = np.mgrid[0:height, 0:width]
    wide = np.hypot(x - width * 0.6, y - height * 0.5) > min(width, height) / 6
    return np.asarray((x + y > (width + height) / 8) & wide & (x % 37 > 0) & (y % 53 > 1))


def nodata_of(dtype: str) -> float:
    """Return a value of a type beside its content's."""
    if dtype.startswith('float'):
        return -9999.0
    return float(np.iinfo(dtype).max if dtype in ('uint8', 'int8') else 7 if dtype[0] == 'u' else -30_000)


def masked(array: Array, kind: str, valid: Array | None = None, **fields: Any) -> GeoTiff:
    """Return a GeoTIFF whose pixels are valid in some places, by a kind of `MASKS`."""
    dtype, shape = str(array.dtype), array.shape[1:]
    valid = hole(*shape[::-1]) if valid is None else valid
    image = GeoTiff(array.copy(), **fields)
    if kind == 'nodata':
        image.nodata = nodata_of(dtype)
        image.array[:, ~valid] = image.nodata
    elif kind == 'nan':
        image.nodata = math.nan
        image.array[:, ~valid] = math.nan
    elif kind in ('internal', 'external'):
        image.mask = np.where(valid, 255, 0).astype('uint8')
        image.internal_mask = kind == 'internal'
    elif kind == 'alpha':
        top = np.iinfo(dtype).max if np.dtype(dtype).kind in 'iu' else 1
        alpha = np.where(valid, top, 0).astype(dtype)
        image.array = np.concatenate([image.array, alpha[None]])
        image.colors = (*['gray', *['undefined'] * (len(array) - 1)], 'alpha')
    return image


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[tuple[BlockReader, Georeference]]:
    """Open a file for `draw`, with what lies beside it."""
    with reference.open_raster(path) as dataset:
        raster = BlockReader(
            lambda: dataset,
            lambda index: rasterio.open(path, OVERVIEW_LEVEL=index),
            lambda: None,
            object(),
            FrameFacts(describe(dataset, [])),
            None,
        )
        try:
            yield raster, Georeference(dataset)
        finally:
            raster.close()


def drawn(
    path: str | os.PathLike[str],
    canvas: GeoBox,
    resampling: str = 'nearest',
    bands: tuple[int, ...] | None = None,
    nodata: float | None = None,
) -> tuple[Array, Array]:
    """Return bands (bands, height, width) and validity (height, width), 0 to 255, of a file on a canvas."""
    with opened(path) as (raster, placement):
        wanted = bands or tuple(range(raster.info.count))
        drawing = draw(raster, placement, canvas, wanted, resampling, nodata)
        dtype = raster.info.dtype
    shape = (canvas.height, canvas.width)
    if drawing is None:
        return np.zeros((len(wanted), *shape), dtype), np.zeros(shape, np.uint8)
    assert drawing.values.shape == (*shape, len(wanted))
    assert drawing.values.dtype == dtype
    if drawing.mask is None:
        return drawing.values.transpose(2, 0, 1), np.full(shape, 255, np.uint8)
    assert drawing.mask.shape == shape
    assert drawing.mask.dtype == np.uint8
    assert not drawing.values[drawing.mask == 0].any(), 'what is not valid is 0'
    return drawing.values.transpose(2, 0, 1), drawing.mask


def mercator_tile(z: int, x: int, y: int, size: int = 256) -> GeoBox:
    """Return the canvas of a tile of web mercator."""
    return GeoBox(reference.tile_transform(z, x, y, size), size, size, target_crs(CRS.from_epsg(3857)))


def canvas_over(path: str | os.PathLike[str], epsg: int, scale: float = 1.0, size: int = 256) -> GeoBox:
    """Return a canvas round the middle of an image in a CRS; its pixels are `scale` times the image's there."""
    with opened(path) as (_, placement):
        there = target_crs(CRS.from_epsg(epsg))
        column, row = placement.width / 2, placement.height / 2
        xs, ys = placement.to_crs(
            np.array([column, column + 1, column]), np.array([row, row, row + 1]), there
        )
    pixel = scale * min(math.hypot(xs[1] - xs[0], ys[1] - ys[0]), math.hypot(xs[2] - xs[0], ys[2] - ys[0]))
    # Not on the image's own grid, where any shift would be lost in rounding.
    left, top = xs[0] - pixel * (size / 2 + 0.37), ys[0] + pixel * (size / 2 - 0.21)
    return GeoBox(Affine(pixel, 0, left, 0, -pixel, top), size, size, there)


def warped(path: str | os.PathLike[str], canvas: GeoBox, resampling: str = 'nearest') -> tuple[Array, Array]:
    """Return what GDAL's warper draws on a canvas, bands and where they are valid."""
    assert canvas.target is not None
    epsg = canvas.target.crs.to_epsg()
    return reference.warped(path, canvas.affine, canvas.width, canvas.height, resampling, epsg)


def tile_canvases(path: str | os.PathLike[str], zoom: int = 0, most: int = 4) -> list[GeoBox]:
    """Return some tiles that cover an image, at its native zoom plus `zoom`."""
    z = max(0, reference.native_zoom(path) + zoom)
    tiles = reference.tiles_covering(path, z)
    chosen = tiles[:: max(1, -(-len(tiles) // most))]
    return [mercator_tile(*tile) for tile in chosen]


def agreement(found: tuple[Array, Array], expected: tuple[Array, Array]) -> float:
    """Return the share of pixels that are as valid and, if so, have the same values."""
    valid = expected[1] > 0
    same = (found[1] > 0) == valid
    values = ((found[0] == expected[0]) | ~valid).all(axis=0)
    return float((same & values).mean())


def bleeding(found: tuple[Array, Array], low: float, high: float, share: float = 0.0) -> float:
    """Return by how much values lie beyond a range, and a share of it more, where they are valid."""
    values = found[0][:, found[1] > 0].astype(float)
    if not values.size:
        return 0.0
    slack = share * (high - low)
    return max(0.0, float((low - slack - values).max()), float((values - high - slack).max()))
