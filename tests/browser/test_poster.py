"""The poster is seen until the first tile of the map is, and never where another view is wanted."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Site, Watched

SEEN = """(() => {
    const {width, height} = document.querySelector('img[slot=poster]').getBoundingClientRect();
    return width > 0 && height > 0;
})()"""
DEFINED = (
    "!!customElements.get('large-image-viewer') && document.querySelector('large-image-viewer').shadowRoot"
)


def held_page(watched: Callable[..., Watched], site: Site, more: str = '') -> tuple[Watched, list[Any]]:
    """Open the page of an image whose tiles are held up, with the routes that hold them."""
    with urllib.request.urlopen(f'{site.origin}{site.src("square")}/tiles/metadata'):
        pass
    watch = watched()
    watch.expected.append('favicon.ico')
    held: list[Any] = []
    watch.page.route('**/tiles/*/*/*.png*', lambda route: held.append(route))
    watch.open(f'{site.origin}{site.src("square")}/viewer?base_layer=none{more}')
    return watch, held


def test_the_poster_is_seen_until_the_first_tile(watched: Callable[..., Watched], site: Site) -> None:
    watch, _ = held_page(watched, site)
    watch.wait(DEFINED)
    assert watch.page.evaluate(SEEN)
    watch.ready('large-image-viewer')
    # The controls do not wait for the tile.
    assert watch.page.get_by_role('button').count() > 2
    assert watch.page.evaluate(SEEN)
    # Lets those go that are held.
    watch.page.unroute('**/tiles/*/*/*.png*')
    watch.wait(f'!{SEEN}')


def test_a_link_to_a_view_shows_no_poster(watched: Callable[..., Watched], site: Site) -> None:
    watch, _ = held_page(watched, site, '&state_in_url=v#v=14.4,50,7,0')
    watch.wait(DEFINED)
    watch.wait(f'!{SEEN}')
    watch.ready('large-image-viewer')
    assert not watch.page.evaluate(SEEN)
    watch.page.unroute('**/tiles/*/*/*.png*')
