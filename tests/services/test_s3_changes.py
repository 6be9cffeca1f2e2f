"""Objects on S3 that are replaced, removed, or that cannot be had."""

from __future__ import annotations

import logging
import pathlib
import re
import threading
import time
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from django_large_image.access import field_file_ref
from django_large_image.access.versions import remote_versions
from tests import reference
from tests.app.models import ImageFile
from tests.images import GeoTiff, content, geo, make_png
from tests.services.answers import body_of, no_secret_logged
from tests.services.requestlog import RequestLog
from tests.services.s3 import S3Server, put

pytestmark = pytest.mark.django_db

TILE = {'z': 2, 'x': 1, 'y': 1, 'fmt': 'png'}


def version_of(path: pathlib.Path, number: int) -> pathlib.Path:
    """Write version `number` of an image: of the same size, with the same header, with other pixels."""
    array = np.roll(content.rgb(1024, 1024), number * 37, axis=2)
    return GeoTiff(array, geo.UTM, geo.UTM_TRANSFORM, photometric='rgb', cog=True).write(path)


def expected_tile(path: pathlib.Path, x: int = 1, y: int = 1) -> Any:
    """Return the pixels of a tile of the full resolution."""
    return reference.read_window(path, x * 256, y * 256, 256, 256)


def test_a_replaced_object_shows_its_new_pixels_under_a_new_etag(
    get: Any, s3: S3Server, bucket: str, s3_storage: Any, settings: Any, tmp_path: pathlib.Path
) -> None:
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0.4
    old, new = version_of(tmp_path / 'old.tif', 0), version_of(tmp_path / 'new.tif', 1)
    image = ImageFile.objects.create(name='a', file=put(s3, bucket, old, 'a.tif'))
    first = get('tile', image, **TILE)
    assert np.array_equal(reference.decoded(body_of(first), 'RGB'), expected_tile(old))
    histogram = get('histogram', image).json()
    put(s3, bucket, new, 'a.tif')
    time.sleep(0.5)
    second = get('tile', image, **TILE, headers={'If-None-Match': first['ETag']})
    assert np.array_equal(reference.decoded(body_of(second), 'RGB'), expected_tile(new))
    assert second['ETag'] != first['ETag']
    pixel = get('pixel', image, query={'left': 300, 'top': 300, 'units': 'pixels'}).json()
    assert [pixel[c] for c in 'rgb'] == reference.read_window(new, 300, 300, 1, 1).ravel().tolist()
    assert get('histogram', image).json() != histogram or (old.read_bytes() == new.read_bytes())
    # And back: the first version's answers are still in the cache, and are right again.
    put(s3, bucket, old, 'a.tif')
    time.sleep(0.5)
    third = get('tile', image, **TILE)
    assert body_of(third) == body_of(first)
    assert third['ETag'] == first['ETag']


def test_new_bytes_are_not_kept_as_the_old_version(
    get: Any, s3: S3Server, bucket: str, s3_storage: Any, tmp_path: pathlib.Path
) -> None:
    """What is read between the replacement and the next look at the version belongs to no known version."""
    old, new = version_of(tmp_path / 'old.tif', 0), version_of(tmp_path / 'new.tif', 1)
    image = ImageFile.objects.create(name='a', file=put(s3, bucket, old, 'a.tif'))
    body_of(get('tile', image, **TILE | {'x': 0}))
    put(s3, bucket, new, 'a.tif')
    # A corner that GDAL has not read ahead.
    corner = TILE | {'x': 3, 'y': 3}
    # Reading the old version fails, which is forgotten then.
    between = reference.decoded(body_of(get('tile', image, **corner)), 'RGB')
    assert np.array_equal(between, expected_tile(new, 3, 3))
    assert not np.array_equal(between, expected_tile(old, 3, 3))
    # The old bytes come back, and with them the old version.
    put(s3, bucket, old, 'a.tif')
    remote_versions.clear()
    again = get('tile', image, **corner)
    assert np.array_equal(reference.decoded(body_of(again), 'RGB'), expected_tile(old, 3, 3))


