"""Opening a file with GDAL through rasterio: which driver, which options, and what the file may not do."""

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
from django_large_image.inspection.pages.directory import SubImage
from django_large_image.inspection.pages.stack import Stack
from django_large_image.inspection.signatures import sniff
from django_large_image.inspection.tiff import Tiff
from django_large_image.raster.facts import RasterFacts

#: The drivers that are tried for a remote file. Its signature is not read first: that would cost a request.
REMOTE_DRIVERS = ('GTiff', 'JP2OpenJPEG')

#: The drivers that look for no file beside the image when GDAL is told that the folder is empty. GDAL 3.10's other
#: drivers look there in any case: for world files (BMP), projections (AAIGrid), overviews and masks.
_KEEP_TO_THEMSELVES = frozenset({'GTiff', 'JP2OpenJPEG', 'JPEG', 'PNG', 'WEBP'})
#: The only name that GDAL may open over a network while it reads a local file. No remote file has it.
NO_NETWORK = '/vsicurl/none'


class _Credentials(Session):  # type: ignore[misc]
    """A session of rasterio that passes options on; rasterio's own would build a boto3 session for each use."""

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options

    def get_credential_options(self) -> dict[str, str]:
        return self._options


@contextlib.contextmanager
def gdal_env(ref: ImageRef) -> Iterator[None]:
    """Set GDAL's options for reading an image, in this thread, until the block ends.

    Over a network GDAL may open the image and nothing else: a GeoTIFF's metadata can name an overview file anywhere
    (item OVERVIEW_FILE of the domain OVERVIEWS). It lists no folder, unless the setting `SIDECAR_FILES` allows that.
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


def open_dataset(
    ref: ImageRef, limit: int, tiff: Tiff | None = None, known: RasterFacts | None = None
) -> tuple[DatasetReader, Tiff | None]:
    """Open the image with an allowed driver, and return the directories of a local TIFF too. Of a stack, open frame 0.

    To be called inside `gdal_env`. `limit` is the largest side of an image without tiles. `tiff` are the directories if
    they were read before. `known` are the facts of another handle of the same version and limit: then nothing is
    checked again, and no directories are returned. Raises `ImageUnreadable`, `ImageRefused`, `NeedsConversion` and, for
    a remote image, `ImageMissing`, `ImageChanged` and `RemoteUnavailable`.
    """
    assert ref.path is not None
    if ref.remote:
        dataset, tiff = _open_remote(ref), None
    elif known is not None:
        return _open(ref.path, sniff(ref.path).driver, known.stack), None
    else:
        kind = sniff(ref.path)
        if not kind.driver or 'rasterio' not in kind.sources:
            raise ImageUnreadable()
        if kind.name == 'tiff':
            tiff = Tiff.read(ref.path) if tiff is None else tiff
            limits.check_tiff(tiff, limit, by_block=True)
        elif not kind.tiled:
            limits.check_plain(ref.path, kind, limit)
        elif kind.name == 'jp2':
            jp2header.check(ref.path)
        limits.check_sidecars(ref.path, limit)
        dataset = _open(ref.path, kind.driver)
        if tiff is not None and tiff.stack is not None and not is_georeferenced(dataset):
            # GDAL 3.10 walks all directories to list a file's overviews, but not for one directory that is named.
            dataset.close()
            dataset = _open(ref.path, kind.driver, tiff.stack)
    try:
        check_dataset(dataset, limit, tiff)
        if not (ref.remote or is_georeferenced(dataset)):
            orientation.check_as_stored(ref.path, kind.name, tiff)
    except Exception:
        dataset.close()
        raise
    return dataset, tiff


def _open(path: str, driver: str, stack: Stack | None = None) -> DatasetReader:
    try:
        if stack is not None:
            return open_directory(path, stack.pages[0][0])
        if driver in _KEEP_TO_THEMSELVES or settings.SIDECAR_FILES:
            return rasterio.open(path, driver=driver)
        # Only the driver of SRTM needs the file's name: it says where on earth the file is.
        name = os.path.basename(path) if driver == 'SRTMHGT' else 'image'
        with alone(path, name) as link:
            return rasterio.open(link, driver=driver)
    except RasterioIOError as error:
        raise fault_of(error) or ImageUnreadable() from error


def open_directory(path: str, page: SubImage) -> DatasetReader:
    """Open one directory of a local TIFF; raises rasterio's errors."""
    return rasterio.open(f'GTIFF_DIR:off:{page.offset}:{path}', driver='GTiff')


