"""OpenAPI: what drf-yasg and drf-spectacular, whichever is installed, show of an endpoint.

This module describes endpoints. `openapi.yasg` and `openapi.spectacular` hand the descriptions to the generators. They
ask when a document is made, so that it has the bounds, the formats and the sources of that moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, TypeVar

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.views import APIView

from django_large_image.conf import settings
from django_large_image.imaging.formats import by_extension
from django_large_image.rest import fields
from django_large_image.rest.fields import Field, Params
from django_large_image.rest.openapi.answers import STYLE, Schema, Shape

#: A method that answers requests.
HandlerType = TypeVar('HandlerType', bound=Callable[..., HttpResponseBase])

#: What each status means. 401 and 429 are added where the view may answer them.
STATUSES = {
    304: 'The copy of the client, named in If-None-Match, is current.',
    400: 'A parameter or the body is not allowed.',
    401: 'Not signed in, or wrongly.',
    403: 'Not allowed for this user.',
    404: 'There is no such object, image or tile.',
    406: 'No media type of Accept can be answered.',
    409: 'The image is not served as it is: not made a large image, or too large without tiles.',
    415: 'The body is not of a media type that is read.',
    422: 'The file cannot be read as an image.',
    429: 'Too many requests.',
    503: 'The storage, the cache or the image is busy or away; try again later.',
}
#: The statuses of an endpoint about an image, beside 200.
OF_IMAGE = (304, 400, 403, 404, 409, 422, 503)


@dataclass(frozen=True)
class Parameter:
    """A parameter as the documents show it."""

    name: str
    place: str
    required: bool
    description: str
    schema: Schema


@dataclass(frozen=True)
class Description:
    """What the documents say of an endpoint."""

    summary: str
    query: type[Params]
    path: type[Params] | None = None
    methods: tuple[str, ...] = ('get',)
    #: Whether the answer is a picture in the format of the path.
    image: bool = False
    #: What the answer is, if it is no picture.
    answer: Shape | None = None
    #: The body of a POST, PUT or PATCH.
    body: Shape | None = None
    #: The statuses that may be answered, beside 200 and those that depend on the view.
    statuses: tuple[int, ...] = OF_IMAGE
    #: Summaries of methods that do something else.
    summaries: dict[str, str] = field(default_factory=dict)
    #: A part of its operation id, where only variables of the path tell it from another endpoint.
    part: str = ''
    #: Texts of the path that no field describes.
    names: dict[str, str] = field(default_factory=dict)

    def summary_of(self, method: str) -> str:
        """Return the summary of a method."""
        method = method.lower()
        if method == 'post' and self.body is STYLE:
            return f'{self.summary}, in the style of the body'
        return self.summaries.get(method, self.summary)

    def body_of(self, method: str) -> Shape | None:
        """Return what a method takes as its body."""
        return self.body if method.lower() in ('post', 'put', 'patch') else None

    def parameters(self) -> list[Parameter]:
        """Return the parameters: those of the path first."""
        found = [Parameter(n, 'path', True, text, {'type': 'string'}) for n, text in self.names.items()]
        found += [
            _parameter(n, f, 'path') for n, f in (self.path._declared_fields if self.path else {}).items()
        ]
        if self.image:
            schema = {'type': 'string', 'enum': list(by_extension())}
            found.append(Parameter('fmt', 'path', True, 'The format of the picture.', schema))
        return found + [_parameter(n, f, 'query') for n, f in self.query._declared_fields.items()]

    def media_types(self) -> list[str]:
        """Return the media types of a picture."""
        return list(dict.fromkeys(member.media_type for member in by_extension().values()))

    def statuses_of(self, view: APIView, method: str) -> Iterator[tuple[int, str]]:
        """Yield the statuses other than 200 that a method can answer, each with its meaning."""
        found = {*self.statuses, *(() if self.image else (406,))}
        if method.lower() != 'get':
            found.discard(304)
        if _asks_for_credentials(view):
            found.add(401)
        if view.get_throttles():
            found.add(429)
        return ((status, STATUSES[status]) for status in sorted(found))


def _asks_for_credentials(view: APIView) -> bool:
    """Return whether the view answers 401: DRF does so if the first authentication class has a challenge for it."""
    authenticators = view.get_authenticators()
    try:
        return bool(authenticators and authenticators[0].authenticate_header(view.request))
    except Exception:  # it looks at a request, and a document has none
        return True


def _parameter(name: str, described: Field, place: str) -> Parameter:
    return Parameter(
        name, place, place == 'path' or described.required, str(described.help_text), field_schema(described)
    )


def field_schema(described: Field) -> Schema:
    """Return the schema of what a field takes."""
    schema: Schema = {'type': _kind(described)}
    if isinstance(described, fields.BoundedIntegerField):
        schema |= {'minimum': described.min_value, 'maximum': getattr(settings, described.setting)}
    elif isinstance(described, serializers.IntegerField):
        schema |= {'minimum': described.min_value, 'maximum': described.max_value}
    elif isinstance(described, fields.NumberField):
        schema |= {'format': 'double', 'minimum': -fields.LARGEST, 'maximum': fields.LARGEST}
    elif isinstance(described, serializers.ChoiceField):
        schema['enum'] = list(described.choices)
    elif isinstance(described, fields.SourceField):
        from django_large_image.handles import available_sources

        schema['enum'] = list(available_sources())
    elif isinstance(described, fields.StyleField):
        schema['maxLength'] = settings.MAX_STYLE_LENGTH
    elif hasattr(described, 'pattern'):
        schema['pattern'] = described.pattern
    if isinstance(described.default, str | int | bool):
        schema['default'] = described.default
    return schema


def _kind(described: Field) -> str:
    kinds = {
        serializers.BooleanField: 'boolean',
        serializers.IntegerField: 'integer',
        serializers.FloatField: 'number',
    }
    return next((kind for cls, kind in kinds.items() if isinstance(described, cls)), 'string')


def translated(
    schema: object, reference: Callable[[Shape], object], null: Callable[[Schema], Schema]
) -> object:
    """Return a schema in which `reference` replaced each shape, and `null` each schema that can be null."""
    if isinstance(schema, Shape):
        return reference(schema)
    if isinstance(schema, list):
        return [translated(entry, reference, null) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: translated(entry, reference, null) for key, entry in schema.items()}
    kinds = found.get('type')
    if isinstance(kinds, list):
        return null(found | {'type': kinds[0]})
    return found


def identifier(text: str) -> str:
    """Return a text as an operation id: generators of clients do not take dots and dashes."""
    return re.sub(r'[\W_]+', '_', text)


def describe(handler: HandlerType, about: Description) -> HandlerType:
    """Attach the description of an endpoint for the OpenAPI generators that are installed."""
    if find_spec('drf_yasg'):
        from django_large_image.rest.openapi import yasg

        handler = yasg.describe(handler, about)
    if find_spec('drf_spectacular'):
        from django_large_image.rest.openapi import spectacular

        handler = spectacular.describe(handler, about)
    return handler


def describe_view(
    summary: str, answer: Shape | None = None, query: type[Params] = Params, **options: Any
) -> Callable[[HandlerType], HandlerType]:
    """Describe a method of a project-wide view. `options` are fields of `Description`, `statuses` (403,) by default."""

    def decorate(method: HandlerType) -> HandlerType:
        return describe(method, Description(summary, query, answer=answer, **{'statuses': (403,), **options}))

    return decorate


def hide(handler: HandlerType, methods: tuple[str, ...]) -> HandlerType:
    """Keep an endpoint out of the documents."""
    if find_spec('drf_yasg'):
        from drf_yasg.utils import swagger_auto_schema

        handler = swagger_auto_schema(methods=list(methods), auto_schema=None)(handler)
    if find_spec('drf_spectacular'):
        from drf_spectacular.utils import extend_schema

        handler = extend_schema(exclude=True)(handler)
    return handler
