"""Sources of large-image as the pool lends them: opened once, and used in many styles."""

from __future__ import annotations

import contextlib
import copy
import copyreg
import logging
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from large_image.constants import SourcePriority
from large_image.exceptions import TileSourceError
from large_image.tilesource import TileSource
from large_image.tilesource.utilities import JSONDict

from django_large_image import colors
from django_large_image.exceptions import InvalidParameter
from django_large_image.pixels import Array, Json
from django_large_image.readers.sources.frametones import Tones


@dataclass(slots=True)
class SourceFacts:
    """What was found out about one version of an image. All its open handles share it, in all threads."""

    frame_count: int | None = None
    band_count: int | None = None
    #: By frame: large-image's own ranges of the bands (`_bandRanges`).
    band_ranges: dict[int | None, Json | None] = field(default_factory=dict)
    #: By the number of samples of a pixel: what the tags say of them.
    tones: dict[int, Tones] = field(default_factory=dict)
    #: By channel: the least and the greatest value of each sample.
    ranges: dict[int, tuple[Array, Array]] = field(default_factory=dict)


class _NoCache(dict[str, object]):
    """A tile cache that keeps nothing: we cache the encoded tile ourselves, under a key that knows the version."""

    def __setitem__(self, key: str, value: object) -> None:
        pass


class _StrictLogger(logging.Logger):
    """Raise where large-image 1.35.6 logs a failed read and goes on with a tile of zeros."""

    def exception(self, *args: object, **kwargs: object) -> None:
        error = sys.exc_info()[1]
        # A picture with an unusable colour profile is shown without it, as viewers do.
        if error is not None and type(error).__name__ != 'PyCMSError':
            raise error


_strict_logger = _StrictLogger('django_large_image.strict', logging.CRITICAL)


class PooledSource:
    """A mixin before a source of large-image, for the pool.

    The source then has no tile cache, raises an error of reading instead of logging it, and is closed if it cannot be
    opened: sources of large-image 1.35.6 open the file, look at it, and leave it open when they raise.
    """

    #: Whether the source has a default style, as geospatial sources do.
    has_default_style = False
    #: Whether this is a view without a style, which shows colours made of the file's values by their ranges.
    automatic_ranges_shown = False
    #: Whether the whole picture is decoded for any tile of it.
    decodes_whole = False
    #: large-image's priority of the source by file extension; None stands for all other extensions.
    extensions: ClassVar[dict[str | None, SourcePriority]]
    #: Keeps the handle of a view borrowed as long as the view is in use.
    _keeper: object = None

    def __init__(self, path: str, facts: SourceFacts | None = None, **kwargs: object) -> None:
        """Open a file; `facts` come from another handle of the same version. Raises what the source raises."""
        self.facts = SourceFacts() if facts is None else facts
        try:
            super().__init__(path, **{'encoding': 'PNG', 'noCache': True, **kwargs})  # type: ignore[call-arg]
        except Exception:
            self.close()
            raise
        self.cache, self.cache_lock = _NoCache(), None
        self.logger = _strict_logger
        self._bandRanges = self.facts.band_ranges

    def __reduce__(self) -> tuple[Callable[..., object], tuple[type], object]:
        """Let `copy.copy` share what is open; with large-image's own method it would open the file anew."""
        return copyreg.__newobj__, (type(self),), object.__getstate__(self)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close what the source holds open. Call this once."""
        for closer in self.closers():
            # The constructor may have failed before it opened this.
            with contextlib.suppress(Exception):
                closer()

    def closers(self) -> tuple[Callable[[], object], ...]:
        """Return functions that close the files of the source."""
        return ()

    @classmethod
    def is_fallback(cls, path: str) -> bool:
        """Return whether other sources know a local file better, and this one is to be tried behind them."""
        return False

    @property
    def held_bytes(self) -> int:
        """Return the bytes that a handle may hold: a source without levels keeps the whole decoded picture."""
        source: TileSource = self
        return 4 * int(source.sizeX) * int(source.sizeY) if source.levels == 1 else 0

    @property
    def stored_levels(self) -> int:
        """Return how many levels the file has. large-image makes those that it lacks from the next finer one."""
        source: TileSource = self
        return int(source.levels)

    def count_bands(self) -> int | None:
        """Return the number of bands, None where it takes a tile to know it."""
        return None

    def automatic_ranges(self) -> list[Json] | None:
        """Return the ranges of values that are shown without a style (see `ImageReader.ranges`); None if not known."""
        return None

    def styled(self, style: Json | None, encoding: str = 'PNG', keeper: object = None) -> TileSource:
        """Return a view of the open file with a style (None for what fits the file) and an encoding of its own.

        Making one costs microseconds, where large-image opens a source for each style and encoding. `keeper` is kept as
        long as the view lives. Raises `InvalidParameter` for bands or colours that the file does not have.
        """
        view: TileSource = copy.copy(self)
        view._sourceLock = threading.RLock()
        view._classkey = uuid.uuid4().hex
        view._unstyledInstance = self
        view._noCache = False
        view.encoding = encoding
        view._keeper = keeper
        view._take_style(style)
        return view

    def _take_style(self, style: Json | None) -> None:
        view: TileSource = self
        if style is None:
            if self.has_default_style:
                # The handle itself was opened with the style {}, which means the values of the file.
                del view._style
                view._setStyle(None)
            return
        style = colors.with_colours(style)
        if not self.has_default_style:
            style = colors.each_band(style, _without_auto_nodata)
        try:
            view._setStyle(style)
            if view._style:
                # Only when the style is complete: before, a geospatial source would make bytes of numbers in a palette.
                view._style = JSONDict(colors.bounded(view._style))
        except (TileSourceError, KeyError, ValueError):
            # The style names a band, or the colour table, that this file does not have.
            bands = view._unstyledInstance.getBandInformation().values()
            names = sorted({band.get('interpretation', '') for band in bands})
            raise InvalidParameter(
                'style', style, f'bands by number, or by name: {", ".join(names)}'
            ) from None


def _without_auto_nodata(band: Json) -> Json:
    """Return a band entry without `nodata: auto`, which only geospatial sources of large-image understand."""
    return {key: value for key, value in band.items() if (key, value) != ('nodata', 'auto')}


def pooled(source_class: type[TileSource]) -> type[PooledSource]:
    """Return a subclass of a source of large-image that the pool can lend."""

    class Pooled(PooledSource, source_class):  # type: ignore[misc]
        cacheName = 'tilesource'
        name = source_class.name

    return Pooled
