"""The endpoints that the admin mounts for the images of a model, under the admin's own permissions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.urls import URLPattern, re_path
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.viewsets import GenericViewSet

from django_large_image.rest.viewsets import LargeImageFileDetailMixin

#: Where the endpoints are: below the object's own address in the admin, and of inlines below that of their parent.
OWN = r'^(?P<pk>[^/]+)/large-image'
INLINE = r'^(?P<parent>[^/]+)/large-image/inlines/(?P<inline>[^/]+)/(?P<pk>[^/]+)'


class AdminPermission(BasePermission):
    """Let in whom the admin site lets in; what they may see of a model, `get_object` asks."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Return whether the site does."""
        return bool(view.model_admin.admin_site.has_permission(request._request))


class AdminImageViewSet(LargeImageFileDetailMixin, GenericViewSet[Any]):
    """The images of a ModelAdmin, or of one of its inlines."""

    _large_image_of_admin = True
    #: The ModelAdmin with the mixin.
    model_admin: Any = None
    authentication_classes = (SessionAuthentication,)
    permission_classes = (AdminPermission,)
    # What a project has for its API is not meant for its admin.
    renderer_classes = (JSONRenderer,)
    throttle_classes = ()
    filter_backends = ()
    versioning_class = None
    schema = None
    #: The admin shows images, and decides of none whether it is served.
    large_image = None

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep answers out of shared caches, where the project's setting allows them for its API."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if 'no-store' not in response.get('Cache-Control', ''):
            response['Cache-Control'] = 'private, no-cache'
        return response

    def get_object(self) -> Any:
        """Return the object as the admin's change view finds it.

        Who may not see the model gets 403 whether there is such an object or not.
        """
        request, pk = self.request._request, unquote(self.kwargs['pk'])
        admin, key = self.model_admin, self.kwargs.get('inline')
        if key is None:
            instance = admin.get_object(request, pk)
            _admitted(admin, request, instance)
        else:
            parent = admin.get_object(request, unquote(self.kwargs['parent']))
            _admitted(admin, request, parent)
            admin = next((a for a in _inlines(admin, request, parent) if a.large_image_key == key), None)
            if admin is None:
                raise Http404
            formset = admin.get_formset(request, parent)
            found = formset(instance=parent, queryset=admin.get_queryset(request)).queryset
            try:
                instance = found.filter(pk=pk).first()
            except (ValueError, ValidationError):
                instance = None
        if instance is None:
            raise Http404
        self.FILE_FIELD_NAME = admin.get_large_image_field()
        return instance


def _admitted(admin: Any, request: Any, instance: Any) -> None:
    if not admin.has_view_or_change_permission(request, instance):
        raise PermissionDenied
    if instance is None:
        raise Http404


def _inlines(admin: Any, request: Any, parent: Any) -> Iterator[Any]:
    """Yield the inlines with images that the request may see."""
    for inline in admin.get_inline_instances(request, parent):
        if hasattr(inline, 'large_image_key') and inline.has_view_or_change_permission(request, parent):
            yield inline


def route_name(model: Any, url_name: str, inline: bool = False) -> str:
    """Return the name of an endpoint's route in the namespace of the admin site."""
    of_inline = 'inline_' if inline else ''
    return f'{model._meta.app_label}_{model._meta.model_name}_large_image_{of_inline}{url_name}'


def patterns(model_admin: Any) -> list[URLPattern]:
    """Return the routes of the endpoints of a ModelAdmin, with everything that its site asks of a view."""
    found = []
    for prefix, inline in ((OWN, False), (INLINE, True)):
        for handler in AdminImageViewSet.get_extra_actions():
            options = {**handler.kwargs, 'schema': None, 'model_admin': model_admin}
            view = AdminImageViewSet.as_view(dict(handler.mapping), **options)
            name = route_name(model_admin.model, handler.url_name, inline)
            # Cacheable by the ETags of the endpoints: they ask for the permission each time.
            wrapped = model_admin.admin_site.admin_view(view, cacheable=True)
            found.append(re_path(f'{prefix}/{handler.url_path}$', wrapped, name=name))
    return found
