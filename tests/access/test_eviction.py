"""A folder that takes no more than a number of bytes: what was used longest ago is removed, and nothing else."""

from __future__ import annotations

import os
import pathlib
import re
import time
from collections.abc import Callable, Iterator

import pytest

from django_large_image.access.eviction import BoundedFolder

Make = Callable[..., None]


@pytest.fixture(params=['by its path', 'by its descriptor'])
def bounded(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[BoundedFolder]:
    """Bound the files that begin with an a; those that begin with a p are being written."""
    opened = os.open(tmp_path, os.O_RDONLY)
    folder = tmp_path if request.param == 'by its path' else opened
    yield BoundedFolder(folder, re.compile('a'), re.compile('p'), abandoned=60)
    os.close(opened)


@pytest.fixture
def make(tmp_path: pathlib.Path) -> Make:
    """Write files of ten bytes, each used a second after the one before; the last one just now, or an age ago."""

    def write(*names: str, age: float = 0) -> None:
        for number, name in enumerate(reversed(names)):
            (tmp_path / name).write_bytes(bytes(10))
            then = time.time() - age - number
            os.utime(tmp_path / name, (then, then))

    return write


def names(folder: pathlib.Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.mark.parametrize(
    ('limit', 'left'),
    [(40, ['a1', 'a2', 'a3']), (30, ['a1', 'a2', 'a3']), (29, ['a2', 'a3']), (10, ['a3']), (0, [])],
)
def test_those_used_longest_ago_go(
    bounded: BoundedFolder, make: Make, tmp_path: pathlib.Path, limit: int, left: list[str]
) -> None:
    make('a1', 'a2', 'a3')
    bounded.evict(limit)
    assert names(tmp_path) == left
    assert [(file.name, file.nbytes) for file in sorted(bounded.files())] == [(name, 10) for name in left]


def test_to_use_one_keeps_it(bounded: BoundedFolder, make: Make, tmp_path: pathlib.Path) -> None:
    make('a1', 'a2', 'a3')
    os.utime(tmp_path / 'a1')
    bounded.evict(10)
    assert names(tmp_path) == ['a1']


def test_the_one_that_is_to_stay_stays_and_counts(
    bounded: BoundedFolder, make: Make, tmp_path: pathlib.Path
) -> None:
    make('a1', 'a2', 'a3')
    bounded.evict(20, keep='a1')
    assert names(tmp_path) == ['a1', 'a3']
    bounded.evict(0, keep='a1')
    assert names(tmp_path) == ['a1']


def test_other_files_are_not_touched(bounded: BoundedFolder, make: Make, tmp_path: pathlib.Path) -> None:
    make('a1', 'other', age=1000)
    (tmp_path / 'folder').mkdir()
    bounded.evict(0)
    assert names(tmp_path) == ['folder', 'other']


@pytest.mark.parametrize(('age', 'left'), [(0, ['a1', 'p1']), (1000, ['a1'])])
def test_what_is_being_written_stays_unless_it_is_nobodys(
    bounded: BoundedFolder, make: Make, tmp_path: pathlib.Path, age: float, left: list[str]
) -> None:
    make('a1')
    make('p1', age=age)
    # It does not count either.
    bounded.evict(10)
    assert names(tmp_path) == left


def test_a_file_that_goes_meanwhile(
    bounded: BoundedFolder, make: Make, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make('a1', 'a2', 'a3')
    real = BoundedFolder._ours

    def late(folder: BoundedFolder) -> object:
        found = real(folder)
        (tmp_path / 'a1').unlink(missing_ok=True)
        return found

    monkeypatch.setattr(BoundedFolder, '_ours', late)
    bounded.evict(10)
    assert names(tmp_path) == ['a3']
