"""The site's addresses: `images/{pk}/…` and nothing else."""

import functools
import os
from typing import Any

from django.http import HttpResponse
from django.urls import include, path
from rest_framework import routers, serializers, viewsets
from rest_framework.decorators import action

from django_large_image.rest import LargeImageFileDetailMixin
from tileserver.models import Image


class ImageSerializer(serializers.ModelSerializer):
    """An image as JSON."""

    class Meta:
        model = Image
        fields = ('id', 'name', 'file')


@functools.lru_cache
def ready(size: int) -> bytes:
    """Return so many bytes; the same ones each time."""
    return os.urandom(size)


class ImageViewSet(LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet):
    """Images with every endpoint of the package, and an action that does nothing but answer."""

    queryset = Image.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'

    @action(detail=True, url_path=r'bare/(?P<size>\d+)')
    def bare(self, request: Any, pk: Any = None, size: str = '0') -> HttpResponse:
        """Fetch the object and answer with ready bytes: what the framework takes by itself."""
        self.get_object()
        return HttpResponse(ready(int(size)), content_type='image/png')


router = routers.SimpleRouter(trailing_slash=False)
router.register('images', ImageViewSet)
urlpatterns = [path('', include(router.urls))]
