"""Bad input of every kind is a 4xx JSON that names the parameter, the value and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.django_db

PROJECTIONS = [
    'EPSG:999999', 'garbage', '/etc/passwd', '+proj=merc +lon_0=0', 'EPSG:4326; DROP', '<xml/>', 'EPSG:-1', 'OGC:CRS84',
    '{"type": "name"}', 'PROJCS["x"]', '٣٨٥٧',
]  # fmt: skip


@pytest.mark.parametrize('value', PROJECTIONS)
@pytest.mark.parametrize('endpoint', ['tile', 'thumbnail', 'metadata', 'tiles-metadata'])
def test_only_epsg_codes_are_projections(get: Any, image_file: Any, value: str, endpoint: str) -> None:
    extra = {'tile': {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}, 'thumbnail': {'fmt': 'png'}}.get(endpoint, {})
    response = get(endpoint, image_file('rgb'), query={'projection': value}, **extra)
    assert response.status_code == 400, response.content
    answer = response.json()
    assert (answer['parameter'], answer['value']) == ('projection', value)
    assert 'EPSG' in answer['allowed']


@pytest.mark.parametrize('value', ['EPSG:4326', '4979', 'EPSG:5773'])
def test_a_projection_that_tiles_cannot_have(get: Any, image_file: Any, value: str) -> None:
    response = get('tile', image_file('rgb'), z=0, x=0, y=0, fmt='png', query={'projection': value})
    assert response.status_code == 400, response.content
    assert response.json()['parameter'] == 'projection'


@pytest.mark.parametrize('name', ['png', 'plain.tif'])
def test_a_projection_of_an_image_without_a_place(
    get: Any, image_file: Any, tmp_path: Any, name: str
) -> None:
    Image.new('RGB', (600, 500)).save(tmp_path / 'plain.tif')
    image = image_file(tmp_path / name if '.' in name else name)
    response = get('tile', image, z=0, x=0, y=0, fmt='png', query={'projection': 'EPSG:3857'})
    assert (response.status_code, response.json()['code']) == (400, 'not_supported')


def test_every_spelling_of_a_projection_is_one(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    where = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}
    tags = {
        get('tile', image, query={'projection': p}, **where)['ETag']
        for p in ('EPSG:3857', 'epsg:3857', '3857')
    }
    assert len(tags) == 1


@pytest.mark.parametrize('value', ['multi', 'test', 'deepzoom', 'nope', '../rasterio', 'bioformats'])
def test_sources_are_an_allow_list(get: Any, image_file: Any, value: str) -> None:
    response = get('metadata', image_file('rgb'), query={'source': value})
    assert response.status_code == 400
    assert response.json()['parameter'] == 'source'
    assert 'rasterio' in response.json()['allowed']


def test_a_source_that_cannot_read_the_file(get: Any, image_file: Any) -> None:
    response = get('metadata', image_file('jpeg'), query={'source': 'openslide'})
    assert (response.status_code, response.json()['code']) == (422, 'image_unreadable')
    assert get('metadata', image_file('ome'), query={'source': 'tifffile'}).status_code == 200


@pytest.mark.parametrize('value', ['99', '-1', 'x', '1.5'])
def test_a_wrong_frame(get: Any, image_file: Any, value: str) -> None:
    for name in ('ome', 'rgb'):
        image = image_file(name)
        by_query = get('tile', image, z=0, x=0, y=0, fmt='png', query={'frame': value})
        by_path = get('tile-fzxy', image, frame=value, z=0, x=0, y=0, fmt='png')
        for response in (by_query, by_path, get('histogram', image, query={'frame': value})):
            assert response.status_code == 400, response.content
            assert response.json()['parameter'] == 'frame'


@pytest.mark.parametrize('place', ['z', 'x', 'y'])
@pytest.mark.parametrize('value', ['-1', 'x', '0.5'])
def test_a_wrong_place_of_corners(get: Any, image_file: Any, place: str, value: str) -> None:
    response = get('tile-corners', image_file('rgb'), **({'z': 0, 'x': 0, 'y': 0} | {place: value}))
    assert (response.status_code, response.json()['parameter']) == (400, place)


@pytest.mark.parametrize('value', ['0', '99', 'x', '-1'])
def test_a_wrong_band(get: Any, image_file: Any, value: str) -> None:
    response = get('band', image_file('rgb'), query={'band': value})
    assert (response.status_code, response.json()['parameter']) == (400, 'band')
    assert '1 to' in response.json()['allowed']


def test_values_are_shown_shortened(get: Any, image_file: Any) -> None:
    response = get('histogram', image_file('rgb'), query={'bins': '9' * 5000})
    assert response.status_code == 400
    assert len(response.content) < 600


def test_unset_field_name_is_a_500_that_says_so(get: Any, image_file: Any) -> None:
    response = get('metadata', image_file('rgb'), prefix='unset-image')
    assert response.status_code == 500
    assert response.json()['code'] == 'misconfigured'
    assert 'FILE_FIELD_NAME' in response.json()['detail']
