"""Georeferences: from positions (columns and rows of an image) to points (x and y in a CRS) and back, and extents."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import rasterio.warp
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import DatasetReader
from rasterio.transform import GCPTransformer, from_gcps

# `rasterio.warp.transform` sets up GDAL at each call, which takes longer than the transformation.
try:
    from rasterio._base import _transform
except ImportError:
    _transform = rasterio.warp.transform

Floats = NDArray[np.float64]

#: The extent is found with a grid of so many nodes a side over the image: 64 steps follow a bent side closely.
_NODES = 65


class Extent(NamedTuple):
    """The box round an image in a CRS, in its units, with the image's bent sides.

    Over the antimeridian `right` goes on beyond the end of the world. Round a pole `bottom` or `top` is infinite.
    """

    left: float
    bottom: float
    right: float
    top: float


class TargetCRS:
    """A CRS that an image is shown in, with what is often asked of it."""

    def __init__(self, crs: CRS) -> None:
        self.crs = crs
        self.name = str(crs.to_wkt())
        self.geographic = bool(crs.is_geographic)
        #: The x of once round the world, if x is proportional to longitude (degrees, cylindrical projections); or None.
        self.world_width = _world_width(crs)


def _world_width(crs: CRS) -> float | None:
    if crs.is_geographic:
        return 360.0
    try:
        xs, ys = rasterio.warp.transform('EPSG:4326', crs, [-180, -90, 0, 90, 180, 90], [0, 0, 0, 0, 0, 60])
    except Exception:
        return None
    if not all(map(math.isfinite, (*xs, *ys))) or xs[4] <= 0:
        return None
    even = np.allclose(xs, np.array([-1, -0.5, 0, 0.5, 1, 0.5]) * xs[4], rtol=1e-9, atol=1e-6 * xs[4])
    return 2 * float(xs[4]) if even else None


@functools.lru_cache(maxsize=256)
def _target_of(name: str) -> TargetCRS:
    return TargetCRS(CRS.from_wkt(name))


def target_crs(crs: CRS) -> TargetCRS:
    """Return the `TargetCRS` of a CRS, which is made once for the CRS that are in use."""
    return _target_of(crs.to_wkt())


class Georeference:
    """Where an image of `width` × `height` pixels lies on earth, by its transform or its ground control points.

    Positions count from the upper left corner of the first pixel: its centre is (0.5, 0.5). Threads share an instance.
    """

    def __init__(self, dataset: DatasetReader) -> None:
        self.width, self.height = dataset.width, dataset.height
        points, crs = dataset.gcps
        self.affine = dataset.transform
        self.crs: CRS | None = dataset.crs
        self._points: list[GroundControlPoint] | None = None
        if points and crs:
            self.crs, self._points = crs, points
            self.affine = from_gcps(points)
        elif not self.crs and not dataset.transform.is_identity:
            # As in large-image: a transform without a CRS leads to degrees.
            self.crs = CRS.from_epsg(4326)
        self.native: TargetCRS | None = target_crs(self.crs) if self.crs else None
        self._extents: dict[str, Extent | None] = {}
        self._separable: dict[str, bool] = {}
        #: The columns and rows of the image that lead once round the world to the east; None where x does not do that.
        self.wrap_offset: Floats | None = None
        if self.native and self.native.world_width and not self._points:
            ends = np.array([0.0, self.native.world_width]), np.zeros(2)
            self.wrap_offset = np.diff(np.stack(self._from_crs(*ends)), axis=1)[:, 0]

    @property
    def has_points(self) -> bool:
        """Return whether the image has ground control points instead of a transform."""
        return self._points is not None

    def _to_crs(self, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
        if self._points:
            # One for each call: two threads must not use the same, and it is quickly made.
            with GCPTransformer(self._points) as transformer:
                # With this offset it takes positions that count from the corner of a pixel, as ours do.
                xs, ys = transformer.xy(rows.ravel(), columns.ravel(), offset='ul')
            return np.reshape(xs, columns.shape), np.reshape(ys, rows.shape)
        a, b, c, d, e, f = self.affine[:6]
        return a * columns + b * rows + c, d * columns + e * rows + f

    def _from_crs(self, xs: Floats, ys: Floats) -> tuple[Floats, Floats]:
        if self._points:
            with GCPTransformer(self._points) as transformer:
                xs, ys = np.broadcast_arrays(xs, ys)
                rows, columns = transformer.rowcol(xs.ravel(), ys.ravel(), op=lambda value: value)
            return np.reshape(columns, xs.shape), np.reshape(rows, ys.shape)
        a, b, c, d, e, f = self.affine[:6]
        determinant = a * e - b * d
        x, y = xs - c, ys - f
        return (e * x - b * y) / determinant, (a * y - d * x) / determinant

    def is_native(self, there: TargetCRS) -> bool:
        """Return whether a CRS is the image's own."""
        return self.native is not None and there.name == self.native.name

    def to_crs(self, columns: Floats, rows: Floats, there: TargetCRS) -> tuple[Floats, Floats]:
        """Return the points of positions in a CRS, float64 arrays of the same shape; not finite where there is none."""
        x, y = self._to_crs(np.asarray(columns), np.asarray(rows))
        assert self.native is not None
        return (x, y) if self.is_native(there) else _transformed(self.native, there, x, y)

    def to_pixels(self, xs: Floats, ys: Floats, there: TargetCRS) -> tuple[Floats, Floats]:
        """Return the positions of points in a CRS, without jumps over a grid (2-D); not finite where there is none."""
        assert self.native is not None
        x, y = np.asarray(xs, float), np.asarray(ys, float)
        if not self.is_native(there):
            x, y = _transformed(there, self.native, x, y)
        return self._native_to_pixels(x, y)

    def grid_to_pixels(self, xs: Floats, ys: Floats, there: TargetCRS) -> tuple[Floats, Floats]:
        """Return the positions of the points of a grid in a CRS, whose columns lie at `xs` and whose rows at `ys`.

        Both arrays have the shape (len(ys), len(xs)), or broadcast to it. They are not finite where there is none.
        """
        assert self.native is not None
        if self.is_native(there) or not self._is_separable(there):
            return self.to_pixels(*np.meshgrid(xs, ys), there)
        # Each axis on its own, at the middle of the other: that is n + m points instead of n × m.
        count = len(xs)
        x = np.concatenate([xs, np.full(len(ys), xs[count // 2])])
        y = np.concatenate([np.full(count, ys[len(ys) // 2]), ys])
        x, y = _transformed(there, self.native, x, y)
        return self._native_to_pixels(x[None, :count], y[count:, None])

    def _is_separable(self, there: TargetCRS) -> bool:
        """Return whether x in the image's CRS depends on x alone, and y on y, as between degrees and web mercator."""
        known = self._separable.get(there.name)
        if known is None:
            known = self._separable[there.name] = self._find_separable(there)
        return known

    def _find_separable(self, there: TargetCRS) -> bool:
        extent = self.extent(there)
        if not (
            self.native
            and self.native.world_width
            and there.world_width
            and extent
            and all(map(math.isfinite, extent))
        ):
            return False
        # Tried out where the image is, because PROJ chooses a datum shift by the place.
        sides = np.linspace(extent.left, extent.right, 9), np.linspace(extent.bottom, extent.top, 9)
        x, y = _transformed(there, self.native, *np.meshgrid(*sides))
        x = _continuous(x, self.native.world_width)
        a, b, _, d, e, _ = self.affine[:6]
        slack = 1e-3 * min(math.hypot(a, d), math.hypot(b, e))
        return bool(np.abs(x - x[:1]).max() <= slack and np.abs(y - y[:, :1]).max() <= slack)

    def _native_to_pixels(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        assert self.native is not None
        if self.native.world_width:
            x = self._unwrapped(x, self.native.world_width)
        return self._from_crs(x, y)

    def _unwrapped(self, x: Floats, world_width: float) -> Floats:
        """Return x without jumps of a world's width, and moved by whole ones to where the middle of the image is."""
        finite = np.isfinite(x)
        if not finite.any():
            return x
        if x.ndim == 2 and finite.all() and np.ptp(x) > world_width / 2:
            x = _continuous(x, world_width)
        assert self.native is not None
        extent = self.extent(self.native)
        if extent is not None:
            middle, here = (extent.left + extent.right) / 2, float(x[finite].mean())
            x = x + world_width * round((middle - here) / world_width)
        return x

    def extent(self, there: TargetCRS) -> Extent | None:
        """Return the box round the image in a CRS; None if it has no place there."""
        if there.name not in self._extents:
            self._extents[there.name] = self._find_extent(there)
        return self._extents[there.name]

    def _find_extent(self, there: TargetCRS) -> Extent | None:
        native = self.is_native(there)
        columns, rows = np.meshgrid(np.linspace(0, self.width, _NODES), np.linspace(0, self.height, _NODES))
        x, y = self._to_crs(columns, rows)
        if not native:
            assert self.native is not None
            if self.native.geographic:
                # Not at the poles themselves, which many projections do not have.
                y = y.clip(-89.999999, 89.999999)
            x, y = _transformed(self.native, there, x, y)
        finite = np.isfinite(x) & np.isfinite(y)
        if not finite.any():
            return None
        world_width = there.world_width
        bottom, top = float(y[finite].min()), float(y[finite].max())
        if world_width and not native:
            turn = _turns(x, finite, world_width)
            if turn == 'pole':
                ends = (top, math.inf) if abs(top) >= abs(bottom) else (-math.inf, bottom)
                return Extent(-world_width / 2, min(bottom, ends[0]), world_width / 2, max(top, ends[1]))
            if turn == 'wrapped':
                x = _continuous(x, world_width)
        left, right = float(x[finite].min()), float(x[finite].max())
        middle, width = (left + right) / 2, right - left
        if world_width:
            # At most once round the world and, in another CRS than the image's own, with the middle in the usual world.
            width = min(width, world_width)
            middle -= 0 if native else world_width * math.floor(middle / world_width * (1 - 1e-9) + 0.5)
            left, right = middle - width / 2, middle + width / 2
        return Extent(left, bottom, right, top)

    def shifts(self, there: TargetCRS, left: float, right: float) -> list[float]:
        """Return by which shifts along x the image meets [left, right]: multiples of the world's width, at most 4."""
        extent = self.extent(there)
        if extent is None:
            return []
        world_width = there.world_width
        if not world_width:
            return [0.0] if extent.left < right and extent.right > left else []
        first = math.floor((left - extent.right) / world_width) + 1
        last = math.ceil((right - extent.left) / world_width) - 1
        return [turn * world_width for turn in range(first, last + 1)][:4]


#: GDAL raises an error for a point that a projection does not have; after so many of them it returns infinity.
_ERRORS = 20


def _transformed(source: TargetCRS, target: TargetCRS, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return points in another CRS, in arrays of the same shape; NaN where there is none."""
    shape, x, y = x.shape, x.ravel(), y.ravel()
    if source.geographic:
        # PROJ 9.5 raises at every call for a latitude beyond a pole, and for a longitude beyond 540 degrees.
        x = np.where(np.abs(x) > 360, x - 360 * np.rint(x / 360), x)
        y = np.where(np.abs(y) > 90, np.where(np.abs(y) < 90 + 1e-6, np.sign(y) * 90.0, np.nan), y)
    else:
        # PROJ 9.5 never returns from points that are far beyond the world.
        x = np.where(np.abs(x) < 1e12, x, np.nan)
    for _ in range(_ERRORS + 1):
        try:
            # GDAL caches the last transformations between CRS, so that there is no need to do it here.
            xs, ys = _transform(source.crs, target.crs, x, y, None)
        except CPLE_BaseError:
            continue
        points = np.array([xs, ys], float)
        points[:, ~np.isfinite(points).all(axis=0)] = np.nan
        return points[0].reshape(shape), points[1].reshape(shape)
    nowhere: Floats = np.full(shape, np.nan)
    return nowhere, nowhere


def _continuous(x: Floats, world_width: float) -> Floats:
    """Return a grid of x without jumps of a world's width between neighbours."""
    result: Floats = np.unwrap(np.unwrap(x, axis=0, period=world_width), axis=1, period=world_width)
    return result


def _turns(x: Floats, finite: NDArray[np.bool_], world_width: float) -> str:
    """Return 'pole' if the border of a grid goes round the world, 'wrapped' if x jumps in it, else 'straight'."""
    if not finite.all():
        return 'straight'
    ring = np.concatenate([x[0], x[1:, -1], x[-1, -2::-1], x[-2::-1, 0]])
    steps = np.diff(ring)
    around = (steps + world_width / 2) % world_width - world_width / 2
    if abs(around.sum()) > world_width / 2:
        return 'pole'
    jumps = max(np.abs(np.diff(x, axis=0)).max(), np.abs(np.diff(x, axis=1)).max())
    return 'wrapped' if jumps > world_width / 2 else 'straight'
