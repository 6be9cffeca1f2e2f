"""The memory of one worker over many tiles of many images."""

from __future__ import annotations

import pathlib
import random
import time
from typing import Any

from benchmarks.config import SEED, THREADS, scale
from benchmarks.servers import DjangoServer
from tests import reference

STEPS = 10


def measure(folder: pathlib.Path) -> dict[str, Any]:
    """Return the resident bytes of the worker after each tenth of the tiles, and at most."""
    many = folder / 'many'
    files = sorted(path.name for path in many.glob('*.tif'))
    # They all lie in the same place.
    native = reference.native_zoom(many / files[0])
    tiles = [
        tile for z in range(native - 3, native + 2) for tile in reference.tiles_covering(many / files[0], z)
    ]
    generator = random.Random(SEED)
    wanted = scale().memory_tiles
    asked = [(name, tile) for name in files for tile in generator.choices(tiles, k=-(-wanted // len(files)))]
    generator.shuffle(asked)
    asked = asked[:wanted]
    samples, done, begun = [], 0, time.monotonic()
    with DjangoServer('ours', many, files, cached=False, workers=1) as server:
        paths = [
            f'{server.image(name)}/tiles/{z}/{x}/{y}.png?projection=EPSG:3857' for name, (z, x, y) in asked
        ]
        start = server.memory()['now']
        for step in range(STEPS):
            some = paths[step * wanted // STEPS : (step + 1) * wanted // STEPS]
            seconds = max(1.0, scale().memory_seconds - (time.monotonic() - begun))
            (one,) = server.drive({'paths': some, 'seconds': seconds}, connections=THREADS)
            if set(one['statuses']) != {'200'}:
                raise RuntimeError(f'tiles of many images: {one["statuses"]}')
            done += one['count']
            samples.append(server.memory()['now'])
        memory = server.memory()
    peak, shared = memory['peak'], memory['shared']
    half, end = samples[STEPS // 2 - 1], samples[-1]
    result: dict[str, Any] = {
        'images': len(files), 'wanted': wanted, 'tiles': done, 'start': start, 'samples': samples, 'peak': peak,
        'shared': shared, 'growth': end / half - 1, 'seconds': time.monotonic() - begun,
    }  # fmt: skip
    print(
        f'    {done} tiles of {len(files)} images: {peak / 2**20:.0f} MiB, growth {100 * result["growth"]:.1f} %; '
        f'{shared / 2**20:.0f} MiB in shared memory'
    )
    return result
