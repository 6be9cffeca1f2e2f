"""The documents of drf-spectacular and drf-yasg are valid, and say what the fields check and the endpoints answer."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework import viewsets
from rest_framework.authentication import BasicAuthentication
from rest_framework.routers import SimpleRouter
from rest_framework.throttling import AnonRateThrottle

from django_large_image.handles import available_sources
from django_large_image.imaging.formats import by_extension
from django_large_image.imaging.style import BAND_KEYS, TOP_KEYS
from django_large_image.models import RuntimeSetting
from django_large_image.rest import LargeImageFileDetailMixin
from django_large_image.rest.openapi import answers
from tests.app.models import ImageFile
from tests.openapi.documents import (
    URLS,
    Document,
    answer,
    by_spectacular,
    by_yasg,
    operations,
    parameters,
    resolved,
    schema_of,
)

pytest.importorskip('drf_spectacular')
pytest.importorskip('drf_yasg')

from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import extend_schema, extend_schema_view
from drf_spectacular.validation import validate_schema
from drf_yasg.inspectors import SwaggerAutoSchema

Make = Callable[..., Document]
TILE = '/images/{id}/tiles/{z}/{x}/{y}.{fmt}'
REGION = '/images/{id}/data/region.{fmt}'
HISTOGRAM = '/images/{id}/data/histogram'
MADE = '/images/{id}/large_image'
LEGEND = '/api/large-image/colormaps/{name}.{fmt}'
SETTINGS = '/api/large-image/settings'


@functools.cache
def made(make: Make) -> Document:
    """Return the document under the settings of the tests; it is not to be changed."""
    return make()


both = pytest.mark.parametrize('make', [by_spectacular, by_yasg])


@both
@pytest.mark.parametrize('urlconf', [URLS, 'tests.app.urls'])
def test_the_document_is_valid(make: Make, urlconf: str) -> None:
    document = make(urlconf) if make is by_spectacular else by_yasg(urlconf, 'ssv')
    if make is by_spectacular:
        validate_schema(document)
    identifiers = [operation['operationId'] for _, _, operation in operations(document)]
    assert len(identifiers) == len(set(identifiers)) > 50
    # The dashes of a project's own endpoints are drf-yasg's.
    allowed = r'[a-z0-9]+(_[a-z0-9]+)*' if urlconf == URLS else r'[\w-]+'
    assert [name for name in identifiers if not re.fullmatch(allowed, name)] == []


def test_drf_spectacular_finds_nothing_amiss(capsys: pytest.CaptureFixture[str]) -> None:
    by_spectacular()
    assert not GENERATOR_STATS, capsys.readouterr().err


@both
def test_names_of_operations(make: Make) -> None:
    found = {(path, method): operation['operationId'] for path, method, operation in operations(made(make))}
    ends = {'get': 'retrieve', 'post': 'create'} if make is by_spectacular else {'get': 'get', 'post': 'post'}
    for method, end in ends.items():
        assert found['/images/{id}/data/thumbnail.{fmt}', method] == f'images_data_thumbnail_{end}'
        assert found[REGION, method] == f'images_data_region_{end}'
    assert found[LEGEND, 'get'].startswith('api_large_image_colormaps_legend_')


@both
def test_parameters_are_what_the_fields_check(make: Make, settings: Any) -> None:
    settings.LARGE_IMAGE_MAX_THUMBNAIL_SIZE = 777
    settings.LARGE_IMAGE_SOURCES = ('pil',)
    document = make()
    tile = parameters(document, TILE, 'get')
    assert schema_of(tile['z']).items() >= {'type': 'integer', 'minimum': 0, 'maximum': 30}.items()
    assert schema_of(tile['fmt'])['enum'] == list(by_extension())
    assert schema_of(tile['source'])['enum'] == list(available_sources()) == ['pil']
    assert schema_of(tile['resampling'])['enum'] == ['nearest', 'bilinear', 'cubic']
    assert all(tile[name]['required'] for name in ('id', 'z', 'x', 'y', 'fmt'))
    assert not any(tile[name].get('required') for name in ('projection', 'style', 'band', 'frame'))
    for name, good, bad in [
        ('min', ['5', '-1.5', '1e3', 'auto', 'full', 'min:0.02'], ['', 'some', 'nan', 'full:0.1', '5 auto']),
        ('nodata', ['-9999', '0.5', 'auto'], ['', 'min', 'nan']),
        ('projection', ['EPSG:3857', 'epsg:3857', '3857'], ['', '12', 'WGS84', 'EPSG:3857x']),
    ]:
        assert schema_of(tile[name])['type'] == 'string'
        assert all(re.search(schema_of(tile[name])['pattern'], value) for value in good)
        assert not any(re.search(schema_of(tile[name])['pattern'], value) for value in bad)
    region = parameters(document, REGION, 'get')
    assert region['left']['required'] and schema_of(region['left'])['type'] == 'number'
    assert re.search(schema_of(region['units'])['pattern'], 'pixels')
    thumbnail = parameters(document, '/images/{id}/data/thumbnail.{fmt}', 'post')
    expected = {'type': 'integer', 'minimum': 2, 'maximum': 777, 'default': 256}
    assert schema_of(thumbnail['max_width']).items() >= expected.items()
    histogram = parameters(document, HISTOGRAM, 'get')
    assert schema_of(histogram['exact']).items() >= {'type': 'boolean', 'default': False}.items()
    legend = parameters(document, LEGEND, 'get')
    assert schema_of(legend['name'])['type'] == 'string'
    assert schema_of(legend['width']).items() >= {'minimum': 1, 'maximum': 2048}.items()


@both
def test_every_text_is_short_and_there_once(make: Make) -> None:
    document = made(make)
    for place, method, operation in operations(document):
        assert 0 < len(operation['summary']) < 60, place
        assert operation['description'].endswith('.'), place
        names = [(parameter['name'], parameter['in']) for parameter in operation.get('parameters', ())]
        assert len(names) == len(set(names)), place
        for name, parameter in parameters(document, place, method).items():
            if parameter['in'] != 'body':
                assert parameter['description'].endswith('.'), (place, name)
    summaries = {method: document['paths'][MADE][method]['summary'] for method in ('get', 'post', 'delete')}
    assert len(set(summaries.values())) == 3


@both
def test_answers_have_their_shapes(make: Make) -> None:
    document = made(make)
    histogram = answer(document, HISTOGRAM)
    if make is by_spectacular:
        shapes = [resolved(document, schema)['type'] for schema in histogram['oneOf']]
        assert shapes == ['array', 'object']
    else:
        assert set(histogram) == {'description'}  # no type: Swagger 2 has no alternatives
    error = answer(document, HISTOGRAM, status='400')
    assert error['required'] == ['detail']
    assert 'type' not in error['properties']['value']
    assert error['properties']['code']['type'] == 'string'
    bands = answer(document, '/images/{id}/info/bands')
    minimum = resolved(document, bands['additionalProperties'])['properties']['min']
    assert minimum == {'type': 'number', ('nullable' if make is by_spectacular else 'x-nullable'): True}
    assert answer(document, '/api/large-image/cache', 'delete')['required'] == ['removed']


@both
def test_pictures_answer_errors_as_json(make: Make) -> None:
    document = made(make)
    types = {member.media_type for member in by_extension().values()}
    pictures = [(p, m, o) for p, m, o in operations(document) if p.endswith(('.{fmt}', '.{fmt}/'))]
    assert len(pictures) == 31
    for place, method, operation in pictures:
        if make is by_yasg:
            assert set(operation['produces']) == types | {'application/json'}
            assert operation['responses']['200']['schema'] == {'type': 'file'}
        else:
            content = operation['responses']['200']['content']
            assert set(content) == types
            assert all(
                entry == {'schema': {'type': 'string', 'format': 'binary'}} for entry in content.values()
            )
        assert answer(document, place, method, '400')['required'] == ['detail']


@both
def test_statuses(make: Make) -> None:
    found = {
        (path, method): set(operation['responses']) for path, method, operation in operations(made(make))
    }
    assert found[TILE, 'get'] == found[TILE, 'post'] | {'304'}
    assert found[TILE, 'post'] == {'200', '400', '403', '404', '409', '422', '503'}
    assert found[HISTOGRAM, 'get'] == found[TILE, 'get'] | {'406'}
    assert found[MADE, 'delete'] == {'200', '403', '404', '406', '422', '503'}
    assert found[LEGEND, 'get'] == {'200', '400', '403'}
    assert found[SETTINGS, 'patch'] == found[SETTINGS, 'put'] == {'200', '400', '403', '406', '415'}
    assert found['/api/large-image/sources', 'get'] == {'200', '403', '406'}
    assert found['/api/large-image/cache', 'delete'] == {'200', '403', '406', '503'}


class Asking(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """Images behind a password, of which not too many are given."""

    queryset = ImageFile.objects.all()
    authentication_classes = (BasicAuthentication,)
    throttle_classes = (AnonRateThrottle,)


asking = SimpleRouter(trailing_slash=False)
asking.register('asking', Asking)


@both
def test_a_view_that_asks_for_a_password_and_counts(make: Make) -> None:
    document = make(SimpleNamespace(urlpatterns=asking.urls))
    found = {path: set(item['get']['responses']) for path, item in document['paths'].items() if 'get' in item}
    assert all({'401', '429'} <= statuses for statuses in found.values())


@both
def test_bodies(make: Make) -> None:
    document = made(make)

    def body(place: str, method: str) -> tuple[dict[str, Any] | None, bool]:
        operation = document['paths'][place][method]
        if make is by_yasg:
            listed = [parameter for parameter in operation['parameters'] if parameter['in'] == 'body']
            return (listed[0]['schema'], listed[0].get('required', False)) if listed else (None, False)
        taken = operation.get('requestBody')
        return (
            (taken['content']['application/json']['schema'], taken.get('required', False))
            if taken
            else (None, False)
        )

    style, needed = body(TILE, 'post')
    assert style and not needed
    assert set(resolved(document, style)['properties']) == {*BAND_KEYS, *TOP_KEYS, 'bands'}
    bands = resolved(document, style)['properties']['bands']
    assert set(resolved(document, bands['items'])['properties']) == set(BAND_KEYS)
    for method in ('patch', 'put'):
        changes, needed = body(SETTINGS, method)
        assert changes and needed
        assert resolved(document, changes)['properties'].keys() == {
            n.lower() for n in RuntimeSetting.CHANGEABLE
        }
    assert body(MADE, 'post') == body(MADE, 'delete') == body(TILE, 'get') == (None, False)


def test_what_can_be_changed_has_the_bounds_that_are_checked() -> None:
    size = answers.CHANGES.schema['properties']['max_untiled_size']
    said = RuntimeSetting.CHANGEABLE['MAX_UNTILED_SIZE'][1]
    assert said == f'an integer from {size["minimum"]} to {size["maximum"]}'


def test_null_in_openapi_3_1() -> None:
    with patched_settings({'OAS_VERSION': '3.1.1'}):
        document = by_spectacular()
    minimum = resolved(document, answer(document, '/images/{id}/info/bands')['additionalProperties'])[
        'properties'
    ]['min']
    assert minimum == {'type': ['number', 'null']}


def test_a_project_s_own_classes_are_kept(settings: Any) -> None:
    class OwnSchema(AutoSchema):
        def get_tags(self) -> list[str]:
            return ['own']

    class OwnSwagger(SwaggerAutoSchema):
        def get_tags(self, operation_keys: Any = None) -> list[str]:
            return ['own']

    @extend_schema_view(tile=extend_schema(summary='Ours'))
    class Images(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        schema = OwnSchema()

    router = SimpleRouter(trailing_slash=False)
    router.register('x', Images)
    settings.SWAGGER_SETTINGS = {'DEFAULT_AUTO_SCHEMA_CLASS': OwnSwagger}
    for make in (by_spectacular, by_yasg):
        document = make(SimpleNamespace(urlpatterns=router.urls))
        tile = next(
            operation for place, _, operation in operations(document) if place.endswith('/{z}/{x}/{y}.{fmt}')
        )
        assert tile['tags'] == ['own']
        assert tile['parameters']
        if make is by_spectacular:
            assert tile['summary'] == 'Ours'
