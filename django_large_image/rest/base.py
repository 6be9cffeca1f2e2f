"""What every endpoint does before and after its own work, and the hooks that a project overrides."""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import Http404, HttpResponse
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response

import django_large_image
from django_large_image import access, caching, handles
from django_large_image.access import ImageRef
from django_large_image.caching.flight import SingleFlight
from django_large_image.conf import settings
from django_large_image.exceptions import ImageChanged, Misconfigured, NotLargeImage
from django_large_image.handles.lease import reading
from django_large_image.imaging import image
from django_large_image.imaging.formats import Format
from django_large_image.imaging.jsonsafe import json_safe
from django_large_image.imaging.style import canonical, load_style, parse_style, short_style
from django_large_image.models import is_large_image, runtime_settings
from django_large_image.rest import conditional
from django_large_image.rest.params import DrawParams, ProjectionParams, StyleParams
from django_large_image.rest.routing import Endpoints

Style = dict[str, Any] | None
Produced = TypeVar('Produced')


class LargeImageBase(Endpoints):
    """The hooks of the mixins, and the way of a request through them."""

    _large_image_stack: Any = None
    _large_image_ref: ImageRef | None = None
    _large_image_object: Any = None
    #: Whether it is the admin's, whose addresses are not for others.
    _large_image_of_admin: bool = False

    # -- hooks

    def get_path(self, request: Any, pk: Any = None) -> Any:
        """Return where the image is: a path, a URL, a FieldFile, a GDALRaster or an `ImageRef`. To be overridden."""
        raise Misconfigured(f'{type(self).__name__} must define get_path(request, pk).')

    def get_image_ref(self, request: Any, pk: Any = None) -> ImageRef:
        """Return the `ImageRef` of the image; by default that of what `get_path` returns."""
        return access.image_ref(self.get_path(request, pk))

    def get_style(self, request: Any) -> Style:
        """Return the style of the request: the body of a POST, `style`, or the one-band short form."""
        if request.method == 'POST' and isinstance(request.data, str) and request.data.strip():
            return load_style(request.data, wrapped=True)
        values = StyleParams.read_query(request)
        if values['style'] is not None:
            style: Style = values['style']
            return style
        return short_style(values | {'palette': values['palette'] or values['cmap']})

    def open_tile_source(self, request: Any, path: str | pathlib.Path | ImageRef, **kwargs: Any) -> Any:
        """Return large-image's tile source of a path; override it to open images in a way of your own.

        Keywords: `projection`, `style` (a dictionary or JSON) and `encoding`. The default takes a handle from the
        pool and gives it back when the endpoint is done, or when a source that another action opened is garbage.
        """
        style = kwargs.get('style')
        style = load_style(style) if isinstance(style, str) else parse_style(style)
        options = DrawParams.read_query(request)
        projection = kwargs.get('projection', options['projection'])
        lease = handles.borrow(access.image_ref(path), projection=projection, source=options['source'])
        encoding = kwargs.get('encoding') or 'PNG'
        if self._large_image_stack is not None:
            self._large_image_stack.enter_context(lease)
        with reading():
            image.check_style(lease.source, style)
            image.check_work(lease.source, style)
            image.check_resampling(lease.source, options['resampling'])
        return lease.view(style, encoding, self._large_image_stack is None, options['resampling'])

    def get_tile_source(
        self, request: Any, pk: Any = None, encoding: str | None = None, style: bool | Style = True
    ) -> Any:
        """Return the opened image of the request; `style` true means the request's own, false none."""
        ref = self.image_ref(request, pk)
        chosen = self.get_style(request) if style is True else (style or None)
        # An override knows paths, not ImageRefs.
        path: Any = ref
        if self._overrides('open_tile_source'):
            path = ref.path or access.local_ref(ref).path
        projection = ProjectionParams.read_query(request)['projection']
        return self.open_tile_source(request, path, encoding=encoding, style=chosen, projection=projection)

    def is_large_image(self, request: Any, ref: ImageRef) -> bool:
        """Return whether the file was made a large image; asked only if not every file is served."""
        return is_large_image(identity_of(ref))

    def get_cache_key(self, request: Any) -> str | None:
        """Return what an override of `open_tile_source` or `get_tile_source` makes of the request, as a text.

        Only asked where one of them is overridden. With None, the default, such answers are not cached.
        """
        return None

    # -- the way of a request

    def _overrides(self, name: str) -> bool:
        """Return whether the project replaced a hook of this class."""
        method = getattr(type(self), name)
        return not str(getattr(method, '__module__', '')).startswith('django_large_image.')

    def authorize(self) -> None:
        """Fetch the object through the viewset's own queryset and permissions, if it has them.

        A `get_path` that fetches the object by itself would skip them.
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

    def admit(self, request: Any, pk: Any = None) -> None:
        """Find out whether the request may see its image, before a parameter is looked at.

        Without a queryset the project's `get_path` is all that can say so. Raises what `get_object` and the hooks do.
        """
        self.authorize()
        if self._large_image_object is None:
            self.find_ref(request, pk)

    def find_ref(self, request: Any, pk: Any = None) -> ImageRef:
        """Return the request's image, after the permission checks; once a request."""
        if self._large_image_ref is None:
            self.authorize()
            self._large_image_ref = self.get_image_ref(request, pk)
        return self._large_image_ref

    def image_ref(self, request: Any, pk: Any = None) -> ImageRef:
        """Return the request's image if it may be served: as `find_ref`.

        Raises `NotLargeImage` too.
        """
        ref = self.find_ref(request, pk)
        if not runtime_settings()['AUTO_SERVE'] and not self.is_large_image(request, ref):
            raise NotLargeImage()
        return ref

    def _key(
        self, request: Any, ref: ImageRef, name: str, values: dict[str, Any], style: Style
    ) -> str | None:
        """Return a text that names everything the answer depends on; None if that is not known."""
        styled = 'style' in values
        given = {k: v for k, v in values.items() if v is not None and not (styled and k in STYLE_NAMES)}
        hooked = self._overrides('open_tile_source') or self._overrides('get_tile_source')
        own = self.get_cache_key(request) if hooked else ''
        if own is None:
            return None
        parts = (
            ref.digest,
            name,
            repr(sorted(given.items())),
            canonical(style) if style else '',
            f'{type(self).__module__}.{type(self).__qualname__}/{own}' if hooked else '',
            str(runtime_settings()['MAX_UNTILED_SIZE']),
            *(str(getattr(settings, setting)) for setting in ANSWER_SETTINGS),
            django_large_image.__version__,
        )
        return '\0'.join(parts)

    def answer_image(
        self,
        request: Any,
        pk: Any,
        name: str,
        values: dict[str, Any],
        fmt: Format,
        render: Callable[[Any], bytes],
    ) -> HttpResponse:
        """Answer with a picture: from the client's copy, from the tile cache, or rendered from the opened image."""
        ref = self.image_ref(request, pk)
        style = self.get_style(request)
        key = self._key(request, ref, f'{name}.{fmt.name}', values, style)

        def produce() -> bytes:
            return render(self.open_checked(request, pk, style, values.get('frame')))

        def respond(body: bytes) -> HttpResponse:
            response = HttpResponse(body, content_type=fmt.media_type)
            # Some of the bytes are the file's own, and a file may be anybody's.
            response['X-Content-Type-Options'] = 'nosniff'
            return response

        return self._answer(request, ref, key, key, produce, respond, weak=not fmt.same_bytes)

    def answer_json(
        self,
        request: Any,
        pk: Any,
        name: str,
        values: dict[str, Any],
        compute: Callable[[Any, ImageRef], Any],
        style: Style = None,
    ) -> HttpResponse:
        """Answer with JSON about the image, in the renderer that the client asked for."""
        ref = self.image_ref(request, pk)
        key = self._key(request, ref, name, values, style)
        tag = key and f'{key}\0{request.accepted_media_type}'

        def produce() -> bytes:
            source = self.open_checked(request, pk, style, values.get('frame'))
            # Sorted: large-image makes some of its keys from sets, whose order is another in each process.
            return json.dumps(json_safe(compute(source, ref)), allow_nan=False, sort_keys=True).encode()

        return self._answer(request, ref, key, tag, produce, lambda body: Response(json.loads(body)))

    def _answer(
        self,
        request: Any,
        ref: ImageRef,
        key: str | None,
        tag: str | None,
        produce: Callable[[], bytes],
        respond: Callable[[bytes], HttpResponse],
        weak: bool = False,
    ) -> HttpResponse:
        """Answer from the client's copy, from the tile cache, or with what `produce` returns."""
        if key is None or tag is None:
            response = respond(checked(ref, produce))
            response['Cache-Control'] = 'no-store'
            return response
        etag = conditional.etag_of(tag, weak)
        if conditional.not_modified(request, etag):
            return conditional.patch(HttpResponse(status=304), etag, ref)
        cache_key = caching.tile_cache.key(key)
        body = caching.tile_cache.get(cache_key)
        if body is None:
            body = _flights.run(cache_key, lambda: _kept(cache_key, ref, produce))
        return conditional.patch(respond(body), etag, ref)

    def _delegate(self, name: str, request: Any, **kwargs: Any) -> HttpResponse:
        """Answer as another endpoint does; 404 where a project left that one out by setting it to None."""
        handler = getattr(self, name)
        if handler is None:
            raise Http404
        response: HttpResponse = handler(request, **kwargs)
        return response

    def open_checked(self, request: Any, pk: Any, style: Style, frame: int | None) -> Any:
        """Return the opened image with a style; raises `InvalidParameter` for a band or frame it does not have."""
        source = self.get_tile_source(request, pk, style=style or False)
        with reading():
            image.check_frame(source, frame)
            image.check_deltas(source, style, frame)
        return source


#: What is being rendered now: several requests for one missing answer are answered with one.
_flights: SingleFlight[bytes] = SingleFlight()


def _kept(cache_key: str, ref: ImageRef, produce: Callable[[], bytes]) -> bytes:
    body = checked(ref, produce)
    caching.tile_cache.set(cache_key, body)
    return body


def checked(ref: ImageRef, produce: Callable[[], Produced]) -> Produced:
    """Return what `produce` does; raises `ImageChanged` if the file was replaced meanwhile.

    Readers other than our own do not look, and would answer with pixels of both.
    """
    found = produce()
    if not ref.is_current():
        raise ImageChanged()
    return found


#: Parameters that are in the key as the style they mean.
STYLE_NAMES = frozenset(StyleParams._declared_fields)
#: Settings that change what an answer holds.
ANSWER_SETTINGS = ('BACKGROUND', 'QUALITY', 'EMPTY_TILE_STATUS', 'SOURCES', 'DRIVERS', 'SIDECAR_FILES')


def identity_of(ref: ImageRef) -> str:
    """Return what `LargeImage` names a file by: its object in the project, or else its place."""
    return ref.identity or 'sha256:' + hashlib.sha256(ref.key.encode()).hexdigest()
