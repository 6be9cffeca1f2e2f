"""What a file is, found out once for a version of it: its frames, its levels, its colour profile."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import rasterio
from rasterio.io import DatasetReader

from django_large_image.inspection.pages.stack import Stack
from django_large_image.inspection.tiff import Tiff
from django_large_image.raster.colour.profile import profile_of
from django_large_image.raster.dataset import is_georeferenced, sub_images_of
from django_large_image.raster.facts import FrameFacts, RasterFacts
from django_large_image.raster.georef.georeference import Georeference
from django_large_image.raster.info import describe


def find_out(dataset: DatasetReader, tiff: Tiff | None) -> RasterFacts:
    """Return the facts of a file; `tiff` are the directories of a local TIFF."""
    placed = is_georeferenced(dataset)
    scan = stack = None
    names: tuple[str, ...] = ()
    if tiff is not None and not placed and (tiff.scan is not None or tiff.stack is not None):
        scan, stack = tiff.scan, tiff.stack
        # What GDAL 3.10 takes for overviews of a scan are pictures of the label and of the slide.
        info = describe(dataset, tiff.sub_images, with_overviews=False)
    else:
        names = _frame_names(dataset)
        info = describe(dataset, sub_images_of(dataset, tiff))
    profile = None if placed else profile_of(dataset, info)
    facts = RasterFacts(Georeference(dataset), names, scan, stack, profile)
    facts.frames[0] = FrameFacts(info)
    return facts


def like_the_first(first: FrameFacts, stack: Stack, number: int) -> FrameFacts:
    """Return the facts of a further frame of a stack; only the places of its levels differ from the first frame's."""
    smaller = {(page.width, page.height): -page.offset for page in stack.pages[number][1:]}
    own = {-page.offset: (page.width, page.height) for page in stack.pages[0][1:]}
    info = first.info
    positions = tuple(smaller[own[position]] if position in own else position for position in info.positions)
    return FrameFacts(
        replace(info, positions=positions),
        levels=first.levels,
        jpegs=first.jpegs,
        differences=first.differences,
    )


def _frame_names(dataset: DatasetReader) -> tuple[str, ...]:
    """Return GDAL's names of the frames of a file: the pages that have the size and the bands of the first."""
    try:
        pages = dataset.subdatasets
    except (RuntimeError, ZeroDivisionError):
        return ()
    found = []
    for page in pages if len(pages) > 1 else ():
        with contextlib.suppress(Exception), rasterio.open(page) as frame:
            if (frame.width, frame.height, frame.indexes) == (dataset.width, dataset.height, dataset.indexes):
                found.append(page)
    return tuple(found) if len(found) > 1 else ()
