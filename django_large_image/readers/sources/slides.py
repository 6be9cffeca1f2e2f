"""The source of whole-slide scans: large-image's openslide source, as the pool lends it."""

from __future__ import annotations

from collections.abc import Callable

from large_image_source_openslide import OpenslideFileTileSource

from django_large_image.readers.sources.pooled import PooledSource


class SlideSource(PooledSource, OpenslideFileTileSource):  # type: ignore[misc]
    """Read what OpenSlide reads."""

    cacheName = 'tilesource'
    name = 'openslide'

    def closers(self) -> tuple[Callable[[], object], ...]:
        """Return what closes the slide."""
        return (lambda: self._openslide.close(),)

    @property
    def stored_levels(self) -> int:
        """Return how many levels the file has."""
        return int(self._populatedLevels)
