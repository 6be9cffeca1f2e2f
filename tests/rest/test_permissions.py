"""Nothing is served to someone who may not see the object: not a cached tile, not even a 304."""

from __future__ import annotations

from typing import Any

import pytest

from django_large_image import sources

pytestmark = pytest.mark.django_db

ENDPOINTS = [
    'info/metadata', 'info/metadata_internal', 'info/bands', 'info/band', 'info/frames', 'info/tiffdump', 'tiles/metadata',
    'tiles/0/0/0.png', 'tiles/zxy/0/0/0.png', 'tiles/fzxy/0/0/0/0.png', 'tiles/0/0/0/corners', 'data/thumbnail.png',
    'data/region.tif?left=0&top=0&right=9&bottom=9&units=pixels', 'data/pixel?left=0&top=0', 'data/histogram',
    'large_image', 'tiles/0/0/0', 'data/thumbnail',
]  # fmt: skip


@pytest.mark.parametrize('end', ENDPOINTS)
def test_every_endpoint_asks_the_viewset(
    api: Any, image_file: Any, user: Any, other_user: Any, end: str
) -> None:
    image = image_file('rgb', owner=user)
    address = f'/private-images/{image.pk}/{end}'
    api.force_authenticate(user)
    mine = api.get(address)
    assert mine.status_code == (400 if end == 'tiles/0/0/0' else 200)
    tag = mine.get('ETag', '"x"')
    mine.close()
    for who, expected in ((other_user, 404), (None, 403)):
        api.force_authenticate(who)
        for headers in ({}, {'If-None-Match': tag}, {'If-None-Match': '*'}):
            refused = api.get(address, headers=headers)
            assert refused.status_code == expected, (end, refused.content)
            assert refused['Content-Type'] == 'application/json'
            assert 'ETag' not in refused


def test_a_cached_tile_is_the_owner_s_alone(api: Any, image_file: Any, user: Any, other_user: Any) -> None:
    image = image_file('rgb', owner=user)
    address = f'/private-images/{image.pk}/tiles/0/0/0.png'
    api.force_authenticate(user)
    tile = api.get(address)
    before = sources.tile_cache.stats()['hits']
    assert api.get(address).content == tile.content
    assert sources.tile_cache.stats()['hits'] == before + 1
    assert api.get(address, headers={'If-None-Match': tile['ETag']}).status_code == 304
    api.force_authenticate(other_user)
    assert api.get(address).status_code == 404
    assert sources.tile_cache.stats()['hits'] == before + 1


def test_a_hidden_image_is_not_found_by_the_public_route(get: Any, image_file: Any) -> None:
    assert get('tile', image_file('rgb', private=True), z=0, x=0, y=0, fmt='png').status_code == 404


def test_bad_parameters_are_not_answered_before_permissions(
    api: Any, image_file: Any, user: Any, other_user: Any
) -> None:
    image = image_file('rgb', owner=user)
    api.force_authenticate(other_user)
    for end in ('tiles/x/0/0.png', 'data/thumbnail.nope', 'data/region.tif', 'data/pixel'):
        assert api.get(f'/private-images/{image.pk}/{end}').status_code == 404


def test_project_wide_views_for_staff(api: Any, user: Any, staff: Any) -> None:
    for name in ('settings', 'cache'):
        api.force_authenticate(None)
        assert api.get(f'/api/large-image/{name}').status_code == 403
        api.force_authenticate(user)
        assert api.get(f'/api/large-image/{name}').status_code == 403
        assert api.delete('/api/large-image/cache').status_code == 403
        assert api.patch('/api/large-image/settings', {'auto_serve': False}, format='json').status_code == 403
        api.force_authenticate(staff)
        assert api.get(f'/api/large-image/{name}').status_code == 200