def test_a_copy_of_new_bytes_is_not_kept_as_the_old_version(
    get: Any, s3: S3Server, bucket: str, s3_storage: Any, tmp_path: pathlib.Path
) -> None:
    paths = [make_png(tmp_path / f'{width}.png', width, 300) for width in (400, 500)]
    image = ImageFile.objects.create(name='a', file=put(s3, bucket, paths[0], 'a.png'))
    # The version is known from now on, the bytes were not fetched yet.
    field_file_ref(image.file)
    put(s3, bucket, paths[1], 'a.png')
    assert get('metadata', image).json()['sizeX'] == 500
    put(s3, bucket, paths[0], 'a.png')
    remote_versions.clear()
    assert get('metadata', image).json()['sizeX'] == 400


def test_replacing_under_load_never_mixes_versions(
    s3: S3Server, bucket: str, s3_storage: Any, settings: Any, tmp_path: pathlib.Path, transactional_db: Any
) -> None:
    """An ETag names the same pixels for good, also when the bytes of an earlier version come back."""
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0.2
    versions = [version_of(tmp_path / f'{number}.tif', number) for number in range(4)]
    image = ImageFile.objects.create(name='a', file=put(s3, bucket, versions[0], 'a.tif'))
    seen: list[tuple[float, int, int, str, bytes, int]] = []
    stop = threading.Event()

    def ask(number: int) -> None:
        client, turn = APIClient(raise_request_exception=False), 0
        while not stop.is_set():
            x, y = turn % 4, (turn // 4 + number) % 4
            began = time.monotonic()
            answer = client.get(f'/images/{image.pk}/tiles/2/{x}/{y}.png')
            seen.append((began, x, y, answer.get('ETag', ''), answer.content, answer.status_code))
            turn += 1
            time.sleep(0.01)

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(1, 13):
            time.sleep(0.45)
            put(s3, bucket, versions[turn % 4], 'a.tif')
        replaced = time.monotonic()
        time.sleep(0.8)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    # While it is replaced, an image may be unavailable for a moment; it is never broken.
    assert {status for *_, status in seen} <= {200, 503}
    pixels = {(x, y): [expected_tile(path, x, y) for path in versions] for x in range(4) for y in range(4)}

    def shown(x: int, y: int, body: bytes) -> int:
        """Return which version a tile shows; -1 for the pixels of none or of several."""
        got = reference.decoded(body, 'RGB')
        return next((n for n, one in enumerate(pixels[x, y]) if np.array_equal(got, one)), -1)

    found = {(x, y, etag, shown(x, y, body)) for _, x, y, etag, body, status in seen if status == 200}
    assert -1 not in {version for *_, version in found}
    assert len({entry[:3] for entry in found}) == len(found), 'one ETag named the pixels of several versions'
    late = [entry for entry in seen if entry[0] > replaced + 0.4]
    assert late
    assert {(status, shown(x, y, body)) for _, x, y, _, body, status in late} == {(200, 0)}


def test_a_missing_object_is_404(
    get: Any, s3: S3Server, bucket: str, s3_storage: Any, settings: Any, images: Any
) -> None:
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0
    image = ImageFile.objects.create(name='gone', file='no/such/key.tif')
    for endpoint, path in (('metadata', {}), ('tile', TILE), ('region', {'fmt': 'tif'})):
        response = get(endpoint, image, **path, query={'left': 0, 'right': 9, 'top': 0, 'bottom': 9} if
                       endpoint == 'region' else None)  # fmt: skip
        assert (response.status_code, response.json()['code']) == (404, 'image_missing')
        assert 'key.tif' not in response.content.decode()
        assert 'no-store' in response['Cache-Control']
    # Removed between two requests, also while a handle is open and a tile is cached.
    key = put(s3, bucket, images('rgb'))
    image = ImageFile.objects.create(name='rgb', file=key)
    body_of(get('tile', image, **TILE))
    s3.client().delete_object(Bucket=bucket, Key=key)
    assert get('tile', image, **TILE).status_code == 404
    # Stored again, it is served again: an error is kept nowhere.
    put(s3, bucket, images('rgb'))
    body_of(get('tile', image, **TILE))


def unavailable(response: Any, *secrets: str) -> None:
    """Assert that an answer is a 503 that says when to come back, and nothing of the storage."""
    assert (response.status_code, response.json()['code']) == (503, 'storage_unavailable')
    assert int(response['Retry-After']) >= 1
    assert 'no-store' in response['Cache-Control']
    text = response.content.decode()
    assert not [secret for secret in ('127.0.0.1', 'vsi', 'Traceback', *secrets) if secret in text]


def test_wrong_credentials_are_503_and_stay_secret(
    get: Any, s3: S3Server, bucket: str, settings: Any, images: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = put(s3, bucket, images('rgb'), 'private-name.tif')
    options = s3.storage_options(bucket) | {'secret_key': 'a-wrong-secret', 'access_key': 'test:nobody'}
    backend = {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': options}
    settings.STORAGES = {**settings.STORAGES, 'default': backend}
    image = ImageFile.objects.create(name='a', file=key)
    for endpoint, path in (('metadata', {}), ('tile', TILE), ('thumbnail', {'fmt': 'png'})):
        unavailable(get(endpoint, image, **path), 'a-wrong-secret', 'test:nobody', 'private-name', bucket)
    no_secret_logged(caplog, 'a-wrong-secret', 'test:nobody', 'private-name', bucket)


def test_no_log_line_of_a_success_has_a_secret(
    get: Any, s3: S3Server, bucket: str, s3_storage: Any, images: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ('rgb', 'png', 'truncated'):
        image = ImageFile.objects.create(name=name, file=put(s3, bucket, images(name), f'private/{name}.tif'))
        for endpoint, path in (
            ('metadata', {}),
            ('metadata-internal', {}),
            ('tile', TILE | {'x': 0, 'y': 0}),
        ):
            response = get(endpoint, image, **path)
            text = response.content.decode('latin-1')
            assert not re.search(rf'private/|vsis3|{re.escape(s3.access_key)}|{bucket}', text)
    assert any(record.name.startswith('rasterio') for record in caplog.records)
    no_secret_logged(caplog, s3.access_key, s3.secret_key, 'private/', s3.endpoint)


@pytest.mark.slow
def test_a_server_that_went_away_is_503(
    get: Any, bucket: str, s3: S3Server, settings: Any, images: Any, tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / 's3'
    folder.mkdir()
    with S3Server(folder) as server:
        server.client().create_bucket(Bucket='images')
        backend = {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': server.storage_options('images')}
        settings.STORAGES = {**settings.STORAGES, 'default': backend}
        known = ImageFile.objects.create(
            name='known', file=put(server, 'images', images('rgb'), 'private/known.tif')
        )
        headed = ImageFile.objects.create(
            name='headed', file=put(server, 'images', images('dem'), 'private/headed.tif')
        )
        copied = ImageFile.objects.create(
            name='copied', file=put(server, 'images', images('png'), 'copied.png')
        )
        cached = body_of(get('tile', known, **TILE))
        whole = body_of(get('tile', copied, z=0, x=0, y=0, fmt='png'))
        # Its version is known from now on, and nothing else.
        field_file_ref(headed.file)
    secrets = ('private/', '.tif', server.access_key, server.secret_key)
    began = time.monotonic()
    unavailable(get('tile', known, **TILE | {'x': 5, 'z': 3}), *secrets)
    unavailable(get('metadata', headed), *secrets)
    unavailable(get('region', known, fmt='tif', query={'left': 900, 'top': 900, 'right': 999, 'bottom': 999,
                                                       'units': 'pixels'}), *secrets)  # fmt: skip
    # What is here is served on as long as its version is trusted.
    assert body_of(get('tile', known, **TILE)) == cached
    assert body_of(get('tile', copied, z=0, x=0, y=0, fmt='png')) == whole
    settings.LARGE_IMAGE_REMOTE_VERSION_SECONDS = 0
    unavailable(get('tile', known, **TILE), *secrets)
    assert time.monotonic() - began < 30
    no_secret_logged(caplog, 'private/', server.access_key, server.secret_key)


def test_nothing_is_listed_or_asked_for_beside_the_image(
    get: Any, s3: S3Server, bucket: str, s3_storage: Any, s3_requests: RequestLog, images: Any
) -> None:
    """No look for .aux.xml, .ovr, .msk or world files: each would be a request, and what they say is not trusted."""
    for suffix in ('.ovr', '.msk', '.aux.xml'):
        s3.client().put_object(Bucket=bucket, Key=f'rgb.tif{suffix}', Body=b'<PAMDataset/>')
    image = ImageFile.objects.create(name='rgb', file=put(s3, bucket, images('rgb')))
    s3_requests.reset()
    for endpoint, path in (('metadata', {}), ('metadata-internal', {}), ('tiffdump', {}), ('tile', TILE)):
        body_of(get(endpoint, image, **path))
    body_of(get('thumbnail', image, fmt='jpeg'))
    assert {request.path for request in s3_requests()} == {f'/{bucket}/rgb.tif'}
