"""What the documents say is what is answered, whatever is asked: schemathesis asks it in this process."""

from __future__ import annotations

import base64
import copy
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.wsgi import get_wsgi_application

from django_large_image.rest.fields import ABSENT
from tests.openapi.conftest import KEYS
from tests.openapi.documents import Document, by_spectacular, by_yasg, operations, schema_of

schemathesis = pytest.importorskip('schemathesis')
pytest.importorskip('drf_spectacular')

from schemathesis import checks as engine  # noqa: E402
from schemathesis.specs.openapi import checks  # noqa: E402

STAFF = {'Authorization': 'Basic ' + base64.b64encode(b'staff:staff').decode()}
#: Parameters whose good values depend on the image, or are too many for a document: some of them for an image of
#: `conftest`. None means that it has no good value there.
ANYWHERE: dict[str, Any] = {
    'style': {'enum': ['{}', '{"band": 1, "palette": "viridis"}', '{"bands": [{"band": 1, "min": 5, "max": "auto"}]}']},
    'palette': {'enum': ['viridis', '#f00', 'binary_r']},
    'cmap': {'enum': ['viridis', 'gold']},
    'name': {'enum': ['viridis', 'colorbrewer.qualitative.Set1_3']},
    'left': {'minimum': 0, 'maximum': 60},
    'top': {'minimum': 0, 'maximum': 40},
    'right': {'minimum': 61, 'maximum': 400},
    'bottom': {'minimum': 41, 'maximum': 400},
    'units': {'enum': ['pixels', 'pixel']},
    'z': {'maximum': 0},
    'x': {'maximum': 0},
    'y': {'maximum': 0},
    'framedelta': {'enum': [0]},
}  # fmt: skip
GEOTIFF: dict[str, Any] = ANYWHERE | {
    'id': {'enum': [1]},
    'source': {'enum': ['rasterio']},
    'projection': {'enum': ['EPSG:3857', '3395']},
    'band': {'minimum': 1, 'maximum': 3},
    'frame': {'maximum': 0},
}
FRAMES: dict[str, Any] = ANYWHERE | {
    'id': {'enum': [3]},
    'source': {'enum': ['tifffile']},
    'projection': None,
    'resampling': None,
    'band': {'maximum': 1},
    'frame': {'maximum': 2},
}


def negative_data_rejection(context: Any, response: Any, case: Any) -> bool | None:
    """Refuse what the document forbids, unless it counts as not given: `?source=`, `?source=null`."""
    sent = parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)
    if any(value.strip().lower() in ABSENT for _, value in sent):
        return None
    return checks.negative_data_rejection(context, response, case)


def allowed_is_accepted(context: Any, response: Any, case: Any) -> bool | None:
    """Accept what the document allows, as far as it does not depend on the image."""
    if not case.meta or not case.meta.generation.mode.is_positive or response.status_code != 400:
        return None
    answer = response.json()
    if answer['code'] in ('invalid_parameter', 'missing_parameter'):
        assert answer['parameter'].partition('.')[0] in {*GEOTIFF, 'region'}, answer
    return None


CHECKS = [
    engine.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.allow_header_conformance,
    negative_data_rejection,
    allowed_is_accepted,
]


def suiting(document: Document, good: dict[str, Any]) -> Document:
    """Return a document that allows only the good values of an image."""
    document = copy.deepcopy(document)
    for owner in [*document['paths'].values(), *(operation for _, _, operation in operations(document))]:
        listed = owner.get('parameters', ())
        owner['parameters'] = [p for p in listed if good.get(p['name'], p) is not None]
        for parameter in owner['parameters']:
            schema_of(parameter).update(good.get(parameter['name'], {}))
    for name in ('LargeImageStyle', 'LargeImageBandStyle'):
        properties = document.get('definitions', document.get('components', {}).get('schemas'))[name][
            'properties'
        ]
        for key in properties.keys() & good:
            properties[key] = good[key] | {'type': 'string' if key == 'palette' else 'integer'}
    return document


