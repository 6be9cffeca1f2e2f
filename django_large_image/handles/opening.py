"""Opening an image: decide which reader takes it, and borrow a handle from the pool."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import cachetools
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
from django_large_image.handles.pool import Handle, ImageFacts, PoolKey, handle_pool
from django_large_image.handles.ready import make_ready
from django_large_image.inspection import jp2header, limits, orientation, pngheader
from django_large_image.inspection.signatures import sniff
from django_large_image.inspection.tiff import Tiff
from django_large_image.models import runtime_settings
from django_large_image.readers import reader_of
from django_large_image.readers.sources.pooled import PooledSource

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

logger = logging.getLogger(__name__)

#: How many times as long as decoding it takes large-image's engine to make a pixel.
_ENGINE = 4
#: What `_decide` returned, by digest of the image and `MAX_UNTILED_SIZE`.
_decided: cachetools.LRUCache[tuple[str, int], tuple[str, bool]] = cachetools.LRUCache(4096)
_decided_lock = threading.Lock()


def borrow(ref: ImageRef, projection: str | None = None, source: str | None = None) -> Lease:
    """Borrow an open handle of an image; open one if none is idle.

    `projection` is EPSG:n, None for the image's own pixels. `source` is large-image's name of the source that must read
    the image, None for the best. Raises `ImageMissing`, `ImageUnreadable`, `ImageRefused`, `NeedsConversion`,
    `ImageChanged`, `RemoteUnavailable`, `Busy`, `NotSupported`, `InvalidParameter`, `Misconfigured` and `ServerFault`.
    """
    limit = int(runtime_settings()['MAX_UNTILED_SIZE'])
    if source is not None:
        name, local = registry.check_source(source), source != 'rasterio'
    else:
        name, local = _decide(ref, limit)
    make_ready(name)
    if local or ref.path is None:
        ref = local_ref(ref)
    if projection and name not in ('rasterio', 'gdal'):
        raise NotSupported('The image is not georeferenced, so it has no projection.', parameter='projection')
    key = PoolKey(ref.digest, name, limit, ref.remote, projection if name == 'gdal' else None)
    lease = Lease(ref, handle_pool.borrow(key, ref.key, lambda facts: _open(ref, key, facts)), projection)
    if projection and name == 'rasterio':
        # Raise now if the image cannot be shown in this projection: the handle is not at fault.
        lease.view()
    return lease


def check(ref: ImageRef, forget: bool = False) -> None:
    """Open an image once; raises what `borrow` raises. With `forget` nothing is kept: its file is about to go."""
    try:
        borrow(ref).release(failed=forget)
    finally:
        if forget:
            handle_pool.forget(ref.digest)
            with _decided_lock:
                for known in [known for known in _decided if known[0] == ref.digest]:
                    del _decided[known]


def _decide(ref: ImageRef, limit: int) -> tuple[str, bool]:
    """Return which source reads the image, and whether it needs a local file. Found out once for each version."""
    with _decided_lock:
        known = _decided.get((ref.digest, limit))
    if known is None:
        known = _find_out(ref, limit)
        with _decided_lock:
            _decided[ref.digest, limit] = known
    return known


def _find_out(ref: ImageRef, limit: int) -> tuple[str, bool]:
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
                lambda dataset: (
                    is_georeferenced(dataset) or not (has_frames(dataset) or has_other_colours(dataset))
                ),
            ):
                return 'rasterio', False
        # GDAL does not read the format remotely, or another reader knows it better, such as a whole-slide scan.
    ref = local_ref(ref)
    assert ref.path is not None
    kind = sniff(ref.path)
    tiff = Tiff.read(ref.path) if kind.name == 'tiff' else None
    if rasterio_there and 'rasterio' in kind.sources:
        with contextlib.suppress(ImageUnreadable):
            # rasterio is best for JPEG 2000, where others decode the whole image for a smaller level, and for PNG with
            # colours of 16 bits, of which Pillow 13.0 keeps 8.
            best = kind.name == 'jp2' or (kind.name == 'png' and pngheader.is_deep(ref.path))
            question: Question | None = decodes if best else is_georeferenced
            if tiff is not None and tiff.reader == 'rasterio':
                question = None
            if _look(ref, limit, question, tiff):
                # If it is georeferenced, no other reader knows the georeference. So none is tried.
                return 'rasterio', True
    key = PoolKey(ref.digest, '', limit)

    def try_one(name: str) -> str:
        pool_key = key._replace(source=name)
        handle_pool.give_back(
            handle_pool.borrow(pool_key, ref.key, lambda facts: _open(ref, pool_key, facts))
        )
        return name

    return registry.first_that_opens(registry.candidates(ref, kind, tiff), try_one), True


class _Declined(ImageUnreadable):
    """The answer to the question about a dataset is no."""


#: A question about rasterio's dataset of an image, whose answer decides whether rasterio reads it.
Question = Callable[['DatasetReader'], bool]


def _look(ref: ImageRef, limit: int, question: Question | None, tiff: Tiff | None = None) -> bool:
    """Open an image with rasterio and return the answer to a question; the pool keeps the handle if it is yes.

    Without a question the answer is yes. `tiff` are the directories of a local TIFF. Raises what `_open` raises.
    """
    key = PoolKey(ref.digest, 'rasterio', limit, ref.remote)
    try:
        loan = handle_pool.borrow(key, ref.key, lambda facts: _open(ref, key, facts, question, tiff))
    except _Declined:
        return False
    handle_pool.give_back(loan)
    return True


def _open(
    ref: ImageRef,
    key: PoolKey,
    facts: ImageFacts,
    question: Question | None = None,
    tiff: Tiff | None = None,
) -> Handle:
    """Open a handle; raises our errors alone, and `_Declined` if the answer to the question is no."""
    try:
        if key.source == 'rasterio':
            return _open_raster(ref, key, facts, question, tiff)
        return _open_other(ref, key, facts)
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
        # A hostile or broken file can make a reader raise any error. Its text may hold a path, so only its class is
        # logged.
        logger.warning('The source %s could not open an image: %s', key.source, type(error).__name__)
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        raise ImageUnreadable() from error


def _open_raster(
    ref: ImageRef, key: PoolKey, facts: ImageFacts, question: Question | None, tiff: Tiff | None
) -> Handle:
    from django_large_image.raster.dataset import gdal_env, open_dataset, open_overview
    from django_large_image.raster.handle import Origin, RasterHandle

    def check() -> None:
        if not ref.is_current():
            raise ImageChanged()

    def overview(dataset: DatasetReader, name: str, index: int) -> DatasetReader:
        try:
            with gdal_env(ref):
                opened = open_overview(dataset, name, index)
        except ImageUnreadable:
            # Another file may be there by now.
            check()
            raise
        try:
            check()
        except Exception:
            opened.close()
            raise
        return opened

    with gdal_env(ref):
        # What `tiff` was read from, or the facts were found out of, is this version: `check` makes sure of that.
        dataset, tiff = open_dataset(ref, key.limit, tiff, facts.raster)
        try:
            # The file may have been replaced before it was opened, and then `ref` names the older version.
            check()
            if question is not None and not question(dataset):
                raise _Declined()
            # Once for a version: the header of many tiles takes milliseconds to walk.
            if dataset.driver == 'JP2OpenJPEG' and not (ref.remote or facts.nbytes):
                assert ref.path is not None
                facts.nbytes = jp2header.check(ref.path).table_bytes
            handle = RasterHandle(
                dataset, Origin(ref.digest, str(ref.path), overview, key.limit, check), facts.raster, tiff
            )
            # What every answer needs, while GDAL's options are set.
            handle.info()
        except Exception:
            dataset.close()
            raise
    facts.raster = handle.facts
    return handle


def _open_other(ref: ImageRef, key: PoolKey, facts: ImageFacts) -> Handle:
    assert ref.path is not None
    kind = sniff(ref.path)
    if key.source not in kind.sources:
        raise ImageUnreadable(f'The source {key.source} does not read files of this format.')
    if key.source != 'pil':
        orientation.check_as_stored(ref.path, kind.name)
    pixel = 3.0
    # What is opened is looked at anew: it may be another file than the one that the decision was made for.
    tiff = Tiff.read(ref.path) if kind.name == 'tiff' else None
    if tiff is not None:
        pixel = limits.check_tiff(tiff, key.limit)
    elif 'pil' in kind.sources:
        limits.check_plain(ref.path, kind, key.limit)
    options: dict[str, object] = {}
    if key.source == 'gdal':
        options['projection'] = key.projection
    elif key.source in ('pil', 'openslide'):
        options['version'] = ref.digest
    if key.source == 'pil' and tiff is not None:
        limits.check_whole(tiff, key.limit)
    source = registry.source_class(key.source)(ref.path, facts=facts.source, noCache=True, **options)
    try:
        _check_other(source, pixel)
    except Exception:
        source.close()
        raise
    facts.nbytes = source.held_bytes
    return source


def _check_other(source: PooledSource, pixel: float) -> None:
    """Check the sizes of tiles and of the smallest level, which only the reader knows; raises `NeedsConversion`."""
    matrix = reader_of(source).matrix
    if matrix.levels > 1:
        reduction = 2 ** (source.stored_levels - 1)
        limits.check_pyramid(matrix.width, matrix.height, reduction, pixel * _ENGINE)
        limits.check_tile(matrix.tile_width, matrix.tile_height)


def forget_decisions() -> None:
    """Forget which source reads which image."""
    with _decided_lock:
        _decided.clear()