def open_overview(dataset: DatasetReader, path: str, index: int) -> DatasetReader:
    """Open an overview of an image, or of one of its frames. Call this inside `gdal_env`.

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
    # GDAL raises one and the same error for an unknown format and for a storage that does not answer: ask the storage.
    if ref.ask is not None and ref.ask().version != ref.version:
        raise ImageChanged()
    raise ImageUnreadable()


def is_georeferenced(dataset: DatasetReader) -> bool:
    """Return whether a dataset has a georeference: a CRS, a transform, or control points with a CRS."""
    points, crs = dataset.gcps
    return bool(dataset.crs or not dataset.transform.is_identity or (points and crs))


def decodes(dataset: DatasetReader) -> bool:
    """Return whether GDAL can decode the first block of an image.

    GDAL opens some files that only Pillow decodes, and Pillow some that only GDAL decodes. An error of the server, such
    as missing memory, is raised as it is.
    """
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
    # GDAL converts 8-bit CMYK to RGB. So a file that still has a cyan band is CMYK of 16 bits.
    return space == 'CIELAB' or ColorInterp.cyan in dataset.colorinterp


def has_frames(dataset: DatasetReader) -> bool:
    """Return whether a TIFF has several pages, or OME metadata: other readers make frames and channels of these."""
    described = dataset.tags().get('TIFFTAG_IMAGEDESCRIPTION', '').rstrip()
    return bool(dataset.tags(ns='SUBDATASETS')) or described.endswith('OME>')


def check_dataset(dataset: DatasetReader, limit: int, tiff: Tiff | None = None) -> None:
    """Check what GDAL says of an image, or of a frame of it; `tiff` are the directories of its file, if they were read.

    `limit` is the largest side in pixels of an image that has neither tiles nor overviews. Raises `ImageUnreadable`,
    `ImageRefused` and `NeedsConversion`.
    """
    if dataset.driver not in settings.DRIVERS:
        raise ImageRefused('Files of this format are not served.')
    if dataset.count == 0 or not dataset.width or not dataset.height:
        raise ImageUnreadable('The file holds no image.')
    limits.check_bands(dataset.count)
    _check_references(dataset)
    if any(dtype.startswith('complex') for dtype in dataset.dtypes):
        # Refused, so that no other reader is tried: none of them knows the georeference.
        raise ImageRefused('Images of complex numbers are not served.')
    height, width = dataset.block_shapes[0]
    is_tiff = dataset.driver == 'GTiff'
    together = bool(dataset.interleaving and dataset.interleaving.value == 'PIXEL')
    itemsize = np.dtype(dataset.dtypes[0]).itemsize
    weight = weight_of(dataset.driver, str(dataset.tags(ns='IMAGE_STRUCTURE').get('COMPRESSION', '')))
    if dataset.driver == 'JP2OpenJPEG' and not dataset.overviews(1):
        # Statistics and tiles decode the same pixels, and each of the two may take as long as a tile.
        weight *= 3
    limits.check_block(width, height, (dataset.count if together else 1) * itemsize)
    overviews = dataset.overviews(1)
    # Strips of a TIFF are decoded one by one, as tiles are.
    strips = is_tiff and height < dataset.height
    untiled = width >= dataset.width and not overviews and not strips and dataset.driver != 'JP2OpenJPEG'
    # Where bands are stored apart, GDAL decodes only those that are read: for a picture at most four.
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

    The XML in a GeoTIFF's tag 42112 can set any metadata domain, and name files in it by path or by URL. OVERVIEW_FILE
    names a file of overviews, which GDAL opens as soon as overviews are asked for: so this check has to come before.
    X_DATASET in GEOLOCATION names a file that a warp reads. SUBDATASETS names files that large-image opens as frames;
    those that GDAL itself lists there are pages of the same file.
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
