"""The documents of both generators, as a client reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

URLS = 'tests.openapi.urls'
METHODS = {'get', 'post', 'put', 'patch', 'delete'}

Document = dict[str, Any]


def by_spectacular(urlconf: str = URLS) -> Document:
    """Return drf-spectacular's document of a URLconf."""
    from drf_spectacular.generators import SchemaGenerator

    return json.loads(json.dumps(SchemaGenerator(urlconf=urlconf).get_schema(request=None, public=True)))


def by_yasg(urlconf: str = URLS, *validators: str) -> Document:
    """Return drf-yasg's document of a URLconf, which `validators` found valid."""
    from drf_yasg import codecs, openapi
    from drf_yasg.generators import OpenAPISchemaGenerator

    information = openapi.Info(title='Tests', default_version='v1')
    generator = OpenAPISchemaGenerator(information, url='http://localhost', urlconf=urlconf)
    return json.loads(codecs.OpenAPICodecJson(validators).encode(generator.get_schema(None, public=True)))


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the path, the method and the description of each operation."""
    for path, item in document['paths'].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def parameters(document: Document, path: str, method: str) -> dict[str, dict[str, Any]]:
    """Return the parameters of an operation by their names, those of its path among them."""
    item = document['paths'][path]
    listed = [*item.get('parameters', ()), *item[method].get('parameters', ())]
    return {parameter['name']: parameter for parameter in listed}


def schema_of(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter: in Swagger 2 it is the parameter itself."""
    return parameter.get('schema', parameter)


def answer(document: Document, path: str, method: str = 'get', status: str = '200') -> dict[str, Any]:
    """Return the schema of an answer in JSON, without its reference."""
    response = document['paths'][path][method]['responses'][status]
    schema = response['schema'] if 'schema' in response else response['content']['application/json']['schema']
    return resolved(document, schema)


def resolved(document: Document, schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference refers to."""
    if '$ref' not in schema:
        return schema
    for key in schema['$ref'].removeprefix('#/').split('/'):
        document = document[key]
    return document
