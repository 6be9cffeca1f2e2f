"""Where the bytes of an image are: anything that a project may hold becomes an `ImageRef`."""

from __future__ import annotations

import os
from urllib.parse import parse_qs

from django.db.models.fields.files import FieldFile

from django_large_image.access.fieldfile import field_file_ref
from django_large_image.access.localcopy import local_ref
from django_large_image.access.path import path_ref
from django_large_image.access.raster import is_raster, raster_ref
from django_large_image.access.ref import ImageRef
from django_large_image.access.url import url_ref
from django_large_image.exceptions import ImageMissing, ImageUnreadable

__all__ = [
    'ImageRef',
    'field_file_ref',
    'image_ref',
    'local_ref',
    'path_ref',
    'raster_ref',
    'url_ref',
]


def image_ref(value: object) -> ImageRef:
    """Return the `ImageRef` of what a project's code returned: path, URL, field file, raster or `ImageRef`.

    The value is the developer's, so a local path is taken as it is. Text that a user may have typed (a field of a
    model) goes to `url_ref` instead. Raises `ImageMissing`, `ImageUnreadable`, `HostNotAllowed`, `RemoteUnavailable`.
    """
    if isinstance(value, ImageRef):
        return value
    if isinstance(value, FieldFile):
        return field_file_ref(value)
    if is_raster(value):
        return raster_ref(value)
    if isinstance(value, str | os.PathLike):
        text = os.fspath(value)
        if text.startswith(('http://', 'https://')):
            return url_ref(text)
        if text.startswith('s3://'):
            return path_ref('/vsis3/' + text.removeprefix('s3://'))
        if text.startswith('/vsicurl/'):
            return url_ref(text.removeprefix('/vsicurl/'))
        if text.startswith('/vsicurl?'):
            # The form that large_image's make_vsi returns: options and the URL as a query string.
            return url_ref(parse_qs(text.partition('?')[2]).get('url', [''])[0])
        return path_ref(text)
    if value is None:
        raise ImageMissing()
    raise ImageUnreadable(f'An image cannot be read from a {type(value).__name__}.')
