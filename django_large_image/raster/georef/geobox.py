"""GeoBoxes: grids of an answer's pixels, in a CRS or in an image's own pixels, and the windows that show the image."""

from __future__ import annotations

import math
from dataclasses import dataclass

from affine import Affine

from django_large_image.raster.georef.georeference import Georeference, TargetCRS

#: The largest cell of a grid of exact positions, in pixels of the GeoBox from one node to the next (see `grid`).
CELL = 32
#: Windows of no more pixels are transformed pixel by pixel.
SMALL = 1024


@dataclass(frozen=True, slots=True)
class GeoBox:
    """A grid of `width` × `height` pixels in a CRS, or in the image's own pixels if `target` is None.

    `affine` leads from columns and rows, which count from the upper left corner of the first pixel, to x and y. It has
    no rotation.
    """

    affine: Affine
    width: int
    height: int
    target: TargetCRS | None = None

    def rows(self, first: int, count: int) -> GeoBox:
        """Return the GeoBox of `count` rows from row `first` on."""
        return GeoBox(self.affine @ Affine.translation(0, first), self.width, count, self.target)


@dataclass(frozen=True, slots=True)
class GeoWindow:
    """A window of a GeoBox that shows the image: `right` and `bottom` are the first column and row behind it.

    What it shows lies `shift` east of where the image is, in units of the CRS: a multiple of the width of the world.
    """

    left: int
    top: int
    right: int
    bottom: int
    shift: float = 0.0

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Return the number of rows."""
        return self.bottom - self.top

    @property
    def sides(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return left and right, and top and bottom."""
        return (self.left, self.right), (self.top, self.bottom)


def windows_of(georeference: Georeference, geobox: GeoBox) -> list[GeoWindow]:
    """Return the windows of a GeoBox that the image's extent meets: several where the world repeats in the GeoBox."""
    affine = geobox.affine
    if geobox.target is None:
        extents = [(0.0, 0.0, float(georeference.width), float(georeference.height), 0.0)]
    else:
        extent = georeference.extent(geobox.target)
        if extent is None:
            return []
        sides = affine.c, affine.c + affine.a * geobox.width
        shifts = georeference.shifts(geobox.target, min(sides), max(sides))
        extents = [(extent.left + s, extent.bottom, extent.right + s, extent.top, s) for s in shifts]
    found = []
    for x0, y0, x1, y1, shift in extents:
        # An image that holds a pole has infinite sides.
        across = [(min(max(x, -1e300), 1e300) - affine.c) / affine.a for x in (x0, x1)]
        down = [(min(max(y, -1e300), 1e300) - affine.f) / affine.e for y in (y0, y1)]
        # A pixel more on each side: the extent was found with a grid of points, and a bent side may bulge between two.
        left = max(0, math.floor(max(min(across), -1e9)) - 1)
        top = max(0, math.floor(max(min(down), -1e9)) - 1)
        right = min(geobox.width, math.ceil(min(max(across), 1e9)) + 1)
        bottom = min(geobox.height, math.ceil(min(max(down), 1e9)) + 1)
        if min(across) < geobox.width and min(down) < geobox.height and max(across) > 0 and max(down) > 0:
            if (right - left) * (bottom - top) > SMALL:
                # Whole cells of the grid, so that few of its nodes lie beyond the window.
                left, top = left // CELL * CELL, top // CELL * CELL
                right = min(geobox.width, -(-right // CELL) * CELL)
                bottom = min(geobox.height, -(-bottom // CELL) * CELL)
            found.append(GeoWindow(left, top, right, bottom, shift))
    return found
