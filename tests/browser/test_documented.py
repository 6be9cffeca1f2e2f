"""A page of a project's own design, as docs/viewers.md shows it, does what the page says."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.conftest import Site, Watched
from tests.browser.pictures import RED
from tests.browser.seeing import share_like
from tests.browser.test_viewer import VIEWER, look_at, seen


def test_the_page_of_the_documentation(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched(1000, 800)
    said: list[str] = []
    # The page names no icon, as a first page does not.
    watch.expected.append('favicon.ico')
    page = watch.page
    page.on('console', lambda message: said.append(message.text))
    watch.open(f'{site.origin}/site/documented/{site.keys["square"]}')
    watch.ready(VIEWER)
    assert page.title() == 'square'
    assert share_like(seen(watch), RED) > 0.05
    viewer = page.locator(VIEWER)
    assert abs(viewer.bounding_box()['height'] - 0.7 * 800) < 2
    toolbar = f'getComputedStyle(document.querySelector("{VIEWER}").shadowRoot.querySelector(".toolbar")).backgroundColor'
    assert page.evaluate(toolbar) == 'rgb(246, 234, 216)'
    # These controls and no others.
    assert page.get_by_role('button', name='Zoom in').count() == 1
    assert not page.get_by_role('button', name='Measure').count()
    assert not page.get_by_role('button', name='Full screen').count()
    look_at(watch, (100.0, 0.0), 3.0)
    page.get_by_role('button', name='Back to the whole image').click()
    watch.wait(f'Math.abs(document.querySelector("{VIEWER}").state.centre[0] - 14.37) < 0.1')
    page.wait_for_timeout(600)
    box = page.locator(f'{VIEWER} .map').bounding_box()
    page.mouse.move(box['x'] + box['width'] / 2 - 40, box['y'] + box['height'] / 2 - 40)
    for _ in range(100):
        if said:
            break
        page.wait_for_timeout(50)
    assert said
