"""The servers that other tests rely on do what a real one does."""

from __future__ import annotations

import pathlib
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from tests.services.http import RangeServer
from tests.services.requestlog import RequestLog
from tests.services.s3 import S3Server


def fetch(url: str, **headers: str) -> tuple[int, bytes]:
    """Return status and body of a GET."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_s3_checks_signatures(s3: S3Server, bucket: str, s3_requests: RequestLog) -> None:
    s3.client().put_object(Bucket=bucket, Key='a/b.txt', Body=b'0123456789')
    url = s3.client().generate_presigned_url('get_object', Params={'Bucket': bucket, 'Key': 'a/b.txt'})
    s3_requests.reset()
    assert fetch(url, Range='bytes=2-4') == (206, b'234')
    assert fetch(url[:-4] + '0000')[0] == 403
    unsigned, _ = fetch(url.partition('?')[0])
    assert unsigned in (400, 401, 403)
    assert [(request.range, request.status) for request in s3_requests('GET', 'a/b.txt')] == [
        ('bytes=2-4', 206),
        ('', 403),
        ('', unsigned),
    ]


def test_s3_takes_uploads_in_parts(s3: S3Server, bucket: str) -> None:
    from boto3.s3.transfer import TransferConfig

    body = bytes(range(256)) * 24_000
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.client().upload_fileobj(ContentFile(body), bucket, 'parts', Config=config)
    answer = s3.client().get_object(Bucket=bucket, Key='parts')
    assert answer['Body'].read() == body
    assert answer['ETag'].strip('"').endswith('-2')


def test_s3_is_read_by_gdal_in_ranges(
    s3: S3Server, bucket: str, s3_requests: RequestLog, images: Callable[[str], pathlib.Path]
) -> None:
    rasterio = pytest.importorskip('rasterio')
    from rasterio.session import AWSSession

    path = images('rgb')
    s3.client().upload_file(str(path), bucket, 'rgb.tif')
    s3_requests.reset()
    session = AWSSession(
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        region_name=s3.region,
        endpoint_url=s3.endpoint.removeprefix('http://'),
    )
    options = {'AWS_HTTPS': 'NO', 'AWS_VIRTUAL_HOSTING': False, 'GDAL_DISABLE_READDIR_ON_OPEN': 'EMPTY_DIR'}
    with rasterio.Env(session=session, **options), rasterio.open(f'/vsis3/{bucket}/rgb.tif') as remote:
        window = rasterio.windows.Window(512, 512, 256, 256)
        pixels = remote.read(window=window)
    with rasterio.open(path) as local:
        assert (pixels == local.read(window=window)).all()
    # The header, then one run of ranges with the tile.
    assert len(s3_requests()) == 2
    assert all(request.status == 206 for request in s3_requests())


def test_s3_storage_is_djangos_default(s3_storage: Any, s3_requests: RequestLog) -> None:
    name = s3_storage.save('x.txt', ContentFile(b'text'))
    with s3_storage.open(name) as file:
        assert file.read() == b'text'
    assert s3_requests('PUT', name)


def test_http_server_has_ranges_and_etags(
    http_server: RangeServer, http_folder: pathlib.Path, images: Callable[[str], pathlib.Path]
) -> None:
    shutil.copy(images('png'), http_folder / 'a.png')
    whole = images('png').read_bytes()
    log = http_server.requests()
    assert fetch(http_server.url('a.png')) == (200, whole)
    assert fetch(http_server.url('a.png'), Range='bytes=1-3') == (206, whole[1:4])
    assert fetch(http_server.url('a.png'), Range='bytes=-3') == (206, whole[-3:])
    assert fetch(http_server.url('a.png'), Range=f'bytes={len(whole)}-')[0] == 416
    assert fetch(http_server.url('no-range/a.png'), Range='bytes=1-3') == (200, whole)
    assert fetch(http_server.url('redirect/a.png')) == (200, whole)
    assert fetch(http_server.url('status/503/a.png'))[0] == 503
    assert fetch(http_server.url('../secret'))[0] == 404
    assert [request.status for request in log()] == [200, 206, 206, 416, 200, 302, 200, 503, 404]


def test_redis_answers(redis_cache: Any) -> None:
    redis_cache.set('key', b'bytes')
    assert redis_cache.get('key') == b'bytes'


def test_postgres_answers(postgres: str) -> None:
    address, user, name = postgres.split('/')
    assert ':' in address
    assert user
    assert name
