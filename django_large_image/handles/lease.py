"""A lease: one open handle of an image for one request, and the views of it for styles and encodings."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

from large_image.exceptions import TileSourceError
from large_image.tilesource.utilities import JSONDict

from django_large_image import colors
from django_large_image.access import ImageRef
from django_large_image.caching.kept import Kept
from django_large_image.exceptions import (
    ImageUnreadable,
    InvalidParameter,
    LargeImageError,
    RemoteUnavailable,
    fault_of,
)
from django_large_image.handles.pool import PoolKey, handle_pool

logger = logging.getLogger(__name__)

_views = itertools.count()
#: The bytes of memory that a style takes for each character of its JSON: texts of nine characters, two copies of it.
_STYLE_BYTES = 12
#: What large-image makes of styles, by image, projection and style.
_styles: Kept[dict[str, Any]] = Kept(16 * 2**20)


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Turn what a reader raises while it reads pixels into `ImageUnreadable`."""
    try:
        yield
    except LargeImageError:
        raise
    except Exception as error:
        logger.warning('An image could not be read: %s', type(error).__name__)
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        raise ImageUnreadable('The pixels of the image cannot be read.') from error


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
            self.source.gate.enter = self._set_options
        return self

    def _set_options(self) -> None:
        """Set GDAL's options for this image, when a dataset is first used: a tile of decoded blocks needs none."""
        from django_large_image.raster.dataset import gdal_env

        gate = self.source.gate
        gate.enter = None
        self._stack.enter_context(gdal_env(self.ref))
        # rasterio 1.4.4 leaves the error of a failed read in the thread and raises it at the next call, of whatever
        # dataset; this call takes it.
        with contextlib.suppress(Exception):
            _ = self.source.dataset.colorinterp

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._key.source == 'rasterio':
            self.source.gate.enter = None
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
            handle_pool.returned.append((self._key, self.source))

    def release(self, failed: bool = False) -> None:
        """Give the handle back, or close it if it failed."""
        if self._open:
            self._open = False
            if failed:
                handle_pool.discard(self._key, self.source)
            else:
                handle_pool.give_back(self._key, self.source)

    def view(
        self,
        style: dict[str, Any] | None = None,
        encoding: str = 'PNG',
        owner: bool = False,
        resampling: str | None = None,
    ) -> Any:
        """Return large-image's tile source of this handle with a style and an encoding of its own.

        A view shares the open dataset; making one costs microseconds, where large-image opens a source for each
        style, encoding and projection. With `owner` the lease lives as long as the view. `resampling` is one of
        `imaging.style.RESAMPLING`; only the geospatial source has a choice.
        """
        raw = self.source
        view = raw.__class__.__new__(raw.__class__)
        view.__dict__ = raw.__dict__ | {
            '_sourceLock': threading.RLock(),
            '_classkey': f'view {next(_views)}',
            '_unstyledInstance': raw,
            '_noCache': False,
            'encoding': encoding,
            'resampling': resampling,
        }
        with reading():
            self._set_style(view, style)
        if owner:
            view._lease = self
        return view

    def _set_style(self, view: Any, style: dict[str, Any] | None) -> None:
        """Give a view its style, completed by large-image: once for an image and a style."""
        raw, name = self.source, self._key.source
        if name == 'tifffile':
            view._automatic = style is None
        if style is None and not (name == 'gdal' or (name == 'rasterio' and not raw.isPlainPicture())):
            return
        if name != 'rasterio':
            self._complete_style(view, style)
            return
        key = json.dumps(style, sort_keys=True)
        place = self.ref.digest, self._key.projection, key
        known = _styles.get(place)
        if known is None:
            before = dict(view.__dict__)
            self._complete_style(view, style)
            changed = {k: v for k, v in view.__dict__.items() if k not in before or before[k] is not v}
            if '_style' not in view.__dict__:
                changed['_style'] = None
            known = changed
            _styles.put(place, known, 1024 + _STYLE_BYTES * len(key))
        view.__dict__.update(known)
        if view.__dict__.get('_style', key) is None:
            del view._style

    def _complete_style(self, view: Any, style: dict[str, Any] | None) -> None:
        if style is None:
            # The handle itself is opened with an empty style, which means the bare values of the file.
            view.__dict__.pop('_style', None)
            view._setStyle(None)
            return
        style = colors.with_colours(style)
        if self._key.source not in ('rasterio', 'gdal'):
            style = without_auto_nodata(style)
        try:
            view._setStyle(style)
            if self._key.source != 'rasterio' and getattr(view, '_style', None):
                # Only now that it is complete: a geospatial source makes bytes of the numbers in a palette.
                view._style = JSONDict(colors.bounded(view._style))
        except (TileSourceError, KeyError, ValueError):
            # A band name or the file's own colours, which this file does not have.
            bands = self.source.getBandInformation().values()
            names = sorted({band.get('interpretation', '') for band in bands})
            raise InvalidParameter(
                'style', style, f'bands by number, or by name: {", ".join(names)}'
            ) from None


def without_auto_nodata(style: dict[str, Any]) -> dict[str, Any]:
    """Return a style without `nodata: auto`, which only geospatial sources of large-image understand."""
    if 'bands' in style:
        return style | {'bands': [without_auto_nodata(band) for band in style['bands']]}
    return {key: value for key, value in style.items() if (key, value) != ('nodata', 'auto')}
