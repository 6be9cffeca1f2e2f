"""Pages that everybody can use: axe-core finds nothing serious, and nothing is cut or overlaps at 390 pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ROOT, Site, Watched
from tests.services.skipping import missing


@pytest.fixture(scope='session')
def axe() -> str:
    """Return axe-core's script."""
    path = Path(ROOT) / 'frontend' / 'node_modules' / 'axe-core' / 'axe.min.js'
    if not path.is_file():
        missing('axe-core is not installed (make frontend)')
    return path.read_text()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize(
    ('element', 'image', 'attributes'),
    [
        ('viewer', 'square', {}),
        ('viewer', 'ome', {}),
        (
            'viewer',
            'dem',
            {'style-json': '{"bands": [{"band": 1, "palette": ["#000", "#ff0"], "min": 0, "max": 900}]}'},
        ),
        ('viewer', 'giant', {}),
        ('globe', 'square', {}),
        ('globe', 'slide', {}),
    ],
)
def test_axe_finds_nothing_serious(
    watched: Callable[..., Watched],
    site: Site,
    axe: str,
    scheme: str,
    element: str,
    image: str,
    attributes: Any,
) -> None:
    watch = watched(color_scheme=scheme)
    watch.expected = ['status of 409']
    page = watch.open(site.page((element, {'src': site.src(image)} | attributes)))
    page.evaluate(
        f'customElements.whenDefined("large-image-{element}").then(() => document.querySelector("large-image-{element}").ready).catch(() => 0)'
    )
    page.wait_for_timeout(500)
    for panel in ('', 'Display', 'Measure', 'Download', 'About the image'):
        button = page.get_by_role('button', name=panel, exact=True)
        if panel and (not button.count() or button.first.is_disabled()):
            continue
        if panel:
            button.first.click()
        page.evaluate(axe)
        found = page.evaluate(
            """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
                .filter(({impact}) => impact === 'serious' || impact === 'critical')
                .map(({id, nodes}) => [id, nodes.map(({target, failureSummary}) => [target, failureSummary])])"""
        )
        assert not found, (panel, found)


def boxes(page: Any, element: str) -> list[dict[str, float]]:
    """Return the boxes of the buttons, sliders and fields of an element, in the page."""
    found: list[dict[str, float]] = page.evaluate(
        f"""[...document.querySelector('large-image-{element}').shadowRoot.querySelectorAll('button, input, select, output')]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 0)
            .map((one) => {{ const {{left, right, top, bottom}} = one.getBoundingClientRect();
                return {{left, right, top, bottom, name: one.ariaLabel ?? one.textContent, tag: one.localName}}; }})"""
    )
    return found


@pytest.mark.parametrize(('element', 'image'), [('viewer', 'square'), ('viewer', 'ome'), ('globe', 'square')])
@pytest.mark.parametrize('width', [390, 1280, 2560])
def test_nothing_is_cut_or_overlaps(
    watched: Callable[..., Watched], site: Site, element: str, image: str, width: int
) -> None:
    watch = watched(width, 844)
    page = watch.open(site.page((element, {'src': site.src(image)})))
    watch.ready(f'large-image-{element}')
    page.wait_for_timeout(300)
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    found = boxes(page, element)
    assert len(found) > 4
    frame = page.locator(f'large-image-{element}').bounding_box()
    for box in found:
        assert box['left'] >= frame['x'] - 1 and box['right'] <= frame['x'] + frame['width'] + 1, box
        assert box['top'] >= frame['y'] - 1 and box['bottom'] <= frame['y'] + frame['height'] + 1, box
    buttons = [box for box in found if box['tag'] in ('button', 'select', 'input')]
    for number, one in enumerate(buttons):
        for other in buttons[number + 1 :]:
            across = min(one['right'], other['right']) - max(one['left'], other['left'])
            down = min(one['bottom'], other['bottom']) - max(one['top'], other['top'])
            assert across <= 1 or down <= 1, (one, other)
