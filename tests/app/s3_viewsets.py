"""The viewset of files uploaded straight to S3; imported where django-s3-file-field is installed."""

from __future__ import annotations

from rest_framework import serializers, viewsets

from django_large_image.rest import LargeImageVSIFileDetailMixin
from tests.app import models


class S3ImageSerializer(serializers.ModelSerializer):
    """An image on S3 as JSON, without its presigned URL."""

    class Meta:
        model = models.S3Image
        fields = ('id', 'name')


class S3ImageViewSet(LargeImageVSIFileDetailMixin, viewsets.ReadOnlyModelViewSet):
    """Images of an S3FileField."""

    queryset = models.S3Image.objects.all()
    serializer_class = S3ImageSerializer
    FILE_FIELD_NAME = 'blob'
