"""Fixtures of the real services; a test that asks for one is skipped with the reason where it cannot be had.

Each worker of pytest-xdist starts its own servers, once; `--dist loadfile` keeps the tests of one file together.
"""

from __future__ import annotations

import itertools
import os
import pathlib
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from tests.images import GeoTiff, content, geo
from tests.services.http import RangeServer
from tests.services.named import named_postgres
from tests.services.process import Processes, free_ports, is_listening
from tests.services.requestlog import RequestLog
from tests.services.s3 import S3Server, swift_bin
from tests.services.skipping import missing

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def copies(settings: Any, tmp_path: pathlib.Path) -> pathlib.Path:
    """Keep the local copies of a test in a folder of its own, and return it."""
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(tmp_path / 'copies')
    return tmp_path / 'copies'


@pytest.fixture(scope='session')
def large(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a COG of some 30 MB, 6144 × 5120 pixels."""
    # Repeated, since making so much content takes long; blocks of 1024 pixels' distance are the same.
    array = np.tile(content.rgb(1024, 1024), (1, 5, 6))
    image = GeoTiff(array, geo.UTM, geo.UTM_TRANSFORM, photometric='rgb', cog=True)
    return image.write(tmp_path_factory.mktemp('large') / 'large.tif')


@pytest.fixture(scope='session')
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Return a running S3 server."""
    for package in ('boto3', 'storages'):
        if not find_spec(package):
            missing(f'{package} is not installed')
    if sys.platform != 'linux':
        missing('Swift, the S3 server of the tests, needs Linux')
    if swift_bin() is None:
        missing('Swift, the S3 server of the tests, is not installed')
    with S3Server(tmp_path_factory.mktemp('s3')) as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """Return the name of a new bucket."""
    name = f'bucket-{next(_numbers)}'
    s3.client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3_storage(s3: S3Server, bucket: str, settings: Any) -> Any:
    """Make a new bucket the default storage of the test, and return the storage."""
    from django.core.files.storage import default_storage

    backend = {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': s3.storage_options(bucket)}
    settings.STORAGES = {**settings.STORAGES, 'default': backend}
    return default_storage


@pytest.fixture
def s3_requests(s3: S3Server) -> RequestLog:
    """Return the log of the S3 server: call it for the requests since its last `reset()`."""
    return s3.requests()


@pytest.fixture
def http_folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return the folder that `http_server` serves."""
    folder = tmp_path / 'served'
    folder.mkdir()
    return folder


@pytest.fixture
def http_server(http_folder: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[RangeServer]:
    """Return a running HTTP server of the files in `http_folder`."""
    with RangeServer(http_folder, tmp_path) as server:
        yield server


@pytest.fixture
def http_log(http_server: RangeServer) -> RequestLog:
    """Return the log of the HTTP server."""
    return http_server.requests()


@pytest.fixture
def loopback_allowed(settings: Any) -> None:
    """Allow URLs of loopback, which is named twice: as a host, and as one with a private address."""
    settings.LARGE_IMAGE_ALLOWED_HOSTS = settings.LARGE_IMAGE_PRIVATE_HOSTS = ['127.0.0.1']


@pytest.fixture
def ask_url(get: Callable[..., Any], db: None) -> Callable[..., Any]:
    """Return a function that asks an endpoint about the image behind a URL."""
    from tests.app.models import UrlImage

    def ask(url: str, endpoint: str = 'metadata', **kwargs: Any) -> Any:
        return get(endpoint, UrlImage.objects.create(name='image', url=url), prefix='url-image', **kwargs)

    return ask


@pytest.fixture(scope='session')
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a Redis: TEST_REDIS_URL, or one that is started on a free port.

    One that was given may be somebody's: tests keep to keys with a prefix of their own and flush nothing.
    """
    if not find_spec('redis'):
        missing('the redis package is not installed')
    if given := os.environ.get('TEST_REDIS_URL'):
        yield given
        return
    program = shutil.which('redis-server')
    if program is None:
        missing('redis-server is not installed')
    folder = tmp_path_factory.mktemp('redis')
    (port,) = free_ports(1)
    processes = Processes(folder)
    options = [('--bind', '127.0.0.1'), ('--port', str(port)), ('--save', ''), ('--dir', str(folder))]
    try:
        processes.start('redis', [program, *itertools.chain(*options)])
        processes.wait(lambda: is_listening(port))
        yield f'redis://127.0.0.1:{port}/0'
    finally:
        processes.stop()


@pytest.fixture
def redis_cache(redis_url: str, settings: Any) -> Any:
    """Make Redis the default cache of the test, under a prefix of its own, and return the cache."""
    from django.core.cache import cache

    prefix = f'test-{uuid.uuid4().hex}'
    backend = {
        'BACKEND': 'django.core.cache.backends.redis.RedisCache',
        'LOCATION': redis_url,
        'KEY_PREFIX': prefix,
        # What is left of a test on a Redis that goes on running ends by itself.
        'TIMEOUT': 300,
    }
    settings.CACHES = {**settings.CACHES, 'default': backend}
    return cache


@pytest.fixture(scope='session')
def postgres() -> str:
    """Return host:port/user/database of the PostgreSQL of TEST_POSTGRES_URL, as `DLI_TEST_DATABASE` takes it."""
    return named_postgres()
