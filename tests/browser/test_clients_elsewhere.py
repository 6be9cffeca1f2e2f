"""The scripts of docs/clients.md on a page of another origin than the API, with the settings that the page names."""

from __future__ import annotations

import functools
import http.server
import pathlib
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.clients import LIBRARIES, Client, quarters
from tests.browser.conftest import Site
from tests.browser.site.views import TOKEN
from tests.browser.snippets import snippets
from tests.services.skipping import missing

Open = Callable[..., Client]


@pytest.fixture
def elsewhere(site: Site, scripts: pathlib.Path) -> Iterator[Callable[[str, str], str]]:
    """Return a function that makes a page of another origin with a snippet and returns its address."""
    if not find_spec('corsheaders'):
        missing('django-cors-headers is not installed')

    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, '.mjs': 'text/javascript'}

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    address = urlsplit(site.other)
    handler = functools.partial(Quiet, directory=str(scripts))
    server = http.server.ThreadingHTTPServer((str(address.hostname), int(address.port or 0)), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.05})
    thread.start()
    policy = snippets()['policy'].strip()
    for name in ('connect-src', 'img-src'):
        policy = policy.replace(f"{name} 'self'", f"{name} 'self' {site.origin}")

    def page(script: str, src: str) -> str:
        (scripts / f'{script}.html').write_text(
            f"""<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
            <link rel="icon" href="data:,"><link rel="stylesheet" href="{script}.css">
            <link rel="stylesheet" href="page.css"><script type="module" src="{script}.js"></script>
            <div id="map" data-src="{site.origin}{src}" data-worker="/maplibre-gl-worker.mjs"></div>"""
        )
        style = pathlib.Path(__file__).with_name('site') / 'static' / 'browser' / 'client.css'
        (scripts / 'page.css').write_bytes(style.read_bytes())
        return f'{site.other}/{script}.html'

    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def preflights(page: Any) -> list[dict[str, Any]]:
    """Return a list that fills with the browser's own OPTIONS requests, of which Playwright says nothing."""
    found: list[dict[str, Any]] = []
    session = page.context.new_cdp_session(page)
    session.send('Network.enable')

    def note(event: dict[str, Any]) -> None:
        if event['request']['method'] == 'OPTIONS':
            found.append(event['request'])

    session.on('Network.requestWillBeSent', note)
    return found


@pytest.mark.parametrize('part', ['map', 'token'])
@pytest.mark.parametrize('library', LIBRARIES)
def test_from_another_origin(
    client: Open, site: Site, elsewhere: Callable[[str, str], str], library: str, part: str
) -> None:
    shown = client(token=part == 'token')
    # Both ports are this machine's.
    shown.watch.origin = 'http://127.0.0.1:'
    asked_first = preflights(shown.page)
    url = elsewhere(f'{library}-{part}', site.src('square', 'token-images' if part == 'token' else 'images'))
    shown.watch.open(url)
    quarters(shown.seen(), 1.0)
    assert {urlsplit(request.url).netloc for request in shown.tiles()} == {urlsplit(site.origin).netloc}
    if part == 'map':
        assert not asked_first
        return
    # One for each address: that is what the page warns of.
    tiles = {request.url for request in shown.tiles()}
    assert tiles <= {request['url'] for request in asked_first}
    assert all(request.headers.get('authorization') == TOKEN for request in shown.tiles())
    asked_first.clear()
    shown.page.reload()
    quarters(shown.seen(), 1.0)
    assert not [request for request in asked_first if request['url'] in tiles]


def test_an_origin_that_is_not_named_reads_nothing(
    client: Open, site: Site, elsewhere: Callable[[str, str], str]
) -> None:
    shown = client()
    shown.watch.origin = 'http://'
    shown.watch.expected += ['CORS policy', 'Failed to fetch', 'ERR_FAILED']
    url = elsewhere('leaflet-map', site.src('square'))
    shown.watch.open(url.replace('127.0.0.1', 'localhost'))
    shown.page.wait_for_timeout(500)
    assert any('CORS policy' in text for text in shown.watch.errors)
    assert not shown.tiles()


@pytest.mark.parametrize(
    'path', ['tiles/metadata?projection=EPSG:3857', 'tiles/2/2/1.png?projection=EPSG:3857']
)
def test_what_is_answered_to_a_preflight(site: Site, elsewhere: Any, path: str) -> None:
    url = f'{site.origin}{site.src("square", "token-images")}/{path}'
    headers = {
        'Origin': site.other,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'authorization',
    }
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers, method='OPTIONS')) as answer:
        assert answer.status == 200
        assert answer.headers['Access-Control-Allow-Origin'] == site.other
        assert 'authorization' in answer.headers['Access-Control-Allow-Headers'].split(', ')
        assert answer.headers['Access-Control-Max-Age'] == '7200'
    # Errors and 304 can be read, too; a shared cache keeps origins apart.
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, headers={'Origin': site.other}))
    assert (refused.value.code, refused.value.headers['Access-Control-Allow-Origin']) == (401, site.other)
    refused.value.close()
    sent = {'Origin': site.other, 'Authorization': TOKEN}
    with urllib.request.urlopen(urllib.request.Request(url, headers=sent)) as answer:
        tag = answer.headers['ETag']
        assert 'origin' in answer.headers['Vary'].lower()
    with pytest.raises(urllib.error.HTTPError) as same:
        urllib.request.urlopen(urllib.request.Request(url, headers=sent | {'If-None-Match': tag}))
    assert (same.value.code, same.value.headers['Access-Control-Allow-Origin']) == (304, site.other)
    same.value.close()
