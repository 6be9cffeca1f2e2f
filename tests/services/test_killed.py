"""Workers that are killed under traffic: the ones that take their place answer nothing wrong from their first request on."""

from __future__ import annotations

import collections
import http.client
import os
import pathlib
import signal
import threading
import time
from typing import Any

import pytest

from tests.services.site import Client, Site, prepare

pytestmark = pytest.mark.slow

KILLS, THREADS = 20, 8
#: What a new worker meets at once: each needs something that is imported or set up when it is first wanted.
ENDS = (
    'tiles/0/0/0.png?projection=EPSG:3857', 'tiles/0/0/0.png?projection=EPSG:3395&band=1&palette=terrain',
    'data/region.tif?left=0&top=0&right=50&bottom=50&units=pixels', 'info/metadata', 'data/histogram?bins=8',
    'data/pixel?left=3&top=3', 'tiles/0/0/0.webp', 'info/bands',
)  # fmt: skip


def test_no_request_is_told_something_wrong(tmp_path: pathlib.Path, images: Any) -> None:
    names = ('rgb', 'dem', 'ome', 'png')
    keys = prepare(tmp_path, [images(name) for name in names])
    placed = [f'/images/{key}/{end}' for key in keys[:2] for end in ENDS]
    plain = [
        f'/images/{key}/{end}'
        for key in keys[2:]
        for end in ('tiles/0/0/0.png', 'info/frames', 'data/thumbnail.png')
    ]
    urls = [*placed, *plain]
    answers: collections.Counter[Any] = collections.Counter()
    stop = threading.Event()

    def ask(number: int) -> None:
        turn = number
        while not stop.is_set():
            client = Client(site.port)
            url = urls[turn % len(urls)]
            turn += 1
            try:
                status, body, _ = client.get(url)
            except (OSError, http.client.HTTPException):
                # Its worker was killed.
                answers['broken off'] += 1
                continue
            finally:
                client.close()
            answers[status if status == 200 else (status, url, body[:200])] += 1

    def wrong() -> dict[Any, int]:
        return {key: count for key, count in list(answers.items()) if key not in (200, 'broken off')}

    # Without what is kept in a cache, so that each worker has to draw.
    with Site(tmp_path, 2, 4) as site:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(KILLS):
                # Some requests of the new worker, the first among them, before the next one is killed.
                enough, deadline = answers[200] + 20, time.monotonic() + 60
                while answers[200] < enough and not wrong():
                    assert time.monotonic() < deadline, 'nothing is answered'
                    time.sleep(0.05)
                before = site.worker_pids()
                assert before
                os.kill(before[0], signal.SIGKILL)
                deadline = time.monotonic() + 30
                while before[0] in site.worker_pids() or len(site.worker_pids()) < 2:
                    assert time.monotonic() < deadline, 'no worker took its place'
                    time.sleep(0.05)
        finally:
            time.sleep(2)
            stop.set()
            for thread in threads:
                thread.join(90)
    assert not wrong()
    assert answers[200] >= 20 * KILLS
