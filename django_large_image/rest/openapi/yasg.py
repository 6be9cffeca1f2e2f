"""The endpoints in drf-yasg's document, which is Swagger 2."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from drf_yasg import openapi
from drf_yasg.app_settings import swagger_settings
from drf_yasg.inspectors import SwaggerAutoSchema
from drf_yasg.utils import swagger_auto_schema
from rest_framework.views import APIView

from django_large_image.rest.openapi.answers import ERROR, Schema, Shape
from django_large_image.rest.openapi.description import Description, HandlerType, identifier, translated

JSON = 'application/json'


class EndpointSchema:
    """The schema of an endpoint, over the project's own class of schemas."""

    # Attributes of drf-yasg's class, which follows this one in the MRO.
    method: str
    view: APIView
    components: openapi.ReferenceResolver
    operation_keys: Sequence[str]

    def __init__(self, about: Description, *args: object, **kwargs: object) -> None:
        self.about = about
        super().__init__(*args, **kwargs)

    def has_list_response(self) -> bool:
        """Return False: no answer is a page of a list, to which drf-yasg would add `page` and an envelope."""
        return False

    def get_operation_id(self, operation_keys: Sequence[str] | None = None) -> str:
        """Return an id that no other endpoint has: drf-yasg takes only the path up to the first variable."""
        *keys, last = operation_keys or self.operation_keys
        action = getattr(self.view, 'action', None)
        # A project-wide view has no action; drf-yasg calls a GET of a path without variables a list.
        ends = (
            [action, self.method.lower()] if action else [self.about.part, 'read' if last == 'list' else last]
        )
        return identifier('_'.join([*keys, *ends]))

    def get_summary_and_description(self) -> tuple[str, str]:
        """Return the summary of the method and the documentation of the handler."""
        action = getattr(self.view, 'action', self.method.lower())
        documentation = getattr(self.view, action).__doc__ or ''
        lines = [line.strip() for line in documentation.strip().splitlines()]
        return self.about.summary_of(self.method), '\n'.join(lines)

    def get_query_parameters(self) -> list[openapi.Parameter]:
        """Return no parameters: filters and pages have no effect on these endpoints."""
        return []

    def add_manual_parameters(self, parameters: list[openapi.Parameter]) -> list[openapi.Parameter]:
        """Add the parameters that the fields check."""
        own = [
            openapi.Parameter(p.name, p.place, p.description, required=p.required, **p.schema)
            for p in self.about.parameters()
        ]
        found: list[openapi.Parameter] = super().add_manual_parameters([*parameters, *own])  # type: ignore[misc]
        return found

    def get_request_serializer(self) -> openapi.SchemaRef | None:
        """Return the body, None if there is none."""
        body = self.about.body_of(self.method)
        return self._reference(body) if body else None

    def make_body_parameter(self, schema: openapi.SchemaRef) -> openapi.Parameter:
        """Return the body as a parameter. It is not required in a POST: there the style can be in the query."""
        required = self.method.lower() != 'post'
        return openapi.Parameter('data', openapi.IN_BODY, required=required, schema=schema)

    def get_response_serializers(self) -> dict[str, openapi.Response]:
        """Return the answers by status."""
        found: dict[str, openapi.Response] = {}
        if self.about.image:
            found['200'] = openapi.Response('The picture.', openapi.Schema(type=openapi.TYPE_FILE))
        elif self.about.answer:
            found['200'] = openapi.Response('The answer.', self._reference(self.about.answer))
        for status, meaning in self.about.statuses_of(self.view, self.method):
            found[str(status)] = openapi.Response(meaning, None if status == 304 else self._reference(ERROR))
        return found

    def get_consumes(self) -> list[str]:
        """Return the media types of the body."""
        if self.about.body:
            return [JSON]
        found: list[str] = super().get_consumes()  # type: ignore[misc]
        return found

    def get_produces(self) -> list[str]:
        """Return the media types of pictures and errors, or those of the view."""
        if self.about.image:
            return [*self.about.media_types(), JSON]
        found: list[str] = super().get_produces()  # type: ignore[misc]
        return found

    def _reference(self, shape: Shape) -> openapi.SchemaRef:
        definitions = self.components.with_scope(openapi.SCHEMA_DEFINITIONS)
        if not definitions.has(shape.name):
            # Filled afterwards: the constructor of drf-yasg's class does not take all that a schema may say.
            schema = openapi.Schema(type=openapi.TYPE_OBJECT)
            schema.clear()
            schema.update(_plain(translated(shape.schema, self._reference, _or_null)))
            definitions.set(shape.name, schema)
        return openapi.SchemaRef(definitions, shape.name)


def _or_null(schema: Schema) -> Schema:
    return schema | {'x-nullable': True}


def _plain(schema: object) -> object:
    """Return a schema without `oneOf` and `anyOf`, which Swagger 2 does not have."""
    if isinstance(schema, list):
        return [_plain(entry) for entry in schema]
    if type(schema) is not dict:
        return schema
    return {key: _plain(entry) for key, entry in schema.items() if key not in ('oneOf', 'anyOf')}


@functools.cache
def _over(base: type) -> type:
    return type('EndpointSchema', (EndpointSchema, base), {})


def describe(handler: HandlerType, about: Description) -> HandlerType:
    """Attach the description of an endpoint as drf-yasg's decorator does."""

    def inspector(*args: object) -> SwaggerAutoSchema:
        return _over(swagger_settings.DEFAULT_AUTO_SCHEMA_CLASS or SwaggerAutoSchema)(about, *args)

    # drf-yasg wants the method of a view decorated once, and an action once for each of its HTTP methods.
    for methods in [[method] for method in about.methods] if hasattr(handler, 'mapping') else [None]:
        handler = swagger_auto_schema(methods=methods, auto_schema=inspector)(handler)
    return handler
