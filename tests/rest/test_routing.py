"""One declaration serves every viewset: detail or not, in either order of bases, with each router."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.urls import reverse
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter, SimpleRouter
from rest_framework.test import APIRequestFactory

from django_large_image.rest import LargeImageDetailMixin, LargeImageFileDetailMixin, LargeImageMixin
from tests.app.models import ImageFile
from tests.app.viewsets import ImageFileSerializer

pytestmark = pytest.mark.django_db

NAMES = {
    'metadata', 'metadata-internal', 'bands', 'band', 'frames', 'tiffdump', 'tiles-metadata', 'tile', 'tile-zxy', 'tile-fzxy',
    'tile-corners', 'thumbnail', 'region', 'pixel', 'histogram', 'large-image', 'viewer',
    'globe',
}  # fmt: skip


def routes(viewset: type) -> set[str]:
    """Return the names of the routes that a router makes of a viewset."""
    router = SimpleRouter(trailing_slash=False)
    router.register('x', viewset, basename='x')
    return {url.name.removeprefix('x-') for url in router.urls}


def test_every_mixin_has_every_endpoint_once() -> None:
    class First(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()

    class Last(viewsets.GenericViewSet, LargeImageFileDetailMixin):
        queryset = ImageFile.objects.all()

    class Detail(viewsets.ViewSet, LargeImageDetailMixin):
        pass

    class Plain(viewsets.ViewSet, LargeImageMixin):
        pass

    for viewset in (First, Last, Detail, Plain):
        assert routes(viewset) >= NAMES
        assert len(viewset.get_extra_actions()) == len(NAMES) + 3
        details = {method.detail for method in viewset.get_extra_actions()}
        assert details == {viewset is not Plain}


@pytest.mark.parametrize('prefix', ['image', 'default-image', 'vsi-image', 'override-image', 'path-image'])
def test_every_viewset_serves_the_same_tile(get: Any, image_file: Any, prefix: str) -> None:
    image = image_file('rgb')
    kwargs = {'z': 1, 'x': 1, 'y': 0, 'fmt': 'png'}
    expected = get('tile', image, **kwargs)
    got = get('tile', image, prefix=prefix, **kwargs)
    assert (got.status_code, got.content) == (200, expected.content)
    assert (got.get('X-Overridden') == 'tile') == (prefix == 'override-image')
    assert get('metadata', image, prefix=prefix).json() == get('metadata', image).json()


def test_an_override_without_decorator_guards_errors_too(get: Any, image_file: Any) -> None:
    response = get('tile', image_file('rgb'), prefix='override-image', z=99, x=0, y=0, fmt='png')
    assert (response.status_code, response.json()['parameter']) == (400, 'z')
    long = get('tile-zxy', image_file('rgb'), prefix='override-image', z=0, x=0, y=0, fmt='png')
    assert long['X-Overridden'] == 'tile'


def test_a_viewset_without_detail_routes(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    response = get('tile', prefix='chosen', z=0, x=0, y=0, fmt='png', query={'image': image.pk})
    assert response.content == get('tile', image, z=0, x=0, y=0, fmt='png').content
    assert reverse('chosen-metadata') == '/default/chosen/info/metadata/'


def test_nested_routes(api: Any, image_file: Any, user: Any, other_user: Any) -> None:
    image = image_file('rgb', owner=user)
    kwargs = {'user_pk': user.pk, 'pk': image.pk, 'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}
    assert api.get(reverse('user-image-tile', kwargs=kwargs)).status_code == 200
    assert api.get(reverse('user-image-tile', kwargs=kwargs | {'user_pk': other_user.pk})).status_code == 404


def test_a_router_with_format_suffixes(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    with_slash = api.get(f'/default/images/{image.pk}/tiles/0/0/0.png/')
    without = api.get(f'/default/images/{image.pk}/tiles/0/0/0.png')
    assert with_slash.status_code == without.status_code == 200
    assert with_slash.content == without.content
    jpeg = api.get(f'/default/images/{image.pk}/data/thumbnail.jpg')
    assert jpeg['Content-Type'] == 'image/jpeg'
    assert api.get(f'/default/images/{image.pk}/info/metadata.json').status_code == 200


class PlainDefaultRouter(DefaultRouter):
    """DRF's router without format suffixes."""

    include_format_suffixes = False


PICTURES = [
    'tiles/0/0/0.png', 'tiles/zxy/0/0/0.png', 'tiles/fzxy/0/0/0/0.png', 'data/thumbnail.png',
    'data/region.png?left=0&top=0&right=9&bottom=9&units=pixels',
]  # fmt: skip


