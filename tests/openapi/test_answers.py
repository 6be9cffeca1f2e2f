"""The answers about every kind of image have the shapes that the documents give them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.openapi.documents import URLS, Document, answer, by_spectacular

pytest.importorskip('drf_spectacular')

from drf_spectacular.settings import patched_settings
from jsonschema import Draft202012Validator

pytestmark = pytest.mark.django_db

ENDS = [
    'info/metadata', 'info/metadata_internal', 'info/bands', 'info/band', 'info/frames', 'info/tiffdump', 'tiles/metadata',
    'tiles/0/0/0/corners', 'data/pixel?left=1&top=1', 'data/pixel?left=1&top=1&source=tifffile', 'data/histogram?bins=4',
    'data/pixel?left=1&top=1&band=1&palette=viridis', 'data/histogram?bins=4&density=true', 'data/histogram?onlyMinMax=true',
    'large_image',
]  # fmt: skip
IMAGES = [
    'dem', 'palette', 'uint16', 'rgba', 'nan-nodata', 'gcps', 'antimeridian-utm', 'internal-mask', 'no-crs',
    'png-alpha', 'png16', 'gif', 'ome', 'text', 'random', 'giant-tile', 'png-bomb',
]  # fmt: skip


@pytest.fixture(scope='module')
def document() -> Document:
    """Return drf-spectacular's document in OpenAPI 3.1, whose schemas are JSON Schema."""
    with patched_settings({'OAS_VERSION': '3.1.1'}):
        return by_spectacular()


@pytest.mark.parametrize('name', IMAGES)
def test_answers_about_an_image(
    api: Any, image_file: Any, settings: Any, document: Document, name: str
) -> None:
    settings.ROOT_URLCONF = URLS
    image = image_file(name)
    for end in ENDS:
        response = api.get(f'/images/{image.pk}/{end}')
        path = f'/images/{{id}}/{end.partition("?")[0].replace("0/0/0", "{z}/{x}/{y}")}'
        schema = answer(document, path, status=str(response.status_code))
        validator = Draft202012Validator(schema | {'components': document['components']})
        validator.validate(response.json())


def test_errors_of_drf(api: Any, image_file: Any, settings: Any, document: Document) -> None:
    settings.ROOT_URLCONF = URLS
    image = image_file('gif')
    answers = {
        403: api.get('/api/large-image/settings'),
        404: api.get('/images/99/info/bands'),
        405: api.put(f'/images/{image.pk}/info/bands'),
        406: api.get(f'/images/{image.pk}/info/bands', headers={'Accept': 'image/png'}),
    }
    error = document['components']['schemas']['LargeImageError']
    for status, response in answers.items():
        assert (response.status_code, response['Content-Type']) == (status, 'application/json')
        Draft202012Validator(error).validate(response.json())
    assert {'403', '404', '406'} <= set(document['paths']['/images/{id}/info/bands']['get']['responses'])
