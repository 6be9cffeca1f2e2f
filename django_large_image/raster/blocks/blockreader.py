"""Windows of the levels of one raster (a file, or one frame of it), with their validity."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from django_large_image.caching.blocks import block_cache
from django_large_image.caching.shared import shared_blocks
from django_large_image.conf import settings
from django_large_image.inspection.costs import Budget
from django_large_image.pixels import Array, MaskedPixels
from django_large_image.raster.blocks.encoded_blocks import decode_jpeg, read_block
from django_large_image.raster.blocks.validity import checked, none_if_all
from django_large_image.raster.blocks.windows import Window, assembled, columns_of, rectangles
from django_large_image.raster.facts import FrameFacts
from django_large_image.raster.info import Level
from django_large_image.raster.resampling import kernels

#: Files without tiles are read and kept in pieces of about so many pixels.
_PIECE_PIXELS = 262_144
#: Larger reads pass by the block cache, which they would empty.
CACHED_BYTES = 48 * 2**20
#: More bands are not put into one place for each pixel when they are read.
_INTERLEAVED = 4
#: The mean difference, in levels of 255, below which two decoders of JPEG show the same; half of it is usual.
_SAME_JPEG = 2.0


class BlockReader:
    """Read windows of any level of a raster; of one handle, so of one thread at a time."""

    def __init__(
        self,
        full: Callable[[], DatasetReader],
        open_overview: Callable[[int], DatasetReader],
        check: Callable[[], None],
        key: Hashable,
        facts: FrameFacts,
        path: str | None,
    ) -> None:
        """Read the dataset that `full` returns, ready to be used, and the overviews that `open_overview` opens.

        `check` raises if the file was replaced, `key` names the raster and its version, and `path` is the file, if it
        is on this machine.
        """
        self.info = facts.info
        self.check = check
        self._full, self._open_overview = full, open_overview
        self._overviews: dict[int, DatasetReader] = {}
        self._key, self._facts, self._path = key, facts, path

    def close(self) -> None:
        """Close the datasets of the overviews; that of the full resolution is the handle's."""
        for dataset in self._overviews.values():
            dataset.close()
        self._overviews.clear()

    def dataset(self, level: int) -> DatasetReader:
        """Return the dataset of a level, opened when it is first needed."""
        full = self._full()
        if level == 0:
            return full
        if level not in self._overviews:
            self._overviews[level] = self._open_overview(self.info.positions[level])
        return self._overviews[level]

    def level(self, index: int) -> Level:
        """Return the sizes of a level."""
        known = self._facts.levels.get(index)
        if known is None:
            dataset = self.dataset(index)
            height, width = stored = dataset.block_shapes[0]
            if width * height < _PIECE_PIXELS // 16 or width >= dataset.width > 2 * height:
                # Strips, or very small tiles: as many whole rows of them as make a piece.
                rows = max(1, _PIECE_PIXELS // max(1, dataset.width) // height)
                across = max(1, min(dataset.width, 1024) // width)
                width, height = (
                    (dataset.width, rows * height)
                    if width >= dataset.width
                    else (across * width, across * height)
                )
            known = Level(
                dataset.width, dataset.height, int(width), int(height), int(stored[1]), int(stored[0])
            )
            self._facts.levels[index] = known
        return known

    def factors(self, index: int) -> tuple[float, float]:
        """Return how many pixels of the full resolution one of a level is, across and down.

        A level that is a directory of its own is smaller by a whole number, and its last row and column may be cut off.
        Overviews of GDAL show all of the image.
        """
        info, level = self.info, self.level(index)
        factor = info.factors[index]
        sizes = ((info.width, level.width), (info.height, level.height))
        if info.is_sub_image(index) and all(abs(small * factor - full) < factor for full, small in sizes):
            return float(factor), float(factor)
        return info.width / level.width, info.height / level.height

    def encoded(self, index: int, column: int, row: int, size: tuple[int, int]) -> bytes | None:
        """Return a block as a file of its own format, None if it is not there or not what a block should be."""
        assert self._path is not None
        info = self.info
        if info.is_sub_image(index):
            return read_block(self.dataset(index), self._path, None, column, row, size)
        number = None if index == 0 else info.positions[index]
        return read_block(self.dataset(0), self._path, number, column, row, size)

    def all_valid(self, index: int, left: int, top: int, width: int, height: int) -> bool:
        """Return whether a mask of the file's leaves nothing out of a rectangle of a level."""
        if not self.info.masked:
            return True
        mask = self.dataset(index).read_masks(1, window=RasterioWindow(left, top, width, height))
        return bool((mask == 255).all())

    def read(
        self, index: int, window: Window, bands: tuple[int, ...], budget: Budget, lossy: bool = False
    ) -> tuple[Array, Array | None]:
        """Return values (rows, columns, bands) and validity (uint8, None if all) of a window of a level.

        `window` is left, top, right and bottom, inside the level; `bands` counts from 0. Values that are
        not valid may be anything that is finite. With `lossy` JPEGs may be decoded by another decoder than GDAL's.
        """
        left, top, right, bottom = window
        level = self.level(index)
        size = (right - left) * (bottom - top) * len(bands) * self.info.dtype.itemsize
        if size > CACHED_BYTES:
            block = self._decode(index, window, bands, budget)
            return block.values, block.mask
        quick = (
            lossy and bool(self._path) and self.info.has_jpeg_blocks and self._facts.jpegs.get(index, True)
        )
        keys: dict[Hashable, tuple[int, int]] = {}
        for row in range(top // level.block_height, (bottom - 1) // level.block_height + 1):
            for column in range(left // level.block_width, (right - 1) // level.block_width + 1):
                keys[self._key, index, bands, quick, row, column] = (row, column)

        def load(missing: list[Hashable]) -> Mapping[Hashable, MaskedPixels]:
            return self._load(index, bands, quick, {key: keys[key] for key in missing}, budget)

        blocks = block_cache.fetch(keys, lambda missing: shared_blocks.fetch(missing, load))
        return assembled(level, window, {position: blocks[key] for key, position in keys.items()})

    def _load(
        self,
        index: int,
        bands: tuple[int, ...],
        quick: bool,
        keys: dict[Hashable, tuple[int, int]],
        budget: Budget,
    ) -> Mapping[Hashable, MaskedPixels]:
        """Decode blocks, each rectangle of them in one read: of a remote file that is one request."""
        level = self.level(index)
        positions = {position: key for key, position in keys.items()}
        loaded: dict[Hashable, MaskedPixels] = {}
        if quick:
            for position in list(positions):
                block = self._jpeg(index, level, position, bands, budget)
                if block is not None:
                    loaded[positions.pop(position)] = block
        for top, left, bottom, right in rectangles(set(positions)) if positions else ():
            window = (
                left * level.block_width,
                top * level.block_height,
                min(level.width, right * level.block_width),
                min(level.height, bottom * level.block_height),
            )
            whole = self._decode(index, window, bands, budget)
            single = (bottom - top) * (right - left) == 1
            for row in range(top, bottom):
                for column in range(left, right):
                    key = positions[row, column]
                    if single:
                        loaded[key] = whole
                    else:
                        y, x = (row - top) * level.block_height, (column - left) * level.block_width
                        cut = np.s_[y : y + level.block_height, x : x + level.block_width]
                        loaded[key] = MaskedPixels(
                            whole.values[cut].copy(),
                            None if whole.mask is None else none_if_all(whole.mask[cut].copy()),
                        )
        # The file may have been replaced while it was read.
        self.check()
        return loaded

    def _decode(self, index: int, window: Window, bands: tuple[int, ...], budget: Budget) -> MaskedPixels:
        info = self.info
        wanted = info.with_alpha(bands)
        values, mask = self.raw(index, window, wanted, budget)
        return checked(info, values, bands, wanted, mask)

    def _jpeg(
        self, index: int, level: Level, position: tuple[int, int], bands: tuple[int, ...], budget: Budget
    ) -> MaskedPixels | None:
        """Return a block in JPEG, None if GDAL has to decode it.

        The libjpeg of rasterio 1.4.4's wheels (IJG's 9.6) takes four times as long as the one of Pillow's. Where
        colours are stored at half the resolution they differ, by 52 dB for a photograph. A JPEG made of it loses far
        more.
        """
        info, (row, column) = self.info, position
        size = level.block_width, level.block_height
        if not self._facts.jpegs.get(index, True) or self.dataset(index).block_shapes[0] != size[::-1]:
            return None
        data = self.encoded(index, column, row, size)
        if data is None or data[:2] != b'\xff\xd8':
            return None
        budget.spend(
            info.cost(level, (column * size[0], row * size[1], column * size[0] + 1, row * size[1] + 1), 1)
        )
        try:
            values = decode_jpeg(data)
        except Exception:
            # What of a broken block can be shown, or that nothing can, GDAL says.
            return None
        left, top = column * size[0], row * size[1]
        right, bottom = min(level.width, left + size[0]), min(level.height, top + size[1])
        values = values[: bottom - top, : right - left]
        if values.shape[2] != info.count:
            return None
        if index not in self._facts.jpegs:
            # Another colour space than this decoder takes it for shows in every block.
            own = self._decode(index, (left, top, right, bottom), tuple(range(info.count)), budget).values
            self._facts.jpegs[index] = bool(np.abs(own.astype(np.int16) - values).mean() < _SAME_JPEG)
            if not self._facts.jpegs[index]:
                return None
        if len(bands) < info.count:
            values = np.ascontiguousarray(values[:, :, list(bands)])
        mask: Array | None = None
        if info.masked:
            window = RasterioWindow(left, top, right - left, bottom - top)
            mask = self.dataset(index).read_masks(1, window=window)
        return checked(info, values, bands, bands, mask)

    def raw(
        self, index: int, window: Window, bands: tuple[int, ...], budget: Budget
    ) -> tuple[Array, Array | None]:
        """Return the values of bands of a window as they are in the file, and the file's own mask of it (0 is none).

        The mask is that of a mask or an alpha band, None without; nodata is not looked at.
        """
        info, level = self.info, self.level(index)
        read = info.with_alpha(bands)
        budget.spend(info.cost(level, window, len(read)))
        most = info.columns_together(level, 1, settings.GDAL_CACHE_BYTES // 2)
        parts = [self._raw(index, part, read) for part in columns_of(window, most)]
        values = parts[0][0] if len(parts) == 1 else np.concatenate([part[0] for part in parts], axis=1)
        if info.alpha is not None:
            return values[:, :, : len(bands)], values[:, :, read.index(info.alpha)]
        masks = [part[1] for part in parts]
        return values, None if masks[0] is None else np.concatenate(
            [m for m in masks if m is not None], axis=1
        )

    def _raw(self, index: int, window: Window, bands: tuple[int, ...]) -> tuple[Array, Array | None]:
        left, top, right, bottom = window
        dataset, info = self.dataset(index), self.info
        rectangle = RasterioWindow(left, top, right - left, bottom - top)
        numbers = [band + 1 for band in bands]
        if kernels.can_merge(info.dtype, len(bands)):
            # GDAL 3.10 is quicker with each band in its own place, by more than what merging them takes.
            values = kernels.merge(dataset.read(numbers, window=rectangle))
        elif len(bands) > _INTERLEAVED:
            values = np.moveaxis(dataset.read(numbers, window=rectangle), 0, 2)
        else:
            values = np.empty((bottom - top, right - left, len(bands)), info.dtype)
            # rasterio fills any array by its strides.
            dataset.read(numbers, window=rectangle, out=values.transpose(2, 0, 1))
        masked = info.alpha is None and info.masked
        return values, dataset.read_masks(1, window=rectangle) if masked else None
