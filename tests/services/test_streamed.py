"""Storages that can only stream: one bounded local copy of a file, fetched once by all processes."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from django_large_image import handles
from tests import reference
from tests.app.models import ImageFile
from tests.images import make_png, make_rgb
from tests.services.answers import answers, body_of, copies_in, on_disk, parts_in, same

pytestmark = pytest.mark.django_db

ROOT = pathlib.Path(__file__).resolve().parents[2]
TILE = {'z': 3, 'x': 1, 'y': 1, 'fmt': 'png'}


class Streamed:
    """A folder behind a storage that only streams, and the log of its opens."""

    def __init__(self, settings: Any, folder: pathlib.Path) -> None:
        self._settings = settings
        self.folder = folder / 'far away'
        self.folder.mkdir()
        self.log = folder / 'opens.log'
        self.use('StreamingStorage')

    def use(self, storage: str, **options: Any) -> None:
        """Make a class of `tests.services.streaming` the default storage."""
        backend = {
            'BACKEND': f'tests.services.streaming.{storage}',
            'OPTIONS': {'folder': str(self.folder), 'log': str(self.log), **options},
        }
        self._settings.STORAGES = {**self._settings.STORAGES, 'default': backend}

    def add(self, path: pathlib.Path, name: str = '') -> ImageFile:
        """Store a file and return its row."""
        shutil.copyfile(path, self.folder / (name or path.name))
        return ImageFile.objects.create(name='streamed', file=name or path.name)

    def opens(self) -> list[str]:
        """Return the names of the files that were opened, in that order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.split(' ', 1)[1] for line in lines]


@pytest.fixture
def streamed(settings: Any, tmp_path: pathlib.Path) -> Streamed:
    """Return a storage that only streams, in use."""
    return Streamed(settings, tmp_path)


@pytest.mark.parametrize('name', ['rgb', 'dem', 'no-crs', 'ome', 'png'])
def test_image_is_served_as_from_disk_and_fetched_once(
    get: Any, image_file: Any, images: Any, streamed: Streamed, copies: pathlib.Path, name: str
) -> None:
    geospatial = name in ('rgb', 'dem')
    with on_disk():
        expected = answers(get, image_file(name), geospatial=geospatial)
    image = streamed.add(images(name))
    same(answers(get, image, geospatial=geospatial), expected)
    assert streamed.opens() == [images(name).name]
    (copy,) = copies_in(copies)
    assert copy.read_bytes() == images(name).read_bytes()
    assert copies.stat().st_mode & 0o077 == 0


def test_a_cached_tile_opens_nothing(get: Any, images: Any, streamed: Streamed, copies: pathlib.Path) -> None:
    image = streamed.add(images('rgb'))
    first = get('tile', image, **TILE)
    shutil.rmtree(copies)
    assert body_of(get('tile', image, **TILE)) == body_of(first)
    assert get('tile', image, **TILE, headers={'If-None-Match': first['ETag']}).status_code == 304
    assert streamed.opens() == ['rgb.tif']


@contextmanager
def racers(
    count: int, streamed: Streamed, copies: pathlib.Path, name: str, delay: float
) -> Iterator[list[Any]]:
    """Start processes that all fetch the file when told to, and tell them; end what is left of them."""
    ready, go = copies.parent / 'ready', copies.parent / 'go'
    ready.mkdir()
    options = {'folder': str(streamed.folder), 'log': str(streamed.log), 'delay': delay, 'name': name,
               'copies': str(copies), 'ready': str(ready), 'go': str(go)}  # fmt: skip
    command = [sys.executable, '-m', 'tests.services.streaming', json.dumps(options)]
    env = {**os.environ, 'DJANGO_SETTINGS_MODULE': 'tests.settings'}
    with ExitStack() as stack:
        processes = []
        for _ in range(count):
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
            stack.callback(end, process)
            processes.append(process)
        deadline = time.monotonic() + 60
        while len(list(ready.iterdir())) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        go.touch()
        yield processes


