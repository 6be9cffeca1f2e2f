"""`<large-image-viewer>`: pixels at known places, on maps of several projections and in the image's own pixels."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import Site, Watched
from tests.browser.pictures import BLUE, GREEN, RED, YELLOW
from tests.browser.seeing import colour_at, is_like, picture, share_like

VIEWER = 'large-image-viewer'
COLOURS = (RED, GREEN, BLUE, YELLOW)
#: The middle of the square, by the web map's formulas.
SQUARE = (14.373045, 50.021499)


def show(
    watched: Callable[..., Watched], site: Site, image: str, viewset: str = 'images', **attributes: Any
) -> Watched:
    """Open a page with a viewer, wait for the image, and return it."""
    watch = watched()
    given = {name.replace('_', '-'): value for name, value in attributes.items()}
    watch.open(site.page(('viewer', {'src': site.src(image, viewset), 'base-layer': 'none'} | given)))
    watch.ready(VIEWER)
    return watch


def seen(watch: Watched) -> np.ndarray:
    """Return what is on the map once all tiles are there."""
    watch.page.evaluate(f'document.querySelector("{VIEWER}").drawn()')
    return picture(watch.page.locator(f'{VIEWER} .map'))


def look_at(watch: Watched, centre: tuple[float, float], zoom: float, rotation: float = 0) -> np.ndarray:
    """Look at a place and return what is seen."""
    watch.page.evaluate(
        f'(state) => document.querySelector("{VIEWER}").setView(state)',
        {'centre': centre, 'zoom': zoom, 'rotation': rotation},
    )
    return seen(watch)


def press(watch: Watched, key: str, expression: str) -> None:
    """Press a key until an expression is true: an animation that a slow machine still draws may swallow one press."""
    for _ in range(10):
        watch.page.keyboard.press(key)
        with contextlib.suppress(AssertionError):
            watch.wait(expression, 3)
            return
    raise AssertionError(expression)


def round_the_middle(pixels: np.ndarray, reach: float) -> list[np.ndarray]:
    """Return the colours to the upper left, upper right, lower left and lower right of the middle."""
    height, width = pixels.shape[:2]
    return [
        colour_at(pixels, width / 2 + dx * reach, height / 2 + dy * reach)
        for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1))
    ]


def are_like(colours: list[np.ndarray], expected: tuple[tuple[int, int, int], ...], most: float = 12) -> bool:
    """Return whether colours are nearly others, in their order."""
    return all(is_like(*pair, most) for pair in zip(colours, expected, strict=True))


@pytest.mark.parametrize(
    ('image', 'attributes', 'centre', 'zoom', 'half'),
    [
        # 2^20 metres at 2446 m a pixel: 214 pixels from the middle to a side.
        ('square', {}, SQUARE, 6.0, 214),
        # 20 degrees at 0.0879 degrees a pixel.
        ('antimeridian', {}, (180.0, 0.0), 4.0, 113),
        ('antimeridian', {}, (-180.0, 0.0), 4.0, 113),
        # In its own pixels, at the finest level.
        ('slide', {}, (1000.0, 750.0), 3.0, 750),
        ('square', {'projection': 'native'}, (512.0, 512.0), 2.0, 512),
        # 2 000 km at 9784 m a pixel.
        ('pole', {'projection': 'EPSG:3031'}, (0.0, -90.0), 4.0, 204),
    ],
)
def test_the_picture_is_where_it_belongs(
    watched: Callable[..., Watched],
    site: Site,
    image: str,
    attributes: Any,
    centre: Any,
    zoom: float,
    half: int,
) -> None:
    watch = show(watched, site, image, controls='none', **attributes)
    pixels = look_at(watch, centre, zoom)
    height = pixels.shape[0]
    near = round_the_middle(pixels, 20)
    assert are_like(near, COLOURS), near
    # Just within the corners, or within what is seen; and just beyond, nothing.
    inside = min(half - 8, height // 2 - 8)
    corners = round_the_middle(pixels, inside)
    assert are_like(corners, COLOURS), corners
    if half + 8 < height // 2:
        beyond = round_the_middle(pixels, half + 8)
        assert not any(is_like(one, colour) for one in beyond for colour in COLOURS), beyond


def test_rotation_and_fit(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    # A quarter of a turn clockwise: what was to the left is above.
    turned = round_the_middle(look_at(watch, SQUARE, 6.0, np.pi / 2), 60)
    assert are_like(turned, (BLUE, RED, YELLOW, GREEN)), turned
    watch.page.get_by_role('button', name='Reset the rotation').click()
    watch.wait(f'document.querySelector("{VIEWER}").state.rotation === 0')
    look_at(watch, (100.0, 0.0), 3.0)
    watch.page.get_by_role('button', name='Show all of the image').click()
    watch.wait(f'Math.abs(document.querySelector("{VIEWER}").state.centre[0] - {SQUARE[0]}) < 0.1')
    watch.page.wait_for_timeout(400)
    pixels = seen(watch)
    assert are_like(round_the_middle(pixels, 60), COLOURS)
    # All of it is seen: as much of each colour.
    shares = [share_like(pixels, colour) for colour in COLOURS]
    assert min(shares) > 0.08
    assert max(shares) - min(shares) < 0.01


def test_zoom_buttons_and_the_keyboard(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    look_at(watch, SQUARE, 5.0)
    state = f'document.querySelector("{VIEWER}").state'
    watch.page.get_by_role('button', name='Zoom in').click()
    watch.wait(f'Math.abs({state}.zoom - 6) < 0.01')
    watch.page.get_by_role('button', name='Zoom out').click()
    watch.wait(f'Math.abs({state}.zoom - 5) < 0.01')
    # By keys alone: Tab reaches the map, and the arrows move it.
    page = watch.page
    for _ in range(20):
        page.keyboard.press('Tab')
        if page.evaluate(
            f'document.querySelector("{VIEWER}").shadowRoot.activeElement?.classList.contains("map")'
        ):
            break
    press(watch, 'ArrowRight', f'{state}.centre[0] > {SQUARE[0]} + 5')
    press(watch, 'ArrowDown', f'{state}.centre[1] < {SQUARE[1]} - 2')
    page.keyboard.press('+')
    watch.wait(f'Math.abs({state}.zoom - 6) < 0.01')
    page.keyboard.press('0')
    watch.wait(f'Math.abs({state}.centre[0] - {SQUARE[0]}) < 0.2')


def test_base_layers_and_opacity(watched: Callable[..., Watched], site: Site) -> None:
    credit = (
        '<b>ours</b> & co <a href="https://example.org" onclick="alert(1)">us</a>'
        '<img src="x" onerror="alert(1)"><script>alert(1)</script>'
    )
    layers = json.dumps(
        [{'name': 'Chequers', 'url': '/site/chequers/{z}/{x}/{y}.png', 'attribution': credit}]
    )
    watch = show(
        watched, site, 'square', base_layers=layers, base_layer='Chequers', controls='opacity base-layer'
    )
    pixels = look_at(watch, SQUARE, 5.0)
    deadline = time.monotonic() + 60
    while share_like(pixels, (0, 160, 0)) <= 0.1 and time.monotonic() < deadline:
        # OpenLayers fades tiles in, and a busy machine takes its time.
        watch.page.wait_for_timeout(200)
        pixels = seen(watch)
    assert share_like(pixels, (0, 160, 0)) > 0.1
    assert share_like(pixels, (230, 200, 0)) > 0.1
    # Text and links, and no other markup: the attribute may come from anywhere.
    credit = watch.page.locator(f'{VIEWER} .ol-attribution li')
    assert (
        credit.inner_html()
        == 'ours &amp; co <a href="https://example.org" target="_blank" rel="noopener">us</a>'
    )
    watch.page.get_by_role('button', name='Display').click()
    watch.page.get_by_label('Opacity of the image').fill('0')
    watch.page.wait_for_timeout(300)
    assert share_like(seen(watch), RED) == 0
    watch.page.get_by_label('Opacity of the image').fill('100')
    watch.page.get_by_label('Base layer').select_option('none')
    watch.page.wait_for_timeout(300)
    pixels = seen(watch)
    assert share_like(pixels, (0, 160, 0)) == 0
    assert share_like(pixels, RED) > 0.01


def test_the_outline_is_below_the_picture_in_another_projection_too(
    watched: Callable[..., Watched], site: Site
) -> None:
    for projection, zoom in (('EPSG:3857', 2.0), ('EPSG:3031', 1.0)):
        watch = show(watched, site, 'pole', projection=projection, base_layer='outline')
        with_land = look_at(watch, (0.0, -75.0), zoom)
        assert watch.asked('land.json')
        watch.page.evaluate(f'document.querySelector("{VIEWER}").baseLayer = "none"')
        watch.page.wait_for_timeout(300)
        without = seen(watch)
        changed = (np.abs(with_land - without).max(axis=-1) > 2).mean()
        assert changed > 0.01, projection


def test_tiles_beside_the_image_are_not_asked_for(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square', controls='none')
    look_at(watch, SQUARE, 3.0)
    look_at(watch, (100.0, -20.0), 5.0)
    watch.page.wait_for_timeout(300)
    asked = [request.url for request in watch.asked('/tiles/') if '.png' in request.url]
    assert asked
    for url in asked:
        z, x, y = (int(part) for part in url.split('/tiles/')[1].split('.')[0].split('/'))
        side = 2 * 20037508.342789244 / 2**z
        left, top = -20037508.342789244 + x * side, 20037508.342789244 - y * side
        assert left < 1_600_000 + 2**19 and left + side > 1_600_000 - 2**19, url
        assert top > 6_450_000 - 2**19 and top - side < 6_450_000 + 2**19, url


def test_what_left_the_view_is_aborted_and_eight_are_pending(
    watched: Callable[..., Watched], site: Site
) -> None:
    """Tiles that are held up by the network: the next view does not wait for them."""
    watch = watched()
    page = watch.page
    pending: set[str] = set()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    def started(request: Any) -> None:
        if '/site/images/' in request.url and 'metadata' not in request.url:
            pending.add(request.url)

    def ended(request: Any) -> None:
        pending.discard(request.url)

    page.on('request', started)
    page.on('requestfinished', ended)
    page.on('requestfailed', ended)
    watch.open(site.page(('viewer', {'src': site.src('slide'), 'controls': 'none'})))
    watch.ready(VIEWER)
    page.evaluate(f'document.querySelector("{VIEWER}").drawn()')
    page.route('**/tiles/3/**', hold)
    page.evaluate(f'document.querySelector("{VIEWER}").setView({{centre: [500, 300], zoom: 3}})')
    watch.wait('true')
    page.wait_for_timeout(700)
    # Nothing of it is answered, so that all that were asked for are pending; while some are answered the browser may
    # tell of the end of one after the beginning of the next.
    assert len(held) == len(pending)
    assert 1 <= len(pending) <= 8
    before = set(pending)
    page.evaluate(f'document.querySelector("{VIEWER}").setView({{centre: [1000, 750], zoom: 0}})')
    page.wait_for_timeout(700)
    assert not before & pending
    page.unroute('**/tiles/3/**')
    for route in held:
        try:
            route.abort()
        except Exception:
            continue
    # And when it is back in view, it is asked for again.
    pixels = look_at(watch, (1000.0, 750.0), 3.0)
    assert are_like(round_the_middle(pixels, 100), COLOURS)


def test_hidden_controls_ask_nothing(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square', controls='none')
    seen(watch)
    box = watch.page.locator(f'{VIEWER} .map').bounding_box()
    watch.page.mouse.move(box['x'] + box['width'] / 2, box['y'] + box['height'] / 2)
    watch.page.wait_for_timeout(800)
    kinds = {
        request.url.split(site.src('square') + '/')[1].split('/')[0]
        for request in watch.asked(site.src('square') + '/')
    }
    assert kinds == {'tiles'}


def test_two_viewers_on_one_page(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched()
    one = {'src': site.src('square'), 'state-in-url': 'a', 'id': 'a', 'base-layer': 'none'}
    two = {'src': site.src('slide'), 'state-in-url': 'b', 'id': 'b'}
    watch.open(site.page(('viewer', one), ('viewer', two)))
    watch.ready('#a')
    watch.page.locator('#b').scroll_into_view_if_needed()
    watch.ready('#b')
    watch.page.evaluate('document.querySelector("#a").setView({centre: [14.5, 50], zoom: 7, rotation: 0.5})')
    watch.page.evaluate('document.querySelector("#b").setView({centre: [700, 400], zoom: 2.5})')
    watch.wait('location.hash.includes("a=14.5,50,7,0.5") && location.hash.includes("b=700,400,2.5,0")')
    # A reload, and a link to it, show the same.
    other = watched()
    other.open(watch.page.url)
    other.ready('#a')
    other.page.locator('#b').scroll_into_view_if_needed()
    other.ready('#b')
    states = [other.page.evaluate(f'document.querySelector("#{name}").state') for name in 'ab']
    assert states[0]['centre'] == pytest.approx([14.5, 50])
    assert (states[0]['zoom'], states[0]['rotation']) == pytest.approx((7, 0.5))
    assert states[1]['centre'] == pytest.approx([700, 400])
    assert states[1]['zoom'] == pytest.approx(2.5)


def test_nothing_is_left_after_it_is_removed(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    left = watch.page.evaluate(
        f"""async () => {{
            const viewer = document.querySelector('{VIEWER}');
            const parent = viewer.parentNode;
            const listeners = new Map();
            for (const target of [window, document]) {{
                const add = target.addEventListener.bind(target);
                const remove = target.removeEventListener.bind(target);
                target.addEventListener = (type, what, how) => {{
                    listeners.set(what, type);
                    add(type, what, how);
                }};
                target.removeEventListener = (type, what, how) => {{
                    listeners.delete(what);
                    remove(type, what, how);
                }};
            }}
            for (let turn = 0; turn < 50; turn += 1) {{
                viewer.remove();
                parent.append(viewer);
                await new Promise((resolve) => setTimeout(resolve, 20));
                await viewer.ready;
            }}
            const inside = viewer.shadowRoot.querySelectorAll('.ol-viewport').length;
            viewer.remove();
            await new Promise((resolve) => setTimeout(resolve, 100));
            return [inside, viewer.shadowRoot.querySelectorAll('.ol-viewport').length, [...listeners.values()]];
        }}"""
    )
    assert left[0] == 1
    assert left[1] == 0
    assert left[2] == []
    before = len(watch.requests)
    watch.page.wait_for_timeout(800)
    assert len(watch.requests) == before
