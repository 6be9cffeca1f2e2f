"""What one process has decoded another one does not, whatever becomes of either."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import pathlib
import shutil
import signal
import threading
import time
from collections.abc import Hashable
from typing import Any

import numpy as np
import pytest

from django_large_image import access, handles
from django_large_image.caching import shared
from django_large_image.caching.blockfolder import Folder
from django_large_image.caching.shared import SharedBlocks, name_of, shared_blocks
from django_large_image.pixels import MaskedPixels
from django_large_image.raster.blocks.blockreader import BlockReader
from tests import reference
from tests.caching.conftest import LIMIT
from tests.caching.sharing import KEY, Other, block_of

DTYPES = ('uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64', 'complex64', '>i2')


def entries(memory: pathlib.Path) -> list[str]:
    """Return the names of the blocks in the one folder."""
    (folder,) = memory.iterdir()
    return sorted(path.name for path in folder.iterdir() if path.name != 'claims')


def never(keys: list[Hashable]) -> dict[Hashable, MaskedPixels]:
    raise AssertionError('decoded again')


def slowly(keys: list[Hashable]) -> dict[Hashable, MaskedPixels]:
    time.sleep(0.05)
    return {key: block_of(key) for key in keys}


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('shape', [(1, 1, 1), (7, 5, 3), (64, 64, 20)])
@pytest.mark.parametrize('masked', [False, True])
def test_a_block_comes_back_as_it_was(
    tmp_path: pathlib.Path, dtype: str, shape: tuple[int, int, int], masked: bool
) -> None:
    folder = Folder(str(tmp_path / 'blocks'), LIMIT)
    numbers = np.random.default_rng(1)
    # Cut from a larger array, as blocks of one read are.
    values = (numbers.random((*shape[:2], shape[2] + 1)) * 100).astype(dtype)[:, :, 1:]
    valid = numbers.integers(0, 2, shape[:2], np.uint8) * np.uint8(255) if masked else None
    folder.put('a', MaskedPixels(values, valid))
    found = folder.get('a')
    assert found is not None
    assert (found.values.dtype, found.values.shape) == (np.dtype(dtype), shape)
    np.testing.assert_array_equal(found.values, values)
    if valid is None:
        assert found.mask is None
    else:
        np.testing.assert_array_equal(found.mask, valid)
    assert folder.get('b') is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    'kind', ['rgb', 'rgba', 'dem', 'uint16', 'internal-mask', 'nan-nodata', 'striped', 'gcps']
)
def test_another_process_draws_without_decoding(
    shared_folder: pathlib.Path, images: Any, kind: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = images(kind)
    z, x, y = reference.tiles_covering(path, reference.native_zoom(path))[0]

    def draw() -> Any:
        handles.clear()
        with handles.borrow(access.image_ref(path), projection='EPSG:3857') as lease:
            return lease.tile_source(None, 'PNG').getTile(x, y, z, numpyAllowed='always')

    settings.LARGE_IMAGE_SHARED_BLOCK_BYTES = 0
    expected = draw()
    settings.LARGE_IMAGE_SHARED_BLOCK_BYTES = LIMIT
    with Other(shared_folder, 'draw', path, z, x, y) as other:
        assert other.says() == 'done'
        assert entries(shared_folder)
        monkeypatch.setattr(BlockReader, '_decode', never)
        np.testing.assert_array_equal(draw(), expected)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what is not slow on purpose for quick, also on a machine that does other things meanwhile."""
    monkeypatch.setattr(shared, '_WORTH_CPU', 1000.0)
    # 40 ms for the block, and `slowly` takes 50.
    monkeypatch.setattr(shared, '_WORTH_ALL', 0.04 / (block_of(KEY).nbytes / 2**20))


@pytest.mark.usefixtures('at_once')
def test_what_is_decoded_quickly_is_not_kept(shared_folder: pathlib.Path) -> None:
    blocks = {KEY: block_of(KEY)}
    assert shared_blocks.fetch([KEY], lambda keys: blocks) == blocks
    assert entries(shared_folder) == []
    shared_blocks.fetch([KEY], slowly)
    assert entries(shared_folder) == [name_of(KEY)]
    shared_blocks.fetch([KEY], never)
    shared_blocks.clear()
    assert shared_blocks.stats() == {'blocks': 0, 'bytes': 0, 'limit': LIMIT}


def test_a_process_waits_for_what_another_one_decodes(shared_folder: pathlib.Path) -> None:
    with Other(shared_folder, 'hold') as other:
        assert other.says() == 'decoding'
        timer = threading.Timer(0.2, other.tell)
        timer.start()
        found = shared_blocks.fetch([KEY], never)
        np.testing.assert_array_equal(found[KEY].values, block_of(KEY).values)
        timer.join()
        assert other.says() == 'done'


