"""A lease: one open handle of an image, borrowed for one request, and the readers of it."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, cast

from django_large_image.access import ImageRef
from django_large_image.exceptions import ImageUnreadable, LargeImageError, RemoteUnavailable
from django_large_image.handles.pool import Loan, handle_pool
from django_large_image.loading import load
from django_large_image.pixels import Json
from django_large_image.readers import reader_of
from django_large_image.readers.base import ImageReader
from django_large_image.readers.errors import reading
from django_large_image.readers.sources.pooled import PooledSource

if TYPE_CHECKING:
    from large_image.tilesource import TileSource

    from django_large_image.raster.handle import RasterHandle


class Lease:
    """A borrowed handle. Use it as a context manager, or let what it is the keeper of go out of scope."""

    def __init__(self, ref: ImageRef, loan: Loan, projection: str | None = None) -> None:
        """Show an image in a projection (EPSG:n), None for its own pixels.

        Raises `InvalidParameter` for a projection that the image cannot be shown in.
        """
        self.ref = ref
        #: What is borrowed.
        self.handle = loan.handle
        self._loan = loan
        self._open = True
        self._projection = projection

    def __enter__(self) -> Lease:
        handle = self.handle
        if not isinstance(handle, PooledSource):
            dataset = load('django_large_image.raster.dataset')
            _raster(handle).begin(lambda: dataset.gdal_env(self.ref))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        handle = self.handle
        if not isinstance(handle, PooledSource):
            _raster(handle).end()
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
            handle_pool.returned.append(self._loan)

    def release(self, failed: bool = False) -> None:
        """Give the handle back, or close it if it failed."""
        if self._open:
            self._open = False
            if failed:
                handle_pool.discard(self._loan)
            else:
                handle_pool.give_back(self._loan)

    @property
    def source(self) -> ImageReader:
        """Return the reader of the image without a style of the request's."""
        return self.view()

    def view(self, style: Json | None = None, resampling: str | None = None) -> ImageReader:
        """Return a reader with a style and a resampling; it is of no use after the lease.

        Making one costs microseconds, where large-image opens a source for each style, encoding and projection.
        `resampling` is one of `imaging.style.RESAMPLING`; only the engine has a choice. Raises `InvalidParameter` for
        bands that the file does not have.
        """
        handle = self.handle
        with reading():
            if isinstance(handle, PooledSource):
                return reader_of(handle.styled(style))
            return self._raster_reader(style, resampling)

    def tile_source(
        self, style: Json | None, encoding: str, resampling: str | None = None, owned: bool = True
    ) -> TileSource:
        """Return large-image's tile source of the image with a style and an encoding of its own.

        If it is `owned`, the lease lives as long as the source. Raises as `view`.
        """
        handle, keeper = self.handle, self if owned else None
        with reading():
            if isinstance(handle, PooledSource):
                return handle.styled(style, encoding, keeper)
            plugin = load('django_large_image.readers.plugin')
            reader = self._raster_reader(style, resampling)
            return plugin.RasterTileSource(reader, encoding=encoding, noCache=True, keeper=keeper)

    def _raster_reader(self, style: Json | None, resampling: str | None) -> ImageReader:
        module = load('django_large_image.readers.rasterreader')
        handle = _raster(self.handle)
        return cast(ImageReader, module.RasterReader(handle, self._projection, style, resampling))


def _raster(handle: object) -> RasterHandle:
    """Return a handle as that of the engine, whose module is only there with rasterio."""
    return cast('RasterHandle', handle)
