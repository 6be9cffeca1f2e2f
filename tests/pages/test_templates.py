"""The templates that a project extends: ours by their blocks, 0.10's by their old names."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
from typing import Any

import pytest
from django.template import TemplateSyntaxError, engines
from django.template.loader import get_template

import django_large_image
from tests.app.models import ImageFile
from tests.pages.html import Page

PACKAGE = pathlib.Path(django_large_image.__file__).parent
STATIC = PACKAGE / 'static' / 'django_large_image'
OURS = {'viewer.html': 'large-image-viewer', 'cesium_viewer.html': 'large-image-globe'}
OLD = {
    'django_large_image/geojsViewer.html': ('viewer', 'imageViewer'),
    'django_large_image/cesiumViewer.html': ('globe', 'cesiumContainer'),
}


def render(text: str, **context: Any) -> Page:
    """Return what a template writes."""
    return Page(engines['django'].from_string(text).render(context))


@pytest.mark.parametrize('name', OURS)
def test_a_project_s_page_extends_ours(name: str) -> None:
    page = render(
        f'{{% extends "django_large_image/{name}" %}}{{% block title %}}Mine{{% endblock %}}',
        src='/api/images/7', attributes={'frame': 3, 'style_json': {'band': 1}}, base_layer='none', controls='zoom',
    )  # fmt: skip
    page.assert_strict()
    assert page.one('title').text == 'Mine'
    assert page.one(OURS[name]).given == {
        'id': OURS[name].removeprefix('large-image-'), 'src': '/api/images/7', 'frame': '3',
        'style-json': '{"band": 1}', 'base-layer': 'none', 'controls': 'zoom',
    }  # fmt: skip


@pytest.mark.parametrize('name', OURS)
def test_without_anything_but_an_object(name: str) -> None:
    page = Page(get_template(f'django_large_image/{name}').render({'src': ImageFile(pk=7)}))
    assert page.one(OURS[name]).given == {
        'id': OURS[name].removeprefix('large-image-'),
        'src': '/images/7',
    }
    with pytest.raises(TemplateSyntaxError, match='src has to be'):
        get_template(f'django_large_image/{name}').render({})


def test_the_documented_blocks_are_there() -> None:
    documented = re.search(
        r'<!-- blocks -->\n(.*?)<!-- end -->',
        (PACKAGE.parent / 'docs' / 'viewers.md').read_text(encoding='utf-8'),
        re.S,
    )
    assert documented
    named = set(re.findall(r'^\| `(\w+)`', documented.group(1), re.M))
    folder = PACKAGE / 'templates' / 'django_large_image'
    for name in OURS:
        text = (folder / 'page.html').read_text() + (folder / name).read_text()
        assert set(re.findall(r'{% block (\w+)', text)) == named


@pytest.mark.parametrize('name', OLD)
def test_0_10_s_pages(name: str) -> None:
    kind, identifier = OLD[name]
    page = Page(get_template(name).render({'object': ImageFile(pk=7), 'cesium_token': 'a"b'}))
    page.assert_strict()
    element = page.one(f'large-image-{kind}')
    assert element['id'] == identifier
    assert 'data-large-image-legacy' in element and 'src' not in element
    assert element.attributes.get('ion-token') == ('a"b' if kind == 'globe' else None)
    assert page.scripts() == [
        '/static/django_large_image/legacy.js',
        f'/static/django_large_image/{kind}.js',
    ]
    # It runs before the scripts of a page's own that come after it.
    assert not {'defer', 'async', 'type'} & set(page.one('script', src=page.scripts()[0]).attributes)
    values = page.one('script', id='large-image-globals')
    assert (values['type'], json.loads(values.text)) == ('application/json', {'imageId': 7})


def test_0_10_s_globals_may_come_from_the_context() -> None:
    page = render(
        '{% extends "django_large_image/cesiumViewer.html" %}',
        imageId='</script>', baseEndpoint='api/image-file', host='https://images.example.org',
    )  # fmt: skip
    assert json.loads(page.one('script', id='large-image-globals').text) == {
        'imageId': '</script>', 'baseEndpoint': 'api/image-file', 'host': 'https://images.example.org',
    }  # fmt: skip
    assert 'ion-token' not in page.one('large-image-globe')


def test_0_10_s_content_block() -> None:
    page = render(
        '{% extends "django_large_image/base.html" %}{% block content %}<p>{{ object.pk }}</p>'
        '{% include "django_large_image/_include/geojs.html" %}'
        '{% include "django_large_image/_include/cesium.html" %}{% endblock %}',
        object=ImageFile(pk=7),
    )
    assert page.one('p').text == '7'
    assert page.one('large-image-viewer') and page.one('large-image-globe')
    assert page.styles() == ['/static/django_large_image/pages.css']
    assert len(page.scripts()) == len(set(page.scripts())) == 3


def test_0_10_s_admin_include() -> None:
    text = '{% include "admin/django_large_image/_include/geojs.html" %}'
    page = render(text, original=ImageFile(pk=7))
    page.assert_strict()
    assert page.one('large-image-viewer')['id'] == 'imageViewer'
    assert json.loads(page.one('script', id='large-image-globals').text) == {'imageId': 7}
    assert not render(text, original=None).elements  # the form of a new object


def test_0_10_s_blocks_are_there() -> None:
    folder = PACKAGE / 'templates'
    for name, blocks in {
        'django_large_image/base.html': (),
        'django_large_image/page.html': ('content',),
        'django_large_image/_include/base.html': ('dli_base',),
        'django_large_image/_include/geojs.html': ('geojs',),
        'django_large_image/_include/cesium.html': ('cesium',),
        'django_large_image/_include/colors.html': ('colormaps',),
        'admin/django_large_image/_include/geojs.html': ('geojs_viewer',),
    }.items():
        assert set(blocks) <= set(re.findall(r'{% block (\w+)', (folder / name).read_text()))


#: A page as far as legacy.js knows one.
PAGE = """
const vm = require('vm');
const fs = require('fs');
const [script, values, before, after] = process.argv.slice(1);
const made = () => ({
  attributes: {},
  hasAttribute(name) { return name in this.attributes; },
  getAttribute(name) { return this.attributes[name] ?? null; },
  setAttribute(name, value) { this.attributes[name] = value; },
  removeAttribute(name) { delete this.attributes[name]; },
});
const elements = [];
const listeners = {};
let observed;
const window = { location: { href: 'https://site.example.org/page', origin: 'https://site.example.org' } };
window.window = window;
window.URL = URL;
window.document = {
  readyState: 'loading',
  getElementById: () => (values ? { textContent: values } : null),
  querySelectorAll: () => elements,
  addEventListener: (name, listener) => { listeners[name] = listener; },
};
window.MutationObserver = class {
  constructor(callback) { observed = callback; }
  observe() {}
  disconnect() { observed = () => {}; }
};
const context = vm.createContext(window);
vm.runInContext(before, context);
vm.runInContext(fs.readFileSync(script, 'utf8'), context);
vm.runInContext(after, context);
elements.push(made());
observed();
listeners.DOMContentLoaded();
const { host, baseEndpoint, imageId, tileUrl, thumbnailUrl, baseApi } = window;
const globals = { host, baseEndpoint, imageId, tileUrl, thumbnailUrl, baseApi };
console.log(JSON.stringify({ attributes: elements[0].attributes, globals }));
"""


def run_legacy(values: Any, before: str = '', after: str = '') -> tuple[dict[str, str], dict[str, Any]]:
    """Return the attributes of an element and the globals of a page, with scripts of its own round ours."""
    node = shutil.which('node')
    if not node:
        pytest.skip('needs Node, which is there to build the bundles')
    done = subprocess.run(
        [node, '-e', PAGE, str(STATIC / 'legacy.js'), json.dumps(values) if values is not None else '', before, after],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found['attributes'], found['globals']


SITE = 'https://site.example.org'


def test_0_10_s_globals_lead_to_the_image() -> None:
    attributes, globals_ = run_legacy({'imageId': 7}, before="var baseEndpoint = 'api/image-file';")
    assert attributes == {'src': f'{SITE}/api/image-file/7'}
    assert globals_ == {
        'host': SITE, 'baseEndpoint': 'api/image-file', 'imageId': 7, 'baseApi': 'api',
        'tileUrl': f'{SITE}/api/image-file/7/tiles/{{z}}/{{x}}/{{y}}.png',
        'thumbnailUrl': f'{SITE}/api/image-file/7/data/thumbnail.png',
    }  # fmt: skip


@pytest.mark.parametrize(
    ('values', 'before', 'after', 'src'),
    [
        ({'imageId': 7, 'baseEndpoint': '/a/b/'}, '', '', f'{SITE}/a/b/7'),
        ({}, '', "var imageId = 'x'; var baseEndpoint = 'a';", f'{SITE}/a/x'),
        (None, "var host = 'https://other.example.org';", "imageId = 1; baseEndpoint = 'a'", 'https://other.example.org/a/1'),
        # What a page says itself comes before what the template found.
        ({'imageId': 7, 'baseEndpoint': 'a'}, 'var imageId = 8;', '', f'{SITE}/a/8'),
        ({'imageId': 7}, '', '', None),
    ],
)  # fmt: skip
def test_where_the_globals_come_from(values: Any, before: str, after: str, src: str | None) -> None:
    assert run_legacy(values, before, after)[0].get('src') == src


def test_0_10_s_function_of_options() -> None:
    after = (
        "updateTileUrlOption('projection', 'EPSG:3857'); updateTileUrlOption('style', '{}');"
        "updateTileUrlOption('token', 'a b'); updateTileUrlOption('frame', 2); updateTileUrlOption('frame', undefined);"
        'updateTileUrlOption();'
    )
    attributes, _ = run_legacy({'imageId': 7, 'baseEndpoint': 'a'}, after=after)
    assert attributes == {'src': f'{SITE}/a/7?token=a+b', 'projection': 'EPSG:3857', 'style-json': '{}'}
