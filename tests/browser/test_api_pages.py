"""The API's own pages, at the addresses of each kind of router, and the browsable API that leads to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import Site, Watched
from tests.browser.pictures import BLUE, GREEN, RED, YELLOW
from tests.browser.seeing import picture, share_like

COLOURS = (RED, GREEN, BLUE, YELLOW)


@pytest.mark.parametrize('element', ['viewer', 'globe'])
@pytest.mark.parametrize('address', ['images/{key}/{element}', 'default/images/{key}/{element}/'])
def test_the_page_of_an_image(
    watched: Callable[..., Watched], site: Site, address: str, element: str
) -> None:
    watch = watched()
    watch.expected.append('favicon.ico')
    page = watch.page
    statuses: list[int] = []
    page.on('response', lambda answer: statuses.append(answer.status))
    path = address.format(key=site.keys['square'], element=element)
    watch.open(f'{site.origin}/site/{path}?base_layer=none')
    name = f'large-image-{element}'
    watch.ready(name)
    page.evaluate(f'document.querySelector("{name}").drawn()')
    page.wait_for_timeout(300)
    part = '.map' if element == 'viewer' else '.scene'
    pixels = picture(page.locator(f'{name} {part}'))
    assert min(share_like(pixels, colour, 40) for colour in COLOURS) > 0.02
    # It fills the window, and no address was asked for twice for the want of a slash.
    box = page.locator(name).bounding_box()
    assert (box['width'], box['height']) == (1280, 800)
    assert not {status for status in statuses if status not in (200, 304, 404)}
    assert statuses.count(404) <= 1


def test_the_query_of_the_page(watched: Callable[..., Watched], site: Site) -> None:
    """A style in the page's address colours the image, and a link to a view of it shows that."""
    watch = watched()
    watch.expected.append('favicon.ico')
    style = '{"bands":[{"band":1,"palette":["#000000","%2300ffff"],"min":0,"max":255}]}'.replace('#', '%23')
    watch.open(
        f'{site.origin}/site/images/{site.keys["square"]}/viewer?base_layer=none&style={style}'
        '&state_in_url=v&controls=zoom#v=14.4,50,7,0'
    )
    watch.ready('large-image-viewer')
    watch.page.evaluate('document.querySelector("large-image-viewer").drawn()')
    pixels = picture(watch.page.locator('large-image-viewer .map'))
    assert share_like(pixels, (0, 200, 200), 12) > 0.1
    assert watch.page.evaluate('document.querySelector("large-image-viewer").state.zoom') == pytest.approx(7)
    assert watch.page.get_by_role('button').count() == 2


def test_the_browsable_api_leads_there(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched()
    # DRF's own page has inline scripts, which this site's policy does not allow.
    watch.expected += [
        'Content Security Policy',
        'favicon.ico',
        'Failed to load',
        '$ is not defined',
        'jQuery',
    ]
    watch.page.goto(f'{site.origin}/site/images/{site.keys["square"]}?format=api')
    links = watch.page.locator('a[href*="/viewer"]')
    assert links.count() >= 1
    assert (
        links.first.get_attribute('href').split('?')[0].endswith(f'/site/images/{site.keys["square"]}/viewer')
    )
