"""The source of whole-slide scans: large-image's openslide source, as the pool lends it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import numpy as np
import openslide
from large_image_source_openslide import OpenslideFileTileSource
from PIL import Image

from django_large_image.caching.blocks import block_cache
from django_large_image.caching.shared import shared_blocks
from django_large_image.pixels import MaskedPixels
from django_large_image.readers.sources.pooled import PooledSource, SourceFacts

#: Larger regions are not kept: they are decoded for a tile far out, of which there are few.
_KEPT_BYTES = 16 * 2**20


class _KeptRegions:
    """An open slide whose regions are kept in the block cache, for all handles and styles."""

    def __init__(self, slide: openslide.OpenSlide, version: Hashable) -> None:
        """Take an open slide; `version` names its bytes in the cache."""
        self._slide, self._version = slide, version

        # What large-image's source asks of a slide that it has opened.
        self.dimensions: tuple[int, int] = slide.dimensions
        self.properties: Mapping[str, str] = slide.properties
        self.level_dimensions: tuple[tuple[int, int], ...] = slide.level_dimensions
        self.level_downsamples: tuple[float, ...] = slide.level_downsamples
        self.associated_images: Mapping[str, Image.Image] = slide.associated_images

    def close(self) -> None:
        """Close the slide."""
        self._slide.close()

    def read_region(self, location: tuple[int, int], level: int, size: tuple[int, int]) -> Image.Image:
        """Return the pixels of a region in mode RGBA, as OpenSlide's method does; raises what that raises."""
        if size[0] * size[1] * 4 > _KEPT_BYTES:
            return self._slide.read_region(location, level, size)
        # Plain integers: the names of shared blocks are made of what is written for them.
        key: Hashable = (self._version, 'slide', *map(int, location), int(level), *map(int, size))

        def load(keys: list[Hashable]) -> Mapping[Hashable, MaskedPixels]:
            pixels = np.asarray(self._slide.read_region(location, level, size))
            return {key: MaskedPixels(pixels, None)}

        found = block_cache.fetch([key], lambda missing: shared_blocks.fetch(missing, load))[key]
        return Image.fromarray(found.values)


class SlideSource(PooledSource, OpenslideFileTileSource):  # type: ignore[misc]
    """Read what OpenSlide reads."""

    cacheName = 'tilesource'
    name = 'openslide'

    _openslide: openslide.OpenSlide | _KeptRegions

    def __init__(
        self, path: str, facts: SourceFacts | None = None, version: Hashable = None, **kwargs: object
    ) -> None:
        """Open a slide; `facts` are those of `PooledSource`. Raises what large-image's source raises.

        `version` names its bytes, so that all handles share what is decoded; None shares nothing.
        """
        super().__init__(path, facts, **kwargs)
        if version is not None and not isinstance(self._openslide, _KeptRegions):
            self._openslide = _KeptRegions(self._openslide, version)

    @classmethod
    def is_fallback(cls, path: str) -> bool:
        """Return whether the file is any tiled TIFF: OpenSlide 4.0 shows one page of it, with 8 bits."""
        return bool(openslide.OpenSlide.detect_format(path) == 'generic-tiff')

    def closers(self) -> tuple[Callable[[], object], ...]:
        """Return what closes the slide."""
        return (lambda: self._openslide.close(),)

    @property
    def stored_levels(self) -> int:
        """Return how many levels the file has."""
        return int(self._populatedLevels)
