"""`viewer` and `globe` of a viewset: a page with one element, for whoever may see the image."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest
from django.test import override_settings
from django.urls import include, path, set_script_prefix
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter, SimpleRouter
from rest_framework.test import APIRequestFactory

from django_large_image.rest import LargeImageDetailMixin, LargeImageFileDetailMixin, LargeImageMixin
from tests.app.models import ImageFile
from tests.pages.html import Page

pytestmark = pytest.mark.django_db

BROWSER = {'Accept': 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'}
PAGES = {'viewer': 'large-image-viewer', 'globe': 'large-image-globe'}
both = pytest.mark.parametrize('kind', PAGES)


def urlconf(*patterns: Any) -> ModuleType:
    """Return a module of addresses."""
    module = ModuleType('urls')
    module.urlpatterns = list(patterns)  # type: ignore[attr-defined]
    return module


@both
def test_a_page_has_the_element_and_its_script(get: Any, image_file: Any, kind: str) -> None:
    image = image_file('rgb')
    response = get(kind, image, headers=BROWSER)
    assert (response.status_code, response['Content-Type']) == (200, 'text/html; charset=utf-8')
    assert response['Cache-Control'] == 'no-store'
    page = Page(response)
    page.assert_strict()
    element = page.one(PAGES[kind])
    assert element.given == {'id': kind, 'src': f'/images/{image.pk}'}
    assert page.scripts() == [f'/static/django_large_image/{kind}.js']
    assert page.one('script')['type'] == 'module'
    assert page.styles() == ['/static/django_large_image/pages.css']
    assert (page.one('html')['lang'], page.one('title').text) == ('en', kind.capitalize())


@both
@pytest.mark.parametrize('accept', ['application/json', '*/*', 'image/png', 'nonsense', 'text/html'])
def test_a_page_is_html_whatever_is_accepted(get: Any, image_file: Any, kind: str, accept: str) -> None:
    image = image_file('rgb')
    for query in ({}, {'format': 'api'}, {'format': 'json'}, {'format': 'x'}):
        response = get(kind, image, headers={'Accept': accept}, query=query)
        assert (response.status_code, response['Content-Type']) == (200, 'text/html; charset=utf-8')
        # DRF's `format` would make the API answer the element with something else than JSON.
        assert Page(response).one(PAGES[kind])['src'] == f'/images/{image.pk}'


def test_the_page_does_not_open_the_image(get: Any, image_file: Any, monkeypatch: Any) -> None:
    image = image_file('rgb')
    monkeypatch.setattr('django_large_image.handles.lease', lambda *args, **kwargs: 1 / 0)
    image.file.storage.delete(image.file.name)
    assert get('viewer', image).status_code == 200
    assert get('globe', image).status_code == 200


def test_the_query_becomes_attributes(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    style = {'bands': [{'band': 1, 'palette': '#f00'}, {'band': 2, 'palette': ['#000', 'lime']}]}
    query = {
        'frame': '2', 'projection': '3395', 'style': json.dumps(style), 'resampling': 'cubic', 'tile_format': 'webp',
        'base_layer': 'Streets & "roads"'.replace('"', "'"), 'controls': 'zoom frames', 'state_in_url': 'left-1',
        'band': '1', 'palette': 'a"b<c>&d', 'token': 'ö',
    }  # fmt: skip
    page = Page(get('viewer', image, query=query))
    element = page.one('large-image-viewer').given
    assert json.loads(element.pop('style-json') or '') == style
    assert element == {
        'id': 'viewer', 'frame': '2', 'projection': 'EPSG:3395', 'resampling': 'cubic', 'format': 'webp',
        'base-layer': "Streets & 'roads'", 'controls': 'zoom frames', 'state-in-url': 'left-1',
        'src': f'/images/{image.pk}?band=1&palette=a%22b%3Cc%3E%26d&token=%C3%B6',
    }  # fmt: skip
    page.assert_strict()


@pytest.mark.parametrize(
    ('query', 'expected'),
    [
        ({'base_layer': 'none', 'controls': 'none'}, {'base-layer': 'none', 'controls': 'none'}),
        ({'projection': 'Native'}, {'projection': 'native'}),
        ({'frame': '', 'projection': 'none', 'style': 'null'}, {}),
    ],
)
def test_words_that_mean_nothing_elsewhere(get: Any, image_file: Any, query: Any, expected: Any) -> None:
    image = image_file('rgb')
    element = Page(get('globe', image, query=query)).one('large-image-globe')
    assert element.given == {'id': 'globe', 'src': f'/images/{image.pk}', **expected}


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('frame', '-1'), ('projection', 'here'), ('style', '{"function": "os.system"}'), ('style', '['),
        ('resampling', 'sinc'), ('tile_format', 'tif'), ('base_layer', '<b>'), ('controls', 'Zoom'), ('controls', 'a  b'),
        ('state_in_url', 'a&b'),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(get: Any, image_file: Any, name: str, value: str) -> None:
    image = image_file('rgb')
    answer = get('viewer', image, query={name: value})
    assert (answer.status_code, answer['Cache-Control']) == (400, 'no-store')
    assert answer.json()['parameter'].partition('.')[0] == name
    page = Page(get('viewer', image, query={name: value}, headers=BROWSER))
    page.assert_strict()
    assert page.one('h1').text == 'Bad Request'
    assert name in ''.join(p.text for p in page.all('p'))
    assert '<b>' not in page.source


@both
def test_nobody_sees_the_page_of_a_hidden_image(
    api: Any, image_file: Any, user: Any, other_user: Any, kind: str
) -> None:
    image = image_file('rgb', owner=user)
    address = f'/private-images/{image.pk}/{kind}'
    api.force_authenticate(user)
    assert api.get(address, headers=BROWSER).status_code == 200
    for who, expected, reason in ((other_user, 404, 'Not Found'), (None, 403, 'Forbidden')):
        api.force_authenticate(who)
        for wrong in ('', '?frame=x'):
            refused = api.get(address + wrong, headers=BROWSER)
            assert (refused.status_code, refused['Content-Type']) == (expected, 'text/html; charset=utf-8')
            assert refused['Cache-Control'] == 'no-store'
            page = Page(refused)
            page.assert_strict()
            assert page.one('title').text == page.one('h1').text == reason
            assert not page.all(PAGES[kind])
            refused = api.get(address + wrong)
            assert (refused.status_code, refused['Content-Type']) == (expected, 'application/json')
            assert refused.json()['detail']
    hidden, missing = (
        api.get(f'/private-images/{pk}/{kind}', headers=BROWSER) for pk in (image.pk, image.pk + 1)
    )
    assert hidden.content == missing.content


def test_who_has_to_sign_in_is_asked_to(api: Any, image_file: Any, monkeypatch: Any) -> None:
    from rest_framework.authentication import BasicAuthentication

    from tests.app.viewsets import PrivateImageFileViewSet

    monkeypatch.setattr(PrivateImageFileViewSet, 'authentication_classes', [BasicAuthentication])
    response = api.get(f'/private-images/{image_file("rgb").pk}/viewer', headers=BROWSER)
    assert (response.status_code, Page(response).one('h1').text) == (401, 'Unauthorized')
    assert response['WWW-Authenticate'].startswith('Basic')


def test_without_detail_routes_the_query_says_which_image(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    page = Page(api.get(f'/default/chosen/viewer/?image={image.pk}&controls=none'))
    assert page.one('large-image-viewer')['src'] == f'/default/chosen/?image={image.pk}'
    refused = api.get('/default/chosen/viewer/?image=0', headers=BROWSER)
    assert (refused.status_code, Page(refused).one('h1').text) == (404, 'Not Found')
    forbidden = api.get('/any-url/viewer?url=http://example.org/a.tif', headers=BROWSER)
    assert (forbidden.status_code, Page(forbidden).one('h1').text) == (403, 'Forbidden')
    assert 'example.org' not in Page(forbidden).source


def test_an_error_of_the_image_itself_is_a_page_too(api: Any, settings: Any, image_file: Any) -> None:
    from django_large_image.exceptions import NotLargeImage

    class Made(LargeImageDetailMixin, viewsets.ViewSet):
        def get_path(self, request: Any, pk: Any = None) -> str:
            raise NotLargeImage()

    router = SimpleRouter(trailing_slash=False)
    router.register('made', Made, basename='made')
    settings.ROOT_URLCONF = urlconf(*router.urls)
    response = api.get('/made/1/viewer', headers=BROWSER)
    assert (response.status_code, Page(response).one('h1').text) == (409, 'Conflict')
    assert api.get('/made/1/viewer').json()['code'] == 'not_a_large_image'


# -- addresses


class Images(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """Images with a key that is any text."""

    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'
    lookup_field = 'name'
    lookup_value_regex = '[^/]+'


@pytest.mark.parametrize('slash', [True, False])
@pytest.mark.parametrize('kind', [SimpleRouter, DefaultRouter])
def test_the_source_is_where_the_endpoints_are(
    api: Any, settings: Any, image_file: Any, kind: type[SimpleRouter], slash: bool
) -> None:
    image_file('rgb', name='a b"ö%;?&.tif')
    router = kind(trailing_slash=slash)
    router.register('x', Images, basename='x')
    settings.ROOT_URLCONF = urlconf(path('deep/er/', include(router.urls)))
    end = '/' if slash else ''
    quoted = 'a%20b%22%C3%B6%25;%3F&.tif'
    src = Page(api.get(f'/deep/er/x/{quoted}/viewer{end}')).one('large-image-viewer')['src']
    assert src == f'/deep/er/x/{quoted}{end}'
    assert api.get(f'{src.rstrip("/")}/info/metadata{end}').json()['bandCount'] == 3


def test_a_prefix_of_the_site_stays(image_file: Any) -> None:
    from tests.conftest import ClosingClient

    image = image_file('rgb')
    try:
        with override_settings(FORCE_SCRIPT_NAME='/site'):
            page = Page(ClosingClient().get(f'/images/{image.pk}/viewer'))
    finally:
        set_script_prefix('/')
    assert page.one('large-image-viewer')['src'] == f'/site/images/{image.pk}'


def test_nested_routes_keep_their_keys(api: Any, image_file: Any, user: Any) -> None:
    pytest.importorskip('rest_framework_nested')
    image = image_file('rgb', owner=user)
    page = Page(api.get(f'/users/{user.pk}/images/{image.pk}/globe'))
    assert page.one('large-image-globe')['src'] == f'/users/{user.pk}/images/{image.pk}'


def test_the_source_is_never_on_another_host() -> None:
    from django_large_image.rest.pages.views import source_address

    request = APIRequestFactory().get('/x/viewer')
    request.path = '//example.org/7/viewer'
    assert source_address(request) == '/example.org/7'


def test_a_format_suffix_is_no_page(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    assert api.get(f'/default/images/{image.pk}/viewer/').status_code == 200
    for suffix in ('json', 'html', 'api'):
        assert api.get(f'/default/images/{image.pk}/viewer.{suffix}').status_code == 404
        assert api.get(f'/default/images/{image.pk}/viewer.{suffix}', headers=BROWSER).status_code == 404


# -- viewsets


def names(viewset: Any) -> set[str]:
    """Return the names of a viewset's extra actions."""
    return {handler.url_name for handler in viewset.get_extra_actions()}


