"""Images on S3: the same answers as from disk, by few ranges, never old ones, and errors that tell no secret."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any

import numpy as np
import pytest

from tests import reference
from tests.app.models import ImageFile, S3Image
from tests.images import make_vrt
from tests.services.answers import (
    UNIT,
    answers,
    block_bytes,
    body_of,
    copies_in,
    on_disk,
    same,
    span,
    total_bytes,
)
from tests.services.requestlog import RequestLog
from tests.services.s3 import S3Server, put

pytestmark = pytest.mark.django_db

#: Names that are spelt otherwise in a URL, in a signature or in both.
KEYS = (
    'a folder/an image.tif',
    'Übersicht/航空写真.tif',
    'a+b.tif',
    'half 50%.tif',
    'percent%20twenty.tif',
    'number#1.tif',
    'what?x=1&y=2.tif',
    "it's (a) [b] {c} ~;,@=$!.tif",
)


@pytest.mark.parametrize(
    ('prefix', 'name'),
    [
        *(('image', name) for name in ('rgb', 'uint16', 'dem', 'palette', 'rgba', 'striped')),
        ('s3-image', 'rgb'),
        ('s3-image', 'dem'),
    ],
)
def test_geotiff_is_served_as_from_disk(
    get: Any, image_file: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any, copies: pathlib.Path,
    s3_requests: RequestLog, prefix: str, name: str,
) -> None:  # fmt: skip
    with on_disk():
        expected = answers(get, image_file(name))
    key = put(s3, bucket, images(name))
    s3_requests.reset()
    if prefix == 'image':
        image: Any = ImageFile.objects.create(name=name, file=key)
    else:
        image = S3Image.objects.create(name=name, blob=key)
    same(answers(get, image, prefix), expected)
    # By ranges of the one object: no copy, no listing, nothing written.
    assert copies_in(copies) == []
    assert {request.path for request in s3_requests()} == {f'/{bucket}/{key}'}
    assert {request.method for request in s3_requests()} == {'HEAD', 'GET'}
    assert total_bytes(s3_requests()) > 0


def test_tile_on_s3_has_the_pixels_of_gdal(
    get: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any
) -> None:
    path = images('rgb')
    image = ImageFile.objects.create(name='rgb', file=put(s3, bucket, path))
    for z, x, y in reference.tiles_covering(path, reference.native_zoom(path))[:3]:
        response = get('tile', image, z=z, x=x, y=y, fmt='png', query={'projection': 'EPSG:3857'})
        got = reference.decoded(body_of(response), 'RGBA')
        expected, valid = reference.warped_tile(path, z, x, y)
        assert reference.psnr(got[:3], expected, valid & (got[3] > 0)) > 50
    got = reference.decoded(body_of(get('tile', image, z=3, x=2, y=1, fmt='png')), 'RGB')
    assert np.array_equal(got, reference.read_window(path, 512, 256, 256, 256))


def test_few_bytes_of_a_large_image_are_read(
    get: Any, large: pathlib.Path, s3: S3Server, bucket: str, s3_storage: Any, s3_requests: RequestLog
) -> None:
    image = ImageFile.objects.create(name='large', file=put(s3, bucket, large))
    size = large.stat().st_size
    assert size > 20_000_000
    s3_requests.reset()
    body_of(get('tiles-metadata', image))
    body_of(get('tile', image, z=5, x=7, y=9, fmt='png'))
    body_of(get('tile', image, z=0, x=0, y=0, fmt='png'))
    body_of(get('pixel', image, query={'left': 5000, 'top': 4000, 'units': 'pixels'}))
    sides = {'left': 4000, 'top': 1000, 'right': 4300, 'bottom': 1300, 'units': 'pixels'}
    body_of(get('region', image, fmt='png', query=sides))
    assert total_bytes(s3_requests()) < size / 10
    # Statistics come from an overview, the thumbnail too.
    body_of(get('bands', image))
    body_of(get('thumbnail', image, fmt='png'))
    assert total_bytes(s3_requests()) < size / 3


def test_a_second_tile_reads_its_own_bytes_and_no_header(
    get: Any, large: pathlib.Path, s3: S3Server, bucket: str, s3_storage: Any, s3_requests: RequestLog
) -> None:
    image = ImageFile.objects.create(name='large', file=put(s3, bucket, large))
    s3_requests.reset()
    body_of(get('tile', image, z=5, x=2, y=3, fmt='png'))
    # One HEAD for the version, one GET of the header, and the tile.
    assert len(s3_requests('HEAD')) == 1
    header, _ = s3_requests('GET')
    assert header.range == 'bytes=0-131071'
    for x, y in ((20, 15), (9, 17), (21, 4)):
        s3_requests.reset()
        got = reference.decoded(body_of(get('tile', image, z=5, x=x, y=y, fmt='png')), 'RGB')
        assert np.array_equal(got, reference.read_window(large, x * 256, y * 256, 256, 256))
        first, last = block_bytes(large, x, y)
        (only,) = s3_requests()
        start, end = span(only)
        assert (only.method, only.status) == ('GET', 206)
        assert first - UNIT < start <= first
        assert last <= end < last + UNIT


def test_a_cached_tile_and_a_304_read_nothing(
    get: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any, s3_requests: RequestLog
) -> None:
    image = ImageFile.objects.create(name='rgb', file=put(s3, bucket, images('rgb')))
    where = {'z': 3, 'x': 1, 'y': 1, 'fmt': 'png'}
    first = get('tile', image, **where)
    stats = body_of(get('metadata', image))
    s3_requests.reset()
    assert body_of(get('tile', image, **where)) == body_of(first)
    assert body_of(get('tile-zxy', image, **where)) == body_of(first)
    assert body_of(get('metadata', image)) == stats
    unchanged = get('tile', image, **where, headers={'If-None-Match': first['ETag']})
    assert (unchanged.status_code, unchanged.content, unchanged['ETag']) == (304, b'', first['ETag'])
    region = {'left': 0, 'top': 0, 'right': 99, 'bottom': 99, 'units': 'pixels'}
    answer = get('region', image, fmt='tif', query=region)
    body_of(answer)
    s3_requests.reset()
    assert (
        get('region', image, fmt='tif', query=region, headers={'If-None-Match': answer['ETag']}).status_code
        == 304
    )
    assert s3_requests() == []


def test_when_the_version_is_due_a_cached_tile_costs_one_head(
    get: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any, s3_requests: RequestLog, settings: Any
) -> None:
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0
    key = put(s3, bucket, images('rgb'))
    image = ImageFile.objects.create(name='rgb', file=key)
    first = get('tile', image, z=3, x=1, y=1, fmt='png')
    s3_requests.reset()
    assert body_of(get('tile', image, z=3, x=1, y=1, fmt='png')) == body_of(first)
    assert [(request.method, request.path) for request in s3_requests()] == [('HEAD', f'/{bucket}/{key}')]
    s3_requests.reset()
    unchanged = get('tile', image, z=3, x=1, y=1, fmt='png', headers={'If-None-Match': first['ETag']})
    assert unchanged.status_code == 304
    assert [request.method for request in s3_requests()] == ['HEAD']


@pytest.mark.parametrize('name', ['png', 'jpeg', 'ome'])
def test_a_scan_goes_through_the_local_copy(
    get: Any, image_file: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any, copies: pathlib.Path,
    s3_requests: RequestLog, name: str,
) -> None:  # fmt: skip
    with on_disk():
        expected = answers(get, image_file(name), geospatial=False)
    key = put(s3, bucket, images(name))
    image = ImageFile.objects.create(name=name, file=key)
    s3_requests.reset()
    same(answers(get, image, geospatial=False), expected)
    # The whole object once, without a look at others of the bucket; from then on the copy.
    assert {request.path for request in s3_requests()} == {f'/{bucket}/{key}'}
    assert len([request for request in s3_requests('GET') if not request.range]) == 1
    (copy,) = copies_in(copies)
    assert copy.read_bytes() == images(name).read_bytes()
    assert key not in copy.name


def test_a_plain_tiled_tiff_has_the_same_pixels(
    get: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any
) -> None:
    path = images('no-crs')
    image = ImageFile.objects.create(name='plain', file=put(s3, bucket, path))
    sides = {'left': 300, 'top': 200, 'right': 900, 'bottom': 700, 'units': 'pixels'}
    got = reference.decoded(body_of(get('region', image, fmt='png', query=sides)), 'RGB')
    assert np.array_equal(got, reference.read_window(path, 300, 200, 600, 500))
    pixel = get('pixel', image, query={'left': 301, 'top': 202, 'units': 'pixels'}).json()
    assert [pixel['r'], pixel['g'], pixel['b']] == reference.read_window(
        path, 301, 202, 1, 1
    ).ravel().tolist()


@pytest.mark.parametrize('key', KEYS)
def test_every_key_is_found(
    get: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any, s3_requests: RequestLog, key: str
) -> None:
    path = images('rgb')
    put(s3, bucket, path, key)
    image = S3Image.objects.create(name='key', blob=key)
    s3_requests.reset()
    got = reference.decoded(body_of(get('tile', image, prefix='s3-image', z=3, x=1, y=1, fmt='png')), 'RGB')
    assert np.array_equal(got, reference.read_window(path, 256, 256, 256, 256))
    assert total_bytes(s3_requests()) < path.stat().st_size


def test_location_is_part_of_the_key(
    get: Any, images: Any, s3: S3Server, bucket: str, settings: Any, s3_requests: RequestLog
) -> None:
    options = s3.storage_options(bucket) | {'location': 'media/of the site'}
    backend = {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': options}
    settings.STORAGES = {**settings.STORAGES, 'default': backend}
    put(s3, bucket, images('rgb'), 'media/of the site/x/rgb.tif')
    image = ImageFile.objects.create(name='rgb', file='x/rgb.tif')
    s3_requests.reset()
    got = reference.decoded(body_of(get('tile', image, z=3, x=1, y=1, fmt='png')), 'RGB')
    assert np.array_equal(got, reference.read_window(images('rgb'), 256, 256, 256, 256))
    assert {request.path for request in s3_requests()} == {f'/{bucket}/media/of the site/x/rgb.tif'}


def test_a_text_that_names_another_object_opens_nothing(
    get: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any, tmp_path: pathlib.Path,
    s3_requests: RequestLog,
) -> None:  # fmt: skip
    put(s3, bucket, images('rgb'), 'secret.tif')
    vrt = tmp_path / 'innocent.tif'
    for target in (f'/vsis3/{bucket}/secret.tif', f'/vsicurl/{s3.endpoint}/{bucket}/secret.tif'):
        make_vrt(vrt, target)
        image = ImageFile.objects.create(name='vrt', file=put(s3, bucket, vrt, f'{hash(target)}.tif'))
        s3_requests.reset()
        for endpoint, path in (('metadata', {}), ('tile', {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'})):
            response = get(endpoint, image, **path)
            assert (response.status_code, response.json()['code']) == (422, 'image_unreadable')
            assert 'secret' not in response.content.decode()
        assert not s3_requests(path='secret.tif')
        assert not [request for request in s3_requests() if 'prefix' in request.query]


def test_a_truncated_object_is_422_and_not_a_black_tile(
    get: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any
) -> None:
    image = ImageFile.objects.create(name='cut', file=put(s3, bucket, images('truncated')))
    statuses = {get('tile', image, z=2, x=x, y=y, fmt='png').status_code for x in range(4) for y in range(4)}
    assert statuses <= {200, 422}
    assert 422 in statuses


def test_a_replaced_storage_does_not_get_the_old_ones_answers(
    get: Any, images: Any, s3: S3Server, bucket: str, s3_storage: Any, settings: Any, tmp_path: pathlib.Path
) -> None:
    """The same key in another bucket is another image."""
    other = f'{bucket}-other'
    s3.client().create_bucket(Bucket=other)
    put(s3, bucket, images('rgb'), 'same.tif')
    shutil.copy(images('striped'), tmp_path / 'same.tif')
    put(s3, other, tmp_path / 'same.tif')
    image = ImageFile.objects.create(name='same', file='same.tif')
    first = get('tile', image, z=0, x=0, y=0, fmt='png')
    backend = {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': s3.storage_options(other)}
    settings.STORAGES = {**settings.STORAGES, 'default': backend}
    second = get('tile', image, z=0, x=0, y=0, fmt='png')
    assert body_of(first) != body_of(second)
    assert first['ETag'] != second['ETag']
