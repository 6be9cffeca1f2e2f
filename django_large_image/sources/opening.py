"""A lease: one open handle of an image for one request, and the views of it for styles and encodings."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from large_image.exceptions import TileSourceError

from django_large_image.access import ImageRef, local_ref
from django_large_image.exceptions import (
    ImageUnreadable,
    InvalidParameter,
    LargeImageError,
    NotSupported,
    RemoteUnavailable,
)
from django_large_image.models import runtime_settings
from django_large_image.sources import guard, registry
from django_large_image.sources.pool import PoolKey, pool

logger = logging.getLogger(__name__)

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


class Lease:
    """A borrowed handle. Use it as a context manager, or let the view that owns it go out of scope."""

    def __init__(self, ref: ImageRef, key: PoolKey, handle: Any) -> None:
        self.ref = ref
        self._key = key
        self.source = handle
        self._open = True
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Lease:
        if self._key.source == 'rasterio':
            from django_large_image.sources.gdal import gdal_env

            self._stack.enter_context(gdal_env(self.ref))
            # rasterio 1.4.4 leaves the error of a failed read in the thread and raises it at the next call, of
            # whatever dataset; this call takes it.
            with contextlib.suppress(Exception):
                _ = self.source.dataset.colorinterp
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._stack.close()
        # A handle that failed may be in any state, and the next request gets another; most of our errors are about
        # the question and not about the handle.
        harmless = isinstance(error, LargeImageError) and not isinstance(
            error, ImageUnreadable | RemoteUnavailable
        )
        self.release(failed=isinstance(error, Exception) and not harmless)

    def __del__(self) -> None:
        # The garbage collector may come while this very thread holds the pool's lock.
        if self._open:
            self._open = False
            pool.returned.append((self._key, self.source))

    def release(self, failed: bool = False) -> None:
        """Give the handle back, or close it if it failed."""
        if self._open:
            self._open = False
            if failed:
                pool.discard(self._key, self.source)
            else:
                pool.give_back(self._key, self.source)

    def view(self, style: dict[str, Any] | None = None, encoding: str = 'PNG', owner: bool = False) -> Any:
        """Return large-image's tile source of this handle with a style and an encoding of its own.

        A view shares the open dataset; making one costs microseconds, where large-image opens a source for each
        style, encoding and projection. With `owner` the lease lives as long as the view.
        """
        raw = self.source
        view = raw.__class__.__new__(raw.__class__)
        view.__dict__ = raw.__dict__ | {
            '_sourceLock': threading.RLock(),
            '_classkey': uuid.uuid4().hex,
            '_unstyledInstance': raw,
            '_noCache': False,
            'encoding': encoding,
        }
        with reading():
            self._set_style(view, style)
        if owner:
            view._lease = self
        return view

    def _set_style(self, view: Any, style: dict[str, Any] | None) -> None:
        raw = self.source
        if style is not None:
            if self._key.source not in ('rasterio', 'gdal'):
                style = without_auto_nodata(style)
            try:
                view._setStyle(style)
            except (TileSourceError, KeyError, ValueError):
                # A band name or the file's own colours, which this file does not have.
                names = sorted({band.get('interpretation', '') for band in raw.getBandInformation().values()})
                raise InvalidParameter(
                    'style', style, f'bands by number, or by name: {", ".join(names)}'
                ) from None
        elif self._key.source == 'gdal' or (self._key.source == 'rasterio' and not raw.isPlainPicture()):
            # The handle itself is opened with an empty style, which means the bare values of the file.
            view.__dict__.pop('_style', None)
            view._setStyle(None)


def without_auto_nodata(style: dict[str, Any]) -> dict[str, Any]:
    """Return a style without `nodata: auto`, which only geospatial sources of large-image understand."""
    if 'bands' in style:
        return style | {'bands': [without_auto_nodata(band) for band in style['bands']]}
    return {key: value for key, value in style.items() if (key, value) != ('nodata', 'auto')}


def lease(ref: ImageRef, projection: str | None = None, source: str | None = None) -> Lease:
    """Borrow a handle of the image, opening one if none is free.

    Raises `ImageMissing`, `ImageUnreadable`, `NeedsConversion`, `RemoteUnavailable`, `Busy`, `NotSupported` and
    `InvalidParameter`.
    """
    limit = int(runtime_settings()['MAX_UNTILED_SIZE'])
    if source is not None:
        name, local = registry.check_source(source), source != 'rasterio'
    else:
        name, local = _decide(ref, limit)
    if local or ref.path is None:
        ref = local_ref(ref)
    if projection and name not in ('rasterio', 'gdal'):
        raise NotSupported('The image is not georeferenced, so it has no projection.', parameter='projection')
    key = PoolKey(ref.digest, name, projection, limit, ref.remote)
    handle = pool.borrow(key, ref.key, lambda info: _open(ref, key, info), ref.remote)
    return Lease(ref, key, handle)


def _decide(ref: ImageRef, limit: int) -> tuple[str, bool]:
    """Return which source reads the image and whether it needs a local file; once per version of the image."""
    known = _decided.get((ref.digest, limit))
    if known is None:
        known = _find_out(ref, limit)
        with _decided_lock:
            _decided[ref.digest, limit] = known
            while len(_decided) > _DECIDED_LIMIT:
                _decided.popitem(last=False)
    return known


def _find_out(ref: ImageRef, limit: int) -> tuple[str, bool]:
    rasterio_there = 'rasterio' in registry.available_sources()
    if rasterio_there:
        from django_large_image.sources.gdal import has_frames, is_georeferenced
    if ref.remote and ref.path is not None and rasterio_there:
        with contextlib.suppress(ImageUnreadable):
            if _look(ref, limit, lambda dataset: is_georeferenced(dataset) or not has_frames(dataset)):
                return 'rasterio', False
        # Not a format that GDAL reads from afar, or one that another reader knows better, such as a whole-slide scan.
    ref = local_ref(ref)
    assert ref.path is not None
    kind = guard.sniff(ref.path)
    if rasterio_there and 'rasterio' in kind.sources:
        with contextlib.suppress(ImageUnreadable):
            if _look(ref, limit, is_georeferenced):
                # No other reader knows where the image is, so none is tried.
                return 'rasterio', True
    key = PoolKey(ref.digest, '', None, limit)

    def try_one(name: str) -> str:
        pool_key = key._replace(source=name)
        handle = pool.borrow(pool_key, ref.key, lambda info: _open(ref, pool_key, info))
        pool.give_back(pool_key, handle)
        return name

    return registry.first_that_opens(registry.candidates(ref), try_one), True


def _look(ref: ImageRef, limit: int, question: Callable[[Any], bool]) -> bool:
    """Return the answer to a question about rasterio's dataset of the image."""
    from django_large_image.sources.gdal import gdal_env, open_dataset

    with gdal_env(ref), open_dataset(ref, limit) as dataset:
        return question(dataset)


