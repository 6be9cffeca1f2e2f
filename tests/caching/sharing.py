"""Another process that shares blocks and does what its arguments say, driven through its input."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Hashable
from typing import Any

import numpy as np

from django_large_image import access, conf, handles
from django_large_image.caching import shared
from django_large_image.caching.shared import shared_blocks
from django_large_image.pixels import MaskedPixels

#: `tests.caching` needs the settings.
PROGRAM = 'import django; django.setup(); from tests.caching.sharing import main; main()'
KEY = ('digest', 0, (0, 1, 2), False, 3, 4)
SIDE = 256


def block_of(key: Hashable) -> Any:
    """Return a block that nobody else would make of the key."""
    values = np.random.default_rng(sum(str(key).encode())).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    return MaskedPixels(values, None)


class Other:
    """The other process, for a `with` block."""

    def __init__(self, memory: object, *action: object) -> None:
        environment = {**os.environ, 'DJANGO_SETTINGS_MODULE': 'tests.settings'}
        self.process = subprocess.Popen(
            [sys.executable, '-c', PROGRAM, str(memory), *map(str, action)],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Other:
        return self

    def says(self) -> str:
        """Return its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, line: str = 'go') -> None:
        """Let it go on."""
        assert self.process.stdin is not None
        self.process.stdin.write(f'{line}\n')
        self.process.stdin.flush()

    def ended(self) -> int:
        """Return how it ended."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(30)

    def __exit__(self, *args: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


def say(line: object) -> None:
    """Tell the test something."""
    print(line, flush=True)


def main() -> None:
    """Do what the arguments say."""
    memory, action, *rest = sys.argv[1:]
    shared.MEMORY = memory
    conf.settings.SHARED_BLOCK_BYTES = 64 * 2**20

    def slowly(keys: list[Hashable]) -> dict[Hashable, Any]:
        say('decoding')
        if action == 'hold':
            sys.stdin.readline()
        time.sleep(0.05)
        return {key: block_of(key) for key in keys}

    if action in ('fetch', 'hold'):
        found = shared_blocks.fetch([KEY], slowly)
        assert np.array_equal(found[KEY].values, block_of(KEY).values)
        say('done')
        sys.stdin.readline()
    elif action == 'claim':
        own = shared_blocks.folder()
        assert own is not None
        say(own.claim(shared.name_of(KEY)))
    elif action == 'full':
        # As on a file system without space: a write is short.
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        assert KEY in shared_blocks.fetch([KEY], slowly)
        say(f'{shared_blocks.stats()["limit"]} {os.listdir(os.path.join(memory, os.listdir(memory)[0]))}')
    elif action == 'fork':
        folder = shared_blocks.folder()
        assert folder is not None
        assert folder.claim(shared.name_of(KEY))
        child = os.fork()
        if not child:
            own = shared_blocks.folder()
            assert own is not None
            assert own is not folder
            # The claim is the parent's.
            taken = own.claim(shared.name_of(KEY))
            shared_blocks.leave()
            os._exit(int(taken))
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        say(os.listdir(memory) != [] and not folder.get('missing'))
    elif action == 'draw':
        # However quickly the small images of tests are decoded.
        shared._WORTH_CPU = 0
        path, z, x, y = rest
        with handles.borrow(access.image_ref(path), projection='EPSG:3857') as lease:
            lease.tile_source(None, 'PNG').getTile(int(x), int(y), int(z), numpyAllowed='always')
        say('done')
        sys.stdin.readline()
