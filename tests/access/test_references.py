"""What is said of an image without reading it: its key, its version, its name, and how GDAL is to ask for it."""

from __future__ import annotations

import datetime
import os
import pathlib
import types
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from django_large_image import access
from django_large_image.access import path, sidecars, versions
from django_large_image.access.ref import ImageRef
from django_large_image.access.versions import RemoteVersion, RemoteVersions
from django_large_image.exceptions import (
    ImageChanged,
    ImageMissing,
    ImageUnreadable,
    RemoteUnavailable,
)


def test_a_file_on_disk(tmp_path: pathlib.Path) -> None:
    file = tmp_path / 'a.tif'
    file.write_bytes(b'12345')
    ref = access.image_ref(file)
    assert ref == access.image_ref(str(file)) == access.image_ref(ref)
    assert (ref.key, ref.path, ref.name) == (str(file), str(file), 'a.tif')
    assert (ref.remote, ref.modified, ref.identity) == (False, file.stat().st_mtime, '')
    assert ref.is_current()
    file.write_bytes(b'123456')
    assert not ref.is_current()
    assert access.image_ref(file).digest != ref.digest
    file.unlink()
    assert not ref.is_current()
    assert len(ref.digest) == 64
    assert str(file) not in repr(ref)


def test_a_relative_path_is_that_of_now(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'a.tif').write_bytes(b'1')
    monkeypatch.chdir(tmp_path)
    assert access.image_ref('a.tif').path == str(tmp_path / 'a.tif')


def test_what_is_no_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / 'empty').write_bytes(b'')
    for wrong, error in (
        (None, ImageMissing),
        (tmp_path / 'none', ImageMissing),
        (tmp_path / 'empty' / 'a', ImageMissing),
        (tmp_path / 'empty', ImageUnreadable),
        ('a\0b', ImageUnreadable),
        ('a' * 5000, ImageUnreadable),
        (5, ImageUnreadable),
    ):
        with pytest.raises(error):
            access.image_ref(wrong)


def test_what_is_remote_is_current_until_it_is_asked_for() -> None:
    for ref in (
        ImageRef('k', 'v', '/vsis3/b/a', 'a', remote=True, modified=1.0),
        ImageRef('k', 'v', None, 'a', modified=1.0),
        ImageRef('k', 'v', '/none', 'a'),
    ):
        assert ref.is_current()
    assert not ImageRef('k', 'v', '/none', 'a', modified=1.0).is_current()


@pytest.mark.parametrize('kind', ['s3', 'gs', 'az', 'adls', 'oss', 'swift', 'zip', 'tar'])
def test_paths_of_virtual_file_systems(monkeypatch: pytest.MonkeyPatch, settings: Any, kind: str) -> None:
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 10.0
    now = 1000.0
    monkeypatch.setattr(path, 'time', types.SimpleNamespace(time=lambda: now))
    name = f'/vsi{kind}/bucket/folder/a.tif'
    ref = access.image_ref(name)
    assert (ref.key, ref.path, ref.name, ref.remote) == (name, name, 'a.tif', True)
    assert dict(ref.options) == path.remote_options()
    # What does not say whether it changed is another one in each period.
    now = 1009.9
    assert access.image_ref(name).version == ref.version
    now = 1010.0
    assert access.image_ref(name).version != ref.version
    # A period has a second at least.
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0
    first = access.image_ref(name).version
    now = 1010.9
    assert access.image_ref(name).version == first
    now = 1011.0
    assert access.image_ref(name).version != first


def test_an_address_of_s3_is_gdal_s_path() -> None:
    assert access.image_ref('s3://bucket/a.tif').path == '/vsis3/bucket/a.tif'
    for wrong in ('/vsistdin/', '/vsimem/a.tif', '/vsisubfile/1,/a.tif', '/vsigzip//a.gz', '/vsihdfs/a'):
        with pytest.raises(ImageUnreadable, match='virtual file system'):
            access.image_ref(wrong)


def test_how_gdal_asks(settings: Any) -> None:
    settings.LARGE_IMAGE_REMOTE_TIMEOUT = 7.0
    options = path.remote_options()
    for name in ('TIMEOUT', 'CONNECTTIMEOUT', 'LOW_SPEED_TIME'):
        assert options[f'GDAL_HTTP_{name}'] == '7.0'
    # Whom nobody answers to in ten seconds is not there.
    settings.LARGE_IMAGE_REMOTE_TIMEOUT = 20.0
    assert path.remote_options()['GDAL_HTTP_CONNECTTIMEOUT'] == '10.0'
    assert path.remote_options()['GDAL_HTTP_TIMEOUT'] == '20.0'


