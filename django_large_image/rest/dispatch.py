"""What DRF's view does before and after an endpoint: which action it is, how a body is read, and what an error answers.

A mixin cannot override the methods of DRF's view: a project may name it before the viewset or after. So the methods of
the finished class are wrapped.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.http import HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSetMixin

from django_large_image.exceptions import LargeImageError
from django_large_image.rest.renderers import IMAGE_ACTION, ImageNegotiation

#: The options of `@action` that say who may ask. Those of an endpoint hold for its aliases, too.
GUARDS = frozenset({'authentication_classes', 'permission_classes', 'throttle_classes', 'throttle_scope'})


class _Answer(APIException):
    """One of our errors as an exception of DRF, which a project's exception handler knows how to answer."""

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
    """Return the answer to an error by the project's own exception handler, or as JSON if that returns none."""
    try:
        response = view.handle_exception(_Answer(error))
    except _Answer:
        # The project's handler passed it on to Django, which would answer with an HTML page.
        response = Response(error.body, status=error.status)
        response.exception = True
    response['Cache-Control'] = 'no-store'
    return response


def endpoint_of(view: type, name: str | None) -> tuple[Mapping[str, object], str | None] | None:
    """Return the options of a view's endpoint, and what it is an alias of; None if the name is of none of ours."""
    method = getattr(view, name, None) if name else None
    attributes = vars(method) if callable(method) else {}
    return (attributes['kwargs'], attributes['alias_of']) if 'alias_of' in attributes else None


def adapt(view: type[ViewSetMixin]) -> None:
    """Wrap the methods of a viewset that is finished, or of a subclass that overrides them."""
    wrappers: dict[str, Callable[..., object]] = {
        'initialize_request': _initializing,
        'handle_exception': _explaining,
    }
    for name, wrap in wrappers.items():
        method = getattr(view, name)
        if not vars(method).get('large_image_adapted'):
            setattr(view, name, wrap(method))


def _initializing(method: Callable[..., Request]) -> Callable[..., Request]:
    @functools.wraps(method)
    def initialize_request(
        view: ViewSetMixin, request: HttpRequest, *args: object, **kwargs: object
    ) -> Request:
        action = view.action_map.get((request.method or '').lower())
        options, alias_of = endpoint_of(type(view), action) or ({}, None)
        if options.get('content_negotiation_class') is ImageNegotiation:
            # A router has set these, `as_view` without them has not. The negotiation of pictures reads a style, too.
            for name in IMAGE_ACTION.keys() - vars(view).keys():
                setattr(view, name, options[name])
        found = method(view, request, *args, **kwargs)
        if alias_of is not None:
            # What asks `self.action` who may do that, asks for all addresses of an endpoint.
            view.action = alias_of
        return found

    vars(initialize_request)['large_image_adapted'] = True
    return initialize_request


def _explaining(method: Callable[..., Response]) -> Callable[..., Response]:
    @functools.wraps(method)
    def handle_exception(view: Explaining, exc: Exception) -> Response:
        # Endpoints have answered theirs. This is one of a project's own action, or of its queryset.
        return error_response(view, exc) if isinstance(exc, LargeImageError) else method(view, exc)

    vars(handle_exception)['large_image_adapted'] = True
    return handle_exception
