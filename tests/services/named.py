"""The PostgreSQL that the tests were told of; `make test` starts one and tells them."""

from __future__ import annotations

import os
from importlib.util import find_spec
from urllib.parse import urlsplit

from tests.services.skipping import missing


def named_postgres() -> str:
    """Return host:port/user/database of TEST_POSTGRES_URL.

    Without it the test is skipped: one that happens to run here is somebody's, and no test makes a database in it.
    """
    if not find_spec('psycopg'):
        missing('the psycopg package is not installed')
    url = os.environ.get('TEST_POSTGRES_URL')
    if not url:
        missing('TEST_POSTGRES_URL names no PostgreSQL; make test starts one')
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        missing('the PostgreSQL of TEST_POSTGRES_URL does not answer')
    parts = urlsplit(url)
    return f'{parts.hostname}:{parts.port or 5432}/{parts.username}/{parts.path.strip("/")}'
