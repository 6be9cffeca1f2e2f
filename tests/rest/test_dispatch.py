"""Before and after an endpoint: which action it is, how a body is read without a router, errors of own actions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework import permissions, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from django_large_image.rest import LargeImageFileDetailMixin
from tests.app.models import ImageFile

pytestmark = pytest.mark.django_db

TILE = {'z': '0', 'x': '0', 'y': '0', 'fmt': 'png'}
STYLE = json.dumps({'bands': [{'band': 1, 'palette': 'viridis'}]})


class Nobody(permissions.BasePermission):
    """Refuse everybody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return False."""
        return False


class Guarded:
    """Refuse some actions by their names; has an action of its own."""

    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'

    def get_permissions(self) -> list[permissions.BasePermission]:
        """Return who may ask."""
        own = self.action in ('tile', 'thumbnail', 'region')  # type: ignore[attr-defined]
        return [Nobody()] if own else []

    @action(detail=True)
    def size(self, request: Request, pk: Any = None) -> Response:
        """Return the width."""
        return Response(self.get_tile_source(request, pk, style=False).sizeX)  # type: ignore[attr-defined]


class First(Guarded, LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """The mixin before the viewset."""


class Last(Guarded, viewsets.GenericViewSet, LargeImageFileDetailMixin):
    """The mixin after the viewset."""


class Open(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """Nothing is refused."""

    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


@pytest.mark.parametrize('viewset', [First, Last])
@pytest.mark.parametrize(
    ('name', 'parts'),
    [
        ('tile', TILE), ('tile_zxy', TILE), ('tile_fzxy', TILE | {'frame': '0'}), ('tile_no_format', TILE | {'fmt': None}),
        ('thumbnail', {'fmt': 'png'}), ('thumbnail_no_format', {}), ('region', {'fmt': 'tif'}), ('region_no_format', {}),
    ],
)  # fmt: skip
def test_what_is_refused_by_the_name_of_an_action_is_refused_at_each_address(
    image_file: Any, viewset: Any, name: str, parts: dict[str, Any]
) -> None:
    image = image_file('rgb')
    given = {key: value for key, value in parts.items() if value is not None}
    for method in ('get', 'head'):
        request = getattr(APIRequestFactory(), method)('/')
        assert viewset.as_view({'get': name}, detail=True)(request, pk=image.pk, **given).status_code == 403
    assert (
        viewset.as_view({'get': 'metadata'}, detail=True)(
            APIRequestFactory().get('/'), pk=image.pk
        ).status_code
        == 200
    )


@pytest.mark.parametrize(
    'media_type', ['application/json', 'text/plain', 'application/x-www-form-urlencoded']
)
def test_a_style_in_a_body_is_heeded_without_a_router(get: Any, image_file: Any, media_type: str) -> None:
    image = image_file('rgb')
    view = Open.as_view({'get': 'tile', 'post': 'tile'}, detail=True)

    def post(body: str) -> Any:
        return view(APIRequestFactory().post('/', body, content_type=media_type), pk=image.pk, **TILE)

    styled = get('tile', image, query={'style': STYLE}, z=0, x=0, y=0, fmt='png')
    assert post(STYLE).content == styled.content
    for wrong in ('{"nonsense": 1}', '{"bands": [{"band": 77}]}'):
        assert post(wrong).status_code == 400


def test_a_picture_may_be_asked_for_by_its_media_type_without_a_router(image_file: Any) -> None:
    request = APIRequestFactory().get('/', headers={'Accept': 'image/png'})
    answer = Open.as_view({'get': 'tile'}, detail=True)(request, pk=image_file('rgb').pk, **TILE)
    assert (answer.status_code, answer['Content-Type']) == (200, 'image/png')


@pytest.mark.parametrize('viewset', [First, Last])
def test_an_own_action_answers_errors_as_endpoints_do(image_file: Any, viewset: Any) -> None:
    view = viewset.as_view({'get': 'size'}, detail=True)
    image, gone = image_file('rgb'), ImageFile.objects.create(file='gone.tif')

    def ask(pk: int, **query: str) -> Any:
        return view(APIRequestFactory().get('/', query), pk=pk)

    assert ask(image.pk).data == 2048
    for query in ({'source': 'nope'}, {'projection': 'EPSG:9'}):
        refused = ask(image.pk, **query)
        assert (refused.status_code, refused.data['parameter']) == (400, next(iter(query)))
    missing = ask(gone.pk)
    assert (missing.status_code, missing.data['code']) == (404, 'image_missing')
