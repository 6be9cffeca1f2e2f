"""The first picture of a viewer, beside a bare page with one tile: both in Chromium, with an empty browser cache."""

from __future__ import annotations

import os
import pathlib
import shutil
import statistics
import tempfile
from typing import Any

from benchmarks.config import DATA, scale
from tests import reference
from tests.browser.gallery import Gallery

FILE = 'rgb.tif'
FLAGS = [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
]
#: Sets `firstPicture` to the milliseconds from the begin of the navigation to the frame in which there is a picture,
#: the image of the bare page or the poster of the viewer's, and `firstTile` to when the middle of the map has a pixel.
WATCH = """
const pictured = () => {
    const image = document.querySelector('img');
    return image ? image.complete && image.naturalWidth > 0 : tiled();
};
const tiled = () => {
    const canvas = document.querySelector('large-image-viewer')?.shadowRoot?.querySelector('.map canvas');
    if (!canvas?.width || !canvas.height) return false;
    const {data} = canvas.getContext('2d').getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1);
    return data[3] > 0;
};
const look = () => {
    if (window.firstPicture === undefined && pictured()) window.firstPicture = performance.now();
    if (window.firstTile === undefined && tiled()) window.firstTile = performance.now();
    if (window.firstTile === undefined) requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def first_picture(
    browser: Any, origin: str, address: str, body: str | None = None, what: str = 'firstPicture'
) -> dict[str, float]:
    """Return the seconds to `what` and to all before it on a page, which may be `body` instead of the server's."""
    context = browser.new_context(viewport={'width': 1000, 'height': 700})
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        if body is not None:
            page.route(origin + address, lambda route: route.fulfill(body=body, content_type='text/html'))
        page.goto(origin + address)
        for _ in range(1000):
            found = page.evaluate('({firstPicture: window.firstPicture, firstTile: window.firstTile})')
            if found.get(what) is not None:
                return {name: float(value) / 1000 for name, value in found.items() if value is not None}
            page.wait_for_timeout(20)
        raise RuntimeError(f'{address} shows no picture')
    finally:
        context.close()


def measure(folder: pathlib.Path) -> dict[str, Any]:
    """Return the medians of both pages, asked for in turn from a server that has answered both before."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get('CHROMIUM') or shutil.which('chromium') or shutil.which('google-chrome')
    if program is None:
        raise RuntimeError('Chromium is not installed; CHROMIUM names another browser')
    path = folder / FILE
    z, x, y = reference.tiles_covering(path, reference.native_zoom(path) - 4)[0]
    bare = f'<!doctype html><img src="/api/images/1/tiles/{z}/{x}/{y}.png?projection=EPSG:3857">'
    times: dict[str, list[float]] = {'bare': [], 'viewer': [], 'tile': []}
    with (
        tempfile.TemporaryDirectory(dir=DATA, prefix='page-') as place,
        Gallery(pathlib.Path(place)) as site,
        sync_playwright() as playwright,
    ):
        site.manage(
            'shell', '-c',
            'from django.core.files import File; from gallery.models import Image; '
            f'Image.objects.create(name="bench", file=File(open({str(path)!r}, "rb"), name="bench.tif"))',
        )  # fmt: skip
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            rounds = 3 if scale().name == 'quick' else 15
            for number in range(rounds + 1):
                plain = first_picture(browser, site.origin, '/bare', bare)
                viewer = first_picture(
                    browser, site.origin, '/api/images/1/viewer?base_layer=none', what='firstTile'
                )
                found = {
                    'bare': plain['firstPicture'], 'viewer': viewer['firstPicture'], 'tile': viewer['firstTile'],
                }  # fmt: skip
                # The first round fills the server's caches.
                if number:
                    for name, seconds in found.items():
                        times[name].append(seconds)
        finally:
            browser.close()
    result = {name: statistics.median(found) for name, found in times.items()} | {'rounds': rounds}
    print(
        f'    bare page {1000 * result["bare"]:.0f} ms, viewer {1000 * result["viewer"]:.0f} ms, its first tile '
        f'{1000 * result["tile"]:.0f} ms'
    )
    return result