def end(process: subprocess.Popen[str]) -> None:
    """End a process by its own pid, if it still runs, and close its pipe."""
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_processes_that_race_for_a_copy_fetch_it_once(
    images: Any, streamed: Streamed, copies: pathlib.Path
) -> None:
    path = images('rgb')
    streamed.add(path)
    with racers(4, streamed, copies, path.name, 0.003) as processes:
        found = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert streamed.opens() == [path.name]
    assert {answer['sha'] for answer in found} == {hashlib.sha256(path.read_bytes()).hexdigest()}
    assert {answer['path'] for answer in found} == {str(copies_in(copies)[0])}
    assert len(copies_in(copies)) == 1


def test_a_process_that_dies_while_it_fetches_leaves_no_torn_copy(
    get: Any, images: Any, streamed: Streamed, copies: pathlib.Path
) -> None:
    path = images('rgb')
    image = streamed.add(path)
    with racers(1, streamed, copies, path.name, 0.05) as (process,):
        deadline = time.monotonic() + 30
        while not parts_in(copies) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert copies_in(copies) == []
    got = reference.decoded(body_of(get('tile', image, **TILE)), 'RGB')
    assert np.array_equal(got, reference.read_window(path, 256, 256, 256, 256))
    assert streamed.opens() == [path.name] * 2


def test_parts_that_dead_processes_left_are_removed_in_time(
    get: Any, images: Any, streamed: Streamed, copies: pathlib.Path
) -> None:
    copies.mkdir()
    old, new = copies / '.part-old', copies / '.part-new'
    for part in (old, new):
        part.write_bytes(b'left behind')
    yesterday = time.time() - 86_400
    os.utime(old, (yesterday, yesterday))
    body_of(get('tile', streamed.add(images('png')), z=0, x=0, y=0, fmt='png'))
    assert not old.exists()
    # This one may still be written by another process.
    assert new.exists()


def test_threads_that_race_for_a_copy_fetch_it_once(
    images: Any, streamed: Streamed, transactional_db: None
) -> None:
    streamed.use('StreamingStorage', delay=0.003)
    image = streamed.add(images('rgb'))
    found = []

    def ask() -> None:
        client = APIClient(raise_request_exception=False)
        found.append(client.get(f'/images/{image.pk}/tiles/3/1/1.png'))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [response.status_code for response in found] == [200] * 8
    assert len({response.content for response in found}) == 1
    assert streamed.opens() == ['rgb.tif']


def test_least_recently_used_copies_go_first(
    get: Any, streamed: Streamed, copies: pathlib.Path, settings: Any, tmp_path: pathlib.Path
) -> None:
    paths = [make_png(tmp_path / f'{name}.png', 300 + i, 300) for i, name in enumerate('abcd')]
    a, b, c, d = (streamed.add(path) for path in paths)
    sizes = [path.stat().st_size for path in paths]
    # Room for any three, not for four.
    settings.LARGE_IMAGE_LOCAL_COPY_MAX_BYTES = sum(sizes) - min(sizes) + 1

    def look(image: ImageFile) -> None:
        handles.clear()
        body_of(get('pixel', image, query={'left': look_at.pop(), 'top': 1, 'units': 'pixels'}))
        time.sleep(0.02)

    look_at = list(range(50))
    for image in (a, b, c, a, d):
        look(image)
    assert streamed.opens() == ['a.png', 'b.png', 'c.png', 'd.png']
    assert {path.stat().st_size for path in copies_in(copies)} == {sizes[0], sizes[2], sizes[3]}
    look(a)
    assert len(streamed.opens()) == 4
    look(b)
    assert streamed.opens()[4:] == ['b.png']
    assert sum(path.stat().st_size for path in copies_in(copies)) <= settings.LARGE_IMAGE_LOCAL_COPY_MAX_BYTES


