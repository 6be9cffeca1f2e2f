"""Images behind URLs: what is read, and what one signature shares with another."""

from __future__ import annotations

import logging
import pathlib
import shutil
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
import tifffile

from tests import reference
from tests.app.models import UrlImage
from tests.foreign.test_plain_tiffs import DEEP, grey, pillow_lab, table
from tests.images import make_rgb
from tests.services.answers import (
    UNIT,
    answers,
    block_bytes,
    body_of,
    copies_in,
    no_secret_logged,
    same,
    span,
    total_bytes,
)
from tests.services.http import RangeServer, serve
from tests.services.requestlog import RequestLog
from tests.services.s3 import S3Server, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures('loopback_allowed')]

TILE = {'z': 3, 'x': 1, 'y': 1, 'fmt': 'png'}


@pytest.mark.parametrize('name', ['rgb', 'dem', 'png', 'ome'])
@pytest.mark.parametrize('mode', ['', 'no-head/', 'no-range/', 'no-etag/'])
def test_image_is_served_as_from_disk(
    get: Any, image_file: Any, images: Any, http_server: RangeServer, http_folder: pathlib.Path, http_log: RequestLog,
    copies: pathlib.Path, name: str, mode: str,
) -> None:  # fmt: skip
    if mode and name not in ('rgb', 'png'):
        name = 'rgba' if name == 'dem' else 'jpeg'
    geospatial = name in ('rgb', 'rgba', 'dem')
    expected = answers(get, image_file(name), geospatial=geospatial)
    url = http_server.url(mode + serve(http_folder, images(name)))
    image = UrlImage.objects.create(name=name, url=url)
    http_log.reset()
    same(answers(get, image, 'url-image', geospatial), expected)
    whole = [request for request in http_log('GET') if not request.range]
    # GDAL asks for the size with one HEAD or, where that is refused, with a GET that it breaks off.
    probes = len(http_log('HEAD')), int(mode == 'no-head/')
    assert probes[0] <= 1
    if geospatial and mode != 'no-range/':
        # Read where it is.
        assert len(whole) <= probes[1]
        assert copies_in(copies) == []
        assert total_bytes([request for request in http_log() if request.range]) > 0
    else:
        # Fetched once: ranges are no use, or nothing that reads ranges reads it.
        (copy,) = copies_in(copies)
        assert copy.read_bytes() == images(name).read_bytes()
        assert 1 <= len(whole) <= 1 + probes[1]


@pytest.mark.parametrize('kind', ['CIELab', '16-bit CMYK', 'white is zero', 'table', '12 bits in 16'])
def test_a_tiff_of_another_program_looks_as_from_disk(
    get: Any, image_file: Any, http_server: RangeServer, http_folder: pathlib.Path, tmp_path: pathlib.Path, kind: str
) -> None:  # fmt: skip
    path = tmp_path / 'foreign.tif'
    if kind == 'CIELab':
        pillow_lab(path)
    elif kind == 'table':
        table(path)
    else:
        values = {
            '16-bit CMYK': np.random.default_rng(5).integers(0, 65536, (90, 120, 4)).astype('uint16'),
            'white is zero': grey(),
            '12 bits in 16': DEEP,
        }[kind]
        photometric = {'16-bit CMYK': 'separated', 'white is zero': 'miniswhite'}.get(kind, 'minisblack')
        tifffile.imwrite(path, values, photometric=photometric, metadata=None)
    here = image_file(path)
    there = UrlImage.objects.create(name=kind, url=http_server.url(serve(http_folder, path)))
    query = {'max_width': 200, 'max_height': 200}
    expected = get('thumbnail', here, fmt='png', query=query)
    assert expected.status_code == 200
    got = get('thumbnail', there, fmt='png', query=query, prefix='url-image')
    assert (reference.decoded(got.content) == reference.decoded(expected.content)).all()


