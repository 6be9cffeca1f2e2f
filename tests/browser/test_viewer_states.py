"""What a viewer says when there is nothing to see, and what it sends along: errors, tokens, retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site, Watched
from tests.browser.pictures import RED
from tests.browser.seeing import share_like
from tests.browser.test_viewer import VIEWER, seen, show


@pytest.mark.parametrize('element', ['viewer', 'globe'])
@pytest.mark.parametrize(
    ('image', 'viewset', 'status', 'title', 'retry'),
    [
        ('square', 'private-images', 403, 'Not allowed', False),
        ('square', 'token-images', 401, 'Not signed in', True),
        ('giant', 'images', 409, 'must be converted first', False),
        ('nowhere', 'url-images', 503, 'storage does not answer', True),
    ],
)
def test_errors_in_words(
    watched: Callable[..., Watched],
    site: Site,
    element: str,
    image: str,
    viewset: str,
    status: int,
    title: str,
    retry: bool,
) -> None:
    watch = watched()
    watch.expected = [f'status of {status}']
    page = watch.page
    said: list[Any] = []
    page.expose_function('say', lambda detail: said.append(detail))
    watch.open(site.page((element, {'src': site.src(image, viewset)})))
    alert = page.get_by_role('alert')
    alert.get_by_text(title).wait_for()
    assert page.get_by_role('button', name='Try again').count() == retry
    # What it says is a sentence, and no path.
    text = alert.inner_text()
    assert len(text) > len(title) + 20
    assert '/tmp' not in text and 'Traceback' not in text
    rejected = page.evaluate(
        f"""document.querySelector('large-image-{element}').ready.then(() => 'ready', (error) => error.status)"""
    )
    assert rejected == status


def test_an_image_that_is_not_there(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched()
    watch.expected = ['status of 404']
    watch.open(site.page(('viewer', {'src': '/site/images/999999'})))
    watch.page.get_by_role('alert').get_by_text('There is no such image').wait_for()


def test_a_retry_after_the_cause_is_gone(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched()
    watch.expected = ['status of 503', 'Failed to load resource']
    page = watch.page
    page.route(
        '**/tiles/metadata*', lambda route: route.fulfill(status=503, json={'detail': 'Down for a minute.'})
    )
    watch.open(site.page(('viewer', {'src': site.src('square'), 'base-layer': 'none'})))
    alert = page.get_by_role('alert')
    alert.get_by_text('Down for a minute.').wait_for()
    page.unroute('**/tiles/metadata*')
    page.get_by_role('button', name='Try again').click()
    watch.ready(VIEWER)
    assert share_like(seen(watch), RED) > 0.05
    assert not page.get_by_role('alert').count()


def test_tiles_that_fail_are_said_and_asked_again(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched()
    watch.expected = ['status of 503']
    page = watch.page
    watch.open(site.page(('viewer', {'src': site.src('square', 'flaky-images'), 'base-layer': 'none'})))
    watch.ready(VIEWER)
    page.get_by_role('alert').get_by_text('A part of the image is missing').wait_for()
    page.evaluate(f'fetch("{site.src("square", "flaky-images")}/info/metadata?mend=1")')
    page.wait_for_timeout(300)
    page.get_by_role('button', name='Try again').click()
    watch.wait(f'!document.querySelector("{VIEWER}").shadowRoot.querySelector("[role=alert]")')
    assert share_like(seen(watch), RED) > 0.05


def test_every_request_carries_the_token(watched: Callable[..., Watched], site: Site) -> None:
    layers = '[{"name": "Chequers", "url": "/site/chequers/{z}/{x}/{y}.png"}]'
    watch = show(
        watched, site, 'square', 'token-images', headers_from='authHeaders', base_layers=layers, base_layer='Chequers'
    )  # fmt: skip
    assert share_like(seen(watch), RED) > 0.05
    box = watch.page.locator(f'{VIEWER} .map').bounding_box()
    watch.page.mouse.move(box['x'] + box['width'] / 2 - 40, box['y'] + box['height'] / 2 - 40)
    watch.wait(
        f'document.querySelector("{VIEWER}").shadowRoot.querySelector(".values").textContent.includes("200")'
    )
    src = site.src('square', 'token-images')
    asked = watch.asked(src)
    kinds = {request.url.split(src + '/')[1].split('?')[0].split('/')[1] for request in asked}
    assert {'metadata', 'pixel'} <= kinds
    assert all(request.headers.get('authorization') == 'Token only-for-tests' for request in asked)
    # A token is for the API, and for nobody else.
    assert watch.asked('/chequers/')
    assert not any('authorization' in request.headers for request in watch.asked('/chequers/'))


def test_a_token_that_is_given_later(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched()
    watch.expected = ['status of 401']
    watch.open(site.page(('viewer', {'src': site.src('square', 'token-images')})))
    watch.page.get_by_role('alert').get_by_text('Not signed in').wait_for()
    watch.page.evaluate(f'document.querySelector("{VIEWER}").headersFrom = window.authHeaders')
    watch.ready(VIEWER)
    assert share_like(seen(watch), RED) > 0.05


def test_a_site_that_leads_to_its_sign_in(watched: Callable[..., Watched], site: Site) -> None:
    """As the admin does with whoever is not signed in (any more): a page comes instead of an answer."""
    watch = watched()
    watch.open(site.page(('viewer', {'src': f'/site/admin/app/imagefile/{site.keys["square"]}/large-image'})))
    watch.page.get_by_role('alert').get_by_text('Not signed in').wait_for()
