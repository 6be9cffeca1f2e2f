"""Local copies: whole or not at all, in bounded room and bounded time, and nothing is left of what failed."""

from __future__ import annotations

import io
import os
import pathlib
import time
import types
from http.client import HTTPException, HTTPResponse
from typing import Any

import pytest
from django.core.files import locks

from django_large_image.access import local_ref, localcopy, tempfiles
from django_large_image.access.ref import ImageRef
from django_large_image.exceptions import (
    Busy,
    HostNotAllowed,
    ImageMissing,
    ImageUnreadable,
    Misconfigured,
    RemoteUnavailable,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: pathlib.Path, settings: Any) -> pathlib.Path:
    """Keep the copies in a folder of the test's own."""
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(tmp_path / 'copies')
    return tmp_path / 'copies'


def remote(content: Any = b'12345', name: str = 'a.tif', key: str = 'k') -> ImageRef:
    """Return a reference to bytes elsewhere, or to an error."""

    def fetch() -> Any:
        if isinstance(content, Exception):
            raise content
        return io.BytesIO(content) if isinstance(content, bytes) else content

    return ImageRef(
        key, 'v', '/vsicurl/x', name, identity='i', remote=True, modified=1.0, options={'A': 'b'}, fetch=fetch
    )


def copies(folder: pathlib.Path) -> list[str]:
    """Return the names in the folder but for those of locks."""
    return sorted(name for name in os.listdir(folder) if not name.endswith('.lock'))


def test_a_copy_is_made_once(folder: pathlib.Path) -> None:
    ref = remote()
    found = local_ref(ref)
    assert found.path is not None
    assert pathlib.Path(found.path).read_bytes() == b'12345'
    assert found.path == str(folder / f'{ref.digest}.tif')
    assert (found.remote, found.modified, found.options, found.fetch) == (False, None, {}, None)
    assert (found.key, found.version, found.identity, found.name) == ('k', 'v', 'i', 'a.tif')
    # It is there, so nobody asks; and it was used now.
    os.utime(found.path, (5, 5))
    assert local_ref(remote(RuntimeError())).path == found.path
    assert time.time() - os.stat(found.path).st_mtime < 60
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert local_ref(found) is found


@pytest.mark.parametrize(
    ('name', 'ending'),
    [('a.ome.tif', '.ome.tif'), ('a.b.ome.TIF', '.ome.tif'), ('a', ''), ('a.t/i;f', '.tif'), ('a.' + 'x' * 30, 'x' * 20)],
)  # fmt: skip
def test_a_copy_has_the_ending_of_the_name(folder: pathlib.Path, name: str, ending: str) -> None:
    ref = remote(name=name.replace('/', ''))
    assert local_ref(ref).path == str(folder / f'{ref.digest}{ending}')


def test_what_cannot_be_copied() -> None:
    with pytest.raises(ImageUnreadable, match='nor copied'):
        local_ref(ImageRef('k', 'v', '/vsizip/a', 'a', remote=True))


@pytest.mark.parametrize(
    ('error', 'raised'),
    [
        (FileNotFoundError(), ImageMissing), (OSError(), RemoteUnavailable), (HTTPException(), RemoteUnavailable),
        (HostNotAllowed(), HostNotAllowed), (RuntimeError(), RemoteUnavailable),
    ],
)  # fmt: skip
def test_what_fails_leaves_nothing(folder: pathlib.Path, error: Exception, raised: type[Exception]) -> None:
    with pytest.raises(raised) as found:
        local_ref(remote(error))
    assert type(found.value) is raised
    assert copies(folder) == []


def test_a_copy_is_bounded(folder: pathlib.Path, settings: Any) -> None:
    settings.LARGE_IMAGE_LOCAL_COPY_MAX_BYTES = 100_000
    assert local_ref(remote(b'x' * 100_000)).path is not None
    with pytest.raises(ImageUnreadable, match='larger than'):
        local_ref(remote(b'x' * 100_001, key='other'))
    assert len(copies(folder)) == 1


def test_a_copy_that_breaks_off_is_none(folder: pathlib.Path) -> None:
    def answer(length: str) -> HTTPResponse:
        """Return the answer of a host that sends five bytes and closes the connection."""
        sent: Any = io.BytesIO(b'HTTP/1.1 200 OK\r\n' + length.encode() + b'\r\n12345')
        found = HTTPResponse(types.SimpleNamespace(makefile=lambda mode: sent))  # type: ignore[arg-type]
        found.begin()
        return found

    for length, fine in (('Content-Length: 5\r\n', True), ('Content-Length: 6\r\n', False), ('', True)):
        ref = remote(answer(length), key=length)
        if fine:
            assert pathlib.Path(str(local_ref(ref).path)).read_bytes() == b'12345'
        else:
            with pytest.raises(RemoteUnavailable):
                local_ref(ref)
    assert len(copies(folder)) == 2


