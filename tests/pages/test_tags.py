"""`{% large_image_viewer %}` and `{% large_image_globe %}`: the address, the attributes, and the files once a page."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest
from django.db.models import Model
from django.template import Context, Engine, TemplateSyntaxError, engines
from django.test import override_settings
from django.test.utils import isolate_apps
from django.urls import include, path, set_script_prefix
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from rest_framework import viewsets
from rest_framework.routers import DefaultRouter, SimpleRouter

from django_large_image.exceptions import Misconfigured
from django_large_image.rest import LargeImageDetailMixin, LargeImageFileDetailMixin
from django_large_image.rest.pages.addresses import object_address
from tests.app.models import ImageFile, UrlImage
from tests.pages.html import Page

pytestmark = pytest.mark.django_db

VIEWER, GLOBE = '/static/django_large_image/viewer.js', '/static/django_large_image/globe.js'
STYLE = '/static/django_large_image/pages.css'


def render(text: str, **context: Any) -> Page:
    """Return what a template with the tags writes."""
    return Page(engines['django'].from_string('{% load large_image %}' + text).render(context))


def test_a_url_and_nothing_else() -> None:
    page = render('{% large_image_viewer "/api/images/7" %}')
    page.assert_strict()
    assert page.one('large-image-viewer').given == {'src': '/api/images/7'}
    assert page.scripts() == [VIEWER]
    assert page.one('script')['type'] == 'module'
    assert page.styles() == [STYLE]
    lazy = render('{% large_image_globe src %}', src=lazystr('/api/images/8'))
    assert lazy.one('large-image-globe').given == {'src': '/api/images/8'}
    assert lazy.scripts() == [GLOBE]


def test_keywords_are_attributes() -> None:
    page = render(
        '{% large_image_viewer "/x" id="v" frame=2 headers_from="authHeaders" style_json=style base_layer="none" class="big" '
        'controls="zoom" projection=nothing format=no state_in_url="a" data_x=list hidden=yes %}',
        style={'band': 1, 'palette': '"><script>'}, nothing=None, no=False, yes=True, list=[1, lazystr('a"b')],
    )  # fmt: skip
    element = page.one('large-image-viewer').given
    assert json.loads(element.pop('style-json') or '') == {'band': 1, 'palette': '"><script>'}
    assert json.loads(element.pop('data-x') or '') == [1, 'a"b']
    assert element == {
        'src': '/x', 'id': 'v', 'frame': '2', 'headers-from': 'authHeaders', 'base-layer': 'none', 'class': 'big',
        'controls': 'zoom', 'state-in-url': 'a', 'hidden': None,
    }  # fmt: skip
    assert page.scripts() == [VIEWER]


@pytest.mark.parametrize(
    'value', ['a"b', "a'b", '<b>&amp;</b>', '"><img src=x onerror=alert(1)>', '</script>']
)
def test_everything_is_escaped(value: str) -> None:
    for given in (value, mark_safe(value)):
        page = render(
            '{% large_image_viewer src id=id style_json=style %}', src=given, id=given, style={'x': given}
        )
        assert [e.tag for e in page.elements] == ['link', 'script', 'large-image-viewer']
        element = page.one('large-image-viewer')
        assert (element['src'], element['id'], json.loads(element['style-json'] or '')) == (
            value,
            value,
            {'x': value},
        )


def test_the_settings_are_defaults(settings: Any) -> None:
    settings.LARGE_IMAGE_BASE_LAYERS = ({'name': lazystr('Streets'), 'url': '/t/{z}/{x}/{y}.png'},)
    settings.LARGE_IMAGE_CESIUM_ION_TOKEN = 'abc'
    page = render(
        '{% large_image_viewer "/x" %}{% large_image_globe "/x" ion_token="def" base_layers=None %}'
    )
    viewer, globe = page.one('large-image-viewer'), page.one('large-image-globe')
    assert json.loads(viewer['base-layers'] or '') == [{'name': 'Streets', 'url': '/t/{z}/{x}/{y}.png'}]
    assert 'ion-token' not in viewer
    assert globe.given == {'src': '/x', 'ion-token': 'def'}
    assert render('{% large_image_globe "/x" %}').one('large-image-globe')['ion-token'] == 'abc'


# -- once a page


TEMPLATES = {
    'base': '{% load large_image %}{% large_image_viewer "/base" %}{% block content %}{% endblock %}',
    'part': '{% load large_image %}{% large_image_viewer src %}{% large_image_globe src %}',
    'page': '{% extends "base" %}{% load large_image %}{% block content %}'
    '{% for src in list %}{% include "part" %}{% include "part" with src="/only" only %}{% endfor %}'
    '{% large_image_globe "/last" %}{% endblock %}',
}


def test_files_come_once_a_page() -> None:
    engine = Engine(
        loaders=[('django.template.loaders.locmem.Loader', TEMPLATES)],
        libraries={'large_image': 'django_large_image.templatetags.large_image'},
    )
    template = engine.get_template('page')
    context = Context({'list': ['/1', '/2']})
    for _ in range(2):  # a page of its own each time
        page = Page(template.render(context))
        assert sorted(page.scripts()) == [GLOBE, VIEWER]
        assert page.styles() == [STYLE]
        assert [e['src'] for e in page.all('large-image-viewer')] == ['/base', '/1', '/only', '/2', '/only']
        assert [e['src'] for e in page.all('large-image-globe')] == ['/1', '/only', '/2', '/only', '/last']


def test_the_files_alone_where_a_project_wants_them() -> None:
    page = render(
        '<head>{% large_image_style %}{% large_image_script "viewer" %}</head>'
        '<body>{% large_image_viewer "/x" %}{% large_image_script "globe" %}</body>'
    )
    assert [e.tag for e in page.elements] == [
        'head',
        'link',
        'script',
        'body',
        'large-image-viewer',
        'script',
    ]
    with pytest.raises(TemplateSyntaxError, match='viewer, globe'):
        render('{% large_image_script "editor" %}')


# -- objects


def test_an_object_is_where_its_first_viewset_is(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    page = render('{% large_image_viewer object %}', object=image)
    src = page.one('large-image-viewer')['src']
    assert src == f'/images/{image.pk}'
    assert api.get(f'{src}/tiles/metadata').status_code == 200
    assert (
        render('{% large_image_globe o %}', o=UrlImage(pk=5)).one('large-image-globe')['src']
        == '/url-images/5'
    )


@pytest.mark.parametrize(
    ('basename', 'expected'),
    [
        ('default-image', '/default/images/7/'),
        ('private-image', '/private-images/7'),
        ('path-image', '/path-images/7'),
    ],
)
def test_a_basename_names_another(basename: str, expected: str) -> None:
    page = render('{% large_image_viewer o basename=b %}', o=ImageFile(pk=7), b=basename)
    assert page.one('large-image-viewer').given == {'src': expected}


class Images(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """Images of a model by their names."""

    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'
    lookup_field = 'owner__username'
    lookup_url_kwarg = 'who'


class Nested(Images):
    """Images below something that only drf-nested-routers' own attribute tells."""

    lookup_field = 'pk'
    lookup_url_kwarg = None
    parent_lookup_kwargs = {'user_pk': 'owner__pk'}


