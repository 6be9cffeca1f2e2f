"""The public mixins: what a project adds to its viewsets."""

from __future__ import annotations

from typing import Any

from django.db.models.fields.files import FieldFile
from rest_framework.request import Request

from django_large_image import access
from django_large_image.access import ImageRef
from django_large_image.access.raster import is_raster
from django_large_image.exceptions import ImageMissing, Misconfigured
from django_large_image.rest.data import Data
from django_large_image.rest.metadata import Metadata
from django_large_image.rest.pages.views import Pages
from django_large_image.rest.tiles import Tiles


class LargeImageMixin(Tiles, Data, Metadata, Pages, detail=False):
    """Endpoints on a viewset, not on its detail routes. Define `get_path(request, pk=None)`."""


class LargeImageDetailMixin(Tiles, Data, Metadata, Pages, detail=True):
    """Endpoints on the detail routes of a viewset. Define `get_path(request, pk=None)`.

    If the viewset has a queryset, its `get_object()` is called first, so that its permissions hold.
    """


class LargeImageFileDetailMixin(LargeImageDetailMixin):
    """Endpoints on the detail routes of a viewset whose model has a field with the image.

    `FILE_FIELD_NAME` is the name of the field: a FileField or S3FileField, a URLField, or a RasterField.
    """

    FILE_FIELD_NAME: str = ''

    def get_field_file(self) -> Any:
        """Return the value of the field of the request's object, which the viewset's `get_object()` returns.

        Raises `Misconfigured` if the object has no such field.
        """
        self.authorize()
        instance = self._large_image_object
        if instance is None:
            instance = self._large_image_object = self.get_object()  # type: ignore[attr-defined]
        if not self.FILE_FIELD_NAME or not hasattr(instance, self.FILE_FIELD_NAME):
            raise Misconfigured(
                f'FILE_FIELD_NAME of {type(self).__name__} must name a field of {type(instance).__name__}; '
                f'it is {self.FILE_FIELD_NAME!r}.'
            )
        return getattr(instance, self.FILE_FIELD_NAME)

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return a local path of the image, as 0.10 does: that of the file, or of a local copy."""
        return access.local_ref(self._field_ref()).path

    def get_image_ref(self, request: Request, pk: Any = None) -> ImageRef:
        """Return the `ImageRef` of the field, or of what an override of `get_path` returns."""
        if self._overrides('get_path'):
            return access.image_ref(self.get_path(request, pk))
        return self._field_ref()

    def _field_ref(self, prefer_url: bool = False) -> ImageRef:
        value = self.get_field_file()
        instance = self._large_image_object
        if isinstance(value, FieldFile):
            return access.field_file_ref(value, prefer_url)
        if value is None or value == '':
            raise ImageMissing('The object has no image.')
        assert instance is not None, 'its field was read'
        identity = f'{instance._meta.label_lower}/{instance.pk}/{self.FILE_FIELD_NAME}'
        if is_raster(value):
            return access.raster_ref(value, identity)
        return access.url_ref(str(value), identity)


class LargeImageVSIFileDetailMixin(LargeImageFileDetailMixin):
    """As `LargeImageFileDetailMixin`, for remote storages: GDAL reads ranges of the file from the storage.

    Every mixin reads S3 storages in this way. This one does so with other storages too, by the URL that the storage
    gives for the file. With `USE_VSI = False` it reads a local copy instead. `USE_PRESIGNED_URLS` has no effect, and is
    kept for projects of 0.10: an S3 storage is read with its own credentials.
    """

    USE_VSI: bool = True
    USE_PRESIGNED_URLS: bool = True

    def _field_ref(self, prefer_url: bool = False) -> ImageRef:
        ref = super()._field_ref(prefer_url=self.USE_VSI)
        return ref if self.USE_VSI else access.local_ref(ref)

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return the path that GDAL reads: a local one, or one of GDAL's virtual file systems (/vsi…)."""
        ref = self._field_ref()
        return ref.path or access.local_ref(ref).path
