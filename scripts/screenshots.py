"""Take the pictures of the viewers that README and the documentation show.

    python scripts/screenshots.py

It serves the example project with its samples, as docs_examples.py does, and drives Chromium (CHROMIUM names another
browser). Run it after a change that shows; the pictures are docs/img/viewer.jpg, globe.jpg and stack.jpg.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from docs_examples import DOCS, Site
from playwright.sync_api import sync_playwright

#: What a browser needs to draw the globe where there is no GPU, and what it leaves alone.
FLAGS = [
    '--no-sandbox',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--disable-background-networking',
]
SIZE = {'width': 1200, 'height': 760}


def wait_for(page: Any, element: str) -> None:
    """Wait until an element has drawn all that is seen of its image."""
    page.evaluate(
        """async (name) => {
            await customElements.whenDefined(name);
            const element = document.querySelector(name);
            await element.ready;
            await element.drawn();
        }""",
        element,
    )


def view(page: Any, element: str, **state: Any) -> None:
    """Look at a place."""
    page.evaluate('([name, state]) => document.querySelector(name).setView(state)', [element, state])
    page.wait_for_timeout(500)
    wait_for(page, element)


def take(page: Any, origin: str) -> None:
    """Take the pictures."""
    viewer, globe = 'large-image-viewer', 'large-image-globe'
    # The elevation model in its colours, with the values under the pointer.
    page.goto(f'{origin}/images/3/')
    wait_for(page, viewer)
    view(page, viewer, centre=[-84.24, 36.6], zoom=11.4)
    box = page.locator(viewer).bounding_box()
    page.mouse.move(box['x'] + box['width'] * 0.6, box['y'] + box['height'] * 0.5)
    page.wait_for_timeout(1000)
    page.screenshot(path=DOCS / 'img' / 'viewer.jpg', type='jpeg', quality=82)
    # Four bands on the globe.
    page.goto(f'{origin}/images/8/globe/')
    wait_for(page, globe)
    page.wait_for_timeout(1000)
    page.screenshot(path=DOCS / 'img' / 'globe.jpg', type='jpeg', quality=82)
    # Channels and depths.
    page.goto(f'{origin}/images/7/')
    wait_for(page, viewer)
    page.get_by_label('Depth').fill('3')
    page.get_by_label('Channel').fill('1')
    page.wait_for_timeout(1000)
    wait_for(page, viewer)
    page.screenshot(path=DOCS / 'img' / 'stack.jpg', type='jpeg', quality=82)


def main() -> int:
    """Serve the example project and take the pictures."""
    program = os.environ.get('CHROMIUM') or shutil.which('chromium') or shutil.which('google-chrome')
    if program is None:
        sys.exit('Chromium is not installed; CHROMIUM names another browser.')
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Site(Path(folder))
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            with site.running():
                page = browser.new_page(viewport=SIZE, color_scheme='light')
                take(page, f'http://127.0.0.1:{site.port}')
        finally:
            browser.close()
    return 0


if __name__ == '__main__':
    sys.exit(main())
