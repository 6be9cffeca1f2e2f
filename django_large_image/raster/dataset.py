"""Opening with GDAL by way of rasterio: which driver, which options, and what the file may not do."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader
from rasterio.session import Session

from django_large_image.access import ImageRef
from django_large_image.access.tempfiles import alone
from django_large_image.conf import settings
from django_large_image.exceptions import ImageChanged, ImageRefused, ImageUnreadable, fault_of
from django_large_image.inspection import jp2header, limits, orientation
from django_large_image.inspection.costs import weight_of
from django_large_image.inspection.signatures import sniff
from django_large_image.inspection.tiff import SubImage, Tiff

#: The drivers that are tried for a remote file, which is not sniffed (that would cost a request).
REMOTE_DRIVERS = ('GTiff', 'JP2OpenJPEG')

#: The drivers that, told that the folder is empty, look for no file beside the image. GDAL 3.10's others look for world
#: files (BMP), projections (AAIGrid), overviews and masks all the same.
_KEEP_TO_THEMSELVES = frozenset({'GTiff', 'JP2OpenJPEG', 'JPEG', 'PNG', 'WEBP'})
#: A name that no remote file has: with it GDAL opens nothing over a network.
NO_NETWORK = '/vsicurl/none'


class _Credentials(Session):  # type: ignore[misc]
    """A session of rasterio that holds options as they are; its own would build a boto3 session for each use."""

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options

    def get_credential_options(self) -> dict[str, str]:
        return self._options


@contextlib.contextmanager
def gdal_env(ref: ImageRef) -> Iterator[None]:
    """Set GDAL's options for reading this image, in this thread and for the time of the block.

    GDAL may open the image and nothing else over a network, and no file beside it: a GeoTIFF's metadata can name
    an overview file anywhere (item OVERVIEW_FILE of the domain OVERVIEWS).
    """
    options: dict[str, object] = {
        'GDAL_CACHEMAX': settings.GDAL_CACHE_BYTES,
        'GDAL_DISABLE_READDIR_ON_OPEN': 'FALSE' if settings.SIDECAR_FILES and not ref.remote else 'EMPTY_DIR',
        'CPL_VSIL_CURL_ALLOWED_FILENAME': ref.path if ref.remote else NO_NETWORK,
        'GTIFF_IMPLICIT_JPEG_OVR': False,
    }
    credentials: dict[str, str] = {}
    for name, value in ref.options.items():
        (credentials if name.startswith('AWS_') else options)[name] = value
    with rasterio.Env(_Credentials(credentials), **options):
        yield


def open_dataset(ref: ImageRef, limit: int) -> tuple[DatasetReader, Tiff | None]:
    """Open the image with an allowed driver, and return the directories of a local TIFF too.

    To be called inside `gdal_env`.
    `limit` is the largest side of an image without tiles. Raises `ImageUnreadable`, `ImageRefused`, `NeedsConversion`
    and, for a remote image, `ImageMissing`, `ImageChanged` and `RemoteUnavailable`.
    """
    assert ref.path is not None
    tiff = None
    if ref.remote:
        dataset = _open_remote(ref)
    else:
        kind = sniff(ref.path)
        if not kind.driver or 'rasterio' not in kind.sources:
            raise ImageUnreadable()
        if kind.name == 'tiff':
            tiff = Tiff.read(ref.path)
            limits.check_tiff(tiff, limit, by_block=True)
        elif not kind.tiled:
            limits.check_plain(ref.path, kind, limit)
        elif kind.name == 'jp2':
            jp2header.check(ref.path)
        limits.check_sidecars(ref.path, limit)
        dataset = _open(ref.path, kind.driver)
    try:
        check_dataset(dataset, limit, tiff)
        if not (ref.remote or is_georeferenced(dataset)):
            orientation.check_as_stored(ref.path, kind.name)
    except Exception:
        dataset.close()
        raise
    return dataset, tiff


def _open(path: str, driver: str) -> DatasetReader:
    try:
        if driver in _KEEP_TO_THEMSELVES or settings.SIDECAR_FILES:
            return rasterio.open(path, driver=driver)
        # The name of an SRTM file says where it is; no other has to be known.
        name = os.path.basename(path) if driver == 'SRTMHGT' else 'image'
        with alone(path, name) as link:
            return rasterio.open(link, driver=driver)
    except RasterioIOError as error:
        raise fault_of(error) or ImageUnreadable() from error


def open_overview(dataset: DatasetReader, path: str, index: int) -> DatasetReader:
    """Open an overview of an open image or of one of its frames; to be called inside `gdal_env`.

    `index` is GDAL's number, or the offset of a directory in the file, negative.
    """
    try:
        if index < 0:
            return rasterio.open(f'GTIFF_DIR:off:{-index}:{path}', driver='GTiff')
        return rasterio.open(path, driver=dataset.driver, OVERVIEW_LEVEL=index)
    except RasterioIOError as error:
        raise fault_of(error) or ImageUnreadable() from error


def _open_remote(ref: ImageRef) -> DatasetReader:
    assert ref.path is not None
    for driver in REMOTE_DRIVERS:
        if driver in settings.DRIVERS:
            try:
                return rasterio.open(ref.path, driver=driver)
            except RasterioIOError as error:
                fault = fault_of(error)
                if fault is not None:
                    raise fault from error
    # GDAL says the same of another format and of a storage that does not answer; the storage itself knows.
    if ref.ask is not None and ref.ask().version != ref.version:
        raise ImageChanged()
    raise ImageUnreadable()


def is_georeferenced(dataset: DatasetReader) -> bool:
    """Return whether a dataset says where on earth it is: by a CRS, a transform or control points."""
    points, crs = dataset.gcps
    return bool(dataset.crs or not dataset.transform.is_identity or (points and crs))


def decodes(dataset: DatasetReader) -> bool:
    """Return whether GDAL decodes a block of the image: some that it opens only Pillow reads, and the other way."""
    height, width = dataset.block_shapes[0]
    try:
        dataset.read(1, window=((0, min(height, dataset.height)), (0, min(width, dataset.width))))
    except Exception as error:
        if fault_of(error) is not None:
            raise
        return False
    return True


def has_other_colours(dataset: DatasetReader) -> bool:
    """Return whether the colours of a TIFF are not those that GDAL 3.10 makes of them; see `Tiff.reader`."""
    space = dataset.tags(ns='IMAGE_STRUCTURE').get('SOURCE_COLOR_SPACE')
    # 8-bit CMYK GDAL makes RGB of.
    return space == 'CIELAB' or ColorInterp.cyan in dataset.colorinterp


def has_frames(dataset: DatasetReader) -> bool:
    """Return whether a TIFF has pages or metadata that other readers than GDAL make frames and channels of."""
    described = dataset.tags().get('TIFFTAG_IMAGEDESCRIPTION', '').rstrip()
    return bool(dataset.tags(ns='SUBDATASETS')) or described.endswith('OME>')


def check_dataset(dataset: DatasetReader, limit: int, tiff: Tiff | None = None) -> None:
    """Check what GDAL says of an image, or of a frame of it; `tiff` are the directories of its file, if they were read.

    Raises `ImageUnreadable`, `ImageRefused` and `NeedsConversion`.
    """
    if dataset.driver not in settings.DRIVERS:
        raise ImageRefused('Files of this format are not served.')
    if dataset.count == 0 or not dataset.width or not dataset.height:
        raise ImageUnreadable('The file holds no image.')
    limits.check_bands(dataset.count)
    _check_references(dataset)
    if any(dtype.startswith('complex') for dtype in dataset.dtypes):
        # No other reader either: what they make of them is not where the file says that it is.
        raise ImageRefused('Images of complex numbers are not served.')
    height, width = dataset.block_shapes[0]
    is_tiff = dataset.driver == 'GTiff'
    together = bool(dataset.interleaving and dataset.interleaving.value == 'PIXEL')
    itemsize = np.dtype(dataset.dtypes[0]).itemsize
    weight = weight_of(dataset.driver, str(dataset.tags(ns='IMAGE_STRUCTURE').get('COMPRESSION', '')))
    if dataset.driver == 'JP2OpenJPEG' and not dataset.overviews(1):
        # Statistics and tiles read the same, and each takes as long as a tile may.
        weight *= 3
    limits.check_block(width, height, (dataset.count if together else 1) * itemsize)
    overviews = dataset.overviews(1)
    # Strips of a TIFF are decoded one by one, as tiles are.
    strips = is_tiff and height < dataset.height
    untiled = width >= dataset.width and not overviews and not strips and dataset.driver != 'JP2OpenJPEG'
    # Of bands that are stored apart only those of a picture are read.
    size = (dataset.count if together else min(dataset.count, 4)) * itemsize
    if untiled and not sub_images_of(dataset, tiff):
        limits.check_untiled(dataset.width, dataset.height, limit, size)
    # What is decoded of a TIFF's blocks has its bound in each answer, so that those are given that stay within it.
    if not is_tiff:
        limits.check_pyramid(dataset.width, dataset.height, max(overviews, default=1), size * weight)


def sub_images_of(dataset: DatasetReader, tiff: Tiff | None) -> list[SubImage]:
    """Return the smaller versions that GDAL does not know; `tiff` are the directories of a local TIFF."""
    return [] if tiff is None or dataset.overviews(1) else tiff.sub_images


def _check_references(dataset: DatasetReader) -> None:
    """Raise `ImageRefused` for a file whose metadata make GDAL open another.

    The XML of a GeoTIFF's tag 42112 sets any domain: OVERVIEW_FILE names a file for the overviews (read on the first
    look at them, so this has to come before), X_DATASET of GEOLOCATION one that a warp reads, and SUBDATASETS files
    that large-image opens as frames; all of them also by URL. GDAL's own sub-datasets are pages of the same file.
    """
    pages = [
        value for name, value in dataset.tags(ns='SUBDATASETS').items() if name.upper().endswith('_NAME')
    ]
    own = re.compile(r'GTIFF_DIR:\d+:' + re.escape(dataset.name))
    if (
        any(name.upper() == 'OVERVIEW_FILE' for name in dataset.tags(ns='OVERVIEWS'))
        or dataset.tags(ns='GEOLOCATION')
        or (dataset.driver == 'GTiff' and not all(own.fullmatch(page) for page in pages))
        or (dataset.driver != 'GTiff' and pages)
    ):
        raise ImageRefused('The metadata of the file refer to other files.')
