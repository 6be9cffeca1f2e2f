"""One declaration of an endpoint serves detail and non-detail viewsets, in either order of base classes.

DRF's router asks each action whether it is a detail route. An endpoint is declared once, and `__init_subclass__` of
the public mixins sets that attribute on copies of the handlers. A project's own method of an endpoint's name keeps
the route, where stock DRF drops it when the decorator is left out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from inspect import getmembers
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from django.http import Http404, HttpResponseBase
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from django_large_image.access import ImageRef
from django_large_image.access.versions import remote_versions
from django_large_image.exceptions import (
    ImageChanged,
    ImageUnreadable,
    LargeImageError,
    RemoteUnavailable,
    ServerFault,
)
from django_large_image.imaging.formats import parse_format
from django_large_image.pixels import Json
from django_large_image.rest.fields import Params
from django_large_image.rest.openapi import description
from django_large_image.rest.openapi.answers import STYLE, Shape
from django_large_image.rest.openapi.forms import EndpointMetadata, hide_model_fields
from django_large_image.rest.session import ImageQuery, ImageSession, opened

if TYPE_CHECKING:
    from django_large_image.rest.base import LargeImageBase

Handler = Callable[..., HttpResponseBase]
View = TypeVar('View', bound='LargeImageBase')
Method = Literal['get', 'post', 'delete']
#: What answers a request by its session.
Answerer = Callable[[View, ImageSession], HttpResponseBase]


def endpoint(
    url_path: str,
    *,
    name: str,
    summary: str,
    query: type[Params],
    path: type[Params] | None = None,
    frame_path: type[Params] | None = None,
    methods: tuple[Method, ...] = ('get',),
    image: bool = False,
    default_format: str | None = None,
    hidden: bool = False,
    alias_of: str | None = None,
    answer: Shape | None = None,
    about: Json | None = None,
    **options: Any,
) -> Callable[[Answerer[View]], Any]:
    """Declare an endpoint: where it is, what it takes, and how it is documented; `hidden` ones are not.

    It is a method that takes the session and returns the answer. By then the request may see the image, and
    `session.query` holds what it asks for. `path` are the parts of the address, `frame_path` the same where it names a
    frame. With `image` the answer is a picture, in `default_format` if the address names none. `alias_of` names the
    endpoint that this one is another address of, whose permissions hold here too; its own method is not called.
    `answer` is what it answers where that is no picture, and `about` whatever else `description.Description` knows.
    """

    def parse(request: Request, parts: Mapping[str, object]) -> ImageQuery:
        chosen = parts.get('fmt') or parts.get('format') or default_format
        file_format = parse_format(None if chosen is None else str(chosen)) if image else None
        framed = frame_path is not None and parts.get('frame') is not None
        place = frame_path if framed else path
        found = {} if place is None else place.read(parts)
        return ImageQuery(query.read(request.query_params) | found, file_format)

    # Any, so that a project may leave the endpoint out by None.
    def decorate(method: Answerer[View]) -> Any:
        def run(view: View, request: Request, pk: object = None, **parts: object) -> HttpResponseBase:
            if alias_of is not None:
                return _delegate(view, alias_of, request, pk, parts)
            session = view._large_image_session
            assert session is not None, 'it is guarded'
            # An endpoint that another one calls, such as `super().tile` with another z, is asked what it is given.
            outer, session.query = session.query, parse(request, parts)
            try:
                return method(view, session)
            finally:
                session.query = outer

        @functools.wraps(method)
        def handler(view: View, request: Request, *args: object, **kwargs: object) -> HttpResponseBase:
            hide_model_fields(view)
            return guarded(view, run, request, *args, **kwargs)

        options.setdefault('metadata_class', EndpointMetadata)
        routed = action(detail=True, url_path=url_path, url_name=name, methods=list(methods), **options)(
            handler
        )
        routed.alias_of = alias_of  # type: ignore[attr-defined]
        if hidden:
            return description.hide(routed, methods)
        body = STYLE if image and 'post' in methods else None
        return description.describe(
            routed,
            description.Description(summary, query, path, methods, image, answer, body, **(about or {})),
        )

    return decorate


def _delegate(
    view: LargeImageBase, name: str, request: Request, pk: object, parts: Mapping[str, object]
) -> HttpResponseBase:
    """Answer as another endpoint does; 404 where a project left that one out by setting it to None."""
    handler: Handler | None = getattr(view, name)
    if handler is None:
        raise Http404
    # The address without a format may name a frame or not.
    given = {name: value for name, value in parts.items() if name != 'frame' or value is not None}
    return handler(request, pk=pk, **given)


def guarded(
    view: LargeImageBase, method: Handler, request: Request, *args: object, **kwargs: object
) -> HttpResponseBase:
    """Run an endpoint: answer our errors as JSON, and give back what was opened when it is done."""
    if view._large_image_session is not None:
        # Called by an override of the same endpoint, which is guarded.
        return method(view, request, *args, **kwargs)
    try:
        return _once(view, method, request, args, kwargs)
    except LargeImageError as error:
        explained = _explained(view._large_image_ref, error)
    if isinstance(explained, ImageChanged) and view._large_image_ref is not None:
        ref = view._large_image_ref
        remote_versions.forget(ref.version_key or ref.key)
        view._forget_ref()
        try:
            return _once(view, method, request, args, kwargs)
        except LargeImageError as error:
            explained = _explained(view._large_image_ref, error)
    return error_response(view, explained)


def _explained(ref: ImageRef | None, error: LargeImageError) -> LargeImageError:
    """Return why a remote image could not be read, by asking its storage again.

    GDAL says the same of a broken file, of a file that was replaced and of a storage that went away.
    """
    if ref is None or ref.ask is None or not isinstance(error, ImageUnreadable | RemoteUnavailable):
        return error
    try:
        return error if ref.ask().version == ref.version else ImageChanged()
    except LargeImageError as better:
        return better


def _once(
    view: LargeImageBase,
    method: Handler,
    request: Request,
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> HttpResponseBase:
    session = ImageSession(view, request, kwargs.get('pk', args[0] if args else None))
    view._large_image_session = session
    try:
        with opened(session):
            # Whoever may not see the object learns nothing of it, not even which parameters it would take.
            session.authorize()
            return method(view, request, *args, **kwargs)
    except MemoryError as error:
        raise ServerFault() from error
    finally:
        view._large_image_session = None


class _Answer(APIException):
    """One of our errors, as a project's exception handler expects an exception to be."""

    def __init__(self, error: LargeImageError) -> None:
        super().__init__(error.message, error.code)
        self.status_code = error.status
        self.detail = error.body
        self.code = error.code
        self.wait = error.retry_after

    def get_codes(self) -> str:
        """Return the code."""
        return self.code

    def get_full_details(self) -> Any:
        """Return the body of the answer."""
        return self.detail