def test_a_file_larger_than_the_bound_is_refused(
    get: Any, images: Any, streamed: Streamed, copies: pathlib.Path, settings: Any
) -> None:
    small = streamed.add(images('png'))
    body_of(get('metadata', small))
    settings.LARGE_IMAGE_LOCAL_COPY_MAX_BYTES = images('rgb').stat().st_size - 1
    large = streamed.add(images('rgb'))
    for endpoint, path in (('metadata', {}), ('tile', TILE)):
        response = get(endpoint, large, **path)
        assert (response.status_code, response.json()['code']) == (422, 'image_unreadable')
        assert 'rgb.tif' not in response.content.decode()
    # Nobody else's copy went for it.
    assert [copy.read_bytes() for copy in copies_in(copies)] == [images('png').read_bytes()]
    assert parts_in(copies) == []


@pytest.mark.parametrize(
    ('storage', 'options'),
    [('BrokenStorage', {}), ('StreamingStorage', {'fail_after': 3})],
    ids=['all', 'half way'],
)
def test_a_storage_that_fails_is_503(
    get: Any, images: Any, streamed: Streamed, copies: pathlib.Path, caplog: pytest.LogCaptureFixture, storage: str,
    options: dict[str, Any],
) -> None:  # fmt: skip
    image = streamed.add(images('rgb'), 'private.tif')
    streamed.use(storage, **options)
    for endpoint, path in (('metadata', {}), ('tile', TILE)):
        response = get(endpoint, image, **path)
        assert (response.status_code, response.json()['code']) == (503, 'storage_unavailable')
        assert int(response['Retry-After']) >= 1
        for text in (response.content.decode(), caplog.text):
            assert not [word for word in ('hunter2', 'storage.internal', 'private') if word in text]
    assert copies_in(copies) == []
    assert parts_in(copies) == []
    streamed.use('StreamingStorage')
    body_of(get('tile', image, **TILE))


def test_a_missing_file_is_404(get: Any, images: Any, streamed: Streamed, settings: Any) -> None:
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0
    image = streamed.add(images('png'))
    (streamed.folder / 'picture.png').unlink()
    assert get('metadata', image).json()['code'] == 'image_missing'
    streamed.add(images('png'))
    assert get('metadata', image).json()['sizeX'] == 640


def test_a_copy_that_was_removed_is_fetched_again(
    get: Any, images: Any, streamed: Streamed, copies: pathlib.Path
) -> None:
    image = streamed.add(images('rgb'))
    removals: list[Callable[[], object]] = [
        lambda: [path.unlink() for path in copies_in(copies)],
        lambda: shutil.rmtree(copies),
        lambda: (shutil.rmtree(copies), handles.clear()),
    ]
    body_of(get('tile', image, **TILE | {'x': 0}))
    for turn, remove in enumerate(removals, 2):
        remove()
        got = reference.decoded(body_of(get('tile', image, **TILE | {'x': turn})), 'RGB')
        assert np.array_equal(got, reference.read_window(images('rgb'), turn * 256, 256, 256, 256))
        assert len(streamed.opens()) == turn


def test_a_new_version_is_a_new_copy(
    get: Any, images: Any, streamed: Streamed, copies: pathlib.Path, settings: Any, tmp_path: pathlib.Path
) -> None:
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0
    streamed.use('DatedStorage')
    image = streamed.add(images('rgb'), 'a.tif')
    first = get('tile', image, **TILE)
    body_of(first)
    assert 'Last-Modified' in first
    other = make_rgb(tmp_path / 'other.tif', 1024, 1024)
    shutil.copyfile(other, streamed.folder / 'a.tif')
    os.utime(streamed.folder / 'a.tif', (2e9, 2e9))
    second = get('tile', image, z=2, x=1, y=1, fmt='png', headers={'If-None-Match': first['ETag']})
    got = reference.decoded(body_of(second), 'RGB')
    assert np.array_equal(got, reference.read_window(other, 256, 256, 256, 256))
    assert get('metadata', image).json()['sizeX'] == 1024
    assert streamed.opens() == ['a.tif'] * 2
    assert other.read_bytes() in [path.read_bytes() for path in copies_in(copies)]
