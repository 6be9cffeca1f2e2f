"""The open datasets of one version of a file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from rasterio.crs import CRS
from rasterio.io import DatasetReader

from django_large_image.exceptions import fault_of
from django_large_image.inspection import limits
from django_large_image.inspection.pages.directory import SubImage
from django_large_image.inspection.tiff import Tiff
from django_large_image.pixels import Array
from django_large_image.raster.blocks.blockreader import BlockReader
from django_large_image.raster.colour.profile import Profile, ProfileTransform
from django_large_image.raster.dataset import check_dataset
from django_large_image.raster.discovery import find_out, like_the_first
from django_large_image.raster.facts import FrameFacts, RasterFacts
from django_large_image.raster.frames import FrameDatasets
from django_large_image.raster.georef.bounds import Bounds, bounds_of
from django_large_image.raster.georef.georeference import TargetCRS
from django_large_image.raster.georef.projected import TILE_SIZE, pixel_metres, tile_matrix_of
from django_large_image.raster.georef.tile_matrix import TileMatrix
from django_large_image.raster.info import RasterInfo, describe
from django_large_image.raster.openfiles import open_files

Environment = Callable[[], contextlib.AbstractContextManager[None]]

#: The sides of blocks that are tiles as they are.
_SMALLEST_TILE, _LARGEST_TILE = 128, 1024


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a handle needs to know of the file that its dataset was opened from."""

    #: Names the version of the file, in keys of caches.
    key: Hashable
    #: GDAL's name of the file.
    name: str
    #: Opens an overview of a dataset, as `dataset.open_overview` does: dataset, name, number of the overview.
    open_overview: Callable[[DatasetReader, str, int], DatasetReader]
    #: The largest side in pixels of an image without tiles, as it was when the file was opened.
    limit: int
    #: Raises `ImageChanged` if the file was replaced.
    check: Callable[[], None] = _nothing