def test_a_second_tile_reads_its_own_bytes_and_a_cached_one_nothing(
    ask_url: Any,
    get: Any,
    large: pathlib.Path,
    http_server: RangeServer,
    http_folder: pathlib.Path,
    http_log: RequestLog,
) -> None:
    image = UrlImage.objects.create(name='large', url=http_server.url(serve(http_folder, large)))
    http_log.reset()
    first = get('tile', image, prefix='url-image', z=5, x=2, y=3, fmt='png')
    body_of(first)
    assert [request.range for request in http_log()].count('bytes=0-0') == 1
    for x, y in ((20, 15), (9, 17)):
        http_log.reset()
        response = get('tile', image, prefix='url-image', z=5, x=x, y=y, fmt='png')
        got = reference.decoded(body_of(response), 'RGB')
        assert np.array_equal(got, reference.read_window(large, x * 256, y * 256, 256, 256))
        begin, last = block_bytes(large, x, y)
        (only,) = http_log()
        start, end = span(only)
        assert begin - UNIT < start <= begin
        assert last <= end < last + UNIT
    http_log.reset()
    assert body_of(get('tile', image, prefix='url-image', z=5, x=2, y=3, fmt='png')) == body_of(first)
    again = get('tile', image, prefix='url-image', z=5, x=2, y=3, fmt='png',
                headers={'If-None-Match': first['ETag']})  # fmt: skip
    assert (again.status_code, again.content) == (304, b'')
    assert http_log() == []


def test_a_file_that_was_replaced_has_its_new_pixels(
    get: Any, images: Any, http_server: RangeServer, http_folder: pathlib.Path, settings: Any,
    tmp_path: pathlib.Path,
) -> None:  # fmt: skip
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0
    image = UrlImage.objects.create(name='a', url=http_server.url('a.tif'))
    etags = []
    for number, path in enumerate((images('rgb'), make_rgb(tmp_path / 'other.tif', 1024, 1024))):
        draft = tmp_path / 'draft'
        shutil.copyfile(path, draft)
        # Replaced at once, as a web server's files are: the handle that is open would see a mixture.
        draft.rename(http_folder / 'a.tif')
        z = 3 - number
        response = get('tile', image, prefix='url-image', z=z, x=1, y=1, fmt='png')
        got = reference.decoded(body_of(response), 'RGB')
        assert np.array_equal(got, reference.read_window(path, 256, 256, 256, 256))
        etags.append(response['ETag'])
        assert get('metadata', image, prefix='url-image').json()['sizeX'] == (2048, 1024)[number]
    assert etags[0] != etags[1]


SIGNED = [
    ('X-Amz-Algorithm', 'AWS4-HMAC-SHA256'),
    ('X-Amz-Credential', 'AKIA/20260101/us-east-1/s3/aws4_request'),
    ('X-Amz-Date', '20260101T000000Z'),
    ('X-Amz-Expires', '3600'),
    ('X-Amz-SignedHeaders', 'host'),
    ('X-Amz-Signature', 'abc123'),
]