# -- versions


def test_a_version_is_asked_for_once_in_a_while(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 5.0
    now = 100.0
    monkeypatch.setattr(versions, 'time', types.SimpleNamespace(monotonic=lambda: now))
    known = RemoteVersions()
    numbers = iter('abcdef')

    def ask() -> RemoteVersion:
        return RemoteVersion(next(numbers))

    assert known.get('k', ask).version == known.get('k', ask).version == 'a'
    now = 104.9
    assert known.get('k', ask).version == 'a'
    assert known.get('other', ask).version == 'b'
    now = 105.0
    assert known.get('k', ask).version == 'c'
    known.forget('k')
    known.forget('unknown')
    assert known.get('k', ask).version == 'd'
    known.clear()
    assert known.get('other', ask).version == 'e'


def test_an_error_is_not_remembered_and_versions_are_bounded() -> None:
    known = RemoteVersions(limit=2)

    def fail() -> RemoteVersion:
        raise RemoteUnavailable()

    with pytest.raises(RemoteUnavailable):
        known.get('a', fail)
    for name in 'abac':
        known.get(name, lambda name=name: RemoteVersion(name))
    # The one that was not asked for lately is forgotten.
    assert known.get('a', fail).version == 'a'
    assert known.get('c', fail).version == 'c'
    with pytest.raises(RemoteUnavailable):
        known.get('b', fail)


def test_only_a_strong_tag_is_a_condition() -> None:
    assert RemoteVersion('v', etag='"a"').condition == {'GDAL_HTTP_HEADERS': '"If-Match: \\"a\\""'}
    for etag in ('', 'W/"a"', 'a'):
        assert RemoteVersion('v', etag=etag).condition == {}


@pytest.mark.parametrize(
    ('status', 'error'),
    [(404, ImageMissing), (410, ImageMissing), (412, ImageChanged), (403, RemoteUnavailable), (500, RemoteUnavailable), (None, RemoteUnavailable)],
)  # fmt: skip
def test_what_a_status_of_a_storage_means(status: int | None, error: type[Exception]) -> None:
    assert type(versions.storage_error(status)) is error


# -- files beside an image


def test_files_beside_an_image_are_part_of_its_version(tmp_path: pathlib.Path, settings: Any) -> None:
    image = tmp_path / 'a.tif'
    image.write_bytes(b'1')
    alone = access.image_ref(image).version
    found = {alone}
    settings.LARGE_IMAGE_SIDECAR_FILES = True
    assert access.image_ref(image).version == alone
    names = [
        'a.tif.ovr', 'a.tif.OVR', 'a.tif.msk', 'a.tif.ovr.msk', 'a.tif.msk.ovr', 'a.tif.aux.xml', 'a.tif.aux', 'a.aux', 'a.wld',
        'a.prj', 'a.tab', 'a.tfw', 'a.TFW', 'a.tifw',
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).write_bytes(b'1')
        found.add(access.image_ref(image).version)
        (tmp_path / name).unlink()
    # Each says another thing, as each is in another place of the list.
    assert len(found) == 1 + len(names)
    for name in ('b.tfw', 'a.xml', 'a.tif.xml'):
        (tmp_path / name).write_bytes(b'1')
    assert access.image_ref(image).version == alone
    (tmp_path / 'a.tfw').write_bytes(b'1')
    settings.LARGE_IMAGE_SIDECAR_FILES = False
    assert access.image_ref(image).version == alone


def test_a_file_beside_an_image_that_changes(tmp_path: pathlib.Path) -> None:
    image, beside = tmp_path / 'a.jpeg', tmp_path / 'a.jgw'
    assert sidecars.versions(str(image)) == ''
    beside.write_bytes(b'1')
    first = sidecars.versions(str(image))
    beside.write_bytes(b'12')
    second = sidecars.versions(str(image))
    os.utime(beside, (5, 5))
    third = sidecars.versions(str(image))
    assert len({'', first, second, third}) == 4
    # A name without an ending, or with one of a letter, has no world file of its own.
    (tmp_path / 'b.xxw').write_bytes(b'1')
    (tmp_path / 'b.w').write_bytes(b'1')
    assert sidecars.versions(str(tmp_path / 'b.x')) == sidecars.versions(str(tmp_path / 'b')) == ''


def test_overviews_and_masks_in_whatever_case(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ('a.tif.ovr', 'A.TIF.Msk', 'a.tif.MSK.ovr', 'a.tif.aux.xml', 'b.tif.ovr', 'a.ovr'):
        (tmp_path / name).write_bytes(b'1')
    found = sidecars.with_pixels(str(tmp_path / 'a.tif'))
    assert sorted(os.path.basename(name) for name in found) == ['A.TIF.Msk', 'a.tif.MSK.ovr', 'a.tif.ovr']
    assert all(os.path.dirname(name) == str(tmp_path) for name in found)
    monkeypatch.chdir(tmp_path)
    assert len(sidecars.with_pixels('a.tif')) == 3


# -- storages


class Somewhere(Storage):
    """A storage whose files are not on this machine, and that says of them what a test wants."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def _open(self, name: str, mode: str = 'rb') -> Any:
        return self._answer('open', NotImplementedError())

    def exists(self, name: str) -> Any:
        return self._answer('exists', True)

    def size(self, name: str) -> Any:
        return self._answer('size', 5)

    def get_modified_time(self, name: str) -> Any:
        return self._answer('time', datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))

    def _answer(self, name: str, usual: Any) -> Any:
        answer = self.answers.get(name, usual)
        if isinstance(answer, Exception):
            raise answer
        return answer


def stored(storage: Any, name: str = 'folder/a.tif') -> Any:
    """Return a file of a model's field in a storage."""
    from tests.app.models import ImageFile

    instance = ImageFile(pk=7)
    file = instance.file
    file.name, file.storage = name, storage
    return file


def test_a_file_of_a_storage() -> None:
    changed = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    ref = access.image_ref(stored(Somewhere()))
    assert (ref.path, ref.name, ref.identity, ref.remote) == (None, 'a.tif', 'app.imagefile/7/file', True)
    assert (ref.version, ref.modified) == (f'5/{changed}', changed.timestamp())
    assert ref.key == 'storage:tests.access.test_references.Somewhere/app.imagefile/7/file/folder/a.tif'


@pytest.mark.parametrize(
    ('answers', 'version'),
    [
        ({'size': NotImplementedError()}, '2024-01-01 00:00:00+00:00'),
        ({'time': NotImplementedError()}, '5'),
        ({'time': NotImplementedError(), 'size': NotImplementedError()}, 'unversioned'),
        ({'exists': NotImplementedError(), 'time': NotImplementedError()}, '5'),
    ],
)
def test_a_storage_that_does_not_know_everything(answers: Any, version: str) -> None:
    ref = access.image_ref(stored(Somewhere(**answers)))
    assert ref.version == version
    assert (ref.modified is None) == ('time' in answers)


@pytest.mark.parametrize(
    ('answers', 'error'),
    [
        ({'exists': False}, ImageMissing),
        ({'exists': OSError()}, RemoteUnavailable),
        ({'size': FileNotFoundError()}, ImageMissing),
        ({'time': FileNotFoundError()}, ImageMissing),
        ({'size': RuntimeError()}, RemoteUnavailable),
    ],
)
def test_a_storage_that_fails(answers: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        access.image_ref(stored(Somewhere(**answers)))


@pytest.mark.parametrize(
    ('error', 'raised'),
    [(FileNotFoundError(), ImageMissing), (RuntimeError('what'), RemoteUnavailable)],
)
def test_a_file_that_a_storage_does_not_open(error: Exception, raised: type[Exception]) -> None:
    ref = access.image_ref(stored(Somewhere(open=error)))
    assert ref.fetch is not None
    with pytest.raises(raised):
        ref.fetch()
    ref = access.image_ref(stored(Somewhere(open=ContentFile(b'12345'))))
    assert ref.fetch is not None
    assert ref.fetch().read() == b'12345'


def test_a_field_without_a_file_and_a_name_that_is_not_allowed() -> None:
    class Careful(Somewhere):
        def path(self, name: str) -> str:
            raise SuspiciousOperation(name)

    with pytest.raises(ImageMissing, match='no image file'):
        access.image_ref(stored(Somewhere(), ''))
    with pytest.raises(ImageUnreadable, match='not allowed'):
        access.image_ref(stored(Careful()))


def test_a_file_of_a_storage_may_be_read_by_its_url(settings: Any) -> None:
    class Web(Somewhere):
        def url(self, name: str | None) -> str:
            return f'https://elsewhere.example.org/{name}'

    settings.LARGE_IMAGE_ALLOWED_HOSTS = []
    from django_large_image.exceptions import HostNotAllowed

    with pytest.raises(HostNotAllowed):
        access.field_file_ref(stored(Web()), prefer_url=True)
    assert access.field_file_ref(stored(Web())).path is None
