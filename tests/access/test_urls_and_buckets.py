"""URLs and objects of S3: how they are named, what signs them, and what their hosts answer."""

from __future__ import annotations

import datetime
import email.message
import io
import socket
import types
import urllib.error
from typing import Any

import pytest

from django_large_image import access
from django_large_image.access import url
from django_large_image.access.versions import remote_versions
from django_large_image.exceptions import (
    HostNotAllowed,
    ImageChanged,
    ImageMissing,
    ImageUnreadable,
    RemoteUnavailable,
)

HOST = 'images.example.org'


class Web:
    """A web server in the place of the one that opens URLs."""

    def __init__(self) -> None:
        self.status = 206
        self.headers: dict[str, str] = {'Content-Range': 'bytes 0-0/1234', 'ETag': '"v1"'}
        self.asked: list[Any] = []
        self.timeouts: list[float] = []
        self.error: Exception | None = None

    def open(self, request: Any, timeout: float) -> Any:
        """Answer a request."""
        self.asked.append(request)
        self.timeouts.append(timeout)
        if self.error is not None:
            raise self.error
        if self.status >= 300:
            raise urllib.error.HTTPError(
                request.full_url, self.status, '', email.message.Message(), io.BytesIO()
            )
        answer: Any = io.BytesIO(b'x')
        answer.headers, answer.status = self.headers, self.status
        return answer


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Web:
    """Let this process ask a server of the test's own."""
    settings.LARGE_IMAGE_ALLOWED_HOSTS = settings.LARGE_IMAGE_PRIVATE_HOSTS = [HOST]
    web = Web()
    monkeypatch.setattr(url, '_opener', web)
    return web


def test_what_is_said_of_a_url(web: Web, settings: Any) -> None:
    settings.LARGE_IMAGE_REMOTE_TIMEOUT = 3.0
    web.headers['Last-Modified'] = 'Mon, 01 Jan 2024 00:00:00 GMT'
    ref = access.image_ref(f'https://{HOST}/folder/a%20b.tif#part')
    assert (ref.key, ref.name, ref.remote) == (f'https://{HOST}/folder/a%20b.tif', 'a b.tif', True)
    assert ref.version == '"v1"/Mon, 01 Jan 2024 00:00:00 GMT/1234'
    assert ref.modified == datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC).timestamp()
    assert ref.path is not None
    # The version is a part of the address that GDAL remembers bytes by, and that is not sent.
    address, _, version = ref.path.partition('#')
    assert (address, len(version)) == (f'/vsicurl/https://{HOST}/folder/a%20b.tif', 16)
    assert ref.options['GDAL_HTTP_HEADERS'] == '"If-Match: \\"v1\\""'
    assert 'CPL_VSIL_CURL_USE_HEAD' not in ref.options
    (asked,) = web.asked
    assert (asked.get_header('Range'), asked.get_header('User-agent')) == ('bytes=0-0', 'django-large-image')
    assert web.timeouts == [3.0]
    web.headers['ETag'] = '"v2"'
    remote_versions.clear()
    again = access.image_ref(f'https://{HOST}/folder/a%20b.tif')
    assert again.path is not None
    assert (again.key, again.path != ref.path, again.digest != ref.digest) == (ref.key, True, True)


@pytest.mark.parametrize(
    'given', ['https://{}/a.tif', ' https://{}/a.tif ', '/vsicurl/https://{}/a.tif', '/vsicurl?url=https%3A%2F%2F{}%2Fa.tif&use_head=no'],
)  # fmt: skip
def test_the_spellings_of_one_url(web: Web, given: str) -> None:
    # Text of a user goes to `url_ref`, what a project's code made to `image_ref`.
    ref = (url.url_ref if given.startswith(' ') else access.image_ref)(given.format(HOST))
    assert ref.key == f'https://{HOST}/a.tif'


def test_ports_and_capitals(web: Web) -> None:
    assert access.image_ref(f'http://{HOST.upper()}:8080/a.tif').key == f'http://{HOST}:8080/a.tif'
    assert access.image_ref(f'http://{HOST}').name == 'image'
    assert access.image_ref(f'http://{HOST}/a.tif?b=2&a=&c=%2F').key == f'http://{HOST}/a.tif?b=2&a=&c=%2F'


def test_a_host_without_ranges_is_copied(web: Web) -> None:
    web.status, web.headers = 200, {'Content-Length': '99'}
    ref = access.image_ref(f'https://{HOST}/a.tif')
    assert (ref.path, ref.version, ref.modified) == (None, '//99', None)
    web.headers = {'Last-Modified': 'some day'}
    remote_versions.clear()
    ref = access.image_ref(f'https://{HOST}/a.tif')
    assert (ref.version, ref.modified) == ('/some day/', None)


