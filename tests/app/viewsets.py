"""Viewsets with the package's mixins, in both base orders and with the overrides that projects write."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from django_large_image.rest import (
    LargeImageDetailMixin,
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageVSIFileDetailMixin,
)
from django_large_image.utilities import make_vsi
from tests.app import models


class ImageFileSerializer(serializers.ModelSerializer):
    """An image file as JSON."""

    class Meta:
        model = models.ImageFile
        fields = ('id', 'name', 'file', 'owner', 'private')


class UrlImageSerializer(serializers.ModelSerializer):
    """An image on another host as JSON."""

    class Meta:
        model = models.UrlImage
        fields = ('id', 'name', 'url')


class UserSerializer(serializers.ModelSerializer):
    """A user as JSON."""

    class Meta:
        model = get_user_model()
        fields = ('id', 'username')


class ImageFileViewSet(LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet):
    """The plain case: a mixin first, a model's file field."""

    queryset = models.ImageFile.objects.filter(private=False)
    serializer_class = ImageFileSerializer
    FILE_FIELD_NAME = 'file'


class ReversedImageFileViewSet(viewsets.ReadOnlyModelViewSet, LargeImageFileDetailMixin):
    """The same with the bases in the order that 0.10's README shows."""

    queryset = models.ImageFile.objects.filter(private=False)
    serializer_class = ImageFileSerializer
    FILE_FIELD_NAME = 'file'


class VSIImageFileViewSet(LargeImageVSIFileDetailMixin, viewsets.GenericViewSet):
    """Files that GDAL reads through its virtual file systems."""

    queryset = models.ImageFile.objects.all()
    serializer_class = ImageFileSerializer
    FILE_FIELD_NAME = 'file'


class PrivateImageFileViewSet(LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet):
    """Everyone sees their own images and nothing else."""

    queryset = models.ImageFile.objects.all()
    serializer_class = ImageFileSerializer
    permission_classes = (IsAuthenticated,)
    FILE_FIELD_NAME = 'file'

    def get_queryset(self) -> QuerySet[models.ImageFile]:
        """Return the images of the user who asks."""
        return super().get_queryset().filter(owner=self.request.user)


class OverrideImageFileViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """A project's own `tile`, without a decorator: the endpoint stays and its answer is theirs."""

    queryset = models.ImageFile.objects.all()
    serializer_class = ImageFileSerializer
    FILE_FIELD_NAME = 'file'

    def tile(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Add a header to the package's tile."""
        response = super().tile(request, *args, **kwargs)
        response['X-Overridden'] = 'tile'
        return response


class PathImageViewSet(LargeImageDetailMixin, viewsets.ViewSet):
    """A project's own `get_path` that returns a local path."""

    def get_path(self, request: Request, pk: Any = None) -> str:
        """Return the path of the image's file."""
        return get_object_or_404(models.ImageFile, pk=pk).file.path


class UnsetFieldViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """A project that forgot FILE_FIELD_NAME."""

    queryset = models.ImageFile.objects.all()
    serializer_class = ImageFileSerializer


class UrlImageViewSet(LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet):
    """Images on other hosts, named by a URL field."""

    queryset = models.UrlImage.objects.all()
    serializer_class = UrlImageSerializer
    FILE_FIELD_NAME = 'url'


class AnyUrlViewSet(LargeImageMixin, viewsets.ViewSet):
    """An image on another host that the request itself names, as in 0.10's example project."""

    def get_path(self, request: Request, pk: Any = None) -> str:
        """Return GDAL's path of the URL in the query."""
        url = request.query_params.get('url')
        if not url:
            raise ValidationError('url is required')
        return make_vsi(url)


class ChosenImageViewSet(viewsets.ViewSet, LargeImageMixin):
    """A non-detail viewset: `?image=` chooses the image."""

    def list(self, request: Request) -> Response:
        """Return the names of the images."""
        return Response(list(models.ImageFile.objects.values_list('name', flat=True)))

    def get_path(self, request: Request, pk: Any = None) -> str:
        """Return the path of the image that the query names."""
        return get_object_or_404(models.ImageFile, pk=request.query_params.get('image')).file.path


class UserViewSet(viewsets.ReadOnlyModelViewSet):
    """Users, the outer level of the nested routes."""

    queryset = get_user_model().objects.order_by('pk')
    serializer_class = UserSerializer


class NestedImageFileViewSet(LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet):
    """The images of one user, below that user's route."""

    queryset = models.ImageFile.objects.all()
    serializer_class = ImageFileSerializer
    FILE_FIELD_NAME = 'file'

    def get_queryset(self) -> QuerySet[models.ImageFile]:
        """Return the images of the user that the route names."""
        return super().get_queryset().filter(owner=self.kwargs['user_pk'])