class RasterHandle:
    """A dataset, its overviews and its frames, for one thread at a time.

    Whoever borrows it gives GDAL's options to `begin`, and calls `end` at last. The options are set when a dataset is
    first used: a tile of blocks that are already decoded uses none, and saves that time.
    """

    def __init__(
        self,
        dataset: DatasetReader,
        origin: Origin,
        facts: RasterFacts | None = None,
        tiff: Tiff | None = None,
    ) -> None:
        """Take an open dataset; `facts` are those of another handle of the same version."""
        self._dataset, self._origin = dataset, origin
        self._environment: Environment | None = None
        self._stack = contextlib.ExitStack()
        self._blocks: dict[int, BlockReader] = {}
        #: The files beside the first that were counted last.
        self._held = 0
        self.facts = find_out(dataset, tiff) if facts is None else facts
        self._frames = FrameDatasets(origin.name, self.facts, origin.check, self._forget_blocks)
        self._profile = None if self.facts.profile is None else Profile(self.facts.profile)

    @property
    def key(self) -> Hashable:
        """Return what names the version of the file."""
        return self._origin.key

    @property
    def check(self) -> Callable[[], None]:
        """Return a function that raises `ImageChanged` if the file was replaced."""
        return self._origin.check

    @property
    def name(self) -> str:
        """Return GDAL's name of the file."""
        return self._origin.name

    @property
    def path(self) -> str | None:
        """Return the path of the file, None if it is not on this machine."""
        return None if self.name.startswith('/vsi') else self.name

    # -- borrowing

    def begin(self, environment: Environment) -> None:
        """Set GDAL's options with `environment` when a dataset is first used; they hold until `end`."""
        self._environment = environment

    def end(self) -> None:
        """Take GDAL's options back."""
        self._environment = None
        self._stack.close()
        if self.facts.stack is not None:
            self._settle()

    def _settle(self) -> None:
        """Have the files counted that are held beside the first; close them if all handles together hold too many."""
        before = self._held
        self._held = len(self._frames) + sum(blocks.open_overviews for blocks in self._blocks.values())
        if not open_files.settle(before, self._held):
            for blocks in self._blocks.values():
                blocks.close()
            self._frames.close()
            open_files.settle(self._held, 0)
            self._held = 0

    def close(self) -> None:
        """Close every dataset."""
        open_files.settle(self._held, 0)
        self._held = 0
        for blocks in self._blocks.values():
            blocks.close()
        self._frames.close()
        with contextlib.suppress(Exception):
            self._dataset.close()

    @property
    def dataset(self) -> DatasetReader:
        """Return the dataset of the full resolution, with GDAL's options set."""
        if self._environment is not None:
            environment, self._environment = self._environment, None
            self._stack.enter_context(environment())
            # rasterio 1.4.4 keeps the error of a failed read in the thread and raises it at the next call, whatever the
            # dataset is. So this call is made to raise it.
            with contextlib.suppress(Exception):
                _ = self._dataset.colorinterp
        return self._dataset

    def forget_error(self) -> None:
        """Clear the error of a failed read, which rasterio 1.4.4 would raise again at the next call."""
        with contextlib.suppress(Exception):
            _ = self._dataset.colorinterp

    # -- frames

    @property
    def frame_count(self) -> int:
        """Return the number of frames."""
        return self.facts.frame_count

    def frame(self, number: int) -> DatasetReader:
        """Return the dataset of a frame, from 0; raises `InvalidParameter` for a frame that is not there."""
        dataset = self.dataset
        if not number and not self.facts.frame_names:
            return dataset
        return self._frames.get(number)

    def _forget_blocks(self, number: int) -> None:
        blocks = self._blocks.pop(number, None)
        if blocks is not None:
            blocks.close()

    def frame_facts(self, number: int) -> FrameFacts:
        """Return what is known of a frame.

        Raises `InvalidParameter` for a frame that is not there, and what `check_dataset` raises.
        """
        known = self.facts.frames.get(number)
        if known is None and self.facts.stack is not None:
            self._frames.check_number(number)
            known = self.facts.frames[number] = like_the_first(self.facts.frames[0], self.facts.stack, number)
        if known is None:
            dataset = self.frame(number)
            if number:
                # Frame 0 was checked when the file was opened.
                check_dataset(dataset, self._origin.limit)
            known = self.facts.frames[number] = FrameFacts(describe(dataset, []))
        return known

    def info(self, number: int = 0) -> RasterInfo:
        """Return what the headers say of a frame."""
        return self.frame_facts(number).info

    def blocks(self, number: int = 0) -> BlockReader:
        """Return the reader of a frame's pixels."""
        found = self._blocks.get(number)
        if found is None:
            facts = self.frame_facts(number)
            dataset = self.frame(number)
            path, open_overview = self.path, self._origin.open_overview
            # A further frame of a georeferenced file has its own overviews.
            name = dataset.name if self.facts.frame_names else self.name
            found = self._blocks[number] = BlockReader(
                lambda: self.frame(number),
                lambda index: open_overview(dataset, name, index),
                self.check,
                (self.key, number),
                facts,
                path,
            )
        return found

    def page(self, page: SubImage) -> Array:
        """Return the pixels of a page beside the image, (rows, columns, bands)."""
        dataset = self._origin.open_overview(self.dataset, self.name, -page.offset)
        with contextlib.closing(dataset):
            limits.check_block(dataset.width, dataset.height, dataset.count)
            return np.moveaxis(np.asarray(dataset.read()), 0, 2)

    def transform(self, icc: object) -> ProfileTransform | None:
        """Return what makes sRGB of the file's colours; None without a profile, for a broken one and for sRGB itself.

        `icc` is that of a style: False for the colours as they are, or a rendering intent.
        """
        return None if self._profile is None else self._profile.transform(icc)

    # -- where the image is

    def bounds(self, crs: CRS) -> Bounds | None:
        """Return the bounds of the image in a CRS; None if it is not georeferenced or has no place there."""
        if self.facts.georeference.crs is None:
            return None
        name = str(crs.to_wkt())
        found = self.facts.bounds.get(name)
        if found is None:
            found = bounds_of(self.facts.georeference, crs)
            if found is not None:
                self.facts.bounds[name] = found
        return found

    def tile_matrix(self, projection: TargetCRS | None) -> TileMatrix | None:
        """Return the tile matrix of a projection, or of the image's own pixels if that is None.

        None where the image cannot be shown in the projection. Raises `ServerFault`.
        """
        name, known = '' if projection is None else projection.name, self.facts.matrices
        if name not in known:
            metres = None if projection is None else self.pixel_metres()
            try:
                known[name] = tile_matrix_of(self.facts.georeference, projection, metres, self._tile_size())
            except Exception as error:
                fault = fault_of(error)
                if fault is not None:
                    raise fault from error
                # A vertical or a local CRS: GDAL has many errors for it.
                known[name] = None
        return known[name]

    def _tile_size(self) -> tuple[int, int]:
        """Return the size of tiles in the image's own pixels.

        It is that of the file's blocks where the file is a scan, or where they are pictures that browsers read. That of
        a stack is large-image's.
        """
        info = self.info()
        if self.facts.stack is not None:
            return self.facts.stack.tile_size
        level = self.blocks().level(0)
        width, height = level.stored_width, level.stored_height
        own = self.facts.scan is not None or info.block_encoding is not None
        fits = all(_SMALLEST_TILE <= side <= _LARGEST_TILE for side in (width, height))
        if own and fits and width < info.width and self.facts.georeference.crs is None:
            return width, height
        return TILE_SIZE, TILE_SIZE

    def pixel_metres(self) -> tuple[float, float] | None:
        """Return the mean width and height of a pixel in metres; None without a georeference."""
        try:
            return pixel_metres(self.facts.georeference, self.bounds(CRS.from_epsg(4326)))
        except Exception:
            # The CRS cannot be transformed to longitude and latitude, such as that of a building site.
            return None
