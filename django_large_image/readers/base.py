"""`ImageReader`: what an open image is asked, whatever reads it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from django_large_image.pixels import Array, Json
from django_large_image.raster.colour.rendered import RenderedImage
from django_large_image.raster.georef.tile_matrix import TileMatrix

#: Yields, piece by piece, the valid values of bands as flat arrays; it can be called again.
Pieces = Callable[[], Iterator[list[Array]]]


class BoundingBox(NamedTuple):
    """The box round an image in a CRS; over the antimeridian it goes on beyond 180 degrees."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float
    #: The CRS: EPSG:n, or its WKT.
    crs: str


@dataclass(frozen=True, slots=True)
class ReadWindow:
    """A rectangle to read, and how large its picture is to be.

    Its sides are in units of the reader's projection or, without one, in pixels of the image with y downwards.
    """

    left: float
    top: float
    right: float
    bottom: float
    #: The size of the picture in pixels.
    width: int
    height: int

    @property
    def is_scaled(self) -> bool:
        """Return whether a pixel of the picture is another size than a unit."""
        return (self.width, self.height) != (self.right - self.left, self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class Strips:
    """A picture that is drawn strip by strip, uint8 (rows, width, channels) each, from the top to the bottom."""

    channels: int
    strips: Iterator[Array]


class ImageReader(ABC):
    """One image, borrowed for a time, in one style and in one projection; frames and bands count from 0.

    What reads pixels raises what the library of the file raises: `errors.reading` makes our errors of that.
    """

    #: large-image's name of the source that reads the file.
    name: str
    #: Whether there is a choice of resampling.
    resamples: bool = False
    #: Whether `write_geotiff` can be called.
    writes_geotiff: bool = False

    # -- what the image is

    @property
    @abstractmethod
    def matrix(self) -> TileMatrix:
        """Return the tile matrix: of the projection, or of the image's own pixels."""

    @property
    @abstractmethod
    def projection(self) -> object | None:
        """Return the CRS of the projection, as the library of the file has it; None without one."""

    @property
    @abstractmethod
    def is_geospatial(self) -> bool:
        """Return whether the image says where on earth it is."""

    @property
    @abstractmethod
    def frame_count(self) -> int:
        """Return the number of frames, 1 for most images."""

    @property
    @abstractmethod
    def band_count(self) -> int:
        """Return the number of bands of the file."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[np.generic]:
        """Return the type of the file's values."""

    @abstractmethod
    def metadata(self) -> Json:
        """Return large-image's metadata: sizes, levels, dtype, magnification, and for some readers bands and frames."""

    @abstractmethod
    def internal_metadata(self) -> Json:
        """Return what the reader knows beyond the common metadata, whatever that is."""

    @abstractmethod
    def bands(self, statistics: bool = False, frame: int = 0) -> dict[int, Json]:
        """Return what is known of each band, by its number from 1; with min, max, mean and stdev if asked for."""

    @abstractmethod
    def ranges(self) -> list[Json] | None:
        """Return the ranges that are spread over the colours without a style; None if that is not known."""

    # -- where it is

    @property
    def crs(self) -> object | None:
        """Return the CRS of the file, as the library of the file has it or as WKT; None without one."""
        return None

    @property
    def affine(self) -> tuple[float, float, float, float, float, float]:
        """Return a, b, c, d, e, f of x = a·column + b·row + c and y = d·column + e·row + f in the file's CRS."""
        return 1.0, 0.0, 0.0, 0.0, 1.0, 0.0

    @property
    def world_width(self) -> float | None:
        """Return the width of the world in the projection, None where x does not go round it evenly."""
        return None

    def pixel_metres(self) -> float | None:
        """Return the mean side of a pixel in metres, None if that is not known."""
        return None

    def bounds(self, crs: object) -> BoundingBox | None:
        """Return the box round the image in a CRS (the library's own, or EPSG:n), None if it has no place there."""
        return None

    def to_pixels(self, x: float, y: float, crs: str) -> tuple[float, float]:
        """Return the pixel coordinates of a place in a CRS, EPSG:n; not finite where there is none."""
        return float('nan'), float('nan')

    def transform_bounds(
        self, source: object, target: object, sides: tuple[float, float, float, float]
    ) -> tuple[float, ...]:
        """Return xmin, ymin, xmax, ymax of a rectangle in another CRS; not finite where it has no place there."""
        raise NotImplementedError

    # -- what may be asked of it

    @abstractmethod
    def check_work(self, style: Json | None) -> None:
        """Raise `InvalidParameter` for a style of so many bands that it takes too long to apply it."""

    # -- pixels

    def stored_tile(self, z: int, x: int, y: int, frame: int, encoding: str) -> bytes | None:
        """Return a tile that lies ready in the file in that encoding ('JPEG', 'WEBP'), or None."""
        return None

    @abstractmethod
    def tile(self, z: int, x: int, y: int, frame: int, lossy: bool) -> RenderedImage | None:
        """Return a tile that is in the tile matrix, None if nothing of the image is there.

        With `lossy` it is wanted for a picture that is encoded with losses.
        """

    @abstractmethod
    def whole(self, max_width: int, max_height: int) -> ReadWindow:
        """Return the window of the whole image, no larger than it is and than the given width and height."""

    @abstractmethod
    def thumbnail(self, max_width: int, max_height: int, frame: int, lossy: bool) -> Array:
        """Return the whole image, uint8 (height, width, 1 to 4), in its own proportions."""

    @abstractmethod
    def window(self, window: ReadWindow, frame: int, lossy: bool) -> Array:
        """Return the styled pixels of a window, uint8 (height, width, 1 to 4)."""

    def strips(self, window: ReadWindow, frame: int) -> Strips | None:
        """Return the same strip by strip, None where it can only be made at once."""
        return None

    def check_window(self, width: int, height: int, frame: int) -> None:
        """Raise `RegionTooLarge` for a picture that takes too long to draw."""
        return

    @abstractmethod
    def pixel(self, column: int, row: int, frame: int) -> Json:
        """Return the styled colour (`value`, and r, g, b, a) and the bands' own values (`bands`) of a pixel."""

    @abstractmethod
    def values(self, exact: bool, frame: int) -> Iterator[Pieces]:
        """Yield the file's own values by groups of bands: of about a million pixels, or with `exact` of all."""

    def write_geotiff(self, path: Path, window: ReadWindow, frame: int, pixels: Array | None) -> None:
        """Write a window as a GeoTIFF, of styled `pixels` or else of the file's bands."""
        raise NotImplementedError

    # -- pictures beside it

    def associated_images(self) -> tuple[str, ...]:
        """Return the names of the pictures that the file has beside the image, such as label and macro."""
        return ()

    def associated_image(self, name: str) -> Array | None:
        """Return such a picture, uint8 (height, width, 1 to 4), None if there is none of that name."""
        return None
