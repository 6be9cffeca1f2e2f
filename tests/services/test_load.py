"""Four thousand mixed requests at once: no 5xx, no dead worker, and the same bytes as one by one."""

from __future__ import annotations

import collections
import hashlib
import json
import pathlib
import random
import threading
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.reference import native_zoom, tiles_covering
from tests.services.answers import body_of
from tests.services.site import Client, Site, prepare

REQUESTS, THREADS = 4_000, 32
IMAGES = ('rgb', 'rgba', 'uint16', 'dem', 'palette', 'striped', 'no-crs', 'ome', 'png', 'jpeg')
BROKEN = ('truncated', 'random', 'text', 'empty', 'cyclic')
#: The images that have a place on Earth, with the number of levels of their own pyramid.
GEOSPATIAL = {'rgb': 4, 'rgba': 3, 'uint16': 3, 'dem': 4, 'palette': 3, 'striped': 3}

#: What is wrong with a request, behind an image's prefix.
BAD = (
    'tiles/99/0/0.png', 'tiles/0/5/0.png', 'tiles/0/-1/0.png', 'tiles/0/0/0.exe', 'tiles/0/0/0.png?projection=nonsense',
    'tiles/0/0/0.png?projection=EPSG:999999', 'tiles/0/0/0.png?band=77', 'tiles/0/0/0.png?style=%7B',
    'tiles/0/0/0.png?source=multi', 'tiles/fzxy/99/0/0/0.png', 'data/thumbnail.png?max_width=30000',
    'data/pixel?left=a&top=b', 'data/pixel?left=999999&top=0&units=pixels', 'data/histogram?bins=1000000000',
    'data/region.tif?left=0&top=0', 'data/region.png?left=nan&top=0&right=1&bottom=1&units=pixels', 'info/band?band=0',
    'tiles/0/0/0.png?style=%7B%22function%22%3A1%7D',
)  # fmt: skip


def urls_of(name: str, pk: int, path: pathlib.Path) -> list[str]:
    """Return many addresses of one image, of every kind."""
    chance = random.Random(name)
    prefix = f'/images/{pk}'
    styles: list[dict[str, Any]] = [
        {},
        {'band': 1, 'min': 0, 'max': 200, 'palette': '#ff8800'},
        {'style': json.dumps({'bands': [{'band': 1, 'min': 10, 'max': 5000, 'palette': ['#000', '#0f0']}]})},
        {'band': 1, 'min': 'min', 'max': 'max', 'palette': 'viridis'},
    ]
    found = [f'{prefix}/info/{what}' for what in ('metadata', 'metadata_internal', 'bands', 'frames')]
    found += [f'{prefix}/tiles/metadata', f'{prefix}/data/histogram?bins=16', f'{prefix}/tiles/0/0/0/corners']
    for style in styles:
        found += [f'{prefix}/tiles/0/0/0.{fmt}?{urlencode(style)}' for fmt in ('png', 'jpeg', 'webp')]
        small = style | {'max_width': 120, 'max_height': 120}
        found.append(f'{prefix}/data/thumbnail.png?{urlencode(small)}')
    for _ in range(6):
        left, top = chance.randrange(300), chance.randrange(200)
        found.append(f'{prefix}/data/pixel?{urlencode({"left": left, "top": top, "units": "pixels"})}')
        sides = {'left': left, 'top': top, 'right': left + 90, 'bottom': top + 70, 'units': 'pixels'}
        found += [f'{prefix}/data/region.{fmt}?{urlencode(sides)}' for fmt in ('png', 'tif')]
    if name in GEOSPATIAL:
        blocks = [(z, x, y) for z in range(2, GEOSPATIAL[name]) for x in range(2) for y in range(2)]
        found += [f'{prefix}/tiles/{z}/{x}/{y}.png' for z, x, y in blocks]
        zoom = native_zoom(path)
        for level in (0, zoom - 2, zoom):
            for z, x, y in tiles_covering(path, level)[:4]:
                found.append(f'{prefix}/tiles/{z}/{x}/{y}.png?projection=EPSG:3857')
    if name == 'ome':
        found += [f'{prefix}/tiles/fzxy/{frame}/1/1/0.png' for frame in range(6)]
    return found


