"""The folder of blocks by itself: its bounds, what is removed first, and who claims what."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from django_large_image.caching.blockfolder import Folder
from django_large_image.caching.blocks import BlockCache
from django_large_image.pixels import MaskedPixels

LIMIT = 2**20
NAMES = [letter * 32 for letter in 'abcdef']


def block(size: int, valid: int = 0) -> MaskedPixels:
    """Return a block of so many bytes, some of which say what is valid."""
    values = np.arange(size - valid, dtype=np.uint32).astype(np.uint8).reshape(1, -1, 1)
    return MaskedPixels(values, np.full((1, valid), 255, np.uint8) if valid else None)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Return a folder of the test's own."""
    return Folder(str(tmp_path / 'blocks'), LIMIT)


def used(tmp_path: pathlib.Path, name: str, when: float) -> None:
    """Let a block have been used at a time."""
    os.utime(tmp_path / 'blocks' / name, (when, when))


def test_a_block_of_an_eighth_is_kept(folder: Folder) -> None:
    assert folder.limit == LIMIT
    for size, kept in ((LIMIT // 8, True), (LIMIT // 8 + 1, False)):
        folder.put(NAMES[0], block(size))
        assert (folder.get(NAMES[0]) is not None) == kept
        folder.evict(0)


def test_what_is_there_is_counted(folder: Folder) -> None:
    assert folder.size() == (0, 0)
    folder.put(NAMES[0], block(1000))
    folder.put(NAMES[1], block(1000, 500))
    # Each has a head.
    count, size = folder.size()
    assert (count, 2000 < size < 2100) == (2, True)
    assert size % 2 == 0
    # Put once more it is the same one.
    folder.put(NAMES[0], block(1000))
    assert folder.size() == (count, size)


def test_those_used_longest_ago_are_removed(folder: Folder, tmp_path: pathlib.Path) -> None:
    for number, name in enumerate(NAMES):
        folder.put(name, block(1000))
        used(tmp_path, name, 1000 + number)
    # To be read is to be used.
    assert folder.get(NAMES[0]) is not None
    each = folder.size()[1] // 6
    folder.evict(6 * each)
    assert folder.size()[0] == 6
    folder.evict(6 * each - 1)
    assert [folder.get(name) is not None for name in NAMES] == [True, False, True, True, True, True]
    folder.evict(2 * each)
    assert [folder.get(name) is not None for name in NAMES] == [False] * 4 + [True] * 2
    folder.evict(0)
    assert folder.size() == (0, 0)


def test_now_and_then_there_is_room_made(folder: Folder, tmp_path: pathlib.Path) -> None:
    sizes = [0]
    for number in range(64):
        folder.put(f'{number:032x}', block(LIMIT // 32))
        used(tmp_path, f'{number:032x}', 1000 + number)
        sizes.append(folder.size()[1])
    # Up to the limit and no further, and of that seven eighths stay at least but for a block.
    assert LIMIT * 7 // 8 < max(sizes) <= LIMIT
    swept = [after for before, after in pairwise(sizes) if after <= before]
    assert swept
    assert all(LIMIT * 27 // 32 < size <= LIMIT * 7 // 8 for size in swept)
    assert folder.get(f'{0:032x}') is None


def test_a_claim_is_one_process_s(folder: Folder, tmp_path: pathlib.Path) -> None:
    program = (
        'import sys, django; django.setup()\n'
        'from django_large_image.caching.blockfolder import Folder\n'
        'folder = Folder(sys.argv[1], 2**20)\n'
        'print(*(folder.claim(name) for name in sys.argv[2:]))\n'
    )

    def other(*names: str) -> list[str]:
        environment = {**os.environ, 'DJANGO_SETTINGS_MODULE': 'tests.settings'}
        command = [sys.executable, '-c', program, str(tmp_path / 'blocks'), *names]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout.split()

    assert folder.claim(NAMES[0])
    assert folder.claim(NAMES[1])
    folder.release(NAMES[1])
    # The first 14 digits of a name stand for it, and only they.
    assert other(NAMES[0], NAMES[1], NAMES[2], 'a' * 14 + 'b' * 18, 'a' * 13 + 'b' * 19) == [
        'False', 'True', 'True', 'False', 'True',
    ]  # fmt: skip


def test_the_last_one_removes_the_folder(folder: Folder, tmp_path: pathlib.Path) -> None:
    other = Folder(str(tmp_path / 'blocks'), LIMIT)
    folder.put(NAMES[0], block(10))
    other.leave()
    assert folder.get(NAMES[0]) is not None
    del other
    folder.leave()
    assert not (tmp_path / 'blocks').exists()


@pytest.mark.parametrize('mode', [0o701, 0o710, 0o740])
def test_a_folder_that_is_open_to_others_is_not_used(tmp_path: pathlib.Path, mode: int) -> None:
    (tmp_path / 'blocks').mkdir(0o700)
    (tmp_path / 'blocks').chmod(mode)
    with pytest.raises(PermissionError):
        Folder(str(tmp_path / 'blocks'), LIMIT)


def test_a_block_is_its_values_and_what_is_valid() -> None:
    assert block(1000).nbytes == 1000
    assert block(1000, 400).nbytes == 1000


def test_blocks_of_a_process_are_bounded(settings: object) -> None:
    from django.test import override_settings

    cache = BlockCache()
    with override_settings(LARGE_IMAGE_BLOCK_CACHE_BYTES=300):
        assert cache.fetch([], lambda keys: pytest.fail('loaded')) == {}
        loaded: list[list[object]] = []

        def load(keys: list[object]) -> dict[object, MaskedPixels]:
            loaded.append(list(keys))
            return {key: block(100) for key in keys}

        assert list(cache.fetch(['a', 'b'], load)) == ['a', 'b']
        # Only what is missing is loaded, in one go.
        found = cache.fetch(['a', 'b', 'c', 'd'], load)
        assert loaded == [['a', 'b'], ['c', 'd']]
        assert sorted(map(str, found)) == ['a', 'b', 'c', 'd']
        assert cache.stats() == {'blocks': 3, 'bytes': 300, 'limit': 300}
        # The one used longest ago went: of two that were used at once, the first.
        cache.fetch(['b', 'c', 'd'], load)
        assert len(loaded) == 2
        # One that is larger than all of the room is answered, and not kept.
        big = cache.fetch(['big'], lambda keys: {'big': block(301)})
        assert big['big'].nbytes == 301
        assert cache.stats() == {'blocks': 3, 'bytes': 300, 'limit': 300}


def test_what_a_load_brings_along_is_kept_too() -> None:
    cache = BlockCache()
    found = cache.fetch(['a'], lambda keys: {'a': block(100), 'b': block(50)})
    assert set(found) == {'a', 'b'}
    assert cache.stats()['blocks'] == 2
    assert 'b' in cache.fetch(['b'], lambda keys: pytest.fail('loaded'))
    # What comes once more takes the place of the first.
    cache.fetch(['c'], lambda keys: {'c': block(10), 'a': block(30)})
    assert cache.stats()['bytes'] == 90
    cache.clear()
    assert cache.stats()['blocks'] == cache.stats()['bytes'] == 0
    assert cache.fetch(['a'], lambda keys: {'a': block(7)})['a'].nbytes == 7
