"""What is drawn on: a grid of pixels in a CRS or in an image's own pixels, and the parts of it where the image is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from affine import Affine

from django_large_image.raster.georef.georeference import Georeference, TargetCRS

#: The pixels of the answer from one exact place to the next, at most.
CELL = 32
#: Parts of no more pixels are transformed pixel by pixel.
SMALL = 1024


@dataclass(frozen=True, slots=True)
class GeoBox:
    """A grid to draw on: from its pixels (corners) to a CRS, or to the image's own pixels if `target` is None."""

    affine: Affine
    width: int
    height: int
    target: TargetCRS | None = None

    def rows(self, first: int, count: int) -> GeoBox:
        """Return the geobox of some of its rows."""
        return GeoBox(self.affine * Affine.translation(0, first), self.width, count, self.target)


@dataclass(frozen=True, slots=True)
class GeoWindow:
    """A rectangle of the geobox in which the image is, moved along x by `shift`."""

    left: int
    top: int
    right: int
    bottom: int
    shift: float = 0.0

    @property
    def width(self) -> int:
        """Return the number of its columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Return the number of its rows."""
        return self.bottom - self.top

    @property
    def sides(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the first column and the one after the last, and the same of the rows."""
        return (self.left, self.right), (self.top, self.bottom)


def windows_of(georeference: Georeference, geobox: GeoBox) -> list[GeoWindow]:
    """Return the rectangles of the geobox that the image's extent meets."""
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
        # Infinite sides are those of an image that holds a pole.
        across = [(min(max(x, -1e300), 1e300) - affine.c) / affine.a for x in (x0, x1)]
        down = [(min(max(y, -1e300), 1e300) - affine.f) / affine.e for y in (y0, y1)]
        # A pixel more: the extent of a bent image is that of a grid of places.
        left = max(0, math.floor(max(min(across), -1e9)) - 1)
        top = max(0, math.floor(max(min(down), -1e9)) - 1)
        right = min(geobox.width, math.ceil(min(max(across), 1e9)) + 1)
        bottom = min(geobox.height, math.ceil(min(max(down), 1e9)) + 1)
        if min(across) < geobox.width and min(down) < geobox.height and max(across) > 0 and max(down) > 0:
            if (right - left) * (bottom - top) > SMALL:
                # As wide as the cells of the grid of places, which needs some room.
                left, top = left // CELL * CELL, top // CELL * CELL
                right = min(geobox.width, -(-right // CELL) * CELL)
                bottom = min(geobox.height, -(-bottom // CELL) * CELL)
            found.append(GeoWindow(left, top, right, bottom, shift))
    return found