@pytest.mark.parametrize('mixin', [LargeImageFileDetailMixin, LargeImageMixin])
@pytest.mark.parametrize('order', ['first', 'last'])
def test_none_leaves_a_page_out(mixin: type, order: str) -> None:
    bases = (mixin, viewsets.GenericViewSet) if order == 'first' else (viewsets.GenericViewSet, mixin)

    def tile(self: Any, request: Any, **kwargs: Any) -> Response:
        return Response()

    without = type('Without', bases, {'viewer': None})
    inner = type('Inner', (without,), {'globe': None, 'tile': tile})
    innermost = type('Innermost', (inner,), {})
    assert {'viewer', 'globe'} & names(without) == {'globe'}
    assert not {'viewer', 'globe'} & names(inner)
    assert not {'viewer', 'globe'} & names(innermost)
    router = DefaultRouter()
    router.register('x', innermost, basename='x')
    assert not [url for url in router.urls if 'viewer' in str(url.pattern) or 'globe' in str(url.pattern)]
    assert names(innermost) == names(without) - {'globe'}


def test_none_is_a_404(api: Any, settings: Any, image_file: Any) -> None:
    class Without(Images):
        viewer = None
        lookup_field = 'pk'

    router = SimpleRouter(trailing_slash=False)
    router.register('x', Without, basename='x')
    settings.ROOT_URLCONF = urlconf(*router.urls)
    image = image_file('rgb')
    assert api.get(f'/x/{image.pk}/viewer').status_code == 404
    assert api.get(f'/x/{image.pk}/globe').status_code == 200