@pytest.mark.parametrize('slash', [True, False])
@pytest.mark.parametrize('kind', [SimpleRouter, DefaultRouter, PlainDefaultRouter])
@pytest.mark.parametrize('address', PICTURES)
def test_a_style_is_posted_under_every_router(
    api: Any, image_file: Any, settings: Any, kind: type[SimpleRouter], slash: bool, address: str
) -> None:
    class Images(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

    router = kind(trailing_slash=slash)
    router.register('x', Images, basename='x')
    settings.ROOT_URLCONF = ModuleType('urls')
    settings.ROOT_URLCONF.urlpatterns = router.urls
    path, _, query = f'/x/{image_file("rgb").pk}/{address}'.partition('?')
    style = {'band': 2, 'palette': 'viridis'}
    # A router with format suffixes has the addresses of pictures with a slash and without.
    for end in ['', '/'] if kind is DefaultRouter else ['/' if slash else '']:
        plain = api.get(f'{path}{end}?{query}')
        posted = api.post(f'{path}{end}?{query}', style, format='json')
        styled = api.get(f'{path}{end}?{query}&band=2&palette=viridis')
        assert (plain.status_code, posted.status_code, styled.status_code) == (200, 200, 200), end
        posted, plain, styled = (response.getvalue() for response in (posted, plain, styled))
        assert posted == styled != plain
        wrong = api.post(f'{path[:-3]}xyz{end}?{query}', style, format='json')
        assert (wrong.status_code, wrong.json()['parameter']) == (400, 'format')


@pytest.mark.parametrize(
    'accept', ['image/*', 'text/html', 'application/json', 'image/webp,*/*;q=0.8', 'nonsense']
)
def test_the_accept_header_does_not_matter_for_images(get: Any, image_file: Any, accept: str) -> None:
    image = image_file('rgb')
    response = get('tile', image, z=0, x=0, y=0, fmt='png', headers={'Accept': accept})
    assert (response.status_code, response['Content-Type']) == (200, 'image/png')
    wrong = get('tile', image, z=0, x=7, y=0, fmt='png', headers={'Accept': accept}, query={'format': 'api'})
    assert (wrong.status_code, wrong['Content-Type']) == (404, 'application/json')


def test_head_and_methods(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    address = f'/images/{image.pk}/tiles/0/0/0.png'
    head = api.head(address)
    assert (head.status_code, head.content, head['ETag']) == (200, b'', api.get(address)['ETag'])
    assert api.delete(address).status_code == 405


@pytest.mark.parametrize('serialized', [True, False])
def test_drf_shows_no_fields_of_the_model(
    api: Any, image_file: Any, settings: Any, staff: Any, serialized: bool
) -> None:
    class Images(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'
        serializer_class = ImageFileSerializer if serialized else None

    router = SimpleRouter(trailing_slash=False)
    router.register('x', Images, basename='x')
    settings.ROOT_URLCONF = ModuleType('urls')
    settings.ROOT_URLCONF.urlpatterns = router.urls
    address = f'/x/{image_file("rgb").pk}'
    api.force_authenticate(staff)
    for end in ('large_image', 'tiles/0/0/0.png', 'info/bands'):
        answer = api.options(f'{address}/{end}')
        assert answer.status_code == 200
        assert 'actions' not in answer.json()
    page = api.get(f'{address}/large_image', headers={'Accept': 'text/html'})
    assert (page.status_code, page['Content-Type']) == (200, 'text/html; charset=utf-8')
    assert 'name="owner"' not in page.text


def test_a_project_without_options(image_file: Any) -> None:
    class Silent(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'
        metadata_class = None

    view = Silent.as_view({'get': 'bands'}, **Silent.bands.kwargs)
    assert view(APIRequestFactory().options('/'), pk=image_file('rgb').pk).status_code == 405


def test_an_own_action_may_open_the_image(image_file: Any) -> None:
    class Own(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

        @action(detail=True)
        def size(self, request: Any, pk: Any = None) -> Response:
            source = self.get_tile_source(request, pk)
            return Response([source.sizeX, source.sizeY])

    image = image_file('rgb')
    for _ in range(10):
        request = APIRequestFactory().get('/')
        response = Own.as_view({'get': 'size'}, detail=True)(request, pk=image.pk)
        assert response.data[0] >= 512
    from django_large_image import handles

    assert handles.handle_pool.stats()['handles'] == handles.handle_pool.stats()['idle'] == 1


def test_hooks_are_used(image_file: Any) -> None:
    calls: list[str] = []

    class Hooked(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

        def get_style(self, request: Any) -> dict[str, Any]:
            calls.append('style')
            return {'band': 1, 'palette': 'red'}

        def open_tile_source(self, request: Any, path: Any, **kwargs: Any) -> Any:
            calls.append(f'open {str(path).endswith(".tif")}')
            return super().open_tile_source(request, path, **kwargs)

    view = Hooked.as_view({'get': 'tile'}, detail=True)
    response = view(APIRequestFactory().get('/'), pk=image_file('rgb').pk, z='0', x='0', y='0', fmt='png')
    assert response.status_code == 200
    assert calls == ['style', 'open True']


def test_the_schema_has_every_parameter(api: Any) -> None:
    paths = api.get('/swagger.json').json()['paths']
    tile = paths['/images/{id}/tiles/{z}/{x}/{y}.{fmt}']['get']
    parameters = {parameter['name']: parameter for parameter in tile['parameters']}
    assert {'projection', 'style', 'band', 'palette', 'frame', 'z', 'fmt'} <= set(parameters)
    assert parameters['z'] | {'description': ''} == {
        'name': 'z', 'in': 'path', 'type': 'integer', 'required': True, 'minimum': 0, 'maximum': 30, 'description': '',
    }  # fmt: skip
    assert set(tile['produces']) >= {'image/png', 'image/webp'}
    thumbnail = paths['/images/{id}/data/thumbnail.{fmt}']['get']
    width = next(parameter for parameter in thumbnail['parameters'] if parameter['name'] == 'max_width')
    assert (width['default'], width['minimum'], width['maximum']) == (256, 2, 4096)
    assert all(parameter.get('description') for path in paths.values() for op in ('get', 'post') for parameter in path.get(op, {}).get('parameters', []) if parameter['in'] == 'query' and '/images/' in str(path) and parameter['name'] != 'page')  # fmt: skip
    identifiers = [
        operation['operationId']
        for path in paths.values()
        for key, operation in path.items()
        if key != 'parameters'
    ]
    assert len(identifiers) == len(set(identifiers))
    assert '/images/{id}/data/{what}' not in paths


def test_an_override_keeps_the_route_and_the_words(image_file: Any) -> None:
    class Silent(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

        def tile(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            return super().tile(request, *args, **kwargs)

    class Own(Silent):
        def tile(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            """Say it in the project's words."""
            return Response('theirs')

    package = LargeImageFileDetailMixin.tile
    for viewset in (Silent, Own):
        assert viewset.tile.url_path == package.url_path
        assert viewset.tile.mapping == package.mapping
        assert viewset.tile.detail is True
    assert Silent.tile.__doc__ == package.__doc__
    assert Own.tile.__doc__ == "Say it in the project's words."
    request = APIRequestFactory().get('/')
    view = Own.as_view({'get': 'tile'}, detail=True)
    assert view(request, pk=image_file('rgb').pk, z='0', x='0', y='0', fmt='png').data == 'theirs'


def test_a_project_s_own_action_under_an_endpoint_s_name() -> None:
    class Moved(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()

        @action(detail=True, url_path='elsewhere', url_name='elsewhere')
        def metadata(self, request: Any, pk: Any = None) -> Response:
            """Answer at another address."""
            return Response({})

    assert Moved.metadata.url_path == 'elsewhere'
    assert 'elsewhere' in routes(Moved)
    assert 'metadata' not in routes(Moved)


def test_tiles_are_tried_first_and_what_has_no_format_last() -> None:
    class Images(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()

        @action(detail=True)
        def another(self, request: Any, pk: Any = None) -> Response:
            """Be a project's own action."""
            return Response({})

    names = [method.__name__ for method in Images.get_extra_actions()]
    tiles = [name for name in names if name.startswith('tile')]
    bare = [name for name in names if name.endswith('_no_format')]
    assert names[: len(tiles) - 1] == [name for name in tiles if name not in bare]
    assert names[-3:] == bare
    # Those that no document shows are no endpoints that one asks for.
    assert set(bare) == {'tile_no_format', 'thumbnail_no_format', 'region_no_format'}


def test_which_methods_an_endpoint_takes() -> None:
    found = {
        method.__name__: set(method.mapping)
        for method in LargeImageFileDetailMixin.__dict__.values()
        if hasattr(method, 'mapping')
    }
    pictures = {
        'tile',
        'tile_zxy',
        'tile_fzxy',
        'tile_no_format',
        'thumbnail',
        'thumbnail_no_format',
        'region',
        'region_no_format',
    }
    for name, methods in found.items():
        if name in pictures:
            assert methods == {'get', 'post'}, name
        elif name == 'large_image':
            assert methods == {'get', 'post', 'delete'}
        else:
            assert methods == {'get'}, name
