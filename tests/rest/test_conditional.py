"""ETags, 304s and the tile cache: what is current is not sent or rendered again, what changed is new at once."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.test import override_settings

from django_large_image import caching, handles
from django_large_image.conf import DEFAULTS
from django_large_image.handles import opening
from tests import reference

pytestmark = pytest.mark.django_db

TILE = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}
ALL = {'left': 0, 'top': 0, 'right': 640, 'bottom': 480, 'units': 'pixels'}


def test_headers_of_an_answer(get: Any, image_file: Any) -> None:
    response = get('tile', image_file('rgb'), **TILE)
    # isal's PNG may have other bytes for the same picture.
    assert response['ETag'].startswith('W/"')
    for fmt in ('jpg', 'webp'):
        assert get('tile', image_file('rgb'), **(TILE | {'fmt': fmt}))['ETag'].startswith('"')
    assert get('metadata', image_file('rgb'))['ETag'].startswith('"')
    assert response['Cache-Control'] == 'private, no-cache'
    assert 'GMT' in response['Last-Modified']
    assert 'Cookie' in response['Vary']
    assert 'Authorization' in response['Vary']
    with override_settings(LARGE_IMAGE_CACHE_CONTROL='public, max-age=60'):
        response = get('tile', image_file('rgb'), **TILE)
        assert response['Cache-Control'] == 'public, max-age=60'
        assert 'Authorization' not in response.get('Vary', '')


@pytest.mark.parametrize(
    ('endpoint', 'kwargs'),
    [
        ('tile', TILE), ('thumbnail', {'fmt': 'jpg'}), ('metadata', {}), ('histogram', {}),
        ('region', {'fmt': 'tif', 'query': {'left': 0, 'top': 0, 'right': 9, 'bottom': 9, 'units': 'pixels'}}),
    ],
)  # fmt: skip
def test_304_opens_nothing(
    get: Any, image_file: Any, monkeypatch: Any, endpoint: str, kwargs: dict[str, Any]
) -> None:
    image = image_file('rgb')
    first = get(endpoint, image, **kwargs)
    handles.clear()
    caches['default'].clear()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError('opened')

    monkeypatch.setattr(opening, '_open', refuse)
    monkeypatch.setattr(opening, '_find_out', refuse)
    strong = first['ETag'].removeprefix('W/')
    for tag in (strong, f'W/{strong}', f'"other", {first["ETag"]}'):
        response = get(endpoint, image, headers={'If-None-Match': tag}, **kwargs)
        assert response.status_code == 304
        assert response['ETag'] == first['ETag']
        assert not response.content


def test_another_question_has_another_tag(get: Any, image_file: Any) -> None:
    image, other = image_file('rgb'), image_file('rgb')
    tags = [
        get('tile', image, **TILE)['ETag'],
        get('tile', image, **(TILE | {'fmt': 'jpg'}))['ETag'],
        get('tile', image, query={'band': 1}, **TILE)['ETag'],
        get('tile', image, query={'band': 1, 'max': 9}, **TILE)['ETag'],
        get('tile', image, query={'projection': '3857'}, **TILE)['ETag'],
        get('thumbnail', image, fmt='png')['ETag'],
        get('tile', other, **TILE)['ETag'],
    ]
    assert len(set(tags)) == len(tags)


def test_a_replaced_file_is_new_at_once(get: Any, image_file: Any, images: Any) -> None:
    image = image_file('png')
    first = get('tile', image, **TILE)
    path = image.file.path
    for name in ('png-alpha', 'png'):
        shutil.copy(images(name), path + '.new')
        os.replace(path + '.new', path)
        response = get('tile', image, headers={'If-None-Match': first['ETag']}, **TILE)
        assert response.status_code == 200
        assert response['ETag'] != first['ETag']
        response = get('region', image, fmt='png', query=ALL)
        expected = reference.decoded(images(name).read_bytes(), 'RGBA')
        got = reference.decoded(response.getvalue(), 'RGBA')
        assert (got[:, : expected.shape[1], : expected.shape[2]] == expected).all()


def test_a_file_written_over_in_place_is_new_too(get: Any, image_file: Any, images: Any) -> None:
    image = image_file('rgb')
    first = get('thumbnail', image, fmt='png')
    with open(image.file.path, 'r+b') as file:
        file.write(images('striped').read_bytes())
        file.truncate()
    second = get('thumbnail', image, fmt='png')
    assert (second.status_code, second['ETag'] != first['ETag']) == (200, True)
    assert second.content != first.content


def test_a_deleted_file(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    first = get('tile', image, **TILE)
    os.unlink(image.file.path)
    for headers in ({}, {'If-None-Match': first['ETag']}):
        response = get('tile', image, headers=headers, **TILE)
        assert (response.status_code, response.json()['code']) == (404, 'image_missing')
        assert response['Cache-Control'] == 'no-store'


def test_an_error_is_not_cached(get: Any, image_file: Any, images: Any) -> None:
    image = image_file('corrupt-tiles')
    caching.tile_cache.clear()
    finest = [{'z': 2, 'x': x, 'y': y, 'fmt': 'png'} for x in range(4) for y in range(4)]
    broken = [tile for tile in finest if get('tile', image, **tile).status_code == 422]
    assert broken
    assert caching.tile_cache.stats()['entries'] == len(finest) - len(broken)
    shutil.copy(images('rgb'), image.file.path)
    assert get('tile', image, **broken[0]).status_code == 200


def test_the_cache_counts_and_clears_its_own(api: Any, get: Any, image_file: Any, staff: Any) -> None:
    caching.tile_cache.clear()
    caches['default'].set('theirs', 'untouched')
    image = image_file('rgb')
    for _ in range(3):
        get('tile', image, **TILE)
    api.force_authenticate(staff)
    found = api.get('/api/large-image/cache').json()
    assert found['tiles']['entries'] == 1
    assert found['tiles']['bytes'] > 1000
    assert (found['tiles']['hits'], found['tiles']['misses']) == (2, 1)
    assert found['sources']['handles'] == 1
    blocks = found['blocks']
    # Other readers keep no blocks.
    assert (blocks['blocks'] > 0) == (blocks['bytes'] > 0) == ('rasterio' in handles.available_sources())
    assert blocks['limit'] == DEFAULTS['BLOCK_CACHE_BYTES']
    assert api.delete('/api/large-image/cache').json() == {'removed': 1}
    found = api.get('/api/large-image/cache').json()
    assert (found['tiles']['entries'], found['tiles']['hits'], found['sources']['handles']) == (0, 0, 0)
    assert found['blocks'] == {'blocks': 0, 'bytes': 0, 'limit': blocks['limit']}
    # The tests share none.
    assert found['shared_blocks'] == {'blocks': 0, 'bytes': 0, 'limit': 0}
    assert caches['default'].get('theirs') == 'untouched'


def test_a_cache_that_fails_costs_no_tile(get: Any, image_file: Any, settings: Any) -> None:
    settings.CACHES = settings.CACHES | {'broken': {'BACKEND': 'tests.rest.test_conditional.BrokenCache'}}
    settings.LARGE_IMAGE_CACHE_NAME = 'broken'
    assert get('tile', image_file('rgb'), **TILE).status_code == 200


class BrokenCache(LocMemCache):
    """A cache whose server is down."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Fail."""
        raise ConnectionError('down')

    add = set = get
