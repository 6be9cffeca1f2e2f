"""Reading windows of the levels of one raster (a file, or one frame of it), with their validity."""

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
from django_large_image.raster.blocks.encoded_blocks import contradicts_rgb, decode_jpeg, read_block
from django_large_image.raster.blocks.validity import checked, none_if_all
from django_large_image.raster.blocks.windows import Window, assembled, columns_of, piece_of, rectangles
from django_large_image.raster.facts import FrameFacts
from django_large_image.raster.info import Level
from django_large_image.raster.resampling import kernels

#: Windows of more bytes are not cached: they would push out everything else.
CACHED_BYTES = 48 * 2**20
#: Up to so many bands are read with those of a pixel together; more are read plane by plane.
_INTERLEAVED = 4
#: Two decoders of JPEG agree if their mean difference is below this, in levels of 255. Half of it is usual.
_SAME_JPEG = 2.0


class BlockReader:
    """Read windows of any level of a raster. It belongs to one handle, and so to one thread at a time."""

    def __init__(
        self,
        full: Callable[[], DatasetReader],
        open_overview: Callable[[int], DatasetReader],
        check: Callable[[], None],
        key: Hashable,
        facts: FrameFacts,
        path: str | None,
    ) -> None:
        """Read the dataset of the full resolution that `full` returns, and those that `open_overview` opens.

        `open_overview` takes an entry of `RasterInfo.positions`. `check` raises `ImageChanged` if the file was
        replaced. `key` names the raster and its version in caches. `path` is None if the file is not on this machine.
        """
        self.info = facts.info
        self.check = check
        self._full, self._open_overview = full, open_overview
        self._overviews: dict[int, DatasetReader] = {}
        self._key, self._facts, self._path = key, facts, path

    @property
    def open_overviews(self) -> int:
        """Return how many datasets of overviews are open."""
        return len(self._overviews)

    def close(self) -> None:
        """Close the datasets of the overviews. The handle closes that of the full resolution."""
        for dataset in self._overviews.values():
            dataset.close()
        self._overviews.clear()

    def dataset(self, level: int) -> DatasetReader:
        """Return the dataset of a level, which is opened on first use."""
        full = self._full()
        if level == 0:
            return full
        if level not in self._overviews:
            self._overviews[level] = self._open_overview(self.info.positions[level])
        return self._overviews[level]

    def level(self, index: int) -> Level:
        """Return the sizes of a level, from 0."""
        known = self._facts.levels.get(index)
        if known is None:
            dataset = self.dataset(index)
            height, width = (int(side) for side in dataset.block_shapes[0])
            known = Level(
                dataset.width, dataset.height, *piece_of(width, height, dataset.width), width, height
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
        """Return whether the file's own mask is 255 in all of a window of a level; True without a mask."""
        if not self.info.masked:
            return True
        mask = self.dataset(index).read_masks(1, window=RasterioWindow(left, top, width, height))
        return bool((mask == 255).all())

    def read(
        self, index: int, window: Window, bands: tuple[int, ...], budget: Budget, lossy: bool = False
    ) -> tuple[Array, Array | None]:
        """Return values and validity of a window of a level.

        Values have the file's dtype and the shape (rows, columns, bands); those that are not valid may be any finite
        number. Validity is uint8 (rows, columns), 0 is not valid at all; None if everything is valid. `window` is left,
        top, right and bottom in pixels, inside the level; `bands` count from 0. With `lossy`, JPEGs may be decoded by
        Pillow instead of GDAL. Raises `TooMuchToDecode`, `ImageChanged`, and what rasterio raises.
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
        """Decode blocks, each rectangle of them in one read: for a remote file that is one request."""
        level = self.level(index)
        positions = {position: key for key, position in keys.items()}
        loaded: dict[Hashable, MaskedPixels] = {}
        if quick or self._may_contradict(index):
            for position in list(positions):
                block = self._jpeg(index, level, position, bands, budget, quick)
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
        # Blocks of a file that was replaced meanwhile must not get into the caches.
        self.check()
        return loaded

    def _decode(self, index: int, window: Window, bands: tuple[int, ...], budget: Budget) -> MaskedPixels:
        info = self.info
        wanted = info.with_alpha(bands)
        values, mask = self.raw(index, window, wanted, budget)
        return checked(info, values, bands, wanted, mask)

    def _may_contradict(self, index: int) -> bool:
        """Return whether JPEG blocks of a level may be what the tags do not say; all of a level are of one kind."""
        info = self.info
        says_rgb = (
            bool(self._path) and info.has_jpeg_blocks and info.compression == 'JPEG' and info.count == 3
        )
        return says_rgb and self._facts.differences.get(index, True)

    def _jpeg(
        self,
        index: int,
        level: Level,
        position: tuple[int, int],
        bands: tuple[int, ...],
        budget: Budget,
        quick: bool,
    ) -> MaskedPixels | None:
        """Return a JPEG block decoded by libjpeg-turbo; None if GDAL has to: without `quick`, those it shows right.

        The libjpeg in rasterio 1.4.4's wheels (IJG's 9.6) takes four times as long as that of OpenCV and Pillow. They
        differ where colours are stored at half the resolution: a photograph has a PSNR of 52 dB. Encoding the answer as
        a JPEG loses far more.
        """
        info, (row, column) = self.info, position
        size = level.block_width, level.block_height
        if self.dataset(index).block_shapes[0] != size[::-1]:
            return None
        data = self.encoded(index, column, row, size)
        if data is None or data[:2] != b'\xff\xd8':
            return None
        wrong = self._may_contradict(index) and contradicts_rgb(data)
        self._facts.differences[index] = wrong
        if not (wrong or (quick and self._facts.jpegs.get(index, True))):
            return None
        budget.spend(
            info.cost(level, (column * size[0], row * size[1], column * size[0] + 1, row * size[1] + 1), 1)
        )
        try:
            values = decode_jpeg(data)
        except Exception:
            # GDAL decides what can be shown of a broken block.
            return None
        left, top = column * size[0], row * size[1]
        right, bottom = min(level.width, left + size[0]), min(level.height, top + size[1])
        values = values[: bottom - top, : right - left]
        if values.shape[2] != info.count:
            return None
        if index not in self._facts.jpegs and not wrong:
            # Compared once for each level: if the decoders disagree about the colour space, they do so in every block.
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
        """Return the values of a window as they are in the file, (rows, columns, bands), and the file's mask of it.

        The mask (rows, columns) is the alpha band in its own dtype, or else the file's mask as uint8, 0 where nothing
        is valid; None if the file has neither. Nodata is not looked at. Raises `TooMuchToDecode`, and what rasterio
        raises.
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
            # GDAL 3.10 reads planes so much quicker than interleaved pixels that merging them afterwards pays.
            values = kernels.merge(dataset.read(numbers, window=rectangle))
        elif len(bands) > _INTERLEAVED:
            values = np.moveaxis(dataset.read(numbers, window=rectangle), 0, 2)
        else:
            values = np.empty((bottom - top, right - left, len(bands)), info.dtype)
            # Into a transposed array: rasterio heeds strides, so nothing has to be copied.
            dataset.read(numbers, window=rectangle, out=values.transpose(2, 0, 1))
        masked = info.alpha is None and info.masked
        return values, dataset.read_masks(1, window=rectangle) if masked else None