def test_a_project_s_own_page_keeps_the_route(api: Any, settings: Any, image_file: Any) -> None:
    class Own(Images):
        lookup_field = 'pk'

        def viewer(self, request: Any, **kwargs: Any) -> Any:
            response = super().viewer(request, **kwargs)
            response['X-Own'] = 'yes'
            return response

        @action(detail=True)
        def globe(self, request: Any, pk: Any = None) -> Response:
            return Response({'round': True})

    router = SimpleRouter(trailing_slash=False)
    router.register('x', Own, basename='x')
    settings.ROOT_URLCONF = urlconf(*router.urls)
    image = image_file('rgb')
    response = api.get(f'/x/{image.pk}/viewer')
    assert (response['X-Own'], Page(response).one('large-image-viewer')['src']) == ('yes', f'/x/{image.pk}')
    assert api.get(f'/x/{image.pk}/globe').json() == {'round': True}


def test_a_project_that_answers_nothing_but_json(api: Any, settings: Any, image_file: Any) -> None:
    class JsonOnly(Images):
        renderer_classes = (JSONRenderer,)
        lookup_field = 'pk'

    router = SimpleRouter(trailing_slash=False)
    router.register('x', JsonOnly, basename='x')
    settings.ROOT_URLCONF = urlconf(
        *router.urls, path('own/<int:pk>/show', JsonOnly.as_view({'get': 'viewer'}))
    )
    image = image_file('rgb')
    assert Page(api.get(f'/x/{image.pk}/viewer', headers=BROWSER)).one('large-image-viewer')
    assert Page(api.get('/x/0/viewer', headers=BROWSER)).one('h1').text == 'Not Found'
    # A route of the project's own, without what the router hands on: errors are in its renderers.
    page = Page(api.get(f'/own/{image.pk}/show', headers=BROWSER))
    assert page.one('large-image-viewer')['src'] == f'/own/{image.pk}'
    assert api.get('/own/0/show', headers=BROWSER).json()['detail']