def loaded(document: Document, mode: str = 'all') -> Any:
    """Return a document for schemathesis."""
    configuration = {
        'seed': 1,
        # hypothesis' own checks of health: the fixtures of a test serve all of its cases.
        'suppress-health-check': ['all'],
        'generation': {
            'mode': mode,
            'deterministic': True,
            'database': 'none',
            'max-examples': 5 if mode == 'all' else 10,
            # Who asks is told with each test.
            'with-security-parameters': False,
        },
    }
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(configuration))
    application = get_wsgi_application()

    def closing(environ: Any, start_response: Any) -> list[bytes]:
        """Answer, and close the file that is sent, as a server does and werkzeug's client does not."""
        answer = application(environ, start_response)
        try:
            return [b''.join(answer)]
        finally:
            answer.close()

    schema.app = closing
    return schema


DOCUMENTS = {'spectacular': by_spectacular(), 'yasg': by_yasg()}
SPECTACULAR, YASG = (loaded(suiting(document, {'id': {'enum': KEYS}})) for document in DOCUMENTS.values())
GOOD_SPECTACULAR = loaded(suiting(DOCUMENTS['spectacular'], GEOTIFF), 'positive')
GOOD_YASG = loaded(suiting(DOCUMENTS['yasg'], FRAMES), 'positive')
PROJECT = '^/api/large-image/'
#: `zxy` is the same as the tile; a POST takes the same parameters as a GET, so one with each kind of body is enough.
ONCE = '/zxy/|thumbnail|/fzxy/|^/one/|^/private/'


@(
    SPECTACULAR.include(path_regex='^/images/')
    .exclude(path_regex='/zxy/')
    .exclude(path_regex=ONCE, method='POST')
    .parametrize()
)
def test_images_by_spectacular(case: Any, stored: None) -> None:
    case.call_and_validate(checks=CHECKS)


@(
    YASG.include(path_regex='^/images/')
    .exclude(path_regex='/zxy/|region')
    .exclude(path_regex=ONCE, method='POST')
    .parametrize()
)
def test_images_by_yasg(case: Any, stored: None) -> None:
    case.call_and_validate(checks=CHECKS)


@GOOD_SPECTACULAR.exclude(path_regex=f'{PROJECT}|/zxy/').exclude(path_regex=ONCE, method='POST').parametrize()
def test_good_questions_by_spectacular(case: Any, stored: None) -> None:
    case.call_and_validate(checks=CHECKS, headers=STAFF)


@(
    GOOD_YASG.include(path_regex='^/images/')
    .exclude(path_regex='/zxy/')
    .exclude(path_regex=ONCE, method='POST')
    .parametrize()
)
def test_good_questions_by_yasg(case: Any, stored: None) -> None:
    case.call_and_validate(checks=CHECKS, headers=STAFF)


@GOOD_YASG.include(path_regex='^/private/.*(corners|histogram|large_image|thumbnail)').parametrize()
def test_private_images_by_yasg(case: Any, stored: None) -> None:
    assert case.call_and_validate(checks=CHECKS).status_code == 403


@SPECTACULAR.include(path_regex=PROJECT).parametrize()
def test_the_project_by_spectacular(case: Any, stored: None) -> None:
    case.call_and_validate(checks=CHECKS)


@YASG.include(path_regex=PROJECT).parametrize()
def test_the_project_by_yasg(case: Any, stored: None) -> None:
    case.call_and_validate(checks=CHECKS)


@SPECTACULAR.include(path_regex=PROJECT).parametrize()
def test_the_project_for_staff_by_spectacular(case: Any, stored: None) -> None:
    case.call_and_validate(checks=CHECKS, headers=STAFF)


@YASG.include(path_regex=PROJECT).parametrize()
def test_the_project_for_staff_by_yasg(case: Any, stored: None) -> None:
    case.call_and_validate(checks=CHECKS, headers=STAFF)
