"""A validator for model fields, which refuses the upload of a file that would not be served as an image."""

from __future__ import annotations

import logging
import os
import re

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import FieldFile

from django_large_image.exceptions import (
    HostNotAllowed,
    ImageRefused,
    ImageUnreadable,
    LargeImageError,
    NeedsConversion,
)

logger = logging.getLogger(__name__)

#: The errors that are about the file. All others are about the server.
_OF_THE_FILE = (ImageUnreadable, ImageRefused, NeedsConversion, HostNotAllowed)
#: The most characters of an upload's name that the reader of the file gets.
_NAME = 100


def validate_image(value: File[bytes]) -> None:
    """Raise Django's `ValidationError` for a file that would not be served, with a message that says why.

    Use it with FileField, ImageField and S3FileField: `models.FileField(validators=[validate_image])`. The file is
    checked as it is before an answer: its signature and its headers, and by opening it. A file that is already stored
    is not checked again, unless it is in S3, where a browser uploads it before the form is sent. An error that is not
    about the file, such as a storage that does not answer, is logged, and the file passes: it is checked again at each
    request.
    """
    # Imported here, because models are imported before all apps are ready, and by commands that open no image.
    from django_large_image import access, handles
    from django_large_image.access.s3 import is_s3_storage

    try:
        if isinstance(value, FieldFile) and getattr(value, '_committed', True):
            if value and is_s3_storage(value.storage):
                handles.check(access.image_ref(value))
            return
        _check_upload(value.file if isinstance(value, FieldFile) else value)
    except _OF_THE_FILE as error:
        raise ValidationError(error.message, code=error.code) from None
    except (LargeImageError, OSError) as error:
        logger.warning('An upload could not be looked at: %s', type(error).__name__)


def _check_upload(upload: File[bytes]) -> None:
    """Check an uploaded file; raises what `handles.check` raises."""
    from django_large_image.access.tempfiles import temporary_file

    # The reader needs the name of some formats, such as N46E007.hgt. Only harmless characters of it are kept.
    name = re.sub(r'[^\w.-]', '_', os.path.basename(upload.name or ''))[-_NAME:].lstrip('.') or 'image'
    if hasattr(upload, 'temporary_file_path'):
        _check_path(upload.temporary_file_path(), name)
        return
    with temporary_file('.upload') as path:
        offset = upload.tell() if upload.seekable() else 0
        upload.seek(0)
        with open(path, 'wb') as copy:
            for chunk in (
                upload.chunks() if isinstance(upload, UploadedFile) else iter(lambda: upload.read(2**16), b'')
            ):
                copy.write(chunk)
        upload.seek(offset)
        _check_path(str(path), name)


def _check_path(path: str, name: str) -> None:
    from django_large_image import access, handles
    from django_large_image.access.tempfiles import alone

    with alone(path, name) as link:
        handles.check(access.path_ref(link), forget=True)