class PlainNested(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """Images below something that nothing tells."""

    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


def included(viewset: Any, *, prefix: str = 'x', slash: bool = False, kind: Any = SimpleRouter) -> list[Any]:
    """Return the routes of a viewset."""
    router = kind(trailing_slash=slash)
    router.register(prefix, viewset, basename='image')
    return list(router.urls)


@pytest.fixture
def urls(settings: Any) -> Any:
    """Return a function that makes routes the project's."""

    def use(*patterns: Any) -> None:
        settings.ROOT_URLCONF = ModuleType('urls')
        settings.ROOT_URLCONF.urlpatterns = list(patterns)

    return use


def test_the_order_is_that_of_the_addresses(urls: Any, user: Any) -> None:
    image = ImageFile(pk=7, owner=user)
    urls(path('a/', include(included(Images))), path('b/', include(included(Nested))))
    assert object_address(image) == '/a/x/user'
    urls(
        path('b/<int:user_pk>/', include(included(Nested, slash=True, kind=DefaultRouter))),
        path('a/', include(included(Images))),
    )
    assert object_address(image) == f'/b/{user.pk}/x/7/'


@isolate_apps('tests.app')
def test_a_proxy_s_rows_are_the_model_s() -> None:
    class Proxy(ImageFile):
        class Meta:
            proxy = True
            app_label = 'app'

    assert object_address(Proxy(pk=7)) == '/images/7'


def test_what_cannot_be_reversed_is_passed_over(urls: Any, user: Any) -> None:
    nested = path('a/<int:somebody>/', include((included(PlainNested), 'n')))
    urls(nested, path('b/', include(included(Images))))
    assert object_address(ImageFile(pk=7, owner=user)) == '/b/x/user'
    with pytest.raises(Misconfigured, match='give the address itself'):
        object_address(ImageFile(pk=7, owner=user), 'n:image')
    with pytest.raises(Misconfigured, match='give the address itself'):
        object_address(ImageFile(pk=7))  # no owner, and no address


def test_namespaces(urls: Any, user: Any) -> None:
    image = ImageFile(pk=7, owner=user)
    urls(
        path('v1/', include((included(Images), 'api'), namespace='v1')),
        path('v2/', include(([path('deep/', include((included(Images), 'inner')))], 'api'), namespace='v2')),
    )
    assert object_address(image) == object_address(image, 'v1:image') == '/v1/x/user'
    assert object_address(image, 'v2:inner:image') == '/v2/deep/x/user'
    assert object_address(image, 'api:inner:image') == '/v2/deep/x/user'
    with pytest.raises(Misconfigured, match='api:image, api:inner:image, v1:image, v2:inner:image'):
        object_address(image, 'image')


def test_the_prefix_of_a_site_is_in_the_address() -> None:
    try:
        with override_settings(FORCE_SCRIPT_NAME='/site'):
            set_script_prefix('/site/')
            assert object_address(ImageFile(pk=7)) == '/site/images/7'
    finally:
        set_script_prefix('/')


def test_a_viewset_without_a_queryset_has_no_model(urls: Any) -> None:
    class Paths(LargeImageDetailMixin, viewsets.ViewSet):
        def get_path(self, request: Any, pk: Any = None) -> str:
            return '/nowhere'

    urls(*included(Paths))
    with pytest.raises(Misconfigured, match=r'app\.ImageFile'):
        object_address(ImageFile(pk=7))
    assert object_address(ImageFile(pk=7), 'image') == '/x/7'


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('{% large_image_viewer nothing %}', 'src has to be'),
        ('{% large_image_viewer "" %}', 'src has to be'),
        ('{% large_image_viewer 7 %}', 'src has to be'),
        ('{% large_image_viewer image.file %}', 'src has to be'),
        ('{% large_image_viewer "/x" basename="image" %}', 'goes with an object'),
        ('{% large_image_viewer image basename="nowhere" %}', "'nowhere'"),
        ('{% large_image_viewer unsaved %}', 'not saved'),
        ('{% large_image_globe user %}', 'No viewset of images'),
    ],
)
def test_what_has_no_address_is_an_error_that_says_so(text: str, said: str, user: Model) -> None:
    with pytest.raises(TemplateSyntaxError, match=said):
        render(text, image=ImageFile(pk=7, file='a.tif'), unsaved=ImageFile(), user=user)


@override_settings(ROOT_URLCONF='tests.pages.without_listings')
def test_a_project_without_the_listings_has_no_address_of_palettes() -> None:
    page = render('{% large_image_viewer "/x" %}')
    assert page.one('large-image-viewer').attributes == {'src': '/x'}
