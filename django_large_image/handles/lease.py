"""A lease: an open handle of an image that one request has borrowed, and the readers of it.

The engine's modules cannot be imported without rasterio. `ready.make_ready` has imported them before there is a handle
of the engine, so that the imports in methods here only look them up.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, cast

from django_large_image.access import ImageRef
from django_large_image.exceptions import ImageUnreadable, LargeImageError, RemoteUnavailable
from django_large_image.handles.pool import Loan, handle_pool
from django_large_image.pixels import Json
from django_large_image.readers import reader_of
from django_large_image.readers.base import ImageReader
from django_large_image.readers.errors import reading
from django_large_image.readers.sources.pooled import PooledSource

if TYPE_CHECKING:
    from large_image.tilesource import TileSource

    from django_large_image.raster.handle import RasterHandle
    from django_large_image.readers.rasterreader import RasterReader


class Lease:
    """A borrowed handle.

    Use it as a context manager, or call `release`. If it is the keeper of a tile source, it is released with that.
    """

    def __init__(self, ref: ImageRef, loan: Loan, projection: str | None = None) -> None:
        """Take over a loan of the pool, to show the image in a projection: EPSG:n, None for its own pixels."""
        self.ref = ref
        #: The open handle.
        self.handle = loan.handle
        self._loan = loan
        self._open = True
        self._projection = projection
        #: The engine's reader in the default style, which those in other styles are made of.
        self._default: RasterReader | None = None

    def __enter__(self) -> Lease:
        handle = self.handle
        if not isinstance(handle, PooledSource):
            from django_large_image.raster.dataset import gdal_env

            _raster(handle).begin(lambda: gdal_env(self.ref))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        handle = self.handle
        if not isinstance(handle, PooledSource):
            _raster(handle).end()
        # A handle that failed may be in any state, so the next request must get another. But most of our own errors are
        # about the request and not about the handle.
        harmless = isinstance(error, LargeImageError) and not isinstance(
            error, ImageUnreadable | RemoteUnavailable
        )
        self.release(failed=isinstance(error, Exception) and not harmless)

    def __del__(self) -> None:
        # The garbage collector may run while this thread holds the pool's lock, so the pool takes the loan back later.
        if self._open:
            self._open = False
            handle_pool.returned.append(self._loan)

    def release(self, failed: bool = False) -> None:
        """Give the handle back to the pool, or close it if it failed. Further calls do nothing."""
        if self._open:
            self._open = False
            if failed:
                handle_pool.discard(self._loan)
            else:
                handle_pool.give_back(self._loan)

    @property
    def source(self) -> ImageReader:
        """Return a reader of the image in the default style, as `view` does."""
        return self.view()

    def view(self, style: Json | None = None, resampling: str | None = None) -> ImageReader:
        """Return a reader with a style (None for what fits the file). It is of no use after the lease.

        Making one costs microseconds, where large-image opens a source for each style, encoding and projection.
        `resampling` is one of `imaging.style.RESAMPLING`; only the engine heeds it. Raises `InvalidParameter` for bands
        that the file does not have and for a projection that the image cannot be shown in, and `ImageUnreadable`.
        """
        handle = self.handle
        with reading():
            if isinstance(handle, PooledSource):
                return reader_of(handle.styled(style))
            return self._raster_reader(style, resampling)

    def tile_source(
        self, style: Json | None, encoding: str, resampling: str | None = None, owned: bool = True
    ) -> TileSource:
        """Return the image as a tile source of large-image, with a style and an encoding of its own.

        With `owned` the handle stays borrowed as long as the source lives. Raises what `view` raises.
        """
        handle, keeper = self.handle, self if owned else None
        with reading():
            if isinstance(handle, PooledSource):
                return handle.styled(style, encoding, keeper)
            from django_large_image.readers.plugin import RasterTileSource

            reader = self._raster_reader(style, resampling)
            return RasterTileSource(reader, encoding=encoding, noCache=True, keeper=keeper)

    def _raster_reader(self, style: Json | None, resampling: str | None) -> RasterReader:
        if self._default is None:
            from django_large_image.readers.rasterreader import RasterReader

            self._default = RasterReader(_raster(self.handle), self._projection)
        return self._default.styled(style, resampling) if style or resampling else self._default


def _raster(handle: object) -> RasterHandle:
    """Cast a handle to the engine's class, whose module cannot be imported without rasterio."""
    return cast('RasterHandle', handle)
