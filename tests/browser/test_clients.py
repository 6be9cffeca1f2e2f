"""The scripts of docs/clients.md do what the page says: the right pixels, no tile too many, tokens, nothing left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.clients import (
    BACKGROUND,
    COLOURS,
    LIBRARIES,
    WORKER,
    Client,
    box,
    copies,
    corner,
    like,
    quarters,
)
from tests.browser.conftest import Site
from tests.browser.pictures import RED
from tests.browser.site.views import TOKEN
from tests.browser.snippets import PAGE, snippets

Open = Callable[..., Client]
#: A square within the upper left quarter.
MIDDLE_OF_RED = (slice(220, 260), slice(370, 410))


def test_every_script_of_the_page_is_run() -> None:
    blocks = PAGE.read_text(encoding='utf-8').count('```js\n')
    expected = {f'{library}-{part}' for library in LIBRARIES for part in ('map', 'token')}
    expected |= {f'{library}-pixels' for library in LIBRARIES[:2]} | {
        'openlayers-projection',
        'frames-and-styles',
    }
    assert set(snippets('js')) == expected
    assert len(expected) == blocks


@pytest.mark.parametrize(('image', 'ratio'), [('square', 1.0), ('antimeridian', 0.995)])
@pytest.mark.parametrize('library', LIBRARIES)
def test_on_a_map(client: Open, site: Site, library: str, image: str, ratio: float) -> None:
    shown = client().open(f'{library}-map', site.src(image), worker=WORKER)
    quarters(shown.seen(), ratio)
    shown.drag(-200, 60)
    # OpenLayers takes the first steps for a click that trembles.
    assert corner(shown.seen()) == (pytest.approx(250, abs=30), pytest.approx(360, abs=12))
    asked = len(shown.tiles())
    # Deeper than the image there are no more tiles, only larger pixels.
    shown.wheel(-6)
    shown.seen()
    assert len(shown.tiles()) > asked
    assert not shown.beside()


@pytest.mark.parametrize('library', LIBRARIES)
def test_in_each_copy_of_the_world(client: Open, site: Site, library: str) -> None:
    shown = client().open(f'{library}-map', site.src('antimeridian'), worker=WORKER)
    assert copies(shown.seen()) == 1
    shown.wheel(12)
    shown.seen()
    # The one that was seen at first goes out of sight to the left, and the next one comes from the right.
    for _ in range(2):
        shown.drag(-400, 0)
    assert copies(shown.seen()) >= 1
    assert not shown.beside()


@pytest.mark.parametrize('library', LIBRARIES[:2])
def test_in_its_own_pixels(client: Open, site: Site, library: str) -> None:
    shown = client().open(f'{library}-pixels', site.src('slide'))
    # With the ratio of its sides: nothing is seen of what fills up the last tiles.
    quarters(shown.seen(), 2000 / 1500)
    shown.wheel(-12)
    shown.seen()
    assert max(int(request.url.rsplit('/', 3)[1]) for request in shown.tiles()) == 3
    assert not shown.beside()


@pytest.mark.parametrize('library', LIBRARIES[:2])
def test_what_fills_up_a_tile_is_hidden(client: Open, site: Site, library: str) -> None:
    """The whole image is three quarters of one tile, which has no transparency."""
    shown = client().open(f'{library}-pixels', site.src('ome'))
    shown.seen()
    shown.wheel(4)
    left, top, right, bottom = box(~like(shown.seen()[100:500, 100:800], BACKGROUND, 6))
    assert shown.watch.asked('/tiles/0/0/0.png')
    assert (right - left) / (bottom - top) == pytest.approx(1024 / 768, rel=0.02)
    assert not shown.beside()


@pytest.mark.parametrize(('image', 'projection'), [('pole', 'EPSG:3031'), ('square', 'EPSG:32633')])
def test_in_another_projection(client: Open, site: Site, image: str, projection: str) -> None:
    shown = client().open('openlayers-projection', site.src(image), projection=projection)
    pixels = shown.seen()
    if image == 'pole':
        quarters(pixels, 1.0)
    # The square is turned a little against UTM's north.
    assert corner(pixels) == (pytest.approx(450, abs=12), pytest.approx(300, abs=12))
    shown.wheel(-6)
    shown.seen()
    assert shown.tiles()
    assert not shown.beside()


@pytest.mark.parametrize('library', LIBRARIES)
def test_every_request_carries_the_token(client: Open, site: Site, library: str) -> None:
    shown = client(token=True)
    src = site.src('antimeridian', 'token-images')
    shown.open(f'{library}-token', src, worker=WORKER)
    quarters(shown.seen(), 0.995)
    shown.wheel(-3)
    shown.seen()
    asked = shown.watch.asked(src)
    # The page's own address has it, too.
    asked = [request for request in asked if urlsplit(request.url).path.startswith(src)]
    assert len(shown.tiles()) > 3
    assert all(request.headers.get('authorization') == TOKEN for request in asked)
    elsewhere = [request for request in shown.watch.requests if request not in asked]
    assert not any('authorization' in request.headers for request in elsewhere)
    assert not shown.beside()


@pytest.mark.parametrize('library', LIBRARIES)
def test_without_the_token_there_is_an_error_to_read(client: Open, site: Site, library: str) -> None:
    shown = client()
    shown.watch.expected += ['401', 'Authentication credentials']
    shown.open(f'{library}-token', site.src('square', 'token-images'), worker=WORKER)
    shown.page.wait_for_timeout(500)
    assert any('Authentication credentials were not provided' in text for text in shown.watch.errors)
    assert not shown.tiles()


@pytest.mark.parametrize('library', LIBRARIES)
def test_a_tile_that_is_missing_leaves_the_others(client: Open, site: Site, library: str) -> None:
    """As with LARGE_IMAGE_EMPTY_TILE_STATUS = 404."""
    shown = client(token=True)
    shown.watch.expected += ['404']
    lost: list[str] = []

    def answer(route: Any) -> None:
        if not lost or route.request.url in lost:
            lost.append(route.request.url)
            route.fulfill(status=404, content_type='application/json', body='{"detail": "", "code": ""}')
        else:
            route.continue_()

    shown.page.route('**/tiles/*/*/*.png*', answer)
    shown.open(f'{library}-token', site.src('square', 'token-images'), worker=WORKER)
    pixels = shown.seen()
    assert lost
    assert sum(like(pixels, colour).mean() for colour in COLOURS) > 0.1
    assert len(shown.tiles()) > 2


#: Counts pictures of a page's own that are kept, and notes the addresses of what was stopped.
NOTES = """
window.kept = 0;
window.made = 0;
window.stopped = [];
const {fetch, URL: {createObjectURL, revokeObjectURL}} = window;
URL.createObjectURL = (blob) => { kept += 1; made += 1; return createObjectURL.call(URL, blob); };
URL.revokeObjectURL = (url) => { kept -= 1; return revokeObjectURL.call(URL, url); };
window.fetch = async (url, options) => {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === 'AbortError') stopped.push(new URL(url.url ?? url, location.href).href);
    throw error;
  }
};
"""


@pytest.mark.parametrize('library', ['leaflet', 'maplibre'])
def test_what_is_not_needed_is_stopped_and_no_picture_kept(client: Open, site: Site, library: str) -> None:
    shown = client(token=True)
    shown.page.add_init_script(NOTES)
    shown.open(f'{library}-token', site.src('square', 'token-images'), worker=WORKER)
    quarters(shown.seen(), 1.0)
    held: list[Any] = []
    holding = True
    shown.page.route(
        '**/tiles/*/*/*.png*', lambda route: held.append(route) if holding else route.continue_()
    )
    shown.wheel(-2)
    shown.page.wait_for_timeout(600)
    assert held
    # Whoever zooms out again does not need them.
    holding = False
    shown.wheel(6)
    shown.page.wait_for_timeout(1500)
    assert {route.request.url for route in held} <= set(shown.page.evaluate('stopped'))
    assert shown.page.evaluate('kept') == 0
    assert bool(shown.page.evaluate('made')) == (library == 'leaflet')


def test_frames_and_styles(client: Open, site: Site) -> None:
    shown = client().open('frames-and-styles', site.src('square'))
    quarters(shown.seen(), 1.0)
    shown.page.locator('#look').select_option('#00ffff')
    pixels = shown.seen()
    assert not like(pixels, RED).any()
    # Red's first band is 200 of 255, so it is that much of the colour.
    assert like(pixels, (0, 200, 200), 12)[MIDDLE_OF_RED].all()
    assert shown.watch.asked('style=%7B%22bands')
