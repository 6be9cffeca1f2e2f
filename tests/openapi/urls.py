"""The package's endpoints and nothing else, under the kinds of routers that projects use."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from rest_framework import viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import DefaultRouter, SimpleRouter

from django_large_image.rest import LargeImageFileDetailMixin, LargeImageMixin
from tests.app.models import ImageFile


class ImageViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """Images of a model, without endpoints of the project's own."""

    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


class PrivateImageViewSet(ImageViewSet):
    """The same for those who signed in."""

    permission_classes = (IsAuthenticated,)


class OneImageViewSet(LargeImageMixin, viewsets.ViewSet):
    """One image, without detail routes."""

    def get_path(self, request: Any, pk: Any = None) -> str:
        """Return the path of the first image."""
        return get_object_or_404(ImageFile, pk=1).file.path


def handler404(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer an address that no route matches as an API does; it never reaches the package."""
    return JsonResponse({'detail': 'Not found.'}, status=404)


simple = SimpleRouter(trailing_slash=False)
simple.register('images', ImageViewSet, basename='image')
simple.register('one', OneImageViewSet, basename='one')

default = DefaultRouter()
default.register('images', PrivateImageViewSet, basename='private-image')

urlpatterns: list[URLPattern | URLResolver] = [
    path('', include('django_large_image.urls')),
    path('', include(simple.urls)),
    path('private/', include(default.urls)),
]
