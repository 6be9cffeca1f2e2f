"""`ImageReader`: the interface of an open image, whatever library reads it."""

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

#: Each call yields the values of a group of bands, piece by piece: a piece is one flat array for each band.
Pieces = Callable[[], Iterator[list[Array]]]


class BoundingBox(NamedTuple):
    """The box round an image, in units of a CRS. Over the antimeridian it goes on beyond 180 degrees."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float
    #: The CRS: EPSG:n, or its WKT.
    crs: str


@dataclass(frozen=True, slots=True)
class ReadWindow:
    """A window of an image to read, and the size of the answer.

    The sides are in units of the reader's projection or, without one, in pixels of the image with y downwards.
    """

    left: float
    top: float
    right: float
    bottom: float
    #: The size of the answer, in pixels.
    width: int
    height: int

    @property
    def is_scaled(self) -> bool:
        """Return whether the answer has another size than the window; meant for windows in pixels of the image."""
        return (self.width, self.height) != (self.right - self.left, self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class Strips:
    """A picture in strips from top to bottom, each uint8 (rows, width, channels), which are drawn one by one."""

    channels: int
    strips: Iterator[Array]


class ImageReader(ABC):
    """One image, borrowed for a time, in one style and one projection.

    Frames and bands count from 0, except where a docstring says otherwise. Methods that read pixels raise the errors of
    the library that reads the file: call them inside `errors.reading`, which makes our errors of them.
    """

    #: large-image's name of the source that reads the file.
    name: str
    #: Whether the resampling can be chosen.
    resamples: bool = False
    #: Whether `write_geotiff` can be called.
    writes_geotiff: bool = False

    # -- what the image is

    @property
    @abstractmethod
    def matrix(self) -> TileMatrix:
        """Return the tile matrix of the projection or, without one, of the image's own pixels."""

    @property
    @abstractmethod
    def projection(self) -> object | None:
        """Return the CRS of the projection, an object of the library that reads the file; None without a projection."""

    @property
    @abstractmethod
    def is_geospatial(self) -> bool:
        """Return whether the image has a georeference."""

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
        """Return the dtype of the file's values."""

    @abstractmethod
    def metadata(self) -> Json:
        """Return large-image's metadata: sizes, levels, dtype, magnification, and for some readers bands and frames."""

    @abstractmethod
    def internal_metadata(self) -> Json:
        """Return what the reader knows beyond the common metadata. Its form depends on the reader."""

    @abstractmethod
    def bands(self, statistics: bool = False, frame: int = 0) -> dict[int, Json]:
        """Return what is known of each band, by its number from 1; with `statistics` also min, max, mean and stdev."""

    @abstractmethod
    def ranges(self) -> list[Json] | None:
        """Return the ranges of values that are shown without a style, empty for 8-bit data; None if they are not known.

        Each is `band` (from 1), `min` and `max`, and `channel` (from 0) where there are several.
        """

    # -- where it is

    @property
    def crs(self) -> object | None:
        """Return the CRS of the file, an object of the library that reads it, or WKT; None without one."""
        return None

    @property
    def affine(self) -> tuple[float, float, float, float, float, float]:
        """Return a to f of x = a·column + b·row + c and y = d·column + e·row + f, in the file's CRS."""
        return 1.0, 0.0, 0.0, 0.0, 1.0, 0.0

    @property
    def world_width(self) -> float | None:
        """Return the width of the world in units of the projection; None where x is not proportional to longitude."""
        return None

    def pixel_metres(self) -> float | None:
        """Return the mean side of a pixel on the ground in metres; None if that is not known."""
        return None

    def bounds(self, crs: object) -> BoundingBox | None:
        """Return the box round the image in a CRS (the library's object, or EPSG:n); None if it has no place there."""
        return None

    def to_pixels(self, x: float, y: float, crs: str) -> tuple[float, float]:
        """Return column and row, from the upper left corner, of a point in a CRS (EPSG:n); not finite without one."""
        return float('nan'), float('nan')

    def transform_bounds(
        self, source: object, target: object, sides: tuple[float, float, float, float]
    ) -> tuple[float, ...]:
        """Return the box (xmin, ymin, xmax, ymax) round a rectangle (`sides`, the same) in another CRS.

        Not finite where it has no place there.
        """
        raise NotImplementedError

    # -- what may be asked of it

    @abstractmethod
    def check_work(self, style: Json | None) -> None:
        """Raise `InvalidParameter` for a style of so many bands that it takes too long to apply it."""

    # -- pixels

    def stored_tile(self, z: int, x: int, y: int, frame: int, encoding: str) -> bytes | None:
        """Return a tile that is a block of the file as it is, in an encoding ('JPEG' or 'WEBP'); else None."""
        return None

    @abstractmethod
    def tile(self, z: int, x: int, y: int, frame: int, lossy: bool) -> RenderedImage | None:
        """Return a tile of the tile matrix; None if nothing of the image is in it.

        `lossy` says that it will be encoded in a lossy format, so that it may be decoded less exactly.
        """

    @abstractmethod
    def whole(self, max_width: int, max_height: int) -> ReadWindow:
        """Return the window of the whole image. The answer is no larger than the image, and fits the given size."""

    @abstractmethod
    def thumbnail(self, max_width: int, max_height: int, frame: int, lossy: bool) -> Array:
        """Return the styled image, uint8 (height, width, 1 to 4), in its own proportions, within the given size."""

    @abstractmethod
    def window(self, window: ReadWindow, frame: int, lossy: bool) -> Array:
        """Return the styled pixels of a window, uint8 (height, width, 1 to 4)."""

    def strips(self, window: ReadWindow, frame: int) -> Strips | None:
        """Return what `window` does, in strips; None where it can only be made at once."""
        return None

    def check_window(self, width: int, height: int, frame: int) -> None:
        """Raise `RegionTooLarge` for a picture that takes too long to draw."""
        return

    @abstractmethod
    def pixel(self, column: int, row: int, frame: int) -> Json:
        """Return the styled colour (`value`, and r, g, b, a) and the bands' own values (`bands`) of a pixel."""

    @abstractmethod
    def values(self, exact: bool, frame: int) -> Iterator[Pieces]:
        """Yield the file's own values, one `Pieces` for each group of bands: those of all pixels with `exact`.

        Otherwise they are those of about a million pixels. NaN and infinite values are left out.
        """

    def write_geotiff(self, path: Path, window: ReadWindow, frame: int, pixels: Array | None) -> None:
        """Write a window as a GeoTIFF, of styled `pixels` or else of the file's bands. Only where `writes_geotiff`."""
        raise NotImplementedError

    # -- pictures beside it

    def associated_images(self) -> tuple[str, ...]:
        """Return the names of the pictures that the file has beside the image, such as label and macro."""
        return ()

    def associated_image(self, name: str) -> Array | None:
        """Return an associated picture, uint8 (height, width, 1 to 4); None if there is none of that name."""
        return None
