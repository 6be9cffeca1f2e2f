"""Tile matrices: the levels of tiles of an image in its own pixels, or of the world in a projection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

#: Half of the equator of WGS 84, πa, in metres: the web map ends there on each side.
HALF_EQUATOR = 20_037_508.342789244
#: How far from its false origin a projection is used, in metres: as far as from a pole to the equator.
_REACH = 1e7
#: How many levels of a projection have tiles, whatever the resolution of an image.
MOST_LEVELS = 31


@dataclass(frozen=True, slots=True)
class TileMatrix:
    """The levels of tiles of an image. Level 0 is the coarsest, and each level has twice the resolution of the last.

    In an image's own pixels, the finest level is the image. In a projection, level 0 is one tile with the origin of the
    CRS in its middle, and the finest level is the first whose pixels are no larger than the image's.
    """

    levels: int
    tile_width: int
    tile_height: int
    #: The image's own size in pixels.
    width: int
    height: int
    #: The width of tile 0/0/0 in units of the projection; None for the image's own pixels.
    world: float | None = None

    @property
    def size_x(self) -> int:
        """Return the width of the finest level in pixels."""
        return self.width if self.world is None else 2 ** (self.levels - 1) * self.tile_width

    @property
    def size_y(self) -> int:
        """Return the height of the finest level in pixels."""
        return self.height if self.world is None else 2 ** (self.levels - 1) * self.tile_height

    @property
    def resolution(self) -> float:
        """Return the side of a pixel of the finest level, in units of the projection or in pixels of the image."""
        return 1.0 if self.world is None else self.world / self.tile_width / 2 ** (self.levels - 1)

    def count(self, z: int) -> tuple[int, int, int]:
        """Return the number of tiles across and down at level z, and the number of levels that have tiles.

        In a projection `MOST_LEVELS` have tiles, more than `levels`: a map can be zoomed in beyond the image's pixels.
        """
        if self.world is not None:
            return 2**z, 2**z, MOST_LEVELS
        scale = 2 ** max(0, self.levels - 1 - z)
        across = math.ceil(self.width / scale / self.tile_width)
        return max(1, across), max(1, math.ceil(self.height / scale / self.tile_height)), self.levels

    def corners(self, z: int, x: int, y: int) -> tuple[float, float, float, float]:
        """Return xmin, ymin, xmax, ymax of a tile: in the projection, or in pixels with y counted from the bottom."""
        if self.world is None:
            scale = 2 ** (self.levels - 1 - z)
            across, down = scale * self.tile_width, scale * self.tile_height
            return x * across, self.height - (y + 1) * down, (x + 1) * across, self.height - y * down
        return (
            (-0.5 + x / 2.0**z) * self.world,
            (0.5 - (y + 1) / 2.0**z) * self.world,
            (-0.5 + (x + 1) / 2.0**z) * self.world,
            (0.5 - y / 2.0**z) * self.world,
        )


def levels_for(width: int, height: int, tile_size: tuple[int, int]) -> int:
    """Return how many levels of tiles an image has so that the coarsest is one tile."""
    return max(0, math.ceil(math.log2(max(width / tile_size[0], height / tile_size[1])))) + 1


def projected_levels(world: float, pixel: float, tile_size: int) -> int:
    """Return how many levels there are down to the first whose pixels are no larger than `pixel`, in metres.

    `world` is the width of tile 0/0/0 in units of the projection, which are taken as metres as in large-image 1.35.6.
    """
    return max(1, math.ceil(math.log2(world / (pixel * tile_size))) + 1)


def world_without_turn(west: float, east: float, false_origin: float, unit: float) -> float | None:
    """Return the width of tile 0/0/0, in units of the CRS, where the equator has no width; None where it has one.

    `west` and `east` are the x of longitudes -180 and 180 on the equator, and `unit` is the unit of the CRS in metres.
    large-image 1.35.6 takes the distance of the two as the width of the world. In a transverse, conic or polar
    projection (UTM, Lambert, LAEA, polar stereographic) they are one point: large-image refuses that, or takes a world
    of 1e-9 m. Here the world is then as wide as the equator is long. It is twice as wide, four times and so on where
    the false origin (in metres) is farther away: some Gauss-Krüger zones begin at 45 500 km.
    """
    if math.isfinite(east - west) and abs(east - west) > 1:
        return None
    half = HALF_EQUATOR
    while half < abs(false_origin) + _REACH:
        half *= 2
    return 2 * half / unit


def false_origin(projection: Mapping[str, object]) -> float:
    """Return the larger of |x_0| and |y_0| of a CRS, in metres; `projection` are PROJ's parameters of it."""
    return max(abs(float(str(projection.get(name, 0) or 0))) for name in ('x_0', 'y_0'))
