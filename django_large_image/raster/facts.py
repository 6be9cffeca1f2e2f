"""What was found out about one version of a file; all its open handles share it, in all threads.

Each fact is the same whoever finds it out, so two threads that do it at once do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from django_large_image.inspection.scan import Scan
from django_large_image.pixels import Array
from django_large_image.raster.georef.bounds import Bounds
from django_large_image.raster.georef.georeference import Georeference
from django_large_image.raster.georef.tile_matrix import TileMatrix
from django_large_image.raster.info import Level, RasterInfo


class Band(TypedDict, total=False):
    """What the file says of a band, without what it does not say; and its statistics where they were asked for."""

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
    """The facts of one frame; bands count from 0 here, and from 1 in `bands` and `statistics`."""

    info: RasterInfo
    levels: dict[int, Level] = field(default_factory=dict)
    #: By level: whether its blocks are JPEGs that show what GDAL reads.
    jpegs: dict[int, bool] = field(default_factory=dict)
    bands: dict[int, Band] | None = None
    statistics: dict[int, Band] | None = None
    #: By band: counts in 256 bins, and the edges of the bins.
    histograms: dict[int, tuple[Array, Array]] = field(default_factory=dict)
    #: Whether a band of bytes has a value above 1.
    uses_bytes: bool | None = None


@dataclass(slots=True)
class RasterFacts:
    """The facts of a file."""

    georeference: Georeference
    #: GDAL's names of the frames, none for a single image.
    frame_names: tuple[str, ...]
    #: The pyramid of pages that the file is, if it is one.
    scan: Scan | None = None
    frames: dict[int, FrameFacts] = field(default_factory=dict)
    #: By band, from 1: the least and the greatest value over all frames, empty where nothing is valid.
    ranges: dict[int, dict[str, float]] | None = None
    #: By the WKT of a CRS.
    bounds: dict[str, Bounds] = field(default_factory=dict)
    #: By the WKT of a projection, empty for the image's own pixels; None where it cannot be shown.
    matrices: dict[str, TileMatrix | None] = field(default_factory=dict)
