"""The errors of the package, in one tree. Each class has an HTTP status, a code for programs and a message.

The layers below `rest` raise them, and know no HTTP beyond the number. A message may reach the client, so it never
holds a file path, a URL or anything else that the client did not send.
"""

from __future__ import annotations

import errno
import os

from django_large_image.pixels import Json


class LargeImageError(Exception):
    """Base of every error that the package raises for a request."""

    status = 500
    code = 'error'
    message = 'The image could not be served.'
    #: The seconds after which the client may try again; None where that does not help.
    retry_after: int | None = None

    def __init__(self, message: str | None = None, **details: object) -> None:
        self.message = message or self.message
        #: Further keys of the answer, such as ``parameter``, ``value`` and ``allowed``.
        self.details = details
        super().__init__(self.message)

    @property
    def body(self) -> Json:
        """Return the JSON body of the answer."""
        return {'detail': self.message, 'code': self.code, **self.details}


class InvalidParameter(LargeImageError):
    """The value of a parameter is not allowed: `parameter` is its name, and `allowed` what would be allowed."""

    status = 400
    code = 'invalid_parameter'

    def __init__(self, parameter: str, value: object, allowed: str, message: str | None = None) -> None:
        shown, parameter = shorten(value), str(shorten(parameter))
        super().__init__(
            message or f'{parameter}: {shown!r} is not allowed; allowed is {allowed}.',
            parameter=parameter,
            value=shown,
            allowed=allowed,
        )


class MissingParameter(InvalidParameter):
    """A parameter that the endpoint needs was not sent."""

    code = 'missing_parameter'

    def __init__(self, parameter: str, allowed: str) -> None:
        super().__init__(parameter, None, allowed, f'{parameter} is required; allowed is {allowed}.')


class RegionTooLarge(InvalidParameter):
    """The region has more pixels, values or bytes to decode than the project or the format allows."""

    code = 'region_too_large'


class TileOutsideGrid(LargeImageError):
    """The index of the tile is outside the tile matrix."""

    status = 404
    code = 'tile_outside_grid'
    message = 'There is no such tile.'


class EmptyTile(LargeImageError):
    """The tile is in the tile matrix, but the image does not touch it, and the project answers that with 404."""

    status = 404
    code = 'tile_empty'
    message = 'The image does not touch this tile.'


class ImageMissing(LargeImageError):
    """There is no file behind the object."""

    status = 404
    code = 'image_missing'
    message = 'The image file is missing.'


class ImageUnreadable(LargeImageError):
    """No allowed reader can read the file, or an error came while it was read."""

    status = 422
    code = 'image_unreadable'
    message = 'The file cannot be read as an image.'


class ImageRefused(LargeImageError):
    """The file is not served, because reading it would open other files or take too much. No other reader is tried."""

    status = 422
    code = 'image_refused'
    message = 'The file is not served.'


class NotLargeImage(LargeImageError):
    """Only files that were made large images are served, and this one was not."""

    status = 409
    code = 'not_a_large_image'
    message = (
        'This project serves only files that were made large images, and this one was not. '
        'Staff can make it one: POST to the large_image endpoint of this object.'
    )


#: The advice for an image that is too large as it is stored.
CONVERT = (
    'Convert it to a tiled TIFF with overviews: `gdal_translate -of COG in.tif out.tif`, or, without georeference, '
    '`vips tiffsave in.png out.tif --tile --pyramid --compression deflate`.'
)


class NeedsConversion(LargeImageError):
    """The image is too large to be served without tiles or overviews."""

    status = 409
    code = 'needs_conversion'
    message = f'The image is too large to be served without tiles. {CONVERT}'


class TooMuchToDecode(NeedsConversion):
    """More bytes of the file would have to be decoded for the answer than the project allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f'More than {limit} bytes of the file would have to be decoded for this. {CONVERT}',
            allowed=limit,
        )


class HostNotAllowed(LargeImageError):
    """The image is a URL whose host the project does not allow."""

    status = 403
    code = 'host_not_allowed'
    message = 'Images from this host are not allowed.'


class RemoteUnavailable(LargeImageError):
    """The storage that holds the image does not answer."""

    status = 503
    code = 'storage_unavailable'
    message = 'The storage of the image does not answer; try again later.'
    retry_after = 5


class CacheUnavailable(RemoteUnavailable):
    """The tile cache does not answer. Tiles are served without it; only requests about the cache itself fail."""

    code = 'cache_unavailable'
    message = 'The tile cache does not answer; try again later.'


class ImageChanged(RemoteUnavailable):
    """The image was replaced while it was read; a second try reads the new one."""

    code = 'image_changed'
    message = 'The image was replaced while it was read; try again.'
    retry_after = 1


class Busy(LargeImageError):
    """Every handle of the image was in use for too long."""

    status = 503
    code = 'busy'
    message = 'The image is busy; try again later.'
    retry_after = 1


class ServerFault(LargeImageError):
    """The server lacks memory, space, open files or a library; neither the request nor the image is at fault."""

    status = 503
    code = 'server_fault'
    message = 'The server lacks what it needs for this; try again later.'
    retry_after = 5


class NotSupported(LargeImageError):
    """The image or its reader does not have what is asked for."""

    status = 400
    code = 'not_supported'
    message = 'This image does not support that.'


class Misconfigured(LargeImageError):
    """The project's code or installation lacks something, which the message names. The only 500 that is on purpose."""

    status = 500
    code = 'misconfigured'


#: The errors of a process that ran out of something or may not do something. GDAL quotes their texts in its own errors.
_SHORTAGES = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EACCES,
        errno.EPERM,
    }
)
_SHORTAGE_TEXTS = tuple(os.strerror(number) for number in (errno.EMFILE, errno.ENFILE, errno.ENOSPC))


def fault_of(error: BaseException) -> ServerFault | None:
    """Return a `ServerFault` if the server is the cause of an error or of one behind it; else None."""
    seen: BaseException | None = error
    while seen is not None:
        if (
            isinstance(seen, MemoryError | ImportError)
            or (isinstance(seen, OSError) and seen.errno in _SHORTAGES)
            or (type(seen).__module__.startswith('rasterio') and str(seen).endswith(_SHORTAGE_TEXTS))
        ):
            return ServerFault()
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return None


def shorten(value: object, limit: int = 100) -> str | int | bool | None:
    """Return `value` as an error can show it: None, booleans and integers as they are, others as a short text."""
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    try:
        text = value if isinstance(value, str) else str(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        text = '(a very long number)'
    # JSON may hold half of a surrogate pair, which cannot be encoded in an answer.
    text = text.encode('utf-8', 'replace').decode()
    return text if len(text) <= limit else text[: limit - 1] + '…'