class Explaining(Protocol):
    """A view of DRF, or a mixin of one."""

    def handle_exception(self, exc: Exception) -> Response:
        """Return the answer to an exception, or raise it."""


def error_response(view: Explaining, error: LargeImageError) -> Response:
    """Return the answer to an error, through the project's own exception handler."""
    try:
        response = view.handle_exception(_Answer(error))
    except _Answer:
        # The project's handler leaves it to Django, which would answer with a page.
        response = Response(error.body, status=error.status)
        response.exception = True
    response['Cache-Control'] = 'no-store'
    return response


def _is_endpoint(member: object) -> bool:
    return callable(member) and hasattr(member, 'mapping')


def _copied(method: Handler, attributes: Handler) -> Handler:
    """Return a guarded copy of `method` that is an action like `attributes`."""

    @functools.wraps(method)
    def handler(view: LargeImageBase, request: Request, *args: object, **kwargs: object) -> HttpResponseBase:
        return guarded(view, method, request, *args, **kwargs)

    vars(handler).update({key: value for key, value in vars(attributes).items() if key != '__wrapped__'})
    handler.__doc__ = method.__doc__ or attributes.__doc__
    return handler


#: The options of `@action` that say who may ask; those of a project's own `tile` hold for its other addresses too.
_GUARDS = frozenset({'authentication_classes', 'permission_classes', 'throttle_classes', 'throttle_scope'})


def _options(cls: type, method: Handler) -> dict[str, object]:
    """Return the options of an action, with those that guard the endpoint that it is another address of."""
    options: dict[str, object] = vars(method)['kwargs']
    target = getattr(cls, vars(method).get('alias_of') or '', None)
    if not _is_endpoint(target):
        return options
    return options | {key: value for key, value in vars(target)['kwargs'].items() if key in _GUARDS}


class Endpoints:
    """Base of the families of endpoints."""

    #: Whether the endpoints are about one object. DRF's `detail` is set by routers alone, not by `as_view`.
    _large_image_detail: bool = False

    def __init_subclass__(cls, *, detail: bool | None = None, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name, method in list(vars(cls).items()):
            inherited = getattr(super(cls, cls), name, None)
            if callable(method) and _is_endpoint(inherited) and not _is_endpoint(method):
                setattr(cls, name, _copied(method, inherited))  # type: ignore[arg-type]
        for name, method in getmembers(cls, _is_endpoint):
            options = _options(cls, method)
            if detail is None and options == vars(method)['kwargs']:
                continue
            routed = _copied(method, method)
            routed.kwargs = options  # type: ignore[attr-defined]
            if detail is not None:
                routed.detail = detail  # type: ignore[attr-defined]
            setattr(cls, name, routed)
        if detail is not None:
            cls._large_image_detail = detail

    @classmethod
    def get_extra_actions(cls) -> list[Any]:
        """Return the actions of the viewset, tiles first: Django tries the routes in this order, for each tile.

        Those for addresses without a format come last: with a router's format suffix, which may end in a slash, their
        routes match the addresses of other endpoints.
        """
        actions: list[Any] = super().get_extra_actions()  # type: ignore[misc]
        return sorted(
            actions,
            key=lambda action: (
                action.__name__.endswith('_no_format'),
                not action.__name__.startswith('tile'),
            ),
        )
