"""URLs that are refused, and servers that refuse or fail."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests.app.models import UrlImage
from tests.services.answers import body_of, copies_in, parts_in
from tests.services.http import RangeServer, serve
from tests.services.process import free_ports
from tests.services.requestlog import RequestLog

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures('loopback_allowed')]

TILE = {'z': 3, 'x': 1, 'y': 1, 'fmt': 'png'}
LOCALHOST = '127.0.0.1'


def test_hosts_that_are_not_allowed_are_never_asked(
    ask_url: Any,
    images: Any,
    http_server: RangeServer,
    http_folder: pathlib.Path,
    http_log: RequestLog,
    settings: Any,
) -> None:
    url = http_server.url(serve(http_folder, images('rgb')))
    cases: list[tuple[list[str], list[str], str]] = [
        ([], [], url),
        (['example.org'], [LOCALHOST], url),
        (['.example.org'], ['*'], url),
        # Allowed, but its address is private and the project did not say that this is meant.
        ([LOCALHOST], [], url),
        (['*'], [], url),
        (['*'], ['example.org'], url),
        (['*'], [], url.replace(LOCALHOST, 'localhost')),
        (['*'], [], url.replace(LOCALHOST, '127.1')),
        (['*'], [], url.replace(LOCALHOST, '2130706433')),
        (['*'], [], url.replace(LOCALHOST, '0x7f000001')),
        (['*'], [], url.replace(LOCALHOST, '0.0.0.0')),
        (['*'], [], url.replace(LOCALHOST, '[::1]')),
        (['*'], [], url.replace(LOCALHOST, '[::ffff:127.0.0.1]')),
        (['*'], [], url.replace(LOCALHOST, '[::]')),
        (['*'], [], 'http://169.254.169.254/latest/meta-data/image.tif'),
        (['*'], [], 'http://10.1.2.3/image.tif'),
        (['*'], [], 'http://192.168.1.1/image.tif'),
        (['*'], [], 'http://[fe80::1]/image.tif'),
        (['*'], [], 'http://[fd00::1]/image.tif'),
        (['*'], [], 'http://224.0.0.1/image.tif'),
    ]
    for hosts, private, address in cases:
        settings.LARGE_IMAGE_ALLOWED_HOSTS, settings.LARGE_IMAGE_PRIVATE_HOSTS = hosts, private
        for endpoint, path in (('metadata', {}), ('tile', TILE)):
            response = ask_url(address, endpoint, **path)
            assert (response.status_code, response.json()['code']) == (403, 'host_not_allowed'), address
            assert 'image.tif' not in response.content.decode()
    assert http_log() == []


@pytest.mark.parametrize(
    'url',
    [
        'file:///etc/passwd',
        'file://127.0.0.1/etc/passwd',
        'ftp://127.0.0.1/rgb.tif',
        'gopher://127.0.0.1:6379/_INFO',
        'dict://127.0.0.1:6379/info',
        'http://user:secret@127.0.0.1/rgb.tif',
        'http://user@127.0.0.1/rgb.tif',
        'http://127.0.0.1@example.org/rgb.tif',
        '/etc/passwd',
        '/vsicurl/http://127.0.0.1/rgb.tif',
        '/vsis3/bucket/rgb.tif',
        '/vsizip//etc/passwd',
        '<VRTDataset rasterXSize="1" rasterYSize="1"/>',
        'http://127.0.0.1/a b.tif',
        'http://127.0.0.1/a\r\nX-Header: 1',
        'http://127.0.0.1:99999/rgb.tif',
        'http://127.0.0.1:abc/rgb.tif',
        'http://[::1/rgb.tif',
        'http:///rgb.tif',
        'http://',
        'https:',
        's3://bucket/rgb.tif',
        'http://127.0.0.1\\@example.org/rgb.tif',
        'javascript:alert(1)',
        'data:image/png;base64,AAAA',
    ],
)
def test_what_is_no_url_of_a_web_server_is_refused(ask_url: Any, http_log: RequestLog, url: str) -> None:
    for endpoint, path in (('metadata', {}), ('tile', TILE)):
        response = ask_url(url, endpoint, **path)
        assert response.status_code in (403, 422), response.content
        assert response.json()['code'] in ('host_not_allowed', 'image_unreadable')
        assert 'secret' not in response.content.decode()
    assert http_log() == []


def test_redirects_are_not_followed(
    ask_url: Any, images: Any, http_server: RangeServer, http_folder: pathlib.Path, http_log: RequestLog
) -> None:
    name = serve(http_folder, images('rgb'))
    for path in (f'redirect/{name}', f'away/{free_ports(1)[0]}/{name}'):
        http_log.reset()
        response = ask_url(http_server.url(path))
        assert (response.status_code, response.json()['code']) == (422, 'image_unreadable')
        assert name not in response.content.decode()
        assert [request.status for request in http_log()] == [302]


@pytest.mark.parametrize(
    ('path', 'status', 'code'),
    [
        ('nothing.tif', 404, 'image_missing'),
        ('status/410/rgb.tif', 404, 'image_missing'),
        ('status/401/rgb.tif', 503, 'storage_unavailable'),
        ('status/403/rgb.tif', 503, 'storage_unavailable'),
        ('status/429/rgb.tif', 503, 'storage_unavailable'),
        ('status/500/rgb.tif', 503, 'storage_unavailable'),
        ('status/502/rgb.tif', 503, 'storage_unavailable'),
        ('slow/5/rgb.tif', 503, 'storage_unavailable'),
    ],
)
def test_errors_of_the_server(
    ask_url: Any, images: Any, http_server: RangeServer, http_folder: pathlib.Path, settings: Any, path: str,
    status: int, code: str,
) -> None:  # fmt: skip
    settings.LARGE_IMAGE_REMOTE_TIMEOUT = 0.5
    serve(http_folder, images('rgb'))
    response = ask_url(http_server.url(path), 'tile', **TILE)
    assert (response.status_code, response.json()['code']) == (status, code)
    assert 'no-store' in response['Cache-Control']
    assert (status == 503) == ('Retry-After' in response)
    assert LOCALHOST not in response.content.decode()


def test_a_server_that_went_away_is_503(
    get: Any, images: Any, http_folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with RangeServer(http_folder, tmp_path) as server:
        image = UrlImage.objects.create(name='a', url=server.url(serve(http_folder, images('rgb'))))
        body_of(get('tile', image, prefix='url-image', **TILE))
    gone = get('tile', image, prefix='url-image', **TILE | {'x': 5, 'y': 4})
    assert (gone.status_code, gone.json()['code']) == (503, 'storage_unavailable')
    assert 'Retry-After' in gone
    body_of(get('tile', image, prefix='url-image', **TILE))


def test_a_copy_that_was_cut_off_is_not_kept(
    ask_url: Any,
    get: Any,
    images: Any,
    http_server: RangeServer,
    http_folder: pathlib.Path,
    copies: pathlib.Path,
) -> None:
    name = serve(http_folder, images('png'))
    response = ask_url(http_server.url(f'cut/no-range/{name}'))
    assert (response.status_code, response.json()['code']) == (503, 'storage_unavailable')
    assert copies_in(copies) == parts_in(copies) == []


def test_a_text_with_a_url_in_it_makes_nobody_ask_there(
    ask_url: Any, images: Any, http_server: RangeServer, http_folder: pathlib.Path, http_log: RequestLog
) -> None:
    target = http_server.url(serve(http_folder, images('rgb'), 'secret.tif'))
    texts = {
        'vrt.tif': f'<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1">'
        f'<SimpleSource><SourceFilename>/vsicurl/{target}</SourceFilename></SimpleSource>'
        '</VRTRasterBand></VRTDataset>',
        'wms.tif': f'<GDAL_WMS><Service name="TMS"><ServerUrl>{target}?${{z}}</ServerUrl></Service></GDAL_WMS>',
        'plain.tif': target,
        'vsi.tif': f'/vsicurl/{target}',
        'json.tif': f'{{"type": "pipeline", "url": "{target}"}}',
        'empty.tif': '',
    }
    for name, text in texts.items():
        (http_folder / name).write_text(text)
        for endpoint, path in (('metadata', {}), ('tile', TILE)):
            response = ask_url(http_server.url(name), endpoint, **path)
            assert (response.status_code, response.json()['code']) == (422, 'image_unreadable'), name
            assert LOCALHOST not in response.content.decode()
    assert not http_log(path='secret.tif')
