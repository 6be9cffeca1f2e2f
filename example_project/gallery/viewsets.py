"""The API of the images. All that django-large-image needs is one base class and the name of the file's field."""

from rest_framework import viewsets

from django_large_image.rest import LargeImageFileDetailMixin
from gallery.models import Image, ImageQuerySet
from gallery.serializers import ImageSerializer


class ImageViewSet(LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet):
    """Images, and below each of them its tiles, regions, thumbnails and metadata."""

    serializer_class = ImageSerializer
    queryset = Image.objects.all()
    FILE_FIELD_NAME = 'file'

    def get_queryset(self) -> ImageQuerySet:
        """Return what the user may see. Every endpoint asks here, so a tile is as private as its image."""
        return super().get_queryset().visible_to(self.request.user)
