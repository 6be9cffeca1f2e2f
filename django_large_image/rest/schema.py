"""OpenAPI: what drf-yasg and drf-spectacular, whichever is installed, show of an endpoint."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from django_large_image.imaging.formats import Format
from django_large_image.rest.fields import BoundedIntegerField, Params, allowed

STYLE_BODY = 'A style as JSON, the same as the `style` parameter of GET.'


@dataclass(frozen=True)
class Description:
    """What the documents say of an endpoint."""

    summary: str
    query: type[Params]
    path: type[Params] | None
    methods: tuple[str, ...]
    #: Whether the answer is a picture, and a POST's body a style.
    image: bool


def describe(handler: Callable[..., Any], about: Description) -> Callable[..., Any]:
    """Attach the description of an endpoint for the OpenAPI generators that are installed."""
    if find_spec('drf_yasg'):
        handler = _for_yasg(handler, about)
    if find_spec('drf_spectacular'):
        handler = _for_spectacular(handler, about)
    return handler


def describe_view(
    summary: str, query: type[Params] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describe a method of a project-wide view."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        fields = query._declared_fields if query else {}
        if find_spec('drf_yasg'):
            from drf_yasg import openapi
            from drf_yasg.utils import swagger_auto_schema

            parameters = [_yasg_parameter(openapi, openapi.IN_QUERY, n, f) for n, f in fields.items()]
            answer = openapi.Response('', openapi.Schema(type='object'))
            method = swagger_auto_schema(
                operation_summary=summary, manual_parameters=parameters, responses={200: answer}
            )(method)
        if find_spec('drf_spectacular'):
            from drf_spectacular.types import OpenApiTypes
            from drf_spectacular.utils import extend_schema

            parameters = [query] if query else []
            method = extend_schema(
                summary=summary,
                parameters=parameters,
                request=OpenApiTypes.OBJECT,
                responses=OpenApiTypes.OBJECT,
            )(method)
        return method

    return decorate


def hide(handler: Callable[..., Any], methods: tuple[str, ...]) -> Callable[..., Any]:
    """Keep an endpoint out of the documents."""
    if find_spec('drf_yasg'):
        from drf_yasg.utils import swagger_auto_schema

        handler = swagger_auto_schema(methods=list(methods), auto_schema=None)(handler)
    if find_spec('drf_spectacular'):
        from drf_spectacular.utils import extend_schema

        handler = extend_schema(exclude=True)(handler)
    return handler


@functools.cache
def _auto_schema() -> type:
    from drf_yasg.inspectors import SwaggerAutoSchema

    class EndpointSchema(SwaggerAutoSchema):  # type: ignore[misc]
        """No endpoint is a list of objects: without this drf-yasg adds `page` and an envelope to list routes."""

        def has_list_response(self) -> bool:
            return False

        def get_operation_id(self, operation_keys: list[str] | None = None) -> str:
            """Return an id of its own for each endpoint: drf-yasg's are of the path up to the first variable."""
            keys = operation_keys or self.operation_keys
            return '_'.join([*keys[:-1], self.view.action, self.method.lower()])

        def get_produces(self) -> list[str]:
            return list(self.overrides.get('produces') or super().get_produces())

    return EndpointSchema


def _for_yasg(handler: Callable[..., Any], about: Description) -> Callable[..., Any]:
    from drf_yasg import openapi
    from drf_yasg.utils import swagger_auto_schema

    parameters = [
        _yasg_parameter(openapi, openapi.IN_QUERY, n, f) for n, f in about.query._declared_fields.items()
    ]
    if about.path:
        parameters += [
            _yasg_parameter(openapi, openapi.IN_PATH, n, f) for n, f in about.path._declared_fields.items()
        ]
    if about.image:
        parameters.append(
            openapi.Parameter(
                'fmt',
                openapi.IN_PATH,
                'The format.',
                type='string',
                enum=[e for m in Format for e in m.extensions],
            )
        )
    error = openapi.Schema(
        type='object',
        properties={
            key: openapi.Schema(type='string') for key in ('detail', 'code', 'parameter', 'value', 'allowed')
        },
    )
    file = openapi.Response('The picture.', openapi.Schema(type='string', format='binary'))
    answer = file if about.image else openapi.Response('', openapi.Schema(type='object'))
    for method in about.methods:
        body = (
            openapi.Schema(type='object', description=STYLE_BODY)
            if method == 'post' and about.image
            else None
        )
        handler = swagger_auto_schema(
            methods=[method],
            auto_schema=_auto_schema(),
            operation_summary=about.summary,
            operation_description=handler.__doc__,
            manual_parameters=parameters,
            **({'request_body': body} if body else {}),
            responses={200: answer, '4XX': openapi.Response('What is wrong, and what is allowed.', error)},
            **({'produces': [m.media_type for m in Format]} if about.image else {}),
        )(handler)
    return handler


def _yasg_parameter(openapi: Any, place: str, name: str, field: Any) -> Any:
    options: dict[str, Any] = {}
    kind = _kind(field)
    if kind in ('integer', 'number'):
        low, high = _bounds(field)
        options |= {'minimum': low, 'maximum': high}
    if hasattr(field, 'choices'):
        options['enum'] = list(field.choices)
    if not field.required and not callable(field.default) and isinstance(field.default, str | int | bool):
        options['default'] = field.default
    return openapi.Parameter(
        name,
        place,
        f'{field.help_text} Allowed: {allowed(field)}.',
        required=place == openapi.IN_PATH or field.required,
        type=kind,
        **{key: value for key, value in options.items() if value is not None},
    )


def _kind(field: Any) -> str:
    from rest_framework import serializers

    kinds = {
        serializers.BooleanField: 'boolean',
        serializers.IntegerField: 'integer',
        serializers.FloatField: 'number',
    }
    return next((kind for cls, kind in kinds.items() if isinstance(field, cls)), 'string')


def _bounds(field: Any) -> tuple[Any, Any]:
    from django_large_image.conf import settings

    high = getattr(settings, field.setting) if isinstance(field, BoundedIntegerField) else field.max_value
    return field.min_value, high


def _for_spectacular(handler: Callable[..., Any], about: Description) -> Callable[..., Any]:
    from drf_spectacular.types import OpenApiTypes
    from drf_spectacular.utils import OpenApiParameter, extend_schema

    # drf-spectacular fails on a serializer without fields.
    parameters: list[Any] = [about.query] if about.query._declared_fields else []
    types = {'boolean': OpenApiTypes.BOOL, 'integer': OpenApiTypes.INT, 'number': OpenApiTypes.DOUBLE}
    for name, field in about.path._declared_fields.items() if about.path else ():
        kind = types.get(_kind(field), OpenApiTypes.STR)
        parameters.append(OpenApiParameter(name, kind, 'path', description=str(field.help_text)))
    answer: Any = OpenApiTypes.OBJECT
    if about.image:
        extensions = [extension for member in Format for extension in member.extensions]
        parameters.append(OpenApiParameter('fmt', OpenApiTypes.STR, 'path', enum=extensions))
        answer = {(200, member.media_type): OpenApiTypes.BINARY for member in Format}
    decorated: Callable[..., Any] = extend_schema(
        summary=about.summary, description=handler.__doc__, parameters=parameters, responses=answer,
        request=OpenApiTypes.OBJECT if about.image and 'post' in about.methods else None,
    )(handler)  # fmt: skip
    return decorated
