"""Models with an image in them: a file, a URL, and a file uploaded to S3."""

from __future__ import annotations

from importlib.util import find_spec
from typing import ClassVar

from django.conf import settings
from django.db import models


class ImageFile(models.Model):
    """An image file on the default storage; a private one is shown to its owner alone."""

    name = models.CharField(max_length=255)
    file = models.FileField(max_length=1024)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name='images')
    private = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ['pk']

    def __str__(self) -> str:
        return self.name


class UrlImage(models.Model):
    """An image on another host."""

    name = models.CharField(max_length=255)
    url = models.URLField(max_length=2048)

    class Meta:
        ordering: ClassVar = ['pk']

    def __str__(self) -> str:
        return self.name


if find_spec('s3_file_field'):
    from s3_file_field import S3FileField

    class S3Image(models.Model):
        """An image that a browser uploaded straight to S3."""

        name = models.CharField(max_length=255)
        blob = S3FileField()

        class Meta:
            ordering: ClassVar = ['pk']

        def __str__(self) -> str:
            return self.name