def test_the_browsable_api_has_links(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    for query in ('', '?format=api'):
        page = Page(api.get(f'/images/{image.pk}{query}', headers=BROWSER))
        links = {str(a['href']) for a in page.all('a') if a.text in ('Viewer', 'Globe')}
        assert links == {f'http://testserver/images/{image.pk}/{kind}{query}' for kind in PAGES}
        for link in links:
            assert api.get(link, headers=BROWSER).status_code == 200


def test_methods(api: Any, image_file: Any) -> None:
    address = f'/images/{image_file("rgb").pk}/viewer'
    head = api.head(address)
    assert (head.status_code, head.content) == (200, b'')
    for headers in ({}, BROWSER):
        options = api.options(address, headers=headers)
        assert (options.status_code, options['Content-Type']) == (200, 'application/json')
    refused = api.post(address, headers=BROWSER)
    assert (refused.status_code, Page(refused).one('h1').text) == (405, 'Method Not Allowed')


# -- projects


DJANGO = 'django.template.backends.django.DjangoTemplates'


@pytest.mark.parametrize(
    'templates',
    [[], [{'BACKEND': DJANGO, 'APP_DIRS': False}]],
)
def test_without_templates_it_is_said_what_is_missing(api: Any, image_file: Any, templates: Any) -> None:
    address = f'/images/{image_file("rgb").pk}/viewer'
    with override_settings(TEMPLATES=templates):
        answer = api.get(address)
        assert (answer.status_code, answer.json()['code']) == (500, 'misconfigured')
        assert 'APP_DIRS' in answer.json()['detail']
        page = Page(api.get(address, headers=BROWSER))
        assert page.one('h1').text == 'Internal Server Error'
        assert 'APP_DIRS' in page.one('p').text
        assert 'Traceback' not in page.source and __file__ not in page.source


def test_without_an_address_of_static_files_it_is_said_too(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    with override_settings(STATIC_URL=None):
        from django.contrib.staticfiles.storage import StaticFilesStorage

        storages = {'staticfiles': {'BACKEND': f'{StaticFilesStorage.__module__}.StaticFilesStorage'}}
        with override_settings(STORAGES=storages):
            answer = api.get(f'/images/{image.pk}/viewer')
            page = Page(api.get(f'/images/{image.pk}/viewer', headers=BROWSER))
    assert (answer.status_code, answer.json()['code']) == (500, 'misconfigured')
    assert page.one('h1').text == 'Internal Server Error'


def test_an_error_is_said_where_static_files_were_not_collected(api: Any, tmp_path: Any) -> None:
    backend = 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'
    with override_settings(STORAGES={'staticfiles': {'BACKEND': backend}}, STATIC_ROOT=str(tmp_path)):
        response = api.get('/images/0/viewer', headers=BROWSER)
    assert (response.status_code, response['Content-Type']) == (404, 'text/html; charset=utf-8')
    page = Page(response)
    assert page.one('h1').text == 'Not Found'
    assert not page.styles()


def test_without_the_app_of_static_files(api: Any, image_file: Any, settings: Any) -> None:
    settings.INSTALLED_APPS = [
        name for name in settings.INSTALLED_APPS if name != 'django.contrib.staticfiles'
    ]
    page = Page(api.get(f'/images/{image_file("rgb").pk}/viewer'))
    assert page.scripts() == ['/static/django_large_image/viewer.js']


def test_the_settings_are_in_the_page(get: Any, image_file: Any, settings: Any) -> None:
    layers = [
        {'name': 'Streets "&"', 'url': 'https://t.example.org/{z}/{x}/{y}.png', 'attribution': '<b>©</b>'}
    ]
    settings.LARGE_IMAGE_BASE_LAYERS = layers
    settings.LARGE_IMAGE_CESIUM_ION_TOKEN = 'ion"token'
    image = image_file('rgb')
    viewer = Page(get('viewer', image)).one('large-image-viewer')
    globe = Page(get('globe', image)).one('large-image-globe')
    assert json.loads(viewer['base-layers'] or '') == json.loads(globe['base-layers'] or '') == layers
    assert 'ion-token' not in viewer
    assert globe['ion-token'] == 'ion"token'


def test_a_project_s_template_of_the_same_name_extends_ours(
    get: Any, image_file: Any, settings: Any, tmp_path: Any
) -> None:
    folder = tmp_path / 'django_large_image'
    folder.mkdir()
    (folder / 'viewer.html').write_text(
        '{% extends "django_large_image/viewer.html" %}'
        '{% block title %}{{ object.name }}{% endblock %}'
        '{% block extra_head %}<meta name="x" content="y">{% endblock %}'
        '{% block base_layer %}base-layer="none"{% endblock %}'
        '{% block controls %}controls="zoom"{% endblock %}'
        '{% block header %}<h1>Mine</h1>{% endblock %}'
        '{% block slots %}<p slot="x">In it</p>{% endblock %}'
        '{% block scripts %}{{ block.super }}<script src="/own.js"></script>{% endblock %}'
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], 'DIRS': [str(tmp_path)]}]
    image = image_file('rgb', name='A <name>')
    page = Page(get('viewer', image))
    assert page.one('title').text == 'A <name>'
    assert page.one('meta', name='x')
    assert page.one('h1').text == 'Mine'
    assert page.one('p', slot='x').inside[-1] == 'large-image-viewer'
    assert page.scripts() == ['/static/django_large_image/viewer.js', '/own.js']
    element = page.one('large-image-viewer')
    assert element.attributes == {
        'id': 'viewer', 'src': f'/images/{image.pk}', 'base-layer': 'none', 'controls': 'zoom',
    }  # fmt: skip
