"""Regions as GeoTIFF files, written in strips with bounded memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.transform import from_bounds
from rasterio.windows import Window, transform as window_transform

from django_large_image.inspection.costs import Budget
from django_large_image.pixels import Array, strips_of
from django_large_image.raster.blocks.decimation import decimated
from django_large_image.raster.view import StyledView
from django_large_image.readers.base import ReadWindow

#: rasterio's options for the file that is written.
Profile = dict[str, object]

#: The most rows and the most bytes of a strip, which is read and written at a time.
STRIP_ROWS = 512
STRIP_BYTES = 64 * 2**20


def write(path: Path, view: StyledView, area: ReadWindow, frame: int, pixels: Array | None) -> None:
    """Write a window as a GeoTIFF to `path`: styled `pixels` if given, else the file's own bands and values.

    `pixels` are uint8 (height, width, 1 to 4). Raises `TooMuchToDecode`, and what rasterio raises.
    """
    dataset = view.handle.frame(frame)
    georeference = view.handle.facts.georeference
    if view.target is not None:
        crs = view.target.crs
        transform = from_bounds(area.left, area.bottom, area.right, area.top, area.width, area.height)
    else:
        window = Window(area.left, area.top, area.right - area.left, area.bottom - area.top)
        crs = georeference.crs
        scale = (window.width / area.width, window.height / area.height)
        transform = window_transform(window, georeference.affine) @ rasterio.Affine.scale(*scale)
    profile: Profile = {
        'driver': 'GTiff', 'crs': crs, 'transform': transform, 'width': area.width, 'height': area.height,
        'compress': 'deflate', 'zlevel': 1, 'bigtiff': 'IF_SAFER',
        'tiled': True, 'blockxsize': 256, 'blockysize': 256,
    }  # fmt: skip
    if dataset.count > 4:
        # GDAL 3.10 takes ten times as long to interleave hundreds of bands as to write them.
        profile['interleave'] = 'band'
    if pixels is not None:
        _write_styled(path, pixels, profile)
    elif view.target is not None:
        _draw(path, view, area, frame, dataset, profile)
    else:
        _copy(path, view, area, frame, dataset, profile)


def _write_styled(path: Path, pixels: Array, profile: Profile) -> None:
    count = pixels.shape[2]
    options = {'photometric': 'RGB'} if count >= 3 else {}
    with rasterio.open(path, 'w', **profile, count=count, dtype='uint8', **options) as output:
        if count in (2, 4):
            output.colorinterp = [*output.colorinterp[:-1], ColorInterp.alpha]
        output.write(np.moveaxis(pixels, 2, 0))


@contextlib.contextmanager
def _values_file(path: Path, dataset: DatasetReader, profile: Profile) -> Iterator[tuple[DatasetWriter, int]]:
    """Yield a new file with the metadata of a dataset's bands, and the most rows to write to it at a time."""
    options = {'count': dataset.count, 'dtype': dataset.dtypes[0], 'nodata': dataset.nodata}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, 'w', **profile, **options) as output:
        output.colorinterp = dataset.colorinterp
        for band in dataset.indexes:
            if dataset.colorinterp[band - 1] is ColorInterp.palette:
                output.write_colormap(band, dataset.colormap(band))
            if dataset.descriptions[band - 1]:
                output.set_band_description(band, dataset.descriptions[band - 1])
        output.scales, output.offsets = dataset.scales, dataset.offsets
        row = output.width * dataset.count * np.dtype(dataset.dtypes[0]).itemsize
        yield output, max(1, min(STRIP_ROWS, STRIP_BYTES // row))


def _copy(
    path: Path, view: StyledView, area: ReadWindow, frame: int, dataset: DatasetReader, profile: Profile
) -> None:
    """Write the values of the file's own pixels or, where the answer is smaller, of the nearest pixels of a level."""
    blocks, budget = view.handle.blocks(frame), Budget()
    info, bands = blocks.info, tuple(range(dataset.count))
    scale = (area.right - area.left) / area.width, (area.bottom - area.top) / area.height
    index = info.level_for(min(scale))
    level = blocks.level(index)
    columns, rows = (
        ((start + (np.arange(count) + 0.5) * step) * (small / whole)).astype(np.int64)
        for start, count, step, small, whole in (
            (area.left, area.width, scale[0], level.width, dataset.width),
            (area.top, area.height, scale[1], level.height, dataset.height),
        )
    )
    with _values_file(path, dataset, profile) as (output, most):
        # Whole rows of blocks, so that no block is decoded twice.
        most = max(most, level.stored_height)
        ends = [
            *(np.flatnonzero(np.diff(rows // (most // level.stored_height * level.stored_height))) + 1),
            len(rows),
        ]
        first = 0
        for end in ends:
            values, mask = decimated(blocks, index, rows[first:end], columns, bands, budget)
            window = Window(0, first, area.width, end - first)
            output.write(np.moveaxis(values, 2, 0), window=window)
            if info.masked and mask is not None:
                output.write_mask(mask, window=window)
            first = int(end)


def _draw(
    path: Path, view: StyledView, area: ReadWindow, frame: int, dataset: DatasetReader, profile: Profile
) -> None:
    """Write the values of the nearest pixels in a projection, strip by strip."""
    geobox = view.geobox(area.left, area.top, area.right, area.bottom, area.width, area.height)
    # A mask is written where neither nodata, alpha nor NaN can say that a pixel is not valid.
    silent = dataset.nodata is None and ColorInterp.alpha not in dataset.colorinterp
    silent = silent and np.dtype(dataset.dtypes[0]).kind != 'f'
    masked, budget = view.handle.info(frame).masked, Budget()
    with _values_file(path, dataset, profile) as (output, most):
        for row, end in strips_of(0, area.height, most):
            strip = geobox.rows(row, end - row)
            window = Window(0, row, strip.width, strip.height)
            values, valid = view.nearest_values(strip, frame, budget)
            output.write(values, window=window)
            if masked or (silent and not valid.all()):
                if not masked and row:
                    output.write_mask(
                        np.full((row, strip.width), 255, np.uint8), window=Window(0, 0, strip.width, row)
                    )
                masked = True
                output.write_mask(valid, window=window)