@pytest.mark.parametrize(
    ('signed', 'key'),
    [
        ('X-Amz-Signature=1&X-Amz-Date=2&versionId=3', '?versionId=3'),
        ('x-goog-signature=1&X-Goog-Expires=2&generation=3', '?generation=3'),
        ('Signature=1&Expires=2&Key-Pair-Id=3&AWSAccessKeyId=4&Policy=5&GoogleAccessId=6', ''),
        ('sig=1&se=2&sp=3&sv=4&versionid=5', '?versionid=5'),
    ],
)
def test_what_signs_is_no_part_of_the_key(web: Web, signed: str, key: str) -> None:
    ref = access.image_ref(f'https://{HOST}/a.tif?{signed}')
    assert ref.key == f'https://{HOST}/a.tif{key}'
    # The host checks each signature once, and a signature is for GET alone.
    assert ref.options['CPL_VSIL_CURL_USE_HEAD'] == 'NO'
    access.image_ref(f'https://{HOST}/a.tif?{signed}')
    assert len(web.asked) == 1
    other = access.image_ref(f'https://{HOST}/a.tif?{signed.replace("=1", "=9", 1)}')
    assert (other.digest, len(web.asked)) == (ref.digest, 2)
    assert len({ref.version_key, other.version_key, ref.key}) == 3


@pytest.mark.parametrize('query', ['Expires=2&se=3', 'x-amz-date=2', 'policy=1', 'signatures=1'])
def test_without_a_signature_nothing_is_left_out(web: Web, query: str) -> None:
    ref = access.image_ref(f'https://{HOST}/a.tif?{query}')
    assert (ref.key, ref.version_key) == (f'https://{HOST}/a.tif?{query}', f'https://{HOST}/a.tif?{query}')


@pytest.mark.parametrize(
    'wrong',
    [
        f'ftp://{HOST}/a.tif', f'https://user@{HOST}/a.tif', f'https://:secret@{HOST}/a.tif', 'https:///a.tif',
        f'https://{HOST}:port/a.tif', f'https://{HOST}/a b.tif', f'https://{HOST}/a\x1fb.tif', 'https://[::1/a.tif',
    ],
)  # fmt: skip
def test_what_is_no_url(web: Web, wrong: str) -> None:
    with pytest.raises(ImageUnreadable, match='no valid http'):
        url.url_ref(wrong)
    assert web.asked == []


@pytest.mark.parametrize(
    ('status', 'error', 'message'),
    [
        (301, ImageUnreadable, 'redirects'), (308, ImageUnreadable, 'redirects'), (399, ImageUnreadable, 'redirects'),
        (400, RemoteUnavailable, '.'), (404, ImageMissing, '.'), (410, ImageMissing, '.'), (416, ImageUnreadable, 'empty'),
        (412, ImageChanged, '.'), (500, RemoteUnavailable, '.'),
    ],
)  # fmt: skip
def test_statuses_of_a_host(web: Web, status: int, error: type[Exception], message: str) -> None:
    web.status = status
    with pytest.raises(error, match=message) as raised:
        access.image_ref(f'https://{HOST}/a.tif')
    assert type(raised.value) is error


@pytest.mark.parametrize('error', [TimeoutError(), ValueError('header'), ConnectionResetError()])
def test_a_host_that_does_not_answer(web: Web, error: Exception) -> None:
    web.error = error
    with pytest.raises(RemoteUnavailable):
        access.image_ref(f'https://{HOST}/a.tif')


def test_all_addresses_of_a_host_have_to_be_public(
    web: Web, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []

    def resolve(host: str, port: Any, **kwargs: Any) -> list[Any]:
        if not found:
            raise socket.gaierror
        return [(socket.AF_INET6, kwargs['type'], 6, '', (address, 0, 0, 0)) for address in found]

    monkeypatch.setattr(socket, 'getaddrinfo', resolve)
    url.check_addresses(HOST)
    settings.LARGE_IMAGE_PRIVATE_HOSTS = []
    with pytest.raises(RemoteUnavailable):
        url.check_addresses(HOST)
    for addresses, fine in (
        (['93.184.215.14'], True),
        (['93.184.215.14', '10.0.0.1'], False),
        (['fe80::1%eth0'], False),
        (['::ffff:93.184.215.14'], True),
    ):
        found[:] = addresses
        if fine:
            url.check_addresses(HOST)
        else:
            with pytest.raises(HostNotAllowed, match='not public'):
                url.check_addresses(HOST)
    with pytest.raises(HostNotAllowed):
        url.check_host('elsewhere.example.org')


class Bucket:
    """boto3's client of a bucket with one object."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def head_object(self, **wanted: Any) -> dict[str, Any]:
        """Say what is there."""
        if self.error is not None:
            raise self.error
        changed = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
        return {'ETag': '"v1"', 'ContentLength': 5, 'LastModified': changed, 'VersionId': 'third'}

    get_object = head_object


def storage_of(client: Any, **about: Any) -> Any:
    """Return a storage with what django-storages' has."""
    about = {'access_key': 'a', 'secret_key': 'b', 'endpoint_url': None} | about
    return types.SimpleNamespace(
        bucket_name='images', location='', connection=types.SimpleNamespace(meta=types.SimpleNamespace(client=client)),
        _normalize_name=lambda name: f'prefix/{name}', **about,
    )  # fmt: skip


@pytest.fixture
def s3() -> Any:
    """Return the module of S3, if what it needs is installed."""
    pytest.importorskip('storages')
    pytest.importorskip('botocore')
    from django_large_image.access import s3

    return s3


def test_what_is_said_of_an_object(s3: Any) -> None:
    ref = s3.s3_ref(storage_of(Bucket()), './folder/a.tif', 'app.model/1/file')
    assert (ref.key, ref.path) == (
        's3:///images/prefix/folder/a.tif',
        '/vsis3/images/prefix/folder/a.tif',
    )
    assert (ref.name, ref.identity, ref.remote) == ('a.tif', 'app.model/1/file', True)
    assert ref.version == '"v1"/5/third'
    assert ref.modified == datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC).timestamp()
    assert ref.options['GDAL_HTTP_HEADERS'] == '"If-Match: \\"v1\\""'
    assert s3.is_s3_storage(storage_of(Bucket()))
    assert not s3.is_s3_storage(types.SimpleNamespace(bucket_name='images'))
    elsewhere = s3.s3_ref(storage_of(Bucket(), endpoint_url='https://s3.example.org'), 'folder/a.tif')
    assert elsewhere.key == 's3://https://s3.example.org/images/prefix/folder/a.tif'


