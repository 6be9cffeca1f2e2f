"""A process of its own that shares a cache with the tests: it takes orders line by line, see `serve`."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]


def serve(caches: dict[str, Any], path: str) -> None:
    """Answer each line of the input, `[z, x, y]`, with the hash of that tile and whether the cache had it."""
    from django.test import override_settings

    from django_large_image.caching import tile_cache
    from tests.services.rasters import RASTERS, answer

    RASTERS['path'] = path
    found: list[bytes | None] = []
    look_up = tile_cache.get

    def get(key: str) -> bytes | None:
        # Not from the counters, which are reset whenever they are added to the shared ones.
        found.append(look_up(key))
        return found[-1]

    tile_cache.get = get  # type: ignore[method-assign]
    with override_settings(CACHES=caches):
        for line in sys.stdin:
            z, x, y = json.loads(line)
            found.clear()
            body = answer('path', 'tile', z=z, x=x, y=y, fmt='png')
            (known,) = found
            tile_cache._flush()
            print(json.dumps([hashlib.sha256(body).hexdigest(), known is not None]), flush=True)


class Sharer:
    """The other process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tile(self, z: int, x: int, y: int) -> tuple[str, bool]:
        """Return the hash of a tile, and whether it came from the cache."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([z, x, y]) + '\n')
        self._process.stdin.flush()
        digest, hit = json.loads(self._process.stdout.readline())
        return digest, hit


@contextmanager
def sharer(caches: dict[str, Any], path: pathlib.Path) -> Iterator[Sharer]:
    """Start a process that serves tiles of the image at `path`, and end it with the block."""
    program = 'import django; django.setup(); from tests.services.sharing import serve; serve({!r}, {!r})'
    with subprocess.Popen(
        [sys.executable, '-c', program.format(caches, str(path))],
        cwd=ROOT,
        env={**os.environ, 'DJANGO_SETTINGS_MODULE': 'tests.settings'},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Sharer(process)
        finally:
            process.kill()
