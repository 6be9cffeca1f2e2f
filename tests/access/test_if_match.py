"""A copy is fetched of the version that is known: with its ETag in If-Match, or not at all."""

from __future__ import annotations

import datetime
import email.message
import io
import types
import urllib.error
from typing import Any

import pytest

from django_large_image.access import url
from django_large_image.access.versions import remote_versions
from django_large_image.exceptions import ImageChanged

ADDRESS = 'https://images.example.org/a.png'


class Host:
    """A web server with one file, in the place of the one that opens URLs."""

    def __init__(self, etag: str) -> None:
        self.etag = etag
        self.asked: list[Any] = []

    def open(self, request: Any, timeout: float) -> Any:
        """Answer a request; one for other bytes than those that are there gets 412 (RFC 9110)."""
        self.asked.append(request)
        if request.get_header('If-match', self.etag) != self.etag:
            raise urllib.error.HTTPError(request.full_url, 412, '', email.message.Message(), io.BytesIO())
        answer: Any = io.BytesIO(b'bytes')
        answer.headers, answer.status = {'ETag': self.etag, 'Content-Length': '5'}, 200
        return answer


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, settings: Any, request: Any) -> Host:
    """Let this process ask a server of the test's own."""
    settings.LARGE_IMAGE_ALLOWED_HOSTS = settings.LARGE_IMAGE_PRIVATE_HOSTS = ['images.example.org']
    host = Host(getattr(request, 'param', '"v1"'))
    monkeypatch.setattr(url, '_opener', host)
    return host


def test_a_url_is_copied_by_its_tag(host: Host) -> None:
    ref = url.url_ref(ADDRESS)
    assert ref.fetch is not None
    assert ref.fetch().read() == b'bytes'
    assert [one.get_header('If-match') for one in host.asked] == [None, '"v1"']
    host.etag = '"v2"'
    with pytest.raises(ImageChanged):
        ref.fetch()
    remote_versions.clear()
    again = url.url_ref(ADDRESS)
    assert again.fetch is not None
    assert again.fetch().read() == b'bytes'
    assert again.version != ref.version


@pytest.mark.parametrize('host', ['W/"v1"', ''], indirect=True)
def test_a_url_without_a_strong_tag_is_copied_as_it_is(host: Host) -> None:
    ref = url.url_ref(ADDRESS)
    assert ref.fetch is not None
    assert ref.fetch().read() == b'bytes'
    assert len(host.asked) == 2
    assert not any(one.has_header('If-match') for one in host.asked)


class Client:
    """boto3's client of a bucket with one object."""

    def __init__(self) -> None:
        self.etag = '"v1"'
        self.asked: list[dict[str, Any]] = []

    def head_object(self, **wanted: Any) -> dict[str, Any]:
        """Say what is there."""
        changed = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
        return {'ETag': self.etag, 'ContentLength': 5, 'LastModified': changed}

    def get_object(self, **wanted: Any) -> dict[str, Any]:
        """Give the bytes, if they are those that are asked for."""
        from botocore.exceptions import ClientError

        self.asked.append(wanted)
        if wanted.get('IfMatch', self.etag) != self.etag:
            raise ClientError({'ResponseMetadata': {'HTTPStatusCode': 412}}, 'GetObject')  # type: ignore[typeddict-item]
        return {'Body': io.BytesIO(b'bytes')}


def test_an_object_on_s3_is_copied_by_its_tag() -> None:
    pytest.importorskip('storages')
    pytest.importorskip('botocore')
    from django_large_image.access.s3 import s3_ref

    client = Client()
    storage = types.SimpleNamespace(
        bucket_name='images', endpoint_url='https://s3.example.org', location='', access_key='a', secret_key='b',
        connection=types.SimpleNamespace(meta=types.SimpleNamespace(client=client)),
        _normalize_name=lambda name: name,
    )  # fmt: skip
    ref = s3_ref(storage, 'a.png')
    assert ref.fetch is not None
    assert ref.fetch().read() == b'bytes'
    assert client.asked == [{'Bucket': 'images', 'Key': 'a.png', 'IfMatch': '"v1"'}]
    client.etag = '"v2"'
    with pytest.raises(ImageChanged):
        ref.fetch()
