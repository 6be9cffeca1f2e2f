"""Opening an image: which reader takes it, and a handle of it from the pool."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from large_image.exceptions import TileSourceError

from django_large_image.access import ImageRef, local_ref
from django_large_image.exceptions import (
    ImageChanged,
    ImageUnreadable,
    InvalidParameter,
    LargeImageError,
    NotSupported,
    fault_of,
)
from django_large_image.handles import registry
from django_large_image.handles.lease import Lease
from django_large_image.handles.pool import PoolKey, handle_pool
from django_large_image.handles.ready import make_ready
from django_large_image.inspection import guard, jp2header, orientation, pngheader, tiffkinds
from django_large_image.models import runtime_settings
from django_large_image.readers.closing import close

logger = logging.getLogger(__name__)

#: How many times as long as decoding large-image's engine takes.
_ENGINE = 4
#: What `_decide` found, by digest of the image and bound for untiled images.
_decided: OrderedDict[tuple[str, int], tuple[str, bool]] = OrderedDict()
_decided_lock = threading.Lock()
_DECIDED_LIMIT = 4096


class _NoCache(dict):  # type: ignore[type-arg]
    """A tile cache that keeps nothing: the encoded tile is cached by us, under a key that knows the version."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


class _StrictLogger(logging.Logger):
    """Raise where large-image 1.35.6 logs a failed read and goes on with a tile of zeros."""

    def exception(self, *args: Any, **kwargs: Any) -> None:
        error = sys.exc_info()[1]
        # A colour profile that cannot be used is left out, as viewers do.
        if error is not None and type(error).__name__ != 'PyCMSError':
            raise error


_strict_logger = _StrictLogger('django_large_image.strict', logging.CRITICAL)


def borrow(ref: ImageRef, projection: str | None = None, source: str | None = None) -> Lease:
    """Borrow a handle of the image, opening one if none is free.

    Raises `ImageMissing`, `ImageUnreadable`, `NeedsConversion`, `RemoteUnavailable`, `Busy`, `NotSupported` and
    `InvalidParameter`.
    """
    limit = int(runtime_settings()['MAX_UNTILED_SIZE'])
    if source is not None:
        name, local = registry.check_source(source), source != 'rasterio'
    else:
        name, local = _decide(ref, limit, projection)
    make_ready(name)
    if local or ref.path is None:
        ref = local_ref(ref)
    if projection and name not in ('rasterio', 'gdal'):
        raise NotSupported('The image is not georeferenced, so it has no projection.', parameter='projection')
    key = PoolKey(ref.digest, name, projection, limit, ref.remote)
    handle = handle_pool.borrow(key, ref.key, lambda info: _open(ref, key, info), ref.remote)
    return Lease(ref, key, handle)


def check(ref: ImageRef, forget: bool = False) -> None:
    """Open an image once, for what `lease` raises; with `forget` nothing of it is kept: its file is about to go."""
    try:
        borrow(ref).release(failed=forget)
    finally:
        if forget:
            handle_pool.forget(ref.digest)
            with _decided_lock:
                for place in [place for place in _decided if place[0] == ref.digest]:
                    del _decided[place]


def _decide(ref: ImageRef, limit: int, projection: str | None) -> tuple[str, bool]:
    """Return which source reads the image and whether it needs a local file; once per version of the image."""
    known = _decided.get((ref.digest, limit))
    if known is None:
        known = _find_out(ref, limit, projection)
        with _decided_lock:
            _decided[ref.digest, limit] = known
            while len(_decided) > _DECIDED_LIMIT:
                _decided.popitem(last=False)
    return known


def _find_out(ref: ImageRef, limit: int, projection: str | None) -> tuple[str, bool]:
    rasterio_there = 'rasterio' in registry.available_sources()
    if rasterio_there:
        make_ready('rasterio')
        from django_large_image.raster.dataset import (
            decodes,
            has_frames,
            has_other_colours,
            is_georeferenced,
        )
    if ref.remote and ref.path is not None and rasterio_there:
        with contextlib.suppress(ImageUnreadable):
            if _look(
                ref,
                limit,
                projection,
                lambda dataset: (
                    is_georeferenced(dataset) or not (has_frames(dataset) or has_other_colours(dataset))
                ),
            ):
                return 'rasterio', False
        # Not a format that GDAL reads from afar, or one that another reader knows better, such as a whole-slide scan.
    ref = local_ref(ref)
    assert ref.path is not None
    kind = guard.sniff(ref.path)
    if rasterio_there and 'rasterio' in kind.sources:
        with contextlib.suppress(ImageUnreadable):
            # Of JPEG 2000 only rasterio reads the smaller levels, where others decode all of it; of colours of 16 bits
            # Pillow 13.0 keeps 8.
            best = kind.name == 'jp2' or (kind.name == 'png' and pngheader.is_deep(ref.path))
            question: Callable[[Any], bool] | None = decodes if best else is_georeferenced
            if kind.name == 'tiff' and tiffkinds.reader(ref.path) == 'rasterio':
                question = None
            if _look(ref, limit, projection, question):
                # No other reader knows where the image is, so none is tried.
                return 'rasterio', True
    key = PoolKey(ref.digest, '', None, limit)

    def try_one(name: str) -> str:
        pool_key = key._replace(source=name)
        handle = handle_pool.borrow(pool_key, ref.key, lambda info: _open(ref, pool_key, info))
        handle_pool.give_back(pool_key, handle)
        return name

    return registry.first_that_opens(registry.candidates(ref), try_one), True


