"""Migrations and the settings that staff change, on PostgreSQL with a transaction round each request."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.services.site import ROOT, environment

On = Callable[[str], dict[str, Any]]


@pytest.fixture
def on_postgres(postgres: str, images: Any, tmp_path: pathlib.Path) -> Iterator[On]:
    """Return a function that runs one of `on_postgres`'s functions in a process with a database of its own."""
    import psycopg

    address, user, maintenance = postgres.split('/')
    host, _, port = address.partition(':')
    name = f'dli_test_{uuid.uuid4().hex[:12]}'
    connection = psycopg.connect(host=host, port=port, user=user, dbname=maintenance, autocommit=True)
    with connection:
        connection.execute(f'CREATE DATABASE {name}')
        try:

            def run(what: str) -> dict[str, Any]:
                (tmp_path / 'media').mkdir()
                program = 'import django; django.setup(); from tests.services.on_postgres import main; main({!r}, {!r})'
                done = subprocess.run(
                    [sys.executable, '-c', program.format(what, str(images('rgb')))],
                    cwd=ROOT,
                    env=environment(tmp_path, DLI_TEST_DATABASE=f'{address}/{user}/{name}'),
                    capture_output=True,
                    text=True,
                    timeout=100,
                    check=False,
                )
                assert done.returncode == 0, done.stderr[-3000:]
                found: dict[str, Any] = json.loads(done.stdout)
                return found

            yield run
        finally:
            connection.execute(f'DROP DATABASE {name} WITH (FORCE)')


def test_settings_are_changed_stored_and_in_force(on_postgres: On) -> None:
    assert on_postgres('change_settings') == {
        'before': 200,
        'refused': 400,
        'rows after refusal': 0,
        'nobody': 403,
        'changed': [200, False, 512],
        'rows': [['AUTO_SERVE', False], ['MAX_UNTILED_SIZE', 512]],
        'not a large image': [409, 'not_a_large_image'],
        'made one': 200,
    }


def test_endpoints_answer_without_our_tables(on_postgres: On) -> None:
    found = on_postgres('without_tables')
    assert found.pop('tables') == []
    status, kind = found.pop('change')
    # Nothing can be stored; that is said in JSON, not by a page of Django's.
    assert status in (500, 503)
    assert kind == 'application/json'
    assert found.pop('settings') == [200, True, 4096]
    assert set(found.values()) == {200}, found
