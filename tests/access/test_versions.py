"""The versions of remote images: asked for once, believed for a time, and a bounded number of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_large_image.access import versions
from django_large_image.access.versions import RemoteVersion, RemoteVersions, storage_error
from django_large_image.exceptions import ImageChanged, ImageMissing, RemoteUnavailable


def never() -> RemoteVersion:
    raise AssertionError('asked again')


def says(version: str) -> Callable[[], RemoteVersion]:
    return lambda: RemoteVersion(version)


def test_a_version_is_believed_for_a_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(versions.time, 'monotonic', lambda: now)
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 60
    known = RemoteVersions()
    assert known.get('a', says('1')).version == '1'
    now += 59
    assert known.get('a', never).version == '1'
    now += 1
    assert known.get('a', says('2')).version == '2'
    known.forget('a')
    known.forget('b')
    assert known.get('a', says('3')).version == '3'
    known.clear()
    assert known.get('a', says('4')).version == '4'


def test_an_error_is_not_kept() -> None:
    known = RemoteVersions()
    with pytest.raises(AssertionError):
        known.get('a', never)
    assert known.get('a', says('1')).version == '1'


def test_those_used_last_are_kept() -> None:
    known = RemoteVersions(3)
    for key in 'abcde':
        known.get(key, says(key))
        assert known.get('a', never).version == 'a'
    for key in 'ade':
        known.get(key, never)
    for key in 'bc':
        assert known.get(key, says('again')).version == 'again'


@pytest.mark.parametrize(
    ('etag', 'expected'),
    [('"a"', {'GDAL_HTTP_HEADERS': '"If-Match: \\"a\\""'}), ('W/"a"', {}), ('', {})],
)
def test_only_a_strong_tag_is_a_condition(etag: str, expected: dict[str, str]) -> None:
    assert RemoteVersion('1', etag=etag).condition == expected


@pytest.mark.parametrize(
    ('status', 'error'),
    [
        (412, ImageChanged),
        (404, ImageMissing),
        (410, ImageMissing),
        (403, RemoteUnavailable),
        (None, RemoteUnavailable),
    ],
)
def test_errors_of_a_storage(status: int | None, error: type[Exception]) -> None:
    assert type(storage_error(status)) is error
