"""Which of large-image's sources are there, which may be used, and which one reads a given image."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from large_image.constants import SourcePriority
from large_image.tilesource import FileTileSource

from django_large_image.access import ImageRef
from django_large_image.conf import settings
from django_large_image.exceptions import (
    ImageUnreadable,
    InvalidParameter,
    LargeImageError,
    Misconfigured,
)
from django_large_image.handles.ready import NEEDS, make_ready
from django_large_image.inspection.signatures import Kind
from django_large_image.inspection.tiff import Tiff
from django_large_image.loading import is_there, load
from django_large_image.readers.sources.pooled import PooledSource, pooled

#: The entry points of large-image's sources.
GROUP = 'large_image.source'
#: Sources of large-image that are never used: they open what another file names, or invent pixels.
FORBIDDEN = frozenset({'multi', 'test', 'deepzoom', 'dummy', 'bioformats', 'vips', 'zarr', 'dicom', 'mapnik'})

#: Sources that know the frames of an OME-TIFF.
OME_SOURCES = frozenset({'tiff', 'ometiff', 'tifffile'})

Opened = TypeVar('Opened')

_lock = threading.Lock()
#: Where the classes are that take the place of large-image's own.
_OURS = {
    'rasterio': 'django_large_image.readers.plugin:RasterTileSource',
    'gdal': 'django_large_image.readers.sources.osgeosource:OsgeoSource',
    'pil': 'django_large_image.readers.sources.plainpicture:PlainPictureSource',
    'tifffile': 'django_large_image.readers.sources.multiframe:MultiFrameSource',
    'openslide': 'django_large_image.readers.sources.slides:SlideSource',
}


@functools.lru_cache(maxsize=1)
def installed_sources() -> dict[str, str]:
    """Return the installed sources of large-image: name to module, without importing any of them."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def available_sources() -> dict[str, str]:
    """Return the sources that may be used here: installed, in the setting `SOURCES`, and not `FORBIDDEN`."""
    allowed = [name for name in settings.SOURCES if name not in FORBIDDEN]
    installed = installed_sources()
    # The source of large-image may be there without the library that it needs.
    names = [name for name in allowed if name in installed and is_there(*NEEDS.get(name, ()))]
    if 'rasterio' in names and 'gdal' in names:
        # The two bring a libgdal each and crash in one process (system check E002 says so); rasterio stays.
        names.remove('gdal')
    return {name: installed[name] for name in names}


@functools.cache
def source_class(name: str) -> type[PooledSource]:
    """Return the class of a source by its name; raises `Misconfigured` if it cannot be imported."""
    make_ready(name)
    where = _OURS.get(name, installed_sources()[name])
    load(where.partition(':')[0])
    cls: type[FileTileSource] = EntryPoint(name, where, GROUP).load()
    if name != 'rasterio':
        # One thread would see what the other one has added so far.
        # Some sources know theirs from the start.
        with _lock, contextlib.suppress(AttributeError):
            cls.addKnownExtensions()
    return cls if name == 'rasterio' or issubclass(cls, PooledSource) else pooled(cls)


def check_source(name: str) -> str:
    """Return the name if it is that of an available source; raises `InvalidParameter` otherwise."""
    if name not in available_sources():
        raise InvalidParameter(
            'source', name, ' or '.join(available_sources()) or 'nothing: none is installed'
        )
    return name


def candidates(ref: ImageRef, kind: Kind, tiff: Tiff | None) -> Iterator[str]:
    """Yield the names of the sources that may read a local file of a kind, the likeliest first.

    That is large-image's own order of priority for the extension, with the geospatial sources at the end if rasterio
    could say that the file is not georeferenced.
    """
    names = [name for name in available_sources() if name in kind.sources]
    extensions = [part.lower() for part in ref.name.split('.')[1:]]
    ome = tiff is not None and tiff.is_ome
    chosen = None if tiff is None else tiff.reader

    def rank(name: str) -> tuple[bool, bool, bool, bool, int]:
        try:
            known = source_class(name).extensions
        except Misconfigured:
            # It comes last, and is the error if no other one reads the file.
            return True, True, True, True, 0
        priority = min((known[part] for part in extensions if part in known), default=SourcePriority.FALLBACK)
        # Sources that do not know OME's frames show the first of them, under whatever extension.
        other = chosen is not None and name != chosen
        return False, other, name == 'rasterio', ome and name not in OME_SOURCES, int(priority)

    if chosen == 'pil' and 'pil' in names:
        # What it does not read, the others show in wrong colours.
        names = ['pil']
    yield from sorted(names, key=rank)


def first_that_opens(names: Iterator[str], open_one: Callable[[str], Opened]) -> Opened:
    """Return what `open_one(name)` returns for the first name that it can open; re-raise the last refusal."""
    refused: LargeImageError = ImageUnreadable()
    for name in names:
        try:
            return open_one(name)
        except ImageUnreadable as error:
            refused = error
    raise refused
