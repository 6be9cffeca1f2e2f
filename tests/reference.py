"""What a tile has to look like, by GDAL's warper and by plain averaging: what tests compare with."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.warp
from affine import Affine
from PIL import Image
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_gcps
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

Array = npt.NDArray[np.generic]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]

#: Half the width of web mercator's square in metres: π times the Earth's radius (EPSG:3857).
HALF_WORLD = 20_037_508.342789244
#: The latitude at which web mercator's square ends.
MAX_LATITUDE = 85.051128779806604


@contextmanager
def open_raster(path: str | os.PathLike[str]) -> Iterator[rasterio.DatasetReader]:
    """Open a raster, also one without a place on Earth."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            yield dataset


def tile_bounds(z: int, x: int, y: int) -> Bounds:
    """Return left, bottom, right and top of a tile in EPSG:3857; y counts from the north (XYZ)."""
    side = 2 * HALF_WORLD / 2**z
    left, top = x * side - HALF_WORLD, HALF_WORLD - y * side
    return left, top - side, left + side, top


def tile_transform(z: int, x: int, y: int, size: int = 256) -> Affine:
    """Return the transform of a tile's pixels to EPSG:3857."""
    left, bottom, right, top = tile_bounds(z, x, y)
    return Affine((right - left) / size, 0, left, 0, (bottom - top) / size, top)


