"""The controls of a viewer: each changes what it says."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image

from tests.browser.conftest import Site, Watched
from tests.browser.pictures import BLUE, GREEN, RED, YELLOW
from tests.browser.seeing import colour_at, is_like, share_like
from tests.browser.test_viewer import SQUARE, VIEWER, look_at, seen, show
from tests.images import CHANNELS

COLOURS = (RED, GREEN, BLUE, YELLOW)


def text_of(watch: Watched, part: str) -> str:
    """Return the text of a part of the viewer."""
    return watch.page.evaluate(
        f'document.querySelector("{VIEWER}").shadowRoot.querySelector("[part~={part}]")?.textContent.replace(/\\s+/g, " ").trim() ?? ""'
    )


def middle(watch: Watched) -> tuple[float, float]:
    """Return the place on the page of the middle of the map."""
    box = watch.page.locator(f'{VIEWER} .map').bounding_box()
    return box['x'] + box['width'] / 2, box['y'] + box['height'] / 2


def test_coordinates_and_values_under_the_pointer(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    look_at(watch, SQUARE, 6.0)
    page = watch.page
    page.evaluate(
        f"""() => {{ window.pixels = [];
            document.querySelector('{VIEWER}').addEventListener('pixel', (event) => window.pixels.push(event.detail)); }}"""
    )
    x, y = middle(watch)
    page.mouse.move(x + 100, y - 100)
    watch.wait('window.pixels.length > 0')
    pixel = page.evaluate('window.pixels.at(-1)')
    assert [band['value'] for band in pixel['bands']] == list(GREEN)
    assert [band['name'].lower() for band in pixel['bands']] == ['red', 'green', 'blue']
    # 100 pixels of 2446 m east of the middle: 2.2 degrees.
    assert pixel['coordinate'][0] == pytest.approx(SQUARE[0] + 100 * 2445.98 / 111319.49, abs=0.03)
    assert '°' in text_of(watch, 'coordinates')
    assert all(str(value) in text_of(watch, 'pixel') for value in GREEN)
    # Beside the image there is a place, and no value.
    page.mouse.move(x + 400, y)
    watch.wait(
        f'document.querySelector("{VIEWER}").shadowRoot.querySelector("[part~=pixel]").textContent.trim() === ""'
    )


def test_the_scale_bar(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'slide')
    look_at(watch, (1000.0, 750.0), 3.0)
    # Half a micrometre a pixel at the finest level.
    label = text_of(watch, 'scale')
    width = watch.page.evaluate(
        f'document.querySelector("{VIEWER}").shadowRoot.querySelector(".scale .bar").offsetWidth'
    )
    number, unit = label.split()
    assert unit == 'µm'
    assert float(number) == pytest.approx(0.5 * width, rel=0.05)
    watch = show(watched, site, 'square')
    look_at(watch, SQUARE, 6.0)
    label = text_of(watch, 'scale')
    width = watch.page.evaluate(
        f'document.querySelector("{VIEWER}").shadowRoot.querySelector(".scale .bar").offsetWidth'
    )
    number, unit = label.split()
    # A pixel of the web map is 2446 m at the equator, and less by the cosine here.
    assert unit == 'km'
    assert float(number) == pytest.approx(2.44598 * np.cos(np.radians(SQUARE[1])) * width, rel=0.05)


def test_the_legend_of_a_palette(watched: Callable[..., Watched], site: Site) -> None:
    style = '{"bands": [{"band": 1, "palette": ["#000000", "#ff0000", "#ffff00"], "min": 100, "max": 900}]}'
    watch = show(watched, site, 'dem', style_json=style)
    legend = watch.page.locator(f'{VIEWER} [part~=legend]')
    legend.wait_for()
    text = legend.inner_text()
    assert '100' in text and '900' in text
    with Image.open(io.BytesIO(legend.screenshot())) as shot:
        pixels = np.asarray(shot.convert('RGB')).astype(int)
    for colour in ((0, 0, 0), (255, 0, 0), (255, 255, 0)):
        assert (np.abs(pixels - np.array(colour)).max(axis=-1) < 40).sum() > 20, colour
    # A style that is taken away takes its legend along.
    watch.page.evaluate(f'document.querySelector("{VIEWER}").styleJson = null')
    legend.wait_for(state='detached')


def test_style_and_graticule_and_overview(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    before = look_at(watch, SQUARE, 6.0)
    watch.page.get_by_role('button', name='Display').click()
    watch.page.get_by_label('Longitudes and latitudes').check()
    watch.page.wait_for_timeout(400)
    watch.page.get_by_role('button', name='Display').click()
    watch.page.wait_for_timeout(200)
    after = seen(watch)
    changed = (np.abs(before - after).max(axis=-1) > 10).mean()
    assert 0.001 < changed < 0.3
    style = '{"bands": [{"band": 1, "palette": ["#000000", "#00ffff"], "min": 0, "max": 255}]}'
    watch.page.evaluate(f'(style) => {{ document.querySelector("{VIEWER}").styleJson = style; }}', style)
    watch.page.wait_for_timeout(300)
    styled = seen(watch)
    assert share_like(styled, (0, 200, 200), 12) > 0.02
    assert share_like(styled, RED, 12) == 0
    overview = watch.page.locator(f'{VIEWER} [part~=overview]')
    assert overview.count() == 1
    watch.page.get_by_role('button', name='Display').click()
    watch.page.get_by_label('Overview').uncheck()
    overview.wait_for(state='detached')


def test_measuring(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'slide')
    look_at(watch, (1000.0, 750.0), 3.0)
    page = watch.page
    page.get_by_role('button', name='Measure').click()
    page.get_by_role('button', name='Length').click()
    x, y = middle(watch)
    page.mouse.click(x - 150, y)
    page.wait_for_timeout(350)
    page.mouse.click(x - 50, y)
    page.wait_for_timeout(350)
    page.keyboard.press('Enter')
    result = page.locator(f'{VIEWER} .results li')
    result.wait_for()
    # 100 pixels of half a micrometre.
    assert '50' in result.inner_text() and 'µm' in result.inner_text()
    page.get_by_role('button', name='Area').click()
    for dx, dy in ((-200, -50), (-100, -50), (-100, 50), (-200, 50)):
        page.mouse.click(x + dx, y + dy)
        page.wait_for_timeout(350)
    page.keyboard.press('Enter')
    watch.wait(f'document.querySelector("{VIEWER}").shadowRoot.querySelectorAll(".results li").length === 2')
    area = page.locator(f'{VIEWER} .results li').nth(1).inner_text()
    assert 'µm²' in area and ('2500' in area.replace(',', '').replace(' ', '') or '2.5' in area), area


@pytest.mark.parametrize('kind', ['png', 'tif'])
def test_downloads(watched: Callable[..., Watched], site: Site, kind: str, tmp_path: Path) -> None:
    watch = show(watched, site, 'square', 'token-images', headers_from='authHeaders')
    look_at(watch, SQUARE, 7.0)
    page = watch.page
    page.get_by_role('button', name='Download').first.click()
    page.locator(f'{VIEWER} [part~=panel] select').first.select_option(kind)
    with page.expect_download() as waiting:
        page.locator(f'{VIEWER} [part~=panel]').get_by_role('button', name='Download').click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.suffix == f'.{kind}'
    with rasterio.open(path) as file:
        pixels = file.read()
        if kind == 'tif':
            assert file.crs.to_epsg() == 3857
            middle_x, middle_y = (
                (file.bounds.left + file.bounds.right) / 2,
                (file.bounds.top + file.bounds.bottom) / 2,
            )
            assert (middle_x, middle_y) == pytest.approx((1_600_000, 6_450_000), abs=3000)
    height, width = pixels.shape[1:]
    shown = np.moveaxis(pixels[:3], 0, -1).astype(int)
    corners = [
        colour_at(shown, width / 2 + dx * width / 8, height / 2 + dy * height / 8)
        for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1))
    ]
    assert all(is_like(*pair, 6) for pair in zip(corners, COLOURS, strict=True)), corners


def test_a_drawn_rectangle(watched: Callable[..., Watched], site: Site, tmp_path: Path) -> None:
    watch = show(watched, site, 'square')
    look_at(watch, SQUARE, 6.0)
    page = watch.page
    page.get_by_role('button', name='Download').first.click()
    panel = page.locator(f'{VIEWER} [part~=panel]')
    panel.get_by_role('button', name='Rectangle').click()
    x, y = middle(watch)
    page.mouse.move(x - 120, y - 120)
    page.mouse.down()
    page.mouse.move(x - 20, y - 70, steps=5)
    page.mouse.up()
    with page.expect_download() as waiting:
        panel.get_by_role('button', name='Download').click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    with Image.open(path) as file:
        assert file.width / file.height == pytest.approx(2, rel=0.05)
        pixels = np.asarray(file.convert('RGB')).astype(int)
    assert share_like(pixels, RED, 6) > 0.97


def test_metadata(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    watch.page.get_by_role('button', name='About the image').click()
    panel = watch.page.locator(f'{VIEWER} [part~=panel]')
    text = panel.inner_text()
    assert '1024' in text and 'uint8' in text
    watch.page.keyboard.press('Escape')


def test_frames_by_their_axes(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'ome')
    page = watch.page
    first = seen(watch)
    frames = page.locator(f'{VIEWER} [part~=frames]')
    assert CHANNELS[0] in frames.inner_text()
    events = f"""() => {{ window.changes = [];
        document.querySelector('{VIEWER}').addEventListener('framechange', (event) => window.changes.push(event.detail.frame)); }}"""
    page.evaluate(events)
    frames.get_by_label('Channel').fill('1')
    watch.wait('window.changes.length > 0')
    frame = page.evaluate('window.changes.at(-1)')
    page.wait_for_timeout(200)
    second = seen(watch)
    assert CHANNELS[1] in frames.inner_text()
    assert (np.abs(first - second).max(axis=-1) > 8).mean() > 0.02
    assert frame and any(f'frame={frame}' in request.url for request in watch.asked('/tiles/'))
    # Played, all frames come, one after the other.
    frames.get_by_label('Axis to play').select_option(label='Channel')
    frames.get_by_role('button', name='Play').click()
    watch.wait(f'new Set(window.changes).size >= {len(CHANNELS)}')
    frames.get_by_role('button', name='Pause').click()
    count = page.evaluate('window.changes.length')
    page.wait_for_timeout(1500)
    assert page.evaluate('window.changes.length') <= count + 1


def test_the_state_holds_frame_and_style(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'ome', state_in_url='v')
    page = watch.page
    page.evaluate(f'document.querySelector("{VIEWER}").setView({{frame: 1}})')
    watch.wait('location.hash.includes("v.frame=1")')
    other = watched()
    other.open(page.url)
    other.ready(VIEWER)
    assert other.page.evaluate(f'document.querySelector("{VIEWER}").frame') == 1
    page.evaluate(f'document.querySelector("{VIEWER}").state = {{frame: 0}}')
    watch.wait('!location.hash.includes("v.frame")')


def test_full_screen(watched: Callable[..., Watched], site: Site) -> None:
    watch = show(watched, site, 'square')
    watch.page.get_by_role('button', name='Full screen').click()
    watch.wait(f'document.fullscreenElement === document.querySelector("{VIEWER}")')
    box = watch.page.locator(VIEWER).bounding_box()
    assert (box['width'], box['height']) == (1280, 800)
    watch.page.get_by_role('button', name='Leave full screen').click()
    watch.wait('document.fullscreenElement === null')


def touch(session: Any, kind: str, points: list[tuple[float, float]]) -> None:
    """Send a touch event by the browser's own protocol."""
    session.send(
        'Input.dispatchTouchEvent', {'type': kind, 'touchPoints': [{'x': x, 'y': y} for x, y in points]}
    )


def test_fingers(watched: Callable[..., Watched], site: Site) -> None:
    watch = watched(390, 800, has_touch=True, is_mobile=True)
    watch.open(site.page(('viewer', {'src': site.src('square'), 'base-layer': 'none'})))
    watch.ready(VIEWER)
    look_at(watch, SQUARE, 5.0)
    x, y = middle(watch)
    state = f'document.querySelector("{VIEWER}").state'
    fingers = watch.page.context.new_cdp_session(watch.page)
    touch(fingers, 'touchStart', [(x - 30, y), (x + 30, y)])
    for spread in range(30, 125, 8):
        touch(fingers, 'touchMove', [(x - spread, y), (x + spread, y)])
    touch(fingers, 'touchEnd', [])
    watch.wait(f'{state}.zoom > 5.8')
    touch(fingers, 'touchStart', [(x, y)])
    for step in range(0, 90, 8):
        touch(fingers, 'touchMove', [(x - step, y)])
    touch(fingers, 'touchEnd', [])
    watch.wait(f'{state}.centre[0] > {SQUARE[0]} + 0.3')