@pytest.mark.parametrize(('each', 'fine'), [(820, True), (819, False)])
def test_a_host_that_lets_bytes_drip_in_is_left(
    monkeypatch: pytest.MonkeyPatch, settings: Any, each: int, fine: bool
) -> None:
    settings.LARGE_IMAGE_REMOTE_TIMEOUT = 4.0
    now = 0.0
    monkeypatch.setattr(localcopy, 'time', types.SimpleNamespace(monotonic=lambda: now, time=time.time))

    class Slow(io.BytesIO):
        def read(self, count: Any = -1) -> bytes:
            nonlocal now
            now += 1.0
            return super().read(each)

    # Looked at when more than four seconds are over, which is after five: four kilobytes have to be there by then.
    ref = remote(Slow(b'x' * each * 20))
    if fine:
        assert local_ref(ref).path is not None
        return
    with pytest.raises(RemoteUnavailable, match='too slowly'):
        local_ref(ref)


def test_who_waits_for_a_copy_waits_for_a_bounded_time(folder: pathlib.Path, settings: Any) -> None:
    settings.LARGE_IMAGE_HANDLE_TIMEOUT = 0.05
    ref = remote()
    folder.mkdir(0o700)
    with open(folder / f'{ref.digest[:2]}.lock', 'ab') as file:
        locks.lock(file, locks.LOCK_EX)
        with pytest.raises(Busy):
            local_ref(ref)
    assert local_ref(ref).path is not None


def test_those_used_longest_ago_go(tmp_path: pathlib.Path) -> None:
    names = [letter * 64 + ending for letter, ending in (('a', '.tif'), ('b', ''), ('c', '.ome.tif'))]
    for age, name in enumerate(names):
        (tmp_path / name).write_bytes(b'x' * 100)
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    theirs = ['d' * 63 + '.tif', 'd' * 65, 'aa.lock', 'x']
    for name in theirs:
        (tmp_path / name).write_bytes(b'x' * 100)
    localcopy.evict(tmp_path, 300)
    assert set(os.listdir(tmp_path)) == {*names, *theirs}
    localcopy.evict(tmp_path, 299)
    assert set(os.listdir(tmp_path)) == {*names[1:], *theirs}
    # The one that is wanted now stays, whatever its age.
    localcopy.evict(tmp_path, 199, keep=tmp_path / names[1])
    assert set(os.listdir(tmp_path)) == {names[1], *theirs}
    localcopy.evict(tmp_path, 0)
    assert set(os.listdir(tmp_path)) == set(theirs)


def test_what_killed_processes_left_goes(tmp_path: pathlib.Path) -> None:
    now = time.time()
    for name, age in (('.part-new', 3500), ('.part-old', 3700)):
        (tmp_path / name).write_bytes(b'x')
        os.utime(tmp_path / name, (now - age, now - age))
    localcopy.evict(tmp_path, 10)
    assert os.listdir(tmp_path) == ['.part-new']


def test_a_folder_that_cannot_be_made(tmp_path: pathlib.Path, settings: Any) -> None:
    (tmp_path / 'file').write_bytes(b'')
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(tmp_path / 'file' / 'copies')
    with pytest.raises(Misconfigured, match='LOCAL_COPY_DIR'):
        localcopy.copies_folder()


# -- temporary files


def test_a_temporary_file_is_gone_after_its_block(folder: pathlib.Path) -> None:
    with tempfiles.temporary_file('.tif') as path:
        path.write_bytes(b'12345')
        assert (path.parent, path.suffix, path.name[:7]) == (folder, '.tif', 'region-')
        file = path.open('rb')
    with file:
        assert (file.read(), path.exists()) == (b'12345', False)
    with pytest.raises(ZeroDivisionError), tempfiles.temporary_file('.tif') as path:
        1 / 0  # noqa: B018
    # One that was moved away meanwhile is no error.
    with tempfiles.temporary_file('.tif') as path:
        path.unlink()
    assert os.listdir(folder) == []


def test_a_path_with_nothing_beside_it(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / 'a.tif').write_bytes(b'12345')
    with tempfiles.alone(str(tmp_path / 'a.tif'), 'b.tif') as path:
        assert pathlib.Path(path).read_bytes() == b'12345'
        assert os.listdir(os.path.dirname(path)) == ['b.tif']
    assert os.listdir(folder) == []
    assert (tmp_path / 'a.tif').exists()


def test_what_killed_processes_left_is_swept_once_a_minute(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A folder that was not looked through yet.
    clock = types.SimpleNamespace(now=1000.0)
    fake = types.SimpleNamespace(monotonic=lambda: clock.now, time=time.time)
    monkeypatch.setattr(tempfiles, 'time', fake)
    folder.mkdir(0o700)
    past = time.time() - 61

    def leave() -> None:
        for name in ('region-old', 'region-new', 'region-locked', 'other'):
            (folder / name).write_bytes(b'x')
        (folder / 'link-old').mkdir(exist_ok=True)
        for name in ('region-old', 'region-locked', 'other', 'link-old'):
            os.utime(folder / name, (past, past))

    def rest() -> list[str]:
        with tempfiles.temporary_file('.tif') as own:
            return sorted(set(os.listdir(folder)) - {own.name})

    leave()
    with open(folder / 'region-locked', 'ab') as file:
        locks.lock(file, locks.LOCK_EX)
        assert rest() == ['other', 'region-locked', 'region-new']
        leave()
        clock.now += 59
        assert 'region-old' in rest()
        clock.now += 1
        assert rest() == ['other', 'region-locked', 'region-new']
