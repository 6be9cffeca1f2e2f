"""The tests use services that they started, or that they were told of, and no others."""

from __future__ import annotations

import contextlib
import importlib.util
import pathlib
import socket
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NoReturn

import pytest

from tests.services.named import named_postgres
from tests.services.site import ROOT

Started = list[list[str]]


@pytest.fixture
def script() -> ModuleType:
    """Return scripts/test.py as a module."""
    spec = importlib.util.spec_from_file_location('run_tests', ROOT / 'scripts' / 'test.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def started(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Started:
    """Have a machine on which every port has a server that lets everybody in; return the commands of new ones."""
    commands: Started = []

    @contextlib.contextmanager
    def running(command: list[Any], log: pathlib.Path, **options: Any) -> Iterator[None]:
        commands.append([str(word) for word in command])
        yield

    monkeypatch.setattr(script, 'running', running)
    monkeypatch.setattr(script, 'wait_until', lambda *_: None)
    monkeypatch.setattr(script, 'redis_answers', lambda port: True)
    monkeypatch.setattr(script.shutil, 'which', lambda name: f'/usr/bin/{name}')
    for name in ('TEST_REDIS_URL', 'TEST_POSTGRES_URL'):
        monkeypatch.delenv(name, raising=False)
    return commands


def test_a_redis_that_happens_to_run_is_left_alone(
    script: ModuleType, started: Started, tmp_path: pathlib.Path
) -> None:
    with script.redis(tmp_path) as found:
        (command,) = started
        port = command[command.index('--port') + 1]
        assert found == {'TEST_REDIS_URL': f'redis://127.0.0.1:{port}/0'}
        assert port != '6379'


@pytest.mark.parametrize(
    ('service', 'name'), [('redis', 'TEST_REDIS_URL'), ('postgres', 'TEST_POSTGRES_URL')]
)
def test_a_service_that_was_named_is_used(
    service: str,
    name: str,
    script: ModuleType,
    started: Started,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, 'scheme://somewhere')
    with getattr(script, service)(tmp_path) as found:
        assert (found, started) == ({}, [])


def test_a_postgres_that_happens_to_run_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    psycopg = pytest.importorskip('psycopg')

    def connect(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError('nobody named one')

    monkeypatch.setattr(psycopg, 'connect', connect)
    monkeypatch.setattr(socket, 'create_connection', connect)
    monkeypatch.delenv('TEST_POSTGRES_URL', raising=False)
    monkeypatch.delenv('REQUIRE_SERVICES', raising=False)
    with pytest.raises(pytest.skip.Exception, match='TEST_POSTGRES_URL'):
        named_postgres()
