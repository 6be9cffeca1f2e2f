"""The project-wide views: sources, colormaps and their pictures, formats, settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_large_image.access import image_ref
from django_large_image.conf import DEFAULTS
from django_large_image.models import LargeImage, make_large_image
from django_large_image.rest.session import identity_of
from tests import reference

pytestmark = pytest.mark.django_db


def test_sources(api: Any) -> None:
    found = api.get('/api/large-image/sources').json()
    assert {'rasterio', 'pil'} <= set(found)
    assert not {'multi', 'test', 'deepzoom', 'vips', 'bioformats'} & set(found)
    assert 'png' in found['pil']['extensions']


def test_formats_are_those_that_tiles_have(api: Any, get: Any, image_file: Any) -> None:
    found = api.get('/api/large-image/formats').json()
    assert found['jpg'] == 'image/jpeg'
    assert not {'eps', 'pcx', 'xbm', 'pickle', 'pdf'} & set(found)
    image = image_file('rgb')
    for extension, media_type in found.items():
        response = get('tile', image, z=0, x=0, y=0, fmt=extension)
        assert (response.status_code, response['Content-Type']) == (200, media_type)


def test_every_listed_colormap_can_be_used(api: Any, get: Any, image_file: Any) -> None:
    found = api.get('/api/large-image/colormaps').json()
    assert 'viridis' in found['matplotlib']
    assert 'colorbrewer.diverging.RdYlGn_11' in found['palettable']
    assert {'red', 'green', 'blue'} <= set(found['simple'])
    assert 'crameri:batlow' in found['cmap']
    image = image_file('rgb')
    for group in found.values():
        for name in group[:: max(1, len(group) // 10)]:
            response = get(
                'thumbnail', image, fmt='png', query={'palette': name, 'max_width': 8, 'max_height': 8}
            )
            assert response.status_code == 200, name
            assert api.get(f'/api/large-image/colormaps/{name}.png').status_code == 200, name


def test_the_picture_of_a_colormap(api: Any) -> None:
    response = api.get('/api/large-image/colormaps/binary_r.png', {'width': 100, 'height': 5})
    got = reference.decoded(response.content, 'L')[0]
    assert got.shape == (5, 100)
    np.testing.assert_allclose(got[2], np.linspace(0, 255, 100), atol=1.5)
    steps = api.get(
        '/api/large-image/colormaps/colorbrewer.qualitative.Set1_3.png', {'scheme': 'discrete', 'width': 90}
    )
    colours = reference.decoded(steps.content, 'RGB')[:, 0]
    assert len(np.unique(colours, axis=1).T) == 3


@pytest.mark.parametrize(
    ('end', 'parameter'),
    [('nope.png', 'name'), ('viridis.xyz', 'format'), ('viridis.png?width=0', 'width'), ('viridis.png?height=9999', 'height'),
     ('__init__.png', 'name'), ('colorbrewer.__class__.png', 'name')],
)  # fmt: skip
def test_a_wrong_picture(api: Any, end: str, parameter: str) -> None:
    response = api.get(f'/api/large-image/colormaps/{end}')
    assert (response.status_code, response.json()['parameter']) == (400, parameter)


def test_settings_are_shown_without_paths_and_tokens(api: Any, staff: Any) -> None:
    api.force_authenticate(staff)
    found = api.get('/api/large-image/settings').json()
    hidden = {'local_copy_dir', 'cesium_ion_token'}
    assert set(found) == {name.lower() for name in DEFAULTS} - hidden | {'changeable'}
    assert found['max_untiled_size'] == 4096
    assert set(found['changeable']) == {'auto_serve', 'max_untiled_size'}


def test_only_files_that_were_made_large_images(
    api: Any, get: Any, image_file: Any, staff: Any, user: Any
) -> None:
    image, other = image_file('rgb'), image_file('rgb')
    tile = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}
    first = get('tile', image, **tile)
    api.force_authenticate(staff)
    assert (
        api.patch('/api/large-image/settings', {'auto_serve': False}, format='json').json()['auto_serve']
        is False
    )
    assert api.get('/api/large-image/settings').json()['auto_serve'] is False
    for headers in ({}, {'If-None-Match': first['ETag']}):
        refused = get('tile', image, headers=headers, **tile)
        assert (refused.status_code, refused.json()['code']) == (409, 'not_a_large_image')
    api.force_authenticate(user)
    assert api.post(f'/images/{image.pk}/large_image').status_code == 403
    api.force_authenticate(staff)
    assert api.post(f'/images/{image.pk}/large_image').json() == {'large_image': True, 'served': True}
    assert get('tile', image, **tile).content == first.content
    assert get('tile', other, **tile).status_code == 409
    assert api.delete(f'/images/{image.pk}/large_image').json() == {'large_image': False, 'served': False}
    assert get('tile', image, **tile).status_code == 409
    api.patch('/api/large-image/settings', {'auto_serve': True}, format='json')
    assert get('tile', image, **tile).status_code == 200


@pytest.mark.parametrize(
    ('endpoint', 'parts'),
    [
        ('metadata', {}),
        ('tiles-metadata', {}),
        ('bands', {}),
        ('tile', {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}),
    ],
)
def test_the_database_is_asked_once_whether_an_image_is_served(
    get: Any, image_file: Any, settings: Any, endpoint: str, parts: dict[str, Any]
) -> None:
    settings.LARGE_IMAGE_AUTO_SERVE = False
    image = image_file('rgb')
    make_large_image(identity_of(image_ref(image.file)))
    table = LargeImage._meta.db_table
    for headers in ({}, {}):
        with CaptureQueriesContext(connection) as queries:
            assert get(endpoint, image, headers=headers, **parts).status_code == 200
        assert sum(table in query['sql'] for query in queries.captured_queries) == 1


@pytest.mark.parametrize(
    ('body', 'parameter'),
    [
        ({'auto_serve': 'yes'}, 'auto_serve'), ({'auto_serve': 1}, 'auto_serve'), ({'max_untiled_size': 0}, 'max_untiled_size'),
        ({'max_untiled_size': True}, 'max_untiled_size'), ({'max_untiled_size': 10**9}, 'max_untiled_size'),
        ({}, 'body'), ([1], 'body'), ('auto_serve', 'body'), (None, 'body'), ({'max_untiled_size': '4096'}, 'max_untiled_size'), ({'quality': 5}, 'name'), ({'auto_serve': False, 'x': 1}, 'name'),
    ],
)  # fmt: skip
def test_a_wrong_change_changes_nothing(api: Any, staff: Any, body: Any, parameter: str) -> None:
    api.force_authenticate(staff)
    before = api.get('/api/large-image/settings').json()
    response = api.patch('/api/large-image/settings', body, format='json')
    assert (response.status_code, response.json()['parameter']) == (400, parameter)
    assert api.get('/api/large-image/settings').json() == before


def test_a_change_that_is_nested_too_deeply(api: Any, staff: Any) -> None:
    api.force_authenticate(staff)
    response = api.patch('/api/large-image/settings', '[' * 10_000, content_type='application/json')
    assert (response.status_code, response.json()['parameter']) == (400, 'body')
