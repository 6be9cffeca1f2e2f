"""The endpoints that the admin mounts for the images of a model, under the admin's own permissions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, cast

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.urls import URLPattern, re_path
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from django_large_image.rest.viewsets import LargeImageFileDetailMixin

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.contrib.admin.options import InlineModelAdmin
    from django.forms.models import BaseInlineFormSet, ModelForm

#: The routes of the endpoints: below the object's address in the admin, and for inlines below that of their parent.
OWN = r'^(?P<pk>[^/]+)/large-image'
INLINE = r'^(?P<parent>[^/]+)/large-image/inlines/(?P<inline>[^/]+)/(?P<pk>[^/]+)'


class ImageModelAdmin(Protocol):
    """A ModelAdmin with the mixin of `django_large_image.admin`, which imports this module."""

    admin_site: AdminSite

    @property
    def model(self) -> type[Model]:
        """Return the model."""

    def get_large_image_field(self) -> str:
        """Return the name of the field with the image."""

    def get_object(self, request: HttpRequest, object_id: str) -> Model | None:
        """Return an object by its key, None if there is none."""

    def get_inline_instances(
        self, request: HttpRequest, obj: Model | None
    ) -> list[InlineModelAdmin[Model, Model]]:
        """Return the inlines of an object."""

    def has_view_or_change_permission(self, request: HttpRequest, obj: Model | None) -> bool:
        """Return whether the request may see an object; with None, whether it may see any."""


class ImageInline(Protocol):
    """An inline with the mixin of `django_large_image.admin`."""

    @property
    def large_image_key(self) -> str:
        """Return the name of the inline in addresses."""

    def get_large_image_field(self) -> str:
        """Return the name of the field with the image."""

    def get_formset(
        self, request: HttpRequest, obj: Model | None
    ) -> type[BaseInlineFormSet[Model, Model, ModelForm[Model]]]:
        """Return the class of the formset."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Return the objects that the request may see."""


class AdminPermission(BasePermission):
    """Allow whom the admin site allows. `AdminImageViewSet.get_object` checks the permissions for the model."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the admin site allows the request."""
        assert isinstance(view, AdminImageViewSet)
        return bool(view.model_admin.admin_site.has_permission(request._request))


class AdminImageViewSet(LargeImageFileDetailMixin, GenericViewSet[Model]):
    """The images of a ModelAdmin, or of one of its inlines."""

    _large_image_of_admin = True
    #: The ModelAdmin with the mixin.
    model_admin: ImageModelAdmin = None  # type: ignore[assignment]
    authentication_classes = (SessionAuthentication,)
    permission_classes = (AdminPermission,)
    # Not the project's defaults: those are for its API, and not for its admin.
    renderer_classes = (JSONRenderer,)
    throttle_classes = ()
    filter_backends = ()
    versioning_class = None
    schema = None
    #: Left out: the admin shows images, and does not make files large images.
    large_image = None

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        """Keep answers out of shared caches, even if the project's setting allows them for its API."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if 'no-store' not in response.get('Cache-Control', ''):
            response['Cache-Control'] = 'private, no-cache'
        return response

    def get_object(self) -> Model:
        """Return the object as the admin's change view finds it; raises `Http404` and `PermissionDenied`.

        Who may not see the model gets 403, whether there is such an object or not.
        """
        request, pk = self.request._request, unquote(self.kwargs['pk'])
        admin, key = self.model_admin, self.kwargs.get('inline')
        shown: ImageModelAdmin | ImageInline = admin
        if key is None:
            instance: Model | None = admin.get_object(request, pk)
            _admitted(admin, request, instance)
        else:
            parent = admin.get_object(request, unquote(self.kwargs['parent']))
            _admitted(admin, request, parent)
            inline = next((a for a in _inlines(admin, request, parent) if a.large_image_key == key), None)
            if inline is None:
                raise Http404
            shown = inline
            formset = inline.get_formset(request, parent)
            found = formset(instance=parent, queryset=inline.get_queryset(request)).queryset
            assert found is not None
            try:
                instance = found.filter(pk=pk).first()
            except (ValueError, ValidationError):
                instance = None
        if instance is None:
            raise Http404
        self.FILE_FIELD_NAME = shown.get_large_image_field()
        return instance


def _admitted(admin: ImageModelAdmin, request: HttpRequest, instance: Model | None) -> None:
    if not admin.has_view_or_change_permission(request, instance):
        raise PermissionDenied
    if instance is None:
        raise Http404


def _inlines(admin: ImageModelAdmin, request: HttpRequest, parent: Model | None) -> Iterator[ImageInline]:
    """Yield the inlines with images that the request may see."""
    for inline in admin.get_inline_instances(request, parent):
        if hasattr(inline, 'large_image_key') and inline.has_view_or_change_permission(request, parent):
            yield cast('ImageInline', inline)


def route_name(model: type[Model], url_name: str, inline: bool = False) -> str:
    """Return the name of an endpoint's route in the namespace of the admin site."""
    of_inline = 'inline_' if inline else ''
    return f'{model._meta.app_label}_{model._meta.model_name}_large_image_{of_inline}{url_name}'


def patterns(model_admin: ImageModelAdmin) -> list[URLPattern]:
    """Return the routes of the endpoints of a ModelAdmin, each wrapped in the checks of its admin site."""
    found = []
    for prefix, inline in ((OWN, False), (INLINE, True)):
        for handler in AdminImageViewSet.get_extra_actions():
            options = {**handler.kwargs, 'schema': None, 'model_admin': model_admin}
            view = AdminImageViewSet.as_view(dict(handler.mapping), **options)
            name = route_name(model_admin.model, handler.url_name, inline)
            # `cacheable`, because the endpoints have ETags of their own and check permissions before they answer 304.
            wrapped = model_admin.admin_site.admin_view(view, cacheable=True)
            found.append(re_path(f'{prefix}/{handler.url_path}$', wrapped, name=name))
    return found
