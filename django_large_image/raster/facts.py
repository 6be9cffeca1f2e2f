"""What was found out about one version of a file. All its open handles share it, in all threads.

There is no lock: two threads that find out a fact at the same time find the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from django_large_image.inspection.pages.scan import Scan
from django_large_image.inspection.pages.stack import Stack
from django_large_image.pixels import Array
from django_large_image.raster.georef.bounds import Bounds
from django_large_image.raster.georef.georeference import Georeference
from django_large_image.raster.georef.tile_matrix import TileMatrix
from django_large_image.raster.info import Level, RasterInfo


class Band(TypedDict, total=False):
    """What is known of a band: what the file says, and statistics if they were asked for. Other keys are absent."""

    nodata: float
    scale: float
    offset: float
    units: str
    categories: str
    interpretation: str
    colortable: list[tuple[int, ...]]
    min: float
    max: float
    mean: float
    stdev: float


@dataclass(slots=True)
class FrameFacts:
    """The facts of one frame. Bands count from 1 in `bands` and `statistics`, and from 0 elsewhere."""

    info: RasterInfo
    levels: dict[int, Level] = field(default_factory=dict)
    #: By level: whether libjpeg-turbo decodes its JPEG blocks to the colours that GDAL shows.
    jpegs: dict[int, bool] = field(default_factory=dict)
    #: By level: whether its JPEG blocks hold colour differences where the tags say RGB.
    differences: dict[int, bool] = field(default_factory=dict)
    bands: dict[int, Band] | None = None
    statistics: dict[int, Band] | None = None
    #: By band, and by the rendering intent of colours that a profile corrects (False for stored values): the counts in
    #: 256 bins, and the 257 edges of the bins.
    histograms: dict[tuple[int, object], tuple[Array, Array]] = field(default_factory=dict)
    #: Of 8-bit data: whether a band other than alpha has a value above 1.
    uses_bytes: bool | None = None


@dataclass(slots=True)
class RasterFacts:
    """The facts of a file."""

    georeference: Georeference
    #: GDAL's names of the frames of a georeferenced file; empty for one of one frame, and for a stack.
    frame_names: tuple[str, ...]
    #: The pyramid of pages that the file is, if it is one.
    scan: Scan | None = None
    #: The frames of a file without georeference, if it has several or is described as such a file is.
    stack: Stack | None = None
    #: The ICC profile of 8-bit RGB without georeference; None without one.
    profile: bytes | None = None
    frames: dict[int, FrameFacts] = field(default_factory=dict)
    #: By channel, from 0, and by band, from 1: `min` and `max` over all its frames; empty where nothing is valid.
    ranges: dict[int, dict[int, dict[str, float]]] = field(default_factory=dict)
    #: By the WKT of a CRS.
    bounds: dict[str, Bounds] = field(default_factory=dict)
    #: By the WKT of a projection, or '' for the image's own pixels: None where the image cannot be shown.
    matrices: dict[str, TileMatrix | None] = field(default_factory=dict)

    @property
    def frame_count(self) -> int:
        """Return the number of frames."""
        return len(self.frame_names) or (1 if self.stack is None else len(self.stack.pages))

    @property
    def channel_count(self) -> int:
        """Return the number of channels; 1 where frames are not named as such."""
        return 1 if self.stack is None else self.stack.channel_count

    def channel(self, frame: int) -> int:
        """Return the channel of a frame, both from 0."""
        return 0 if self.stack is None else self.stack.channel(frame)
