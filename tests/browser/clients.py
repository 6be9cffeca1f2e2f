"""A page with somebody else's map: what it asks for, and where the quarters of a picture are on it."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import numpy as np

from tests.browser.pictures import BLUE, GREEN, RED, YELLOW
from tests.browser.seeing import picture

if TYPE_CHECKING:
    from tests.browser.conftest import Site, Watched

LIBRARIES = ('leaflet', 'openlayers', 'maplibre')
#: Where the site has the second script of MapLibre.
WORKER = '/site/clients/maplibre-gl-worker.mjs'
TILE = re.compile(r'/tiles/(\d+)/(\d+)/(\d+)\.')
#: Half the size of the map: where its middle is.
MIDDLE = (450, 300)
COLOURS = (RED, GREEN, BLUE, YELLOW)
#: What is seen beside a picture, as client.css says.
BACKGROUND = (230, 230, 250)


class Client:
    """A map that is looked at once nothing is on its way any more."""

    def __init__(self, watch: Watched, site: Site) -> None:
        self.watch, self.site, self.page = watch, site, watch.page
        self.pending: set[Any] = set()
        self.page.on('request', lambda request: self.pending.add(request))
        for event in ('requestfinished', 'requestfailed'):
            self.page.on(event, lambda request: self.pending.discard(request))

    def open(self, script: str, src: str, **data: str) -> Client:
        """Go to the site's page with a snippet of docs/clients.md."""
        self.page.goto(f'{self.site.origin}/site/client?{urlencode({"script": script, "src": src} | data)}')
        return self

    def seen(self) -> np.ndarray:
        """Return what is on the map once it stays as it is."""
        map_element = self.page.locator('#map')
        before, quiet = None, 0
        for _ in range(150):
            self.page.wait_for_timeout(200)
            now = picture(map_element)
            same = before is not None and np.array_equal(before, now)
            quiet = quiet + 1 if same and not self.pending else 0
            # Longer than a library waits before it asks, and than it fades.
            if quiet == 3:
                return now
            before = now
        raise AssertionError(f'still moving; on their way: {[request.url for request in self.pending]}')

    def wheel(self, turns: int) -> None:
        """Zoom out, or in with less than 0."""
        self.page.mouse.move(*MIDDLE)
        for _ in range(abs(turns)):
            self.page.mouse.wheel(0, 240 if turns > 0 else -240)
            self.page.wait_for_timeout(150)

    def drag(self, dx: int, dy: int) -> None:
        """Move the map, without the speed that would let it go on by itself."""
        self.page.mouse.move(*MIDDLE)
        self.page.mouse.down()
        self.page.mouse.move(MIDDLE[0] + dx / 2, MIDDLE[1] + dy / 2, steps=4)
        self.page.mouse.move(MIDDLE[0] + dx, MIDDLE[1] + dy, steps=4)
        self.page.wait_for_timeout(400)
        self.page.mouse.up()

    def tiles(self) -> list[Any]:
        """Return the requests for tiles."""
        return [request for request in self.watch.requests if TILE.search(request.url)]

    def beside(self) -> list[str]:
        """Return the addresses of tiles that were asked for and that do not touch the image, or are too deep."""
        known: dict[str, dict[str, Any]] = {}
        found = []
        for request in self.tiles():
            parts = urlsplit(request.url)
            path, _, rest = parts.path.partition('/tiles/')
            projection = re.search(r'projection=[^&]*', parts.query)
            about = f'{path}/tiles/metadata?{projection.group() if projection else ""}'
            if about not in known:
                headers = {name: value for name, value in request.headers.items() if name == 'authorization'}
                asked = urllib.request.Request(f'{parts.scheme}://{parts.netloc}{about}', headers=headers)
                with urllib.request.urlopen(asked) as answer:
                    known[about] = json.load(answer)
            z, x, y = map(int, re.split(r'[/.]', rest)[:3])
            if z >= known[about]['levels'] or not touches(known[about], z, x, y):
                found.append(request.url)
        return found


def touches(tiles: dict[str, Any], z: int, x: int, y: int) -> bool:
    """Say whether a tile and the image of `tiles/metadata` overlap, in any copy of the world."""
    if 'extent' not in tiles:
        scale = 2 ** (tiles['levels'] - 1 - z)
        return (
            x * tiles['tile_width'] * scale < tiles['size_x']
            and y * tiles['tile_height'] * scale < tiles['size_y']
        )
    left, _, right, top = tiles['extent']
    side = (right - left) / 2**z
    bounds = tiles['bounds']
    across = any(
        left + x * side + turn < bounds['xmax'] and left + (x + 1) * side + turn > bounds['xmin']
        for turn in (left - right, 0, right - left)
    )
    return across and top - y * side > bounds['ymin'] and top - (y + 1) * side < bounds['ymax']


def like(pixels: np.ndarray, colour: tuple[int, int, int], most: int = 30) -> np.ndarray:
    """Return where a colour is."""
    found: np.ndarray = np.abs(pixels - np.array(colour)).max(axis=-1) <= most
    return found


def box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is set."""
    assert mask.any()
    (columns,), (rows,) = mask.any(axis=0).nonzero(), mask.any(axis=1).nonzero()
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def quarters(pixels: np.ndarray, ratio: float) -> None:
    """Assert that the whole picture is in the middle, each quarter full of its colour; `ratio` is width by height."""
    boxes = [box(like(pixels, colour)) for colour in COLOURS]
    left, top, right, bottom = box(np.any([like(pixels, colour) for colour in COLOURS], axis=0))
    width, height = right - left, bottom - top
    assert width > 150 and abs(width / height - ratio) < 0.02 * ratio, (boxes, ratio)
    x, y = (left + right) / 2, (top + bottom) / 2
    assert abs(x - MIDDLE[0]) <= 3 and abs(y - MIDDLE[1]) <= 3, (boxes, ratio)
    expected = [(left, top, x, y), (x, top, right, y), (left, y, x, bottom), (x, y, right, bottom)]
    assert np.abs(np.array(boxes) - np.array(expected)).max() <= 3, (boxes, expected)
    for colour, (west, north, east, south) in zip(COLOURS, boxes, strict=True):
        assert like(pixels[north:south, west:east], colour).mean() > 0.95, colour
    # Nothing is drawn beyond it, such as what fills up a tile.
    assert like(pixels[top + 50 : bottom - 50, right + 2 : right + 30], BACKGROUND, 6).all()
    assert like(pixels[bottom + 2 : bottom + 30, left + 50 : right - 50], BACKGROUND, 6).all()


def corner(pixels: np.ndarray, reach: int = 40) -> tuple[int, int]:
    """Return where the four quarters meet, and assert that they do."""
    x, y = box(like(pixels, RED))[2:]
    around = [
        pixels[y + dy, x + dx]
        for dx, dy in ((-reach, -reach), (reach, -reach), (-reach, reach), (reach, reach))
    ]
    assert all(like(pixel, colour) for pixel, colour in zip(around, COLOURS, strict=True)), around
    return x, y


def copies(pixels: np.ndarray) -> int:
    """Return how often the picture is seen from left to right."""
    columns = np.any([like(pixels, colour) for colour in COLOURS], axis=0).any(axis=0)
    return int(np.count_nonzero(np.diff(columns.astype(int), prepend=0) == 1))
