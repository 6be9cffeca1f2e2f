"""A place where the processes of a test share blocks, and a clock for the tile cache."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from django_large_image.caching import answers, shared
from django_large_image.caching.shared import shared_blocks

LIMIT = 64 * 2**20


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the tile cache look at a clock of the test's own."""
    clock = Clock()
    monkeypatch.setattr(answers, 'time', clock)
    return clock


@pytest.fixture
def shared_folder(
    tmp_path: pathlib.Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pathlib.Path]:
    """Let this process share blocks in a folder of the test's own; its name."""
    memory = tmp_path / 'memory'
    memory.mkdir()
    monkeypatch.setattr(shared, 'MEMORY', str(memory))
    settings.LARGE_IMAGE_SHARED_BLOCK_BYTES = LIMIT
    shared_blocks.leave()
    shared_blocks._reset()
    yield memory
    shared_blocks.leave()
    shared_blocks._reset()
