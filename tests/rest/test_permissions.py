"""Nothing is served to someone who may not see the object: not a cached tile, not even a 304."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls.resolvers import RegexPattern, URLResolver
from rest_framework import decorators, permissions, routers, viewsets
from rest_framework.test import APIRequestFactory, force_authenticate

from django_large_image import caching
from django_large_image.rest import LargeImageDetailMixin, LargeImageFileDetailMixin
from tests.app import models

pytestmark = pytest.mark.django_db

ENDPOINTS = [
    'info/metadata', 'info/metadata_internal', 'info/bands', 'info/band', 'info/frames', 'info/tiffdump', 'tiles/metadata',
    'tiles/0/0/0.png', 'tiles/zxy/0/0/0.png', 'tiles/fzxy/0/0/0/0.png', 'tiles/0/0/0/corners', 'data/thumbnail.png',
    'data/region.tif?left=0&top=0&right=9&bottom=9&units=pixels', 'data/pixel?left=0&top=0', 'data/histogram',
    'large_image', 'tiles/0/0/0', 'data/thumbnail', 'viewer', 'globe',
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
    before = caching.tile_cache.stats()['hits']
    assert api.get(address).content == tile.content
    assert caching.tile_cache.stats()['hits'] == before + 1
    assert api.get(address, headers={'If-None-Match': tile['ETag']}).status_code == 304
    api.force_authenticate(other_user)
    assert api.get(address).status_code == 404
    assert caching.tile_cache.stats()['hits'] == before + 1


def test_a_hidden_image_is_not_found_by_the_public_route(get: Any, image_file: Any) -> None:
    assert get('tile', image_file('rgb', private=True), z=0, x=0, y=0, fmt='png').status_code == 404


def test_bad_parameters_are_not_answered_before_permissions(
    api: Any, image_file: Any, user: Any, other_user: Any
) -> None:
    image = image_file('rgb', owner=user)
    api.force_authenticate(other_user)
    bad = '?projection=x&source=x&bins=x&band=x&frame=x&max_width=x'
    for end in (
        'tiles/x/0/0.png', 'tiles/zxy/x/0/0.png', 'tiles/fzxy/x/0/0/0.png', 'tiles/x/0/0', 'tiles/x/0/0/corners',
        'data/thumbnail.nope', 'data/thumbnail', 'data/region.tif', 'data/pixel', 'data/histogram', 'info/metadata',
        'info/metadata_internal', 'info/bands', 'info/band', 'info/frames', 'tiles/metadata', 'viewer', 'globe',
    ):  # fmt: skip
        api.force_authenticate(other_user)
        assert api.get(f'/private-images/{image.pk}/{end}{bad}').status_code == 404, end
        # What is refused to one user is wrong for the other, so the test asks what it says.
        api.force_authenticate(user)
        assert api.get(f'/private-images/{image.pk}/{end}{bad}').status_code == 400, end


def test_bad_parameters_are_not_answered_before_a_get_path_that_decides(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    assert get('histogram', image, prefix='path-image', query={'bins': 'x'}).status_code == 400
    image.pk += 1
    assert get('histogram', image, prefix='path-image', query={'bins': 'x'}).status_code == 404


class OwnersOnly(permissions.BasePermission):
    """Let nobody but its owner see an object."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return bool(obj.owner_id == request.user.pk)


class OwnPathViewSet(LargeImageDetailMixin, viewsets.GenericViewSet):
    """A viewset with a queryset whose `get_path` does not ask it."""

    queryset = models.ImageFile.objects.all()
    permission_classes = (OwnersOnly,)

    def get_path(self, request: Any, pk: Any = None) -> str:
        return models.ImageFile.objects.get(pk=pk).file.path


class OwnFilePathViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """The same with the mixin of a file field."""

    queryset = models.ImageFile.objects.all()
    permission_classes = (OwnersOnly,)
    FILE_FIELD_NAME = 'file'

    def get_path(self, request: Any, pk: Any = None) -> str:
        return models.ImageFile.objects.get(pk=pk).file.path


@pytest.mark.parametrize('viewset', [OwnPathViewSet, OwnFilePathViewSet])
@pytest.mark.parametrize('options', [{}, {'detail': True}, {'detail': False}])
@pytest.mark.parametrize(
    ('action', 'kwargs', 'query'),
    [('tile', {'z': '0', 'x': '0', 'y': '0', 'fmt': 'png'}, {}), ('metadata', {}, {}), ('tiffdump', {}, {}),
     ('region', {'fmt': 'png'}, {'left': 0, 'top': 0, 'right': 9, 'bottom': 9, 'units': 'pixels'}),
     ('large_image', {}, {})],
)  # fmt: skip
def test_a_view_that_no_router_made(
    image_file: Any,
    user: Any,
    other_user: Any,
    viewset: Any,
    options: Any,
    action: str,
    kwargs: Any,
    query: Any,
) -> None:
    image = image_file('rgb', owner=user)
    view = viewset.as_view({'get': action}, **options)
    for who, status in ((user, 200), (other_user, 403)):
        request = APIRequestFactory().get('/', query)
        force_authenticate(request, who)
        response = view(request, pk=image.pk, **kwargs)
        assert response.status_code == status
        response.close()


class StaffTilesViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """A viewset whose tiles alone are for staff."""

    queryset = models.ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'

    @decorators.action(
        detail=True,
        url_path=r'tiles/(?P<z>[^/]+)/(?P<x>[^/]+)/(?P<y>[^/.]+)\.(?P<fmt>[^/]+)',
        permission_classes=[permissions.IsAdminUser],
    )
    def tile(self, request: Any, pk: Any = None, **kwargs: Any) -> Any:
        """Return a tile to staff."""
        return super().tile(request, pk, **kwargs)


def test_permissions_of_an_action_hold_at_its_other_addresses(image_file: Any, user: Any, staff: Any) -> None:
    image = image_file('rgb')
    router = routers.SimpleRouter(trailing_slash=False)
    router.register('only', StaffTilesViewSet)
    resolver = URLResolver(RegexPattern(r'^/'), router.urls)
    for end, expected in (
        ('tiles/0/0/0.png', 200), ('tiles/zxy/0/0/0.png', 200), ('tiles/fzxy/0/0/0/0.png', 200), ('tiles/0/0/0', 400),
    ):  # fmt: skip
        for who, status in ((user, 403), (staff, expected)):
            request = APIRequestFactory().get(f'/only/{image.pk}/{end}')
            force_authenticate(request, who)
            view, args, kwargs = resolver.resolve(request.path)
            assert view(request, *args, **kwargs).status_code == status, (end, who)
    request = APIRequestFactory().get(f'/only/{image.pk}/info/metadata')
    view, args, kwargs = resolver.resolve(request.path)
    assert view(request, *args, **kwargs).status_code == 200


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