def key_of(answer: tuple[int, bytes, str]) -> tuple[int, str, str]:
    """Return what has to be the same: status, bytes and ETag."""
    status, body, etag = answer
    return status, hashlib.sha256(body).hexdigest(), etag


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the folder of the site."""
    return tmp_path_factory.mktemp('site')


@pytest.mark.django_db
def test_a_broken_image_does_not_break_the_next(get: Any, image_file: Any) -> None:
    """rasterio 1.4.4 leaves the error of a failed read in the thread, for the next call on whatever dataset."""
    good, broken = image_file('rgb'), image_file('truncated')
    body_of(get('tile', good, z=3, x=0, y=0, fmt='png'))
    for x in range(1, 4):
        assert get('tile', broken, z=2, x=3, y=3, fmt='png').status_code == 422
        body_of(get('tile', good, z=3, x=x, y=0, fmt='png'))


@pytest.mark.slow
def test_mixed_requests_at_once_are_answered_as_one_by_one(images: Any, folder: pathlib.Path) -> None:
    names = [*IMAGES, *BROKEN]
    keys = dict(zip(names, prepare(folder, [images(name) for name in names]), strict=True))
    good = [url for name in IMAGES for url in urls_of(name, keys[name], images(name))]
    bad = [f'/images/{keys["rgb"]}/{rest}' for rest in BAD]
    bad += [
        f'/images/{keys[name]}/{rest}' for name in BROKEN for rest in ('info/metadata', 'tiles/2/3/3.png')
    ]
    bad += ['/images/999999/info/metadata', '/images/abc/tiles/0/0/0.png']

    # One by one, by one thread of one process without a cache: what is right.
    with Site(folder, 1, 1) as site:
        client = Client(site.port)
        expected = {url: key_of(client.get(url)) for url in [*good, *bad]}
        client.close()
    assert {url: expected[url][0] for url in good if expected[url][0] != 200} == {}
    assert {url: expected[url][0] for url in bad if not 400 <= expected[url][0] < 500} == {}

    chance = random.Random(4000)
    order = [chance.choice(bad if number % 12 == 0 else good) for number in range(REQUESTS)]
    pending = iter(enumerate(order))
    lock = threading.Lock()
    wrong: list[Any] = []
    statuses: collections.Counter[int] = collections.Counter()

    def ask(port: int) -> None:
        client = Client(port)
        while True:
            with lock:
                number, url = next(pending, (0, ''))
            if not url:
                return client.close()
            status, digest, etag = expected[url]
            # Every tenth client has the answer already.
            again = number % 10 == 0 and etag
            try:
                answer = key_of(client.get(url, {'If-None-Match': etag} if again else {}))
            except Exception as error:
                answer = (0, type(error).__name__, '')
            with lock:
                statuses[answer[0]] += 1
                right = (304, hashlib.sha256(b'').hexdigest(), etag) if again else (status, digest, etag)
                if answer != right:
                    wrong.append((url, answer, right))

    (folder / 'cache').mkdir()
    with Site(folder, 2, 4, DLI_TEST_FILE_CACHE=str(folder / 'cache')) as site:
        pids = site.worker_pids()
        threads = [threading.Thread(target=ask, args=(site.port,)) for _ in range(THREADS)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        assert site.worker_pids() == pids, site.log()[-2000:]
        assert site.memory() < 2_000_000_000
        log = site.log()
    assert wrong == [], (wrong[:5], statuses)
    assert sum(statuses.values()) == REQUESTS
    assert max(statuses) < 500
    assert 'Traceback' not in log
    assert took < 150
