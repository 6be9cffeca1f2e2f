"""What is read of a whole image at once: a histogram and a large region, in this package and in 0.10.5."""

from __future__ import annotations

import pathlib
import statistics
from typing import Any
from urllib.parse import urlencode

from benchmarks.config import scale
from benchmarks.servers import DjangoServer


def region(left: int, side: int) -> str:
    """Return the address of a square region."""
    sides = {'left': left, 'top': left, 'right': left + side, 'bottom': left + side, 'units': 'pixels'}
    return f'data/region.png?{urlencode(sides)}'


def measure(folder: pathlib.Path) -> dict[str, Any]:
    """Return the seconds of each; each time it is the first question about the image to servers started anew."""
    left, side = scale().side // 4, scale().region_side
    # What is asked, and the same of the small image, so that the code is loaded before the clock starts.
    endpoints = {
        'histogram': ('data/histogram', 'data/histogram'),
        'region': (region(left, side), region(0, 16)),
    }
    results: dict[str, Any] = {'side': scale().side, 'region_side': side}
    for what, (endpoint, before) in endpoints.items():
        for name in ('ours', 'old'):
            seconds = []
            for _ in range(scale().repetitions):
                with DjangoServer(name, folder, ['warmup.tif', 'rgb.tif'], cached=False, workers=1) as server:
                    server.get(f'{server.image("warmup.tif")}/{before}')
                    status, body, took = server.get(f'{server.image("rgb.tif")}/{endpoint}')
                if status != 200:
                    raise RuntimeError(f'{name}: {endpoint} answers {status}: {body[:300]!r}')
                seconds.append(took)
            results.setdefault(what, {})[name] = {'seconds': statistics.median(seconds), 'bytes': len(body)}
        shown = {name: f'{one["seconds"]:.3f} s' for name, one in results[what].items()}
        print(f'    {what:10}{shown}', flush=True)
    return results
