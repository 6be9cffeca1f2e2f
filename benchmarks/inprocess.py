"""Loops without a server, each in a process of its own: `python -m benchmarks.inprocess floor|ours FOLDER`.

`floor` is what any server of tiles has to do and nothing else: decode, `cv2.remap`, encode. `ours` renders the same
tiles with this package, on one thread and on eight.
"""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.cases import CASES, Tile, tile_list
from benchmarks.config import DATA, ROOT, SITES, scale
from benchmarks.servers import DjangoServer

TILES = 64
MANY = 8


def measure(folder: pathlib.Path) -> dict[str, Any]:
    """Run both programs and return what they print."""
    environment = DjangoServer('ours', folder, [], cached=False).environment()
    environment |= {'PYTHONPATH': os.pathsep.join([str(ROOT), str(SITES)])}
    results: dict[str, Any] = {}
    for name in ('floor', 'ours'):
        done = subprocess.run(
            [sys.executable, '-m', 'benchmarks.inprocess', name, str(folder)], env={**os.environ, **environment},
            cwd=DATA, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f'inprocess {name}: {done.stderr[-2000:]}')
        results |= json.loads(done.stdout.splitlines()[-1])
    took = {name: 1000 * found['seconds'] for name, found in results.items()}
    print(
        f'    floor {took["floor"]:.2f} ms (with decoding {took["decode"]:.2f} ms), ours {took["one"]:.2f} ms a tile; '
        f'{MANY} threads {took["one"] / took["many"]:.2f}×'
    )
    return results


def timed(work: Callable[[Any], int], items: list[Any], threads: int = 1) -> dict[str, float]:
    """Return the seconds an item takes when threads work through the items again and again, and its mean bytes."""
    turns: Iterator[Any] = itertools.cycle(items)
    lock = threading.Lock()
    counts: list[tuple[int, int]] = []
    failures: list[BaseException] = []
    begun = time.perf_counter()
    deadline = begun + scale().loop_seconds

    def loop() -> None:
        count = size = 0
        try:
            while time.perf_counter() < deadline:
                with lock:
                    item = next(turns)
                size += work(item)
                count += 1
        except BaseException as error:
            failures.append(error)
        counts.append((count, size))

    workers = [threading.Thread(target=loop) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    seconds, count = time.perf_counter() - begun, sum(count for count, _ in counts)
    return {'seconds': seconds / count, 'bytes': sum(size for _, size in counts) / count, 'count': count}


def floor(path: pathlib.Path, tiles: list[Tile]) -> dict[str, Any]:
    """Return the bare loop's time a tile, with blocks that are decoded already and with blocks that are not."""
    import cv2
    import django
    import numpy as np
    import rasterio
    import rasterio.warp
    from rasterio.windows import Window

    from tests import reference

    django.setup()
    from django_large_image.imaging import formats

    # One thread, as a request has in a busy worker; on a web server the other cores have requests of their own.
    cv2.setNumThreads(1)
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    jobs = []
    with rasterio.Env(GDAL_CACHEMAX=0), rasterio.open(path) as dataset:
        inverse = ~dataset.transform
        for tile in tiles:
            transform = reference.tile_transform(*tile)
            middles = np.arange(256) + 0.5
            xs, ys = np.meshgrid(transform.c + transform.a * middles, transform.f + transform.e * middles)
            easts, norths = rasterio.warp.transform('EPSG:3857', dataset.crs, xs.ravel(), ys.ravel())
            columns = (inverse.a * np.asarray(easts) + inverse.c - 0.5).reshape(256, 256)
            rows = (inverse.e * np.asarray(norths) + inverse.f - 0.5).reshape(256, 256)
            left, top = max(0, int(columns.min())), max(0, int(rows.min()))
            right = min(dataset.width, int(columns.max()) + 2)
            bottom = min(dataset.height, int(rows.max()) + 2)
            window = Window(left, top, right - left, bottom - top)
            maps = (columns - left).astype('f4'), (rows - top).astype('f4')
            jobs.append((window, np.ascontiguousarray(dataset.read(window=window).transpose(1, 2, 0)), maps))

        def draw(pixels: Any, maps: Any) -> Any:
            return cv2.remap(pixels, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)

        def by_cv2(job: Any) -> int:
            return int(cv2.imencode('.png', draw(job[1], job[2]), options)[1].size)

        def by_us(job: Any) -> int:
            return len(formats.encode(draw(job[1], job[2]), formats.Format.PNG))

        # The floor is the faster of two encoders; with this package's own it cannot be slower than the package.
        found = {'cv2': timed(by_cv2, jobs), 'own': timed(by_us, jobs)}
        best = min(found, key=lambda name: found[name]['seconds'])
        encode = {'cv2': by_cv2, 'own': by_us}[best]

        def with_decoding(job: Any) -> int:
            return encode(
                (job[0], np.ascontiguousarray(dataset.read(window=job[0]).transpose(1, 2, 0)), job[2])
            )

        return {
            'floor': found[best],
            'floor_cv2': found['cv2'],
            'floor_own': found['own'],
            'decode': timed(with_decoding, jobs),
        }


def ours(path: pathlib.Path, tiles: list[Tile]) -> dict[str, Any]:
    """Return this package's time a tile, with blocks that an earlier pass has decoded, on one and on eight threads."""
    import django

    django.setup()
    from django_large_image import handles
    from django_large_image.access import image_ref
    from django_large_image.imaging import tile as imaging
    from django_large_image.imaging.formats import Format

    ref = image_ref(path)

    def render(tile: Tile) -> int:
        with handles.borrow(ref, projection='EPSG:3857') as lease:
            return len(imaging.render(lease.view(None), *tile, None, Format.PNG))

    for tile in tiles:
        render(tile)
    one = timed(render, tiles)
    return {'one': one, 'many': timed(render, tiles, MANY), 'one_again': timed(render, tiles)}


def main() -> None:
    """Run the program that the first argument names and print its results as JSON."""
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    case = next(case for case in CASES if case.name == 'rgb')
    tiles = tile_list(case, folder, 0, TILES)
    print(json.dumps({'floor': floor, 'ours': ours}[name](folder / case.file, tiles)))


if __name__ == '__main__':
    main()