@pytest.mark.parametrize(
    ('first', 'second'),
    [
        (SIGNED, [(k, v + '9' if k in ('X-Amz-Date', 'X-Amz-Signature') else v) for k, v in SIGNED]),
        ([*SIGNED, ('versionId', '7')], [('versionId', '7'), *((k, v[::-1]) for k, v in SIGNED)]),
        ([('AWSAccessKeyId', 'a'), ('Signature', 'b='), ('Expires', '1')],
         [('AWSAccessKeyId', 'a'), ('Signature', 'c='), ('Expires', '2')]),
        ([('Policy', 'a'), ('Signature', 'b'), ('Key-Pair-Id', 'K')],
         [('Policy', 'z'), ('Signature', 'y'), ('Key-Pair-Id', 'K')]),
        ([('sv', '2024'), ('se', '1'), ('sr', 'b'), ('sp', 'r'), ('sig', 'x%2F')],
         [('sv', '2024'), ('se', '2'), ('sr', 'b'), ('sp', 'r'), ('sig', 'y%2F')]),
        ([('X-Goog-Date', '1'), ('X-Goog-Signature', 'a')], [('X-Goog-Date', '2'), ('X-Goog-Signature', 'b')]),
    ],
    ids=['amazon-4', 'amazon-4-version', 'amazon-2', 'cloudfront', 'azure', 'google'],
)  # fmt: skip
def test_urls_that_differ_in_their_signature_share_everything(
    ask_url: Any, images: Any, http_server: RangeServer, http_folder: pathlib.Path, http_log: RequestLog, first: Any,
    second: Any,
) -> None:  # fmt: skip
    url = http_server.url(serve(http_folder, images('rgb')))
    http_log.reset()
    one = ask_url(f'{url}?{urlencode(first)}', 'tile', **TILE)
    body_of(one)
    # GDAL may ask once for the size: a signature is for GET alone, so it breaks off a GET after its headers.
    assert len([request for request in http_log() if not request.range]) <= 1
    http_log.reset()
    two = ask_url(f'{url}?{urlencode(second)}', 'tile', **TILE)
    assert (body_of(two), two['ETag']) == (body_of(one), one['ETag'])
    # The host checks the new signature, for one byte; whoever has none that is valid sees nothing of the caches.
    assert [request.range for request in http_log()] == ['bytes=0-0']
    http_log.reset()
    # Another tile of the second: nothing is opened, no header is read.
    body_of(ask_url(f'{url}?{urlencode(second)}', 'tile', **TILE | {'x': 6, 'y': 4}))
    (only,) = http_log()
    assert span(only)[0] >= UNIT


def test_urls_that_differ_in_anything_else_are_different_images(
    ask_url: Any, images: Any, http_server: RangeServer, http_folder: pathlib.Path, http_log: RequestLog
) -> None:
    url = http_server.url(serve(http_folder, images('rgb')))
    queries = ['', '?', '?id=1', '?id=2', '?id=', '?ID=1', '?id=1&id=2', '?expires=1', '?expires=2', '?x-amz-date=1',
               '?se=1', '?se=2', '?id=1&X-Amz-Signature=a', '?id=3&X-Amz-Signature=a', '?a=b%26c=d', '?a=b&c=d',
               '?id=1;2', '?versionId=1&X-Amz-Signature=a', '?versionId=2&X-Amz-Signature=b']  # fmt: skip
    etags: dict[str, list[str]] = {}
    for query in queries:
        etags.setdefault(ask_url(url + query, 'tile', **TILE)['ETag'], []).append(query)
    shared = [group for group in etags.values() if len(group) > 1]
    assert sorted(shared) == [['', '?'], ['?id=1', '?id=1&X-Amz-Signature=a']]


def test_a_presigned_url_of_a_real_server(
    ask_url: Any,
    images: Any,
    s3: S3Server,
    bucket: str,
    s3_requests: RequestLog,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    key = put(s3, bucket, images('rgb'), 'a folder/rgb +.tif')

    def signed(seconds: int, **params: str) -> str:
        wanted = {'Bucket': bucket, 'Key': key, **params}
        return str(s3.client().generate_presigned_url('get_object', Params=wanted, ExpiresIn=seconds))

    s3_requests.reset()
    one = ask_url(signed(600), 'tile', **TILE)
    got = reference.decoded(body_of(one), 'RGB')
    assert np.array_equal(got, reference.read_window(images('rgb'), 256, 256, 256, 256))
    assert len([request for request in s3_requests() if not request.range]) <= 1
    assert {request.status for request in s3_requests()} <= {200, 206}
    s3_requests.reset()
    two = ask_url(signed(700), 'tile', **TILE)
    assert (body_of(two), two['ETag']) == (body_of(one), one['ETag'])
    # One byte, by which the server checks the new signature; for the same URL nothing at all.
    assert [request.range for request in s3_requests()] == ['bytes=0-0']
    # Whoever has no valid signature sees nothing, although the tile is in the cache.
    forged = ask_url(signed(600)[:-6] + '000000', 'tile', **TILE)
    assert (forged.status_code, forged.json()['code']) == (503, 'storage_unavailable')
    for answer in (one, two, forged):
        assert 'Signature' not in str(answer.headers) + answer.content.decode('latin-1')
    no_secret_logged(caplog, 'Signature=', 'a folder', s3.access_key, s3.endpoint)
