"""The hooks that a project overrides, with the signatures of 0.10, and what they do by default."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from django_large_image import access, handles
from django_large_image.access import ImageRef
from django_large_image.exceptions import Misconfigured, NotLargeImage
from django_large_image.imaging import checks
from django_large_image.imaging.style import load_style, parse_style, short_style
from django_large_image.models import is_large_image, runtime_settings
from django_large_image.pixels import Json
from django_large_image.readers.errors import reading
from django_large_image.rest.fields import Params
from django_large_image.rest.params import DrawParams, ProjectionParams, StyleParams
from django_large_image.rest.routing import Endpoints
from django_large_image.rest.session import ImageSession, identity_of

Style = Json | None


class LargeImageBase(Endpoints):
    """The hooks that a project can override, and what was found out for the request."""

    #: The object whose image is asked for, once `authorize` fetched it.
    _large_image_object: Model | None = None
    _large_image_ref: ImageRef | None = None
    #: The session of the request, while an endpoint answers it.
    _large_image_session: ImageSession | None = None
    #: Whether this is the admin's own viewset, whose addresses are used nowhere else.
    _large_image_of_admin: bool = False

    if TYPE_CHECKING:

        def handle_exception(self, exc: Exception) -> Response:
            """Return the answer to an exception: the method of DRF's view, which follows the mixins in the MRO."""

    # -- hooks

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return where the image is: a path, a URL, a FieldFile, a GDALRaster or an `ImageRef`. Override this.

        The default raises `Misconfigured`.
        """
        raise Misconfigured(f'{type(self).__name__} must define get_path(request, pk).')

    def get_image_ref(self, request: Request, pk: Any = None) -> ImageRef:
        """Return the `ImageRef` of the image, by default that of what `get_path` returns.

        Raises what `access.image_ref` raises, such as `ImageMissing` and `HostNotAllowed`.
        """
        return access.image_ref(self.get_path(request, pk))

    def get_style(self, request: Request) -> Style:
        """Return the style of the request: the body of a POST, the parameter `style`, or the short form for one band.

        None if the request has none of them. Raises `InvalidParameter`.
        """
        if request.method == 'POST' and isinstance(request.data, str) and request.data.strip():
            return load_style(request.data, wrapped=True)
        values = self._asked(request, StyleParams)
        if values['style'] is not None:
            style: Style = values['style']
            return style
        return short_style(values | {'palette': values['palette'] or values['cmap']})

    def open_tile_source(self, request: Request, path: str | pathlib.Path | ImageRef, **kwargs: Any) -> Any:
        """Return the image at a path as a tile source of large-image. Override this to open images in your own way.

        The keywords are `projection` (EPSG:n), `style` (a dictionary or JSON) and `encoding`. The default borrows a
        handle from the pool. It is given back when the endpoint is done; a source that is opened outside an endpoint
        gives it back when nothing refers to the source any more. Raises what `handles.borrow` raises.
        """
        style = kwargs.get('style')
        style = load_style(style) if isinstance(style, str) else parse_style(style)
        options = self._asked(request, DrawParams)
        projection = kwargs.get('projection', options['projection'])
        session = self._large_image_session
        lease = handles.borrow(access.image_ref(path), projection=projection, source=options['source'])
        if session is not None:
            session.stack.enter_context(lease)
        with reading():
            reader = lease.source
            checks.check_style(reader, style)
            checks.check_resampling(reader, options['resampling'])
        encoding = kwargs.get('encoding') or 'PNG'
        return lease.tile_source(style, encoding, options['resampling'], owned=session is None)

    def get_tile_source(
        self, request: Request, pk: Any = None, encoding: str | None = None, style: bool | Style = True
    ) -> Any:
        """Return the image of the request as a tile source of large-image.

        `style` True means the style of the request, and False none. Raises what `open_tile_source` raises.
        """
        ref = self.image_ref(request, pk)
        chosen = self.get_style(request) if style is True else (style or None)
        # A project's override expects a path, and not an ImageRef.
        path: str | ImageRef = ref
        if self._overrides('open_tile_source'):
            local = ref.path or access.local_ref(ref).path
            assert local is not None, 'a file on this machine has a path'
            path = local
        projection = self._asked(request, ProjectionParams)['projection']
        return self.open_tile_source(request, path, encoding=encoding, style=chosen, projection=projection)

    def is_large_image(self, request: Request, ref: ImageRef) -> bool:
        """Return whether the file was made a large image. Only called where `AUTO_SERVE` is off."""
        return is_large_image(identity_of(ref))

    def get_cache_key(self, request: Request) -> str | None:
        """Return what an override of `open_tile_source` or `get_tile_source` depends on in the request, as a text.

        It becomes part of the answer's key. Only called where one of the two is overridden. With None, the default,
        such answers are not cached.
        """
        return None

    # -- the request's object and image

    def _overrides(self, name: str) -> bool:
        """Return whether the project overrides a method of the package."""
        method = getattr(type(self), name)
        return not str(getattr(method, '__module__', '')).startswith('django_large_image.')

    @property
    def _opens_itself(self) -> bool:
        """Return whether the project opens images in its own way."""
        return self._overrides('open_tile_source') or self._overrides('get_tile_source')

    def _asked(self, request: Request, params: type[Params]) -> Json:
        """Return the checked parameters of the request: from the session where it has them, else from the query."""
        session, names = self._large_image_session, params._declared_fields.keys()
        if session is None or session.request is not request or not names <= session.query.values.keys():
            return params.read(request.query_params)
        return {name: session.query.values[name] for name in names}

    def authorize(self) -> None:
        """Fetch the object with the viewset's own `get_object`, if it has a queryset, so that its permissions hold.

        A `get_path` that fetches the object by itself would skip them. Raises what `get_object` raises.
        """
        if self._large_image_object is not None or not self._large_image_detail:
            return
        has_queryset = getattr(self, 'queryset', None) is not None or (
            hasattr(self, 'get_queryset')
            and (
                type(self).get_queryset is not GenericAPIView.get_queryset
                or type(self).get_object is not GenericAPIView.get_object  # type: ignore[attr-defined]
            )
        )
        if hasattr(self, 'get_object') and has_queryset:
            self._large_image_object = self.get_object()

    def find_ref(self, request: Request, pk: object = None) -> ImageRef:
        """Return the `ImageRef` of the request's image, after the checks of permissions; found once for a request."""
        if self._large_image_ref is None:
            self.authorize()
            self._large_image_ref = self.get_image_ref(request, pk)
        return self._large_image_ref

    def image_ref(self, request: Request, pk: object = None) -> ImageRef:
        """Return what `find_ref` returns, if the image may be served; raises `NotLargeImage` if not."""
        ref = self.find_ref(request, pk)
        if not runtime_settings()['AUTO_SERVE'] and not self.is_large_image(request, ref):
            raise NotLargeImage()
        return ref

    def _forget_ref(self) -> None:
        """Forget where the image is, because it was replaced."""
        self._large_image_ref = None
