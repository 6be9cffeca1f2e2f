"""Sources of large-image as the pool lends them: opened once, and viewed in many styles."""

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
    """What was found out about one version of an image; all its open handles share it, in all threads."""

    frame_count: int | None = None
    band_count: int | None = None
    #: large-image's own: by frame, what it found out of the values of the bands.
    band_ranges: dict[int | None, Json | None] = field(default_factory=dict)
    #: By the number of samples: what the tags say of them.
    tones: dict[int, Tones] = field(default_factory=dict)
    #: By channel: the least and the greatest value of each sample, None for bytes.
    ranges: dict[int, tuple[Array, Array]] = field(default_factory=dict)


class _NoCache(dict[str, object]):
    """A tile cache that keeps nothing: the encoded tile is cached by us, under a key that knows the version."""

    def __setitem__(self, key: str, value: object) -> None:
        pass


class _StrictLogger(logging.Logger):
    """Raise where large-image 1.35.6 logs a failed read and goes on with a tile of zeros."""

    def exception(self, *args: object, **kwargs: object) -> None:
        error = sys.exc_info()[1]
        # A colour profile that cannot be used is left out, as viewers do.
        if error is not None and type(error).__name__ != 'PyCMSError':
            raise error


_strict_logger = _StrictLogger('django_large_image.strict', logging.CRITICAL)


class PooledSource:
    """A mixin before a source of large-image: without cache, strict, and closed at once where it cannot be opened.

    Sources of large-image 1.35.6 open the file, look at it, and leave it open when they raise.
    """

    #: Whether a style has to be given, even if it is only the default one of geospatial sources.
    has_default_style = False
    #: Whether the colours that a view without a style shows are made of the values of the file.
    automatic_ranges_shown = False
    #: Whether a picture is decoded as a whole before a tile of it is.
    decodes_whole = False
    #: By extension, None for no particular one: large-image's priority of the source.
    extensions: ClassVar[dict[str | None, SourcePriority]]
    #: What keeps the handle of a view borrowed, as long as the view is in use.
    _keeper: object = None

    def __init__(self, path: str, facts: SourceFacts | None = None, **kwargs: object) -> None:
        """Open a file; `facts` are those of another handle of the same version."""
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
        """Let `copy.copy` share what is open, where large-image's own would open the file anew."""
        return copyreg.__newobj__, (type(self),), object.__getstate__(self)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close what the source holds open; to be called once."""
        for closer in self.closers():
            # The source may have failed before it opened this.
            with contextlib.suppress(Exception):
                closer()

    def closers(self) -> tuple[Callable[[], object], ...]:
        """Return what closes the files of the source."""
        return ()

    @property
    def held_bytes(self) -> int:
        """Return what a handle is taken to hold in memory: readers of pictures without levels keep all of it."""
        source: TileSource = self
        return 4 * int(source.sizeX) * int(source.sizeY) if source.levels == 1 else 0

    @property
    def stored_levels(self) -> int:
        """Return how many levels the file has; what it lacks is put together of the next one that it has."""
        source: TileSource = self
        return int(source.levels)

    def automatic_ranges(self) -> list[Json] | None:
        """Return the ranges that are shown without a style; None if that is not known."""
        return None

    def styled(self, style: Json | None, encoding: str = 'PNG', keeper: object = None) -> TileSource:
        """Return a view with a style (None for what fits the file) and an encoding of its own; it shares the open file.

        Making one costs microseconds, where large-image opens a source for each style and encoding. `keeper` lives as
        long as the view. Raises `InvalidParameter` for bands that the file does not have.
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
                # The handle itself is opened with an empty style, which means the bare values of the file.
                del view._style
                view._setStyle(None)
            return
        style = colors.with_colours(style)
        if not self.has_default_style:
            style = _without_auto_nodata(style)
        try:
            view._setStyle(style)
            if view._style:
                # Only now that it is complete: a geospatial source makes bytes of the numbers in a palette.
                view._style = JSONDict(colors.bounded(view._style))
        except (TileSourceError, KeyError, ValueError):
            # A band name or the file's own colours, which this file does not have.
            bands = view._unstyledInstance.getBandInformation().values()
            names = sorted({band.get('interpretation', '') for band in bands})
            raise InvalidParameter(
                'style', style, f'bands by number, or by name: {", ".join(names)}'
            ) from None


def _without_auto_nodata(style: Json) -> Json:
    """Return a style without `nodata: auto`, which only geospatial sources of large-image understand."""
    if 'bands' in style:
        return style | {'bands': [_without_auto_nodata(band) for band in style['bands']]}
    return {key: value for key, value in style.items() if (key, value) != ('nodata', 'auto')}


def pooled(source_class: type[TileSource]) -> type[PooledSource]:
    """Return a class of large-image's as the pool lends it."""

    class Pooled(PooledSource, source_class):  # type: ignore[misc]
        cacheName = 'tilesource'
        name = source_class.name

    return Pooled
