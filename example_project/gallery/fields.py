"""The model field that holds an image's file."""

from django.apps import apps
from django.db import models

from django_large_image.validators import validate_image


def image_file_field() -> models.FileField:
    """Return the field that fits the project's storage.

    S3FileField uploads from the browser straight to the bucket, and has no form for any other storage. Both are one
    column to the database, and the migration calls this function too, so a project may change its mind.
    """
    if apps.is_installed('s3_file_field'):
        from s3_file_field import S3FileField

        return S3FileField(validators=[validate_image])
    return models.FileField(upload_to='images', max_length=2000, validators=[validate_image])