def _open(ref: ImageRef, key: PoolKey, info: dict[Any, Any]) -> Any:
    """Open a handle: a tile source without style, cache or log of its own."""
    try:
        if key.source == 'rasterio':
            source = _open_rasterio(ref, key, info)
        else:
            source = _open_other(ref, key)
    except (LargeImageError, MemoryError):
        raise
    except TileSourceError as error:
        if key.projection:
            raise InvalidParameter(
                'projection', key.projection, 'an EPSG code of a projected CRS that the image can be shown in'
            ) from error
        raise ImageUnreadable() from error
    except Exception as error:
        # A hostile or broken file makes a reader raise anything at all; the kind is logged, the text may hold a path.
        logger.warning('The source %s could not open an image: %s', key.source, type(error).__name__)
        raise ImageUnreadable() from error
    source.cache, source.cache_lock = _NoCache(), None
    source.logger = _strict_logger
    source._bandRanges = info.setdefault('ranges', {})
    source._image_info = info
    source._opened = time.monotonic()
    return source


def _open_rasterio(ref: ImageRef, key: PoolKey, info: dict[Any, Any]) -> Any:
    from django_large_image.sources.gdal import gdal_env, open_dataset
    from django_large_image.sources.geo import GeoSource

    with gdal_env(ref):
        dataset = open_dataset(ref, key.limit)
        try:
            return GeoSource(
                dataset, info=info, projection=key.projection, style='{}', encoding='PNG', noCache=True
            )
        except Exception:
            dataset.close()
            raise


def _open_other(ref: ImageRef, key: PoolKey) -> Any:
    assert ref.path is not None
    kind = guard.sniff(ref.path)
    if key.source not in kind.sources:
        raise ImageUnreadable(f'The source {key.source} does not read files of this format.')
    if kind.name == 'tiff':
        guard.check_tiff(ref.path, key.limit)
    elif 'pil' in kind.sources and not kind.tiled:
        guard.check_plain(ref.path, key.limit)
    options: dict[str, Any] = {'encoding': 'PNG', 'noCache': True}
    if key.source == 'gdal':
        options |= {'style': '{}', 'projection': key.projection}
    elif key.source == 'pil':
        options['maxSize'] = key.limit
    source = registry.source_class(key.source)(ref.path, **options)
    levels = int(getattr(source, '_populatedLevels', None) or source.levels)
    # A level that the file lacks is put together from all tiles of the next one that it has.
    # With a projection, sizeX is that of the world at the finest level.
    size = getattr(source, 'sourceSizeX', source.sizeX), getattr(source, 'sourceSizeY', source.sizeY)
    guard.check_pyramid(*size, 2 ** (levels - 1))
    return source


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Turn what a reader raises while it reads pixels into `ImageUnreadable`."""
    try:
        yield
    except (LargeImageError, MemoryError):
        raise
    except Exception as error:
        logger.warning('An image could not be read: %s', type(error).__name__)
        raise ImageUnreadable('The pixels of the image cannot be read.') from error


def forget_decisions() -> None:
    """Forget which source reads which image."""
    with _decided_lock:
        _decided.clear()