class _Declined(ImageUnreadable):
    """The dataset is not one that was looked for."""


def _look(ref: ImageRef, limit: int, projection: str | None, question: Callable[[Any], bool] | None) -> bool:
    """Return the answer to a question about rasterio's dataset of the image; if that is yes, its handle is kept."""
    key = PoolKey(ref.digest, 'rasterio', projection, limit, ref.remote)
    try:
        handle = handle_pool.borrow(key, ref.key, lambda info: _open(ref, key, info, question), ref.remote)
    except _Declined:
        return False
    except InvalidParameter:
        # Whether it can be shown in this projection is another question.
        return projection is not None and _look(ref, limit, None, question)
    handle_pool.give_back(key, handle)
    return True


def _open(
    ref: ImageRef, key: PoolKey, info: dict[Any, Any], question: Callable[[Any], bool] | None = None
) -> Any:
    """Open a handle: a tile source without style, cache or log of its own.

    Raises `_Declined` if the answer to a question about rasterio's dataset is no.
    """
    try:
        if key.source == 'rasterio':
            source = _open_rasterio(ref, key, info, question)
        else:
            source = _open_other(ref, key)
    except LargeImageError:
        raise
    except TileSourceError as error:
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        if key.projection:
            raise InvalidParameter(
                'projection', key.projection, 'an EPSG code of a projected CRS that the image can be shown in'
            ) from error
        raise ImageUnreadable() from error
    except Exception as error:
        # A hostile or broken file makes a reader raise anything at all; the kind is logged, the text may hold a path.
        logger.warning('The source %s could not open an image: %s', key.source, type(error).__name__)
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        raise ImageUnreadable() from error
    source.cache, source.cache_lock = _NoCache(), None
    source.logger = _strict_logger
    if hasattr(source, 'heldBytes'):
        info['nbytes'] = source.heldBytes()
    elif source.levels == 1 and key.source != 'rasterio':
        # Readers of pictures without levels keep all of it decoded.
        info['nbytes'] = 4 * int(source.sizeX) * int(source.sizeY)
    source._bandRanges = info.setdefault('ranges', {})
    source._image_info = info
    source._opened = time.monotonic()
    return source


def _open_rasterio(
    ref: ImageRef, key: PoolKey, info: dict[Any, Any], question: Callable[[Any], bool] | None
) -> Any:
    from django_large_image.raster.dataset import gdal_env, open_dataset, open_overview
    from django_large_image.readers.geo import GeoSource
    from django_large_image.readers.opened import Opened

    def check() -> None:
        if not ref.is_current():
            raise ImageChanged()

    with gdal_env(ref):
        dataset = open_dataset(ref, key.limit)

        def open_level(path: str, index: int) -> Any:
            overview = open_overview(dataset, path, index)
            check()
            return overview

        try:
            # Opened too late, it would be another version than its name says.
            check()
            if question is not None and not question(dataset):
                raise _Declined()
            if dataset.driver == 'JP2OpenJPEG' and not ref.remote:
                assert ref.path is not None
                info['nbytes'] = jp2header.check(ref.path).table_bytes
            options = {'projection': key.projection, 'style': '{}', 'encoding': 'PNG', 'noCache': True}
            return GeoSource(dataset, Opened(ref.digest, open_level, check, key.limit, info), **options)
        except Exception:
            dataset.close()
            raise


def _open_other(ref: ImageRef, key: PoolKey) -> Any:
    assert ref.path is not None
    kind = guard.sniff(ref.path)
    if key.source not in kind.sources:
        raise ImageUnreadable(f'The source {key.source} does not read files of this format.')
    if key.source != 'pil':
        orientation.check_as_stored(ref.path, kind.name)
    pixel = 3.0
    if kind.name == 'tiff':
        pixel = guard.check_tiff(ref.path, key.limit)
    elif 'pil' in kind.sources:
        guard.check_plain(ref.path, kind, key.limit)
    options: dict[str, Any] = {'encoding': 'PNG', 'noCache': True}
    if key.source == 'gdal':
        options |= {'style': '{}', 'projection': key.projection}
    elif key.source == 'pil':
        if kind.name == 'tiff':
            guard.check_whole(ref.path, key.limit)
        options['version'] = ref.digest
    source = registry.source_class(key.source)(ref.path, **options)
    try:
        _check_other(source, pixel)
    except Exception:
        close(source)
        raise
    return source


def _check_other(source: Any, pixel: float) -> None:
    """Look at what only the reader knows; raises `NeedsConversion`."""
    levels = int(getattr(source, '_populatedLevels', None) or source.levels)
    # A level that the file lacks is put together from all tiles of the next one that it has.
    # With a projection, sizeX is that of the world at the finest level.
    size = getattr(source, 'sourceSizeX', source.sizeX), getattr(source, 'sourceSizeY', source.sizeY)
    if source.levels > 1:
        guard.check_pyramid(*size, 2 ** (levels - 1), pixel * _ENGINE)
        guard.check_tile(source.tileWidth, source.tileHeight)


def forget_decisions() -> None:
    """Forget which source reads which image."""
    with _decided_lock:
        _decided.clear()