def test_it_decodes_its_own_blocks_before_it_waits(shared_folder: pathlib.Path) -> None:
    mine: list[Hashable] = ['own', 1]
    with Other(shared_folder, 'hold') as other:
        assert other.says() == 'decoding'

        def load(keys: list[Hashable]) -> dict[Hashable, MaskedPixels]:
            assert keys == mine
            other.tell()
            return slowly(keys)

        assert set(shared_blocks.fetch([*mine, KEY], load)) == {*mine, KEY}


@pytest.mark.parametrize('sign', [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_never_finishes_holds_up_nobody_for_long(
    shared_folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, sign: signal.Signals
) -> None:
    monkeypatch.setattr(shared, '_PATIENCE', 30.0 if sign == signal.SIGKILL else 0.1)
    with Other(shared_folder, 'hold') as other:
        assert other.says() == 'decoding'
        other.process.send_signal(sign)
        begun = time.monotonic()
        assert KEY in shared_blocks.fetch([KEY], slowly)
        assert time.monotonic() - begun < 20


def test_an_error_leaves_no_claim(shared_folder: pathlib.Path) -> None:
    def fails(keys: list[Hashable]) -> dict[Hashable, MaskedPixels]:
        raise OSError('broken block')

    with pytest.raises(OSError, match='broken block'):
        shared_blocks.fetch([KEY], fails)
    # Without a wait, after which another process decodes it all the same.
    with Other(shared_folder, 'claim') as other:
        assert other.says() == 'True'
    with Other(shared_folder, 'fetch') as other:
        assert [other.says(), other.says()] == ['decoding', 'done']
    shared_blocks.fetch([KEY], never)


@pytest.mark.usefixtures('at_once')
@pytest.mark.parametrize('kept', [True, False])
def test_what_was_decoded_leaves_no_claim(shared_folder: pathlib.Path, kept: bool) -> None:
    blocks = {KEY: block_of(KEY)}
    shared_blocks.fetch([KEY], slowly if kept else lambda keys: blocks)
    assert entries(shared_folder) == ([name_of(KEY)] if kept else [])
    with Other(shared_folder, 'claim') as other:
        assert other.says() == 'True'


def test_a_block_that_came_between_two_looks_leaves_no_claim(
    shared_folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_blocks.fetch([KEY], slowly)
    real, looks = Folder.get, []

    def late(folder: Folder, name: str) -> MaskedPixels | None:
        looks.append(name)
        return None if len(looks) == 1 else real(folder, name)

    monkeypatch.setattr(Folder, 'get', late)
    assert KEY in shared_blocks.fetch([KEY], never)
    assert len(looks) == 2
    with Other(shared_folder, 'claim') as other:
        assert other.says() == 'True'


@pytest.mark.parametrize(('number', 'left'), [(errno.ENOSPC, 0), (errno.EACCES, 1)])
def test_what_is_kept_goes_when_there_is_no_space(
    shared_folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: Any, number: int, left: int
) -> None:
    shared_blocks.fetch([KEY], slowly)
    assert entries(shared_folder) == [name_of(KEY)]

    def fails(folder: Folder, name: str, block: MaskedPixels) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Folder, 'put', fails)
    with caplog.at_level(logging.WARNING):
        assert 'another' in shared_blocks.fetch(['another'], slowly)
    # Others on the machine may need the space more.
    assert len(entries(shared_folder)) == left
    assert len(caplog.records) == 1


def test_the_last_process_removes_the_folder(shared_folder: pathlib.Path) -> None:
    shared_blocks.fetch([KEY], slowly)
    with Other(shared_folder, 'fetch') as other:
        assert other.says() == 'done'
        shared_blocks.leave()
        assert entries(shared_folder) == [name_of(KEY)]
        assert other.ended() == 0
    assert list(shared_folder.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(
    shared_folder: pathlib.Path, settings: Any
) -> None:
    with Other(shared_folder, 'fetch') as other:
        assert [other.says(), other.says()] == ['decoding', 'done']
        (used,) = shared_folder.iterdir()
        settings.SECRET_KEY = 'another'
        shared_blocks.fetch([KEY], slowly)
        assert len(list(shared_folder.iterdir())) == 2
        shared_blocks.leave()
        assert list(shared_folder.iterdir()) == [used]
        other.process.kill()
        other.process.wait()
    assert list(shared_folder.iterdir()) == [used]
    shared_blocks.fetch([KEY], slowly)
    assert entries(shared_folder) == [name_of(KEY)]
    assert not used.exists()


@pytest.mark.parametrize('moment', ['mkdir', 'flock'])
def test_the_last_process_leaves_while_another_one_comes(
    shared_folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: Any, moment: str
) -> None:
    module: Any = {'mkdir': os, 'flock': fcntl}[moment]
    real, calls = getattr(module, moment), []

    def late(*args: Any) -> Any:
        # Once each: what is there goes away after it was made, and before it is locked.
        result = real(*args) if moment == 'mkdir' else None
        calls.append(args)
        if len(calls) == 1:
            (folder,) = shared_folder.iterdir()
            shutil.rmtree(folder)
        return result if moment == 'mkdir' else real(*args)

    monkeypatch.setattr(module, moment, late)
    shared_blocks.fetch([KEY], slowly)
    assert len(calls) == 2
    assert entries(shared_folder) == [name_of(KEY)]
    assert not caplog.records


def test_a_folder_that_is_removed_meanwhile(shared_folder: pathlib.Path, caplog: Any) -> None:
    shared_blocks.fetch([KEY], slowly)
    (folder,) = shared_folder.iterdir()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with caplog.at_level(logging.WARNING):
        assert KEY in shared_blocks.fetch([KEY], slowly)
    assert [record.getMessage() for record in caplog.records] == [
        'Decoded blocks are not shared for 60 seconds: No such file or directory'
    ]
    # Until then each process decodes for itself.
    assert shared_blocks.stats()['limit'] == 0
    shared_blocks._retry = 0
    shared_blocks.fetch([KEY], slowly)
    assert entries(shared_folder) == [name_of(KEY)]


def test_the_bytes_have_a_bound_and_those_used_last_stay(tmp_path: pathlib.Path) -> None:
    limit = 2 * 2**20
    folder = Folder(str(tmp_path / 'blocks'), limit)
    block = MaskedPixels(np.zeros((100, 100, 10), np.uint8), None)
    for number in range(60):
        folder.put(f'block{number}', block)
        assert folder.get('block0') is not None
        assert folder.size()[1] <= limit
    assert folder.get('block1') is None
    assert folder.get('block59') is not None
    large = MaskedPixels(np.zeros((600, 600, 1), np.uint8), None)
    folder.put('large', large)
    assert folder.get('large') is None


def test_a_full_disk_is_not_an_error(shared_folder: pathlib.Path) -> None:
    with Other(shared_folder, 'full') as other:
        assert other.says() == 'decoding'
        assert other.says() == "0 ['claims']"
        assert other.ended() == 0


@pytest.mark.parametrize('what', ['open to others', 'a link', 'a file'])
def test_a_folder_of_somebody_else_is_not_used(shared_folder: pathlib.Path, caplog: Any, what: str) -> None:
    shared_blocks.fetch([KEY], slowly)
    (folder,) = shared_folder.iterdir()
    shared_blocks.leave()
    elsewhere = shared_folder.parent / 'elsewhere'
    elsewhere.mkdir(mode=0o700)
    if what == 'open to others':
        folder.mkdir()
        folder.chmod(0o755)
    elif what == 'a link':
        folder.symlink_to(elsewhere)
    else:
        folder.write_bytes(b'')
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert KEY in shared_blocks.fetch([KEY], slowly)
    assert len(caplog.records) == 1
    assert str(shared_folder) not in caplog.text
    assert not os.listdir(elsewhere)


def test_files_are_for_their_owner_alone(shared_folder: pathlib.Path) -> None:
    shared_blocks.fetch([KEY], slowly)
    (folder,) = shared_folder.iterdir()
    assert {path.stat().st_mode & 0o777 for path in [folder, *folder.iterdir()]} == {0o700, 0o600}


def test_other_sites_and_other_settings_have_other_folders(
    shared_folder: pathlib.Path, settings: Any
) -> None:
    def folders(**changed: Any) -> set[pathlib.Path]:
        for name, value in changed.items():
            setattr(settings, name, value)
        one = SharedBlocks()
        folder = one.folder()
        assert folder is not None
        found = set(shared_folder.iterdir())
        one.leave()
        return found

    first = folders()
    assert len(first | folders(SECRET_KEY='another') | folders(LARGE_IMAGE_SIDECAR_FILES=True)) == 3


def test_nothing_is_shared_where_it_is_not_wanted_or_not_possible(
    shared_folder: pathlib.Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LARGE_IMAGE_SHARED_BLOCK_BYTES = 0
    assert KEY in shared_blocks.fetch([KEY], slowly)
    settings.LARGE_IMAGE_SHARED_BLOCK_BYTES = LIMIT
    monkeypatch.setattr(shared, 'MEMORY', str(shared_folder / 'missing'))
    assert KEY in shared_blocks.fetch([KEY], slowly)
    assert list(shared_folder.iterdir()) == []


def test_a_child_of_a_fork_has_no_claim_of_its_parent(shared_folder: pathlib.Path) -> None:
    with Other(shared_folder, 'fork') as other:
        assert [other.says(), other.says()] == ['0', 'True']
        assert other.ended() == 0
    assert list(shared_folder.iterdir()) == []


def test_a_block_that_is_being_written_stays(tmp_path: pathlib.Path) -> None:
    folder = Folder(str(tmp_path / 'blocks'), LIMIT)
    unfinished = tmp_path / 'blocks' / 'a.1.2'
    for age, stays in ((0, True), (1000, False)):
        unfinished.write_bytes(b'x')
        then = time.time() - age
        os.utime(unfinished, (then, then))
        folder.evict(0)
        assert unfinished.exists() == stays
