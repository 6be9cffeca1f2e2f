"""The endpoints in drf-spectacular's document, which is OpenAPI 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from django_large_image.pixels import Json
from django_large_image.rest.openapi.answers import ERROR, Schema, Shape
from django_large_image.rest.openapi.description import Description, HandlerType, identifier, translated

if TYPE_CHECKING:
    from drf_spectacular.plumbing import ComponentRegistry

JSON = 'application/json'
#: What an answer is documented for: a status, perhaps with a media type.
Status = int | tuple[int, str]
# Typed or not, depending on whether the package is there when types are checked.
Parameter: Any = OpenApiParameter


class EndpointSchema:
    """The schema of an endpoint, over the project's class of schemas. A project's own decorators override it."""

    about: Description
    # Attributes of drf-spectacular's class, which follows this one in the MRO.
    method: str
    view: APIView
    registry: ComponentRegistry

    def get_operation_id(self) -> str:
        """Return drf-spectacular's id, which it makes of the path, with `part` for the dots of the path."""
        return identifier(super().get_operation_id().replace('.', self.about.part))  # type: ignore[misc]

    def get_operation(self, *args: object) -> Json | None:
        """Return the operation. Its body is required, except in a POST: there the style can be in the query."""
        operation: Json | None = super().get_operation(*args)  # type: ignore[misc]
        if operation and 'requestBody' in operation and self.method != 'POST':
            operation['requestBody']['required'] = True
        return operation

    def get_summary(self) -> str:
        """Return the summary of the method."""
        return self.about.summary_of(self.method)

    def get_override_parameters(self) -> list[OpenApiParameter]:
        """Return the parameters that the fields check."""
        return [
            Parameter(p.name, p.schema, p.place, required=p.required, description=p.description)
            for p in self.about.parameters()
        ]

    def get_request_serializer(self) -> dict[str, object] | None:
        """Return the body, None if there is none."""
        body = self.about.body_of(self.method)
        return {JSON: self._reference(body)} if body else None

    def get_response_serializers(self) -> dict[Status, OpenApiResponse]:
        """Return the answers by status and media type."""
        found: dict[Status, OpenApiResponse] = {}
        if self.about.image:
            for media_type in self.about.media_types():
                found[200, media_type] = OpenApiResponse(OpenApiTypes.BINARY, 'The picture.')
        elif self.about.answer:
            found[200] = OpenApiResponse(self._reference(self.about.answer), 'The answer.')
        for status, meaning in self.about.statuses_of(self.view, self.method):
            if status == 304:
                found[status] = OpenApiResponse(None, meaning)
            else:
                # Errors are JSON: the view of a picture has no other renderer, or ignores those it has.
                key: Status = (status, JSON) if self.about.image else status
                found[key] = OpenApiResponse(self._reference(ERROR), meaning)
        return found

    def _reference(self, shape: Shape) -> Schema:
        # Imported when a document is made: this is the greater part of the package.
        from drf_spectacular import plumbing

        component_class: Any = plumbing.ResolvedComponent
        component = component_class(shape.name, component_class.SCHEMA, object=shape)
        if component not in self.registry:
            component.schema = translated(shape.schema, self._reference, _or_null)
            self.registry.register_on_missing(component)
        reference: Schema = component.ref
        return reference


def _or_null(schema: Schema) -> Schema:
    from drf_spectacular.settings import spectacular_settings

    if str(spectacular_settings.OAS_VERSION).startswith('3.0'):
        return schema | {'nullable': True}
    return schema | {'type': [schema['type'], 'null']}


def describe(handler: HandlerType, about: Description) -> HandlerType:
    """Attach the description of an endpoint where drf-spectacular looks for it: the keyword `schema` of an action."""
    # drf-spectacular's decorator does the same, with a class over the project's default.
    base: Any = api_settings.DEFAULT_SCHEMA_CLASS
    if base is None:
        from drf_spectacular.openapi import AutoSchema as base
    options = handler.__dict__.setdefault('kwargs', {})
    options['schema'] = type('EndpointSchema', (EndpointSchema, base), {'about': about})
    return handler