@pytest.mark.parametrize(
    ('about', 'options'),
    [
        ({}, {'AWS_REGION': 'us-east-1', 'AWS_VIRTUAL_HOSTING': 'TRUE', 'AWS_S3_ENDPOINT': None, 'AWS_HTTPS': None}),
        ({'region_name': 'eu-1', 'addressing_style': 'path'}, {'AWS_REGION': 'eu-1', 'AWS_VIRTUAL_HOSTING': 'TRUE'}),
        (
            {'endpoint_url': 'http://localhost:9000/root/'},
            {'AWS_S3_ENDPOINT': 'localhost:9000/root', 'AWS_HTTPS': 'NO', 'AWS_VIRTUAL_HOSTING': 'FALSE'},
        ),
        (
            {'endpoint_url': 'https://s3.example.org', 'addressing_style': 'virtual'},
            {'AWS_S3_ENDPOINT': 's3.example.org', 'AWS_HTTPS': 'YES', 'AWS_VIRTUAL_HOSTING': 'TRUE'},
        ),
        ({'endpoint_url': 'https://s3.example.org', 'addressing_style': 'auto'}, {'AWS_VIRTUAL_HOSTING': 'FALSE'}),
        ({'verify': False}, {'GDAL_HTTP_UNSAFESSL': 'YES'}),
        ({'verify': True}, {'GDAL_HTTP_UNSAFESSL': None}),
        ({'verify': None}, {'GDAL_HTTP_UNSAFESSL': None}),
        ({}, {'AWS_ACCESS_KEY_ID': 'a', 'AWS_SECRET_ACCESS_KEY': 'b', 'AWS_SESSION_TOKEN': None}),
        ({'security_token': 'c'}, {'AWS_SESSION_TOKEN': 'c', 'AWS_NO_SIGN_REQUEST': None}),
    ],
)  # fmt: skip
def test_how_gdal_asks_for_an_object(s3: Any, about: dict[str, Any], options: dict[str, Any]) -> None:
    found = s3.s3_ref(storage_of(Bucket(), **about), 'a.tif').options
    assert {name: found.get(name) for name in options} == options


@pytest.mark.parametrize('missing', ['access_key', 'secret_key'])
def test_without_keys_of_its_own_a_storage_has_those_of_the_machine(
    s3: Any, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    import boto3

    chain: Any = None
    monkeypatch.setattr(
        boto3, 'Session', lambda profile_name: types.SimpleNamespace(get_credentials=lambda: chain)
    )
    storage = storage_of(Bucket(), **{missing: None})
    found = s3.s3_ref(storage, 'a.tif').options
    assert found['AWS_NO_SIGN_REQUEST'] == 'YES'
    keys = types.SimpleNamespace(access_key='c', secret_key='d', token='e')
    chain = types.SimpleNamespace(get_frozen_credentials=lambda: keys)
    found = s3.s3_ref(storage, 'a.tif').options
    names = ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_NO_SIGN_REQUEST')
    assert [found.get(name) for name in names] == ['c', 'd', 'e', None]


def test_errors_of_a_bucket(s3: Any) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    client = Bucket()
    ref = s3.s3_ref(storage_of(client), 'a.tif')
    for status, error in (
        (404, ImageMissing),
        (412, ImageChanged),
        (403, RemoteUnavailable),
        (None, RemoteUnavailable),
    ):
        answer: Any = {'ResponseMetadata': {'HTTPStatusCode': status}} if status else {}
        client.error = ClientError(answer, 'HeadObject')
        for ask in (ref.ask, ref.fetch):
            with pytest.raises(error) as raised:
                ask()
            assert type(raised.value) is error
    client.error = BotoCoreError()
    for ask in (ref.ask, ref.fetch):
        with pytest.raises(RemoteUnavailable):
            ask()
