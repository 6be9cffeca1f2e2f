"""`<large-image-globe>`: the picture where it belongs, also over the antimeridian and at a pole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import Site, Watched
from tests.browser.pictures import BLUE, GREEN, RED, YELLOW
from tests.browser.seeing import colour_at, is_like, picture, share_like

#: Where an image's corner of two colours is: in degrees.
GLOBE = 'large-image-globe'


def show(watched: Callable[..., Watched], site: Site, image: str, **attributes: Any) -> Watched:
    """Open a page with a globe, wait for the image, and return it."""
    watch = watched(900, 700)
    watch.open(site.page(('globe', {'src': site.src(image), 'base-layer': 'none'} | attributes)))
    watch.ready(GLOBE)
    return watch


def look_at(watch: Watched, centre: tuple[float, float], zoom: float) -> np.ndarray:
    """Look straight down at a place and return what is seen once all tiles are there."""
    watch.page.evaluate(
        f'([centre, zoom]) => document.querySelector("{GLOBE}").setView({{centre, zoom, rotation: 0}})',
        [centre, zoom],
    )
    wait_for_tiles(watch)
    return picture(watch.page.locator(f'{GLOBE} .scene'))


def wait_for_tiles(watch: Watched) -> None:
    """Wait until nothing is on its way any more."""
    # A frame is drawn before what is missing is known.
    watch.page.wait_for_timeout(300)
    watch.wait(f'document.querySelector("{GLOBE}").tilesLoaded')
    watch.page.wait_for_timeout(300)


def quarters_round_the_middle(pixels: np.ndarray, reach: int = 60) -> list[np.ndarray]:
    """Return the colours to the upper left, upper right, lower left and lower right of the middle."""
    height, width = pixels.shape[:2]
    return [
        colour_at(pixels, width / 2 + dx * reach, height / 2 + dy * reach)
        for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1))
    ]


@pytest.mark.parametrize(
    ('image', 'centre', 'zoom', 'expected'),
    [
        # The middle of the square in degrees, by the web map's formulas.
        ('square', (14.3730, 50.0215), 6.0, (RED, GREEN, BLUE, YELLOW)),
        ('antimeridian', (180.0, 0.0), 4.5, (RED, GREEN, BLUE, YELLOW)),
        ('antimeridian', (-180.0, 0.0), 4.5, (RED, GREEN, BLUE, YELLOW)),
    ],
)
def test_the_picture_is_where_it_belongs(
    watched: Callable[..., Watched], site: Site, image: str, centre: Any, zoom: float, expected: Any
) -> None:
    watch = show(watched, site, image)
    seen = quarters_round_the_middle(look_at(watch, centre, zoom))
    assert all(is_like(*pair) for pair in zip(seen, expected, strict=True)), seen
    # Beside the picture is the globe itself.
    away = look_at(watch, (centre[0] + 60, centre[1] - 20), zoom)
    for colour in (RED, GREEN, BLUE, YELLOW):
        assert share_like(away, colour) == 0


def test_at_the_pole(watched: Callable[..., Watched], site: Site) -> None:
    """The web map ends at 85° south; the picture does not."""
    watch = show(watched, site, 'pole')
    pixels = look_at(watch, (0.0, -89.99), 2.0)
    for colour in (RED, GREEN, BLUE, YELLOW):
        assert share_like(pixels, colour) > 0.02
    assert watch.asked('projection=EPSG%3A4087')
    # 45° west lies to the upper left of the pole in polar stereographic: red; 45° east is green, 135° west blue.
    for longitude, colour in ((-45, RED), (45, GREEN), (-135, BLUE), (135, YELLOW)):
        pixels = look_at(watch, (longitude, -80.0), 4.0)
        middle = colour_at(pixels, pixels.shape[1] / 2, pixels.shape[0] / 2)
        assert is_like(middle, colour), (longitude, middle)


def test_opacity_frame_and_style_are_seen(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    centre = (14.3730, 50.0215)
    solid = quarters_round_the_middle(look_at(watch, centre, 6.0))[0]
    watch.page.get_by_label('Opacity').fill('0.2')
    wait_for_tiles(watch)
    faint = quarters_round_the_middle(picture(watch.page.locator(f'{GLOBE} .scene')))[0]
    assert is_like(solid, RED)
    assert not is_like(faint, RED, 60)
    watch.page.get_by_label('Opacity').fill('1')
    style = '{"bands": [{"band": 1, "palette": ["#000000", "#00ffff"], "min": 0, "max": 255}]}'
    watch.page.evaluate(f'(style) => {{ document.querySelector("{GLOBE}").styleJson = style; }}', style)
    wait_for_tiles(watch)
    styled = quarters_round_the_middle(picture(watch.page.locator(f'{GLOBE} .scene')))[0]
    assert is_like(styled, (0, 200, 200), 40), styled


def test_base_layers(watched: Callable[..., Watched], site: Site) -> None:
    layers = (
        '[{"name": "Chequers", "url": "/site/chequers/{z}/{x}/{y}.png", "attribution": "<b>ours</b> & co"}]'
    )
    watch = watched(900, 700)
    watch.open(site.page(('globe', {'src': site.src('square'), 'base-layers': layers})))
    watch.ready(GLOBE)
    away = look_at(watch, (60.0, 20.0), 3.0)
    assert watch.asked('NaturalEarthII')
    assert share_like(away, (0, 160, 0)) == 0
    watch.page.get_by_label('Base layer').select_option('Chequers')
    wait_for_tiles(watch)
    away = picture(watch.page.locator(f'{GLOBE} .scene'))
    assert share_like(away, (0, 160, 0), 60) > 0.1
    assert share_like(away, (230, 200, 0), 60) > 0.1
    assert 'ours & co' in watch.page.locator(f'{GLOBE} .scene').inner_text()


def test_an_image_without_a_place_offers_the_viewer(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched()
    page = watch.open(site.page(('globe', {'src': site.src('slide')})))
    page.get_by_role('alert').get_by_text('No place on the globe').wait_for()
    link = page.get_by_role('link', name='Open the 2D viewer')
    assert link.get_attribute('href') == f'{site.origin}{site.src("slide")}/viewer'
    assert not page.locator('canvas').count()


def test_every_request_carries_the_token(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched()
    src = site.src('square', 'token-images')
    watch.open(site.page(('globe', {'src': src, 'headers-from': 'authHeaders', 'base-layer': 'none'})))
    watch.ready(GLOBE)
    wait_for_tiles(watch)
    asked = watch.asked(src)
    assert len([request for request in asked if '/tiles/' in request.url and '.png' in request.url]) > 3
    assert all(request.headers['authorization'] == 'Token only-for-tests' for request in asked)


def test_nothing_is_left_after_it_is_removed(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    left = watch.page.evaluate(
        f"""async () => {{
            const globe = document.querySelector('{GLOBE}');
            const parent = globe.parentNode;
            for (let turn = 0; turn < 12; turn += 1) {{
                globe.remove();
                await new Promise((resolve) => setTimeout(resolve, 30));
                parent.append(globe);
                await new Promise((resolve) => setTimeout(resolve, 60));
                await globe.ready;
            }}
            return globe.shadowRoot.querySelectorAll('canvas').length;
        }}"""
    )
    assert left == 1
    pixels = look_at(watch, (14.3730, 50.0215), 6.0)
    assert is_like(quarters_round_the_middle(pixels)[0], RED)
    watch.page.evaluate(f'document.querySelector("{GLOBE}").remove()')
    before = len(watch.requests)
    watch.page.wait_for_timeout(1000)
    assert len(watch.requests) == before


def test_the_state_is_in_the_address(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square', **{'state-in-url': 'g'})
    look_at(watch, (14.3730, 50.0215), 6.0)
    watch.wait('location.hash.includes("g=14.37")')
    address = watch.page.url
    other = watched(900, 700)
    other.open(address)
    other.ready(GLOBE)
    state = other.page.evaluate(f'document.querySelector("{GLOBE}").state')
    assert state['centre'] == pytest.approx([14.3730, 50.0215], abs=0.01)
    assert state['zoom'] == pytest.approx(6.0, abs=0.05)
    assert state['rotation'] == pytest.approx(0, abs=0.01)