def tiles_covering(path: str | os.PathLike[str], z: int) -> list[tuple[int, int, int]]:
    """Return the (z, x, y) of level `z` that the image's pixels lie in, row by row.

    Every 16th pixel is looked at, so nothing is missed up to about three levels beyond the image's own.
    """
    with open_raster(path) as dataset:
        # A hair inside, since a tile that the image only touches with its edge is none of them.
        columns = np.linspace(1e-3, dataset.width - 1e-3, dataset.width // 16 + 2)
        rows = np.linspace(1e-3, dataset.height - 1e-3, dataset.height // 16 + 2)
        xs, ys = _mercator(dataset, *(axis.ravel() for axis in np.meshgrid(columns, rows)))
    side, count = 2 * HALF_WORLD / 2**z, 2**z
    x = np.floor((xs + HALF_WORLD) / side).astype(int) % count
    y = np.clip(np.floor((HALF_WORLD - ys) / side).astype(int), 0, count - 1)
    return [(z, column, row) for row, column in sorted(set(zip(y.tolist(), x.tolist(), strict=True)))]


def native_zoom(path: str | os.PathLike[str], size: int = 256) -> int:
    """Return the lowest zoom level whose pixels are not larger than those in the middle of the image."""
    with open_raster(path) as dataset:
        column, row = dataset.width / 2, dataset.height / 2
        xs, ys = _mercator(dataset, np.array([column, column + 1, column]), np.array([row, row, row + 1]))
    pixel = min(math.hypot(xs[1] - xs[0], ys[1] - ys[0]), math.hypot(xs[2] - xs[0], ys[2] - ys[0]))
    # A grid that is the tiles' own must not become the next one by rounding.
    return max(0, math.ceil(math.log2(2 * HALF_WORLD / size / pixel) - 1e-9))


def _mercator(dataset: rasterio.DatasetReader, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Return x and y in EPSG:3857 of places in pixels; control points are taken as an affine transform."""
    crs, transform = _placements(dataset)[0]
    x = transform.a * columns + transform.b * rows + transform.c
    y = transform.d * columns + transform.e * rows + transform.f
    xs, ys = rasterio.warp.transform(crs, 'EPSG:3857', x, y)
    return np.asarray(xs), np.asarray(ys)


def warped_tile(
    path: str | os.PathLike[str],
    z: int,
    x: int,
    y: int,
    size: int = 256,
    resampling: str = 'nearest',
    epsg: int = 3857,
) -> tuple[Array, Mask]:
    """Return a tile's bands (bands, size, size) and where it is valid (size, size), by GDAL's warper.

    `epsg` 4326 has large_image's grid of it: square tiles, level 0 from 180° west to 180° east and as far
    north and south. Raises ValueError for other codes than these two.
    """
    if epsg == 3857:
        transform = tile_transform(z, x, y, size)
    elif epsg == 4326:
        side = 360 / 2**z
        transform = Affine(side / size, 0, x * side - 180, 0, -side / size, 180 - y * side)
    else:
        raise ValueError(f'no tile grid of EPSG:{epsg} is known here')
    return warped(path, transform, size, size, resampling, epsg)


def warped(
    path: str | os.PathLike[str], transform: Affine, width: int, height: int, resampling: str, epsg: int
) -> tuple[Array, Mask]:
    """Return bands and validity of an image on the grid that `transform`, `width` and `height` say."""
    with open_raster(path) as dataset:
        # Validity is nodata or alpha where the image has one, else (masks, edges) an added alpha band.
        own = dataset.nodata is not None or ColorInterp.alpha in dataset.colorinterp
        bands, valid = np.zeros(0), np.zeros((height, width), bool)
        for crs, source_transform in _placements(dataset):
            with WarpedVRT(
                dataset,
                src_crs=crs,
                src_transform=source_transform,
                crs=f'EPSG:{epsg}',
                transform=transform,
                width=width,
                height=height,
                resampling=Resampling[resampling],
                # Places are exact to a millionth of a pixel; by default they may be off by an eighth.
                tolerance=1e-6,
                add_alpha=not own,
            ) as warp:
                pixels = warp.read(dataset.indexes)
                # Of an added 16-bit alpha band, rasterio 1.4.4's `dataset_mask` says that all is valid.
                covered = (warp.dataset_mask() if own else warp.read(warp.count)) > 0
            bands = np.where(covered, pixels, bands) if bands.size else pixels
            valid |= covered
    return bands, valid


def _placements(dataset: rasterio.DatasetReader) -> list[tuple[CRS, Affine]]:
    """Return where the image lies, twice for one in degrees that reaches over the antimeridian.

    rasterio's WarpedVRT takes the pixels themselves for coordinates where there are only control points, and
    leaves out what lies beyond 180 degrees.
    """
    points, crs = dataset.gcps
    if points:
        return [(crs, from_gcps(points))]
    transform = dataset.transform
    placements = [(dataset.crs, transform)]
    if dataset.crs.is_geographic and not -180 <= dataset.bounds.left <= dataset.bounds.right <= 180:
        turn = -360 if dataset.bounds.right > 180 else 360
        placements.append((dataset.crs, Affine(*transform[:2], transform.c + turn, *transform[3:6])))
    return placements


def area_truth(
    path: str | os.PathLike[str], z: int, x: int, y: int, size: int = 256, oversampling: int = 8
) -> tuple[Floats, Floats]:
    """Return the average of the full-resolution pixels below each output pixel, and its valid share.

    Each output pixel is sampled at `oversampling` by `oversampling` places, each the nearest full-resolution
    pixel; only valid samples count. Shapes (bands, size, size) and (size, size); an average of none is 0.
    """
    fine = size * oversampling
    # GDAL's warper takes an overview only for decimated reads, never for a grid that is given.
    bands, valid = warped(path, tile_transform(z, x, y, fine), fine, fine, 'nearest', 3857)
    weights = valid.astype(float)
    shape = (size, oversampling, size, oversampling)
    share = weights.reshape(shape).mean(axis=(1, 3))
    values = np.where(valid, np.nan_to_num(bands.astype(float)), 0)
    sums = values.reshape(len(bands), *shape).mean(axis=(2, 4))
    return np.divide(sums, share, out=np.zeros_like(sums), where=share > 0), share


def read_window(path: str | os.PathLike[str], left: int, top: int, width: int, height: int) -> Array:
    """Return the pixels of a rectangle of the full resolution, shape (bands, height, width)."""
    with open_raster(path) as dataset:
        return np.asarray(dataset.read(window=Window(left, top, width, height)))


def decoded(body: bytes, mode: str | None = None) -> Array:
    """Return an encoded picture as an array with the bands first."""
    with Image.open(io.BytesIO(body)) as picture:
        array = np.asarray(picture.convert(mode) if mode else picture)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def psnr(a: Array, b: Array, mask: Mask | None = None, peak: float = 255.0, least: int = 100) -> float:
    """Return the peak signal-to-noise ratio of two pictures in dB where `mask` is true; infinite if equal.

    PSNR = 10 log10(peak² / mean squared error). From about 40 dB the eye sees no difference. Raises AssertionError
    where fewer than `least` pixels are compared, of which none are infinitely alike.
    """
    assert a.shape == b.shape
    difference = (a.astype(float) - b.astype(float)) ** 2
    if mask is not None:
        difference = difference[..., mask]
    compared = math.prod(a.shape[-2:]) if mask is None else int(np.count_nonzero(mask))
    assert compared >= least, f'only {compared} pixels are compared'
    error = float(difference.mean())
    return math.inf if error == 0 else 10 * math.log10(float(peak) ** 2 / error)
