"""A validator for model fields: what a file that is not served as an image gets when it is uploaded."""

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

#: What a file is; all other errors are about the server.
_OF_THE_FILE = (ImageUnreadable, ImageRefused, NeedsConversion, HostNotAllowed)
#: The most characters of an upload's name that its reader sees.
_NAME = 100


def validate_image(value: File[bytes]) -> None:
    """Raise Django's `ValidationError` for a file that would not be served, with the message that says why.

    For FileField, ImageField and S3FileField: `models.FileField(validators=[validate_image])`. The file is looked at as
    for an answer: by its signature, its headers and by opening it; no more of it is decoded. A file that is stored
    already is not looked at again, unless it is in S3, where a browser puts it before the form is sent. What is no
    fault of the file, such as a storage that does not answer, is logged and lets it pass: it is checked anew at each
    request.
    """
    # Here, as models are imported before all apps are ready, and by commands that open no image.
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
    """Check a file of Django; raises what opening the image raises."""
    from django_large_image.access.tempfiles import temporary_file

    # The name says what some formats are, such as N46E007.hgt; nothing but its characters is taken from the upload.
    name = re.sub(r'[^\w.-]', '_', os.path.basename(upload.name or ''))[-_NAME:].lstrip('.') or 'image'
    if hasattr(upload, 'temporary_file_path'):
        _check_path(upload.temporary_file_path(), name)
        return
    with temporary_file('.upload') as path:
        place = upload.tell() if upload.seekable() else 0
        upload.seek(0)
        with open(path, 'wb') as copy:
            for chunk in (
                upload.chunks() if isinstance(upload, UploadedFile) else iter(lambda: upload.read(2**16), b'')
            ):
                copy.write(chunk)
        upload.seek(place)
        _check_path(str(path), name)


def _check_path(path: str, name: str) -> None:
    from django_large_image import access, handles
    from django_large_image.access.tempfiles import alone

    with alone(path, name) as link:
        handles.check(access.path_ref(link), forget=True)
