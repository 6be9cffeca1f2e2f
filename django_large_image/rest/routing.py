"""The declaration of endpoints: one for detail and for list viewsets, in either order of base classes.

DRF's router asks each action whether it is a detail route. An endpoint is declared once, and `__init_subclass__` of the
public mixins sets that attribute on copies of the handlers. A project can override an endpoint by a method without a
decorator, and keeps the route; DRF alone would drop it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from inspect import getmembers
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from django.http import Http404, HttpResponseBase
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.viewsets import ViewSetMixin

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
from django_large_image.rest.dispatch import GUARDS, adapt, error_response
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
#: A method that answers a request, given its session.
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
    """Declare an endpoint: where it is, what it takes, and how it is documented.

    The decorated method takes the session and returns the answer. When it is called, the request has passed the checks
    of permissions, and `session.query` holds its checked parameters.

    `url_path` is the route below the viewset's, and `name` the name of it. `query` are the parameters of the query,
    `path` those in the path, and `frame_path` those in a path with a frame. With `image` the answer is a picture, in
    `default_format` if the path has no format. An endpoint with `alias_of` is another address of the one of that name:
    the permissions of that one hold, and its method is called instead of this. For the OpenAPI documents, `summary` is
    a short title, `answer` the schema of an answer that is no picture, and `about` further fields of
    `description.Description`; a `hidden` endpoint is not in them. `options` go to DRF's `@action`.
    """

    def parse(request: Request, parts: Mapping[str, object]) -> ImageQuery:
        chosen = parts.get('fmt') or parts.get('format') or default_format
        file_format = parse_format(None if chosen is None else str(chosen)) if image else None
        framed = frame_path is not None and parts.get('frame') is not None
        path_params = frame_path if framed else path
        found = {} if path_params is None else path_params.read(parts)
        return ImageQuery(query.read(request.query_params) | found, file_format)

    # Any, so that a project may set the endpoint to None to leave it out.
    def decorate(method: Answerer[View]) -> Any:
        def run(view: View, request: Request, pk: object = None, **parts: object) -> HttpResponseBase:
            if alias_of is not None:
                return _delegate(view, alias_of, request, pk, parts)
            session = view._large_image_session
            assert session is not None, 'it is guarded'
            # A project may call one endpoint from another, such as `super().tile` with another z. The inner one has
            # parameters of its own.
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
    """Answer as the endpoint `name` does; raises `Http404` if a project left that one out by None."""
    handler: Handler | None = getattr(view, name)
    if handler is None:
        raise Http404
    # The address without a format may name a frame or not.
    given = {name: value for name, value in parts.items() if name != 'frame' or value is not None}
    return handler(request, pk=pk, **given)


def guarded(
    view: LargeImageBase, method: Handler, request: Request, *args: object, **kwargs: object
) -> HttpResponseBase:
    """Run an endpoint in a session: give back what it opened, and answer our errors as JSON.

    If the image was replaced meanwhile, the endpoint is run once more.
    """
    if view._large_image_session is not None:
        # A project's override, which has a session already, calls the endpoint.
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
    """Return why a remote image could not be read: ask its storage.

    GDAL has the same errors for a broken file, for one that was replaced and for a storage that does not answer.
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
            # Before the parameters are checked: who may not see the object must learn nothing about it.
            session.authorize()
            return method(view, request, *args, **kwargs)
    except MemoryError as error:
        raise ServerFault() from error
    finally:
        view._large_image_session = None


def _is_endpoint(member: object) -> bool:
    return callable(member) and hasattr(member, 'mapping')


def _copied(method: Handler, attributes: Handler) -> Handler:
    """Return a guarded copy of `method` with the attributes that make `attributes` an action of DRF."""

    @functools.wraps(method)
    def handler(view: LargeImageBase, request: Request, *args: object, **kwargs: object) -> HttpResponseBase:
        return guarded(view, method, request, *args, **kwargs)

    vars(handler).update({key: value for key, value in vars(attributes).items() if key != '__wrapped__'})
    handler.__doc__ = method.__doc__ or attributes.__doc__
    return handler


def _options(cls: type, method: Handler) -> dict[str, object]:
    """Return the options of an action; those of an alias have the guards of the endpoint that it stands for."""
    options: dict[str, object] = vars(method)['kwargs']
    target = getattr(cls, vars(method).get('alias_of') or '', None)
    if not _is_endpoint(target):
        return options
    return options | {key: value for key, value in vars(target)['kwargs'].items() if key in GUARDS}


class Endpoints:
    """Base of the mixins with endpoints."""

    #: Whether the endpoints are about one object. DRF's own `detail` is no help: only routers set it, `as_view` does
    #: not.
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
        if issubclass(cls, ViewSetMixin):
            adapt(cls)

    @classmethod
    def get_extra_actions(cls) -> list[Any]:
        """Return the actions of the viewset in the order of their routes.

        Tiles come first, because Django tries the routes one by one for each request. Addresses without a format come
        last: with a router's format suffix, which may end in a slash, their routes match those of other endpoints.
        """
        actions: list[Any] = super().get_extra_actions()  # type: ignore[misc]
        return sorted(
            actions,
            key=lambda action: (
                action.__name__.endswith('_no_format'),
                not action.__name__.startswith('tile'),
            ),
        )
