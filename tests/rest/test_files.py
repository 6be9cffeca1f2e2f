"""Files that are broken or hostile: 4xx JSON without a path, nothing else is read, and memory stays bounded."""

from __future__ import annotations

import os
import pathlib
import resource
import subprocess
import sys
import tracemalloc
from typing import Any

import pytest
import rasterio
from django.test import override_settings
from PIL import Image

from tests import images as generated
from tests.images import GeoTiff, content, geo

pytestmark = pytest.mark.django_db

ENDPOINTS: list[tuple[str, dict[str, Any]]] = [
    ('metadata', {}),
    ('metadata-internal', {}),
    ('bands', {}),
    ('frames', {}),
    ('tiffdump', {}),
    ('tiles-metadata', {}),
    ('tile', {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}),
    ('tile', {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png', 'query': {'projection': 'EPSG:3857'}}),
    ('thumbnail', {'fmt': 'png'}),
    ('region', {'fmt': 'tif', 'query': {'left': 0, 'top': 0, 'right': 9, 'bottom': 9, 'units': 'pixels'}}),
    ('pixel', {'query': {'left': 0, 'top': 0}}),
    ('histogram', {}),
]


def answers(get: Any, image: Any) -> dict[str, Any]:
    """Return the answer of every endpoint, after asserting that each is JSON without a path of this machine."""
    found = {}
    folder = os.path.dirname(image.file.path)
    for endpoint, kwargs in ENDPOINTS:
        response = get(endpoint, image, **kwargs)
        content = response.getvalue()
        assert response.status_code < 500, (endpoint, content)
        assert folder.encode() not in content, (endpoint, content)
        assert b'Traceback' not in content
        if response.status_code >= 400:
            assert response['Content-Type'] == 'application/json'
            assert response['Cache-Control'] == 'no-store'
            assert {'detail', 'code'} <= set(response.json())
        found.setdefault(endpoint, response)
    return found


UNREADABLE = ['empty', 'random', 'text', 'headless']
REFUSED = ['cyclic', 'frame-chain', 'giant-tile']


@pytest.mark.parametrize('name', [*UNREADABLE, *REFUSED])
def test_a_file_that_is_not_served(get: Any, image_file: Any, name: str) -> None:
    code = 'image_unreadable' if name in UNREADABLE else 'image_refused'
    for endpoint, response in answers(get, image_file(name)).items():
        if endpoint != 'tiffdump':
            assert (response.status_code, response.json()['code']) == (422, code), endpoint


@pytest.mark.parametrize('name', ['truncated', 'corrupt-tiles', 'partly-copied'])
def test_a_file_whose_pixels_are_broken(get: Any, image_file: Any, name: str) -> None:
    image = image_file(name)
    found = answers(get, image)
    for endpoint in ('bands', 'histogram'):
        assert found[endpoint].status_code == 422, (endpoint, found[endpoint].content[:200])
    # An overview may be whole; of the full resolution something is missing.
    finest = [get('tile', image, z=2, x=x, y=y, fmt='png').status_code for x in range(4) for y in range(4)]
    assert 422 in finest
    assert set(finest) <= {200, 422, 404}


def test_one_broken_block_leaves_the_others(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    """Without an overview, a look at the image's values meets every block."""
    path = GeoTiff(
        content.rgb(1024, 1024), geo.UTM, geo.UTM_TRANSFORM, overviews=False, photometric='rgb'
    ).write(tmp_path / 'a.tif')
    with rasterio.open(path) as dataset:
        offset, size = (
            int(dataset.get_tag_item(f'BLOCK_{what}_2_2', 'TIFF', 1)) for what in ('OFFSET', 'SIZE')
        )
    with open(path, 'r+b') as file:
        file.seek(offset)
        file.write(b'\xa5' * size)
    image = image_file(path)
    status = {
        (x, y): get('tile', image, z=2, x=x, y=y, fmt='png').status_code for x in range(4) for y in range(4)
    }
    assert status.pop((2, 2)) == 422
    assert set(status.values()) == {200}


@pytest.mark.parametrize('name', ['png-bomb'])
def test_an_image_that_needs_conversion(get: Any, image_file: Any, name: str) -> None:
    found = answers(get, image_file(name))
    for endpoint in ('metadata', 'tile', 'thumbnail', 'region', 'pixel', 'histogram'):
        answer = found[endpoint].json()
        assert (found[endpoint].status_code, answer['code']) == (409, 'needs_conversion')
        assert 'onvert' in answer['detail']


def test_the_bound_for_untiled_images_is_a_setting(get: Any, api: Any, image_file: Any, staff: Any) -> None:
    image = image_file('png-wide')
    assert get('metadata', image_file('png-bomb')).json()['allowed'] == 4096
    assert get('metadata', image).json()['sizeX'] == 5000
    api.force_authenticate(staff)
    # 1.5 MB of colours: less than four bytes for each of 620² pixels, more than for each of 600².
    for side, status in ((600, 409), (620, 200)):
        answer = api.patch('/api/large-image/settings', {'max_untiled_size': side}, format='json')
        assert answer.status_code == 200
        assert get('tile', image, z=0, x=0, y=0, fmt='png').status_code == status


@pytest.mark.parametrize(
    ('width', 'height', 'mode'),
    [(4608, 3456, 'RGB'), (4960, 7016, '1'), (391, 4403, 'L'), (1200, 20_000, 'L'), (4096, 4096, 'RGBA')],
)
def test_what_is_served_without_tiles(
    get: Any, image_file: Any, tmp_path: pathlib.Path, width: int, height: int, mode: str
) -> None:
    picture = Image.new(mode, (width, height))
    picture.putpixel((width - 1, height - 1), {'RGB': (9, 8, 7), 'RGBA': (9, 8, 7, 255)}.get(mode, 1))
    for name in ('a.png', 'a.tif'):
        picture.save(tmp_path / name)
        image = image_file(tmp_path / name)
        assert get('metadata', image).json()['sizeY'] == height
        corner = get('pixel', image, query={'left': width - 1, 'top': height - 1}).json()
        assert any(corner['value'][:3])
        assert get('thumbnail', image, fmt='png').status_code == 200


@pytest.mark.parametrize(('width', 'height', 'mode'), [(8193, 8193, 'L'), (5000, 3400, 'RGBA')])
def test_what_is_not_served_without_tiles(
    get: Any, image_file: Any, tmp_path: pathlib.Path, width: int, height: int, mode: str
) -> None:
    Image.new(mode, (width, height)).save(tmp_path / 'a.png')
    answer = get('thumbnail', image_file(tmp_path / 'a.png'), fmt='png')
    assert (answer.status_code, answer.json()['code']) == (409, 'needs_conversion')
    # A TIFF in strips is read strip by strip.
    Image.new(mode, (width, height)).save(tmp_path / 'a.tif', compression='tiff_deflate')
    assert get('thumbnail', image_file(tmp_path / 'a.tif'), fmt='png').status_code == 200


@pytest.mark.parametrize('name', ['giant-sparse', 'untiled-doubles'])
def test_a_tiff_without_overviews_is_served_as_far_as_the_bound(get: Any, image_file: Any, name: str) -> None:
    found = answers(get, image_file(name))
    assert {found[endpoint].status_code for endpoint in ('metadata', 'pixel', 'histogram')} == {200}
    for endpoint in ('tile', 'thumbnail'):
        answer = found[endpoint].json()
        assert (found[endpoint].status_code, answer['code']) == (409, 'needs_conversion'), endpoint
        assert 'gdal_translate' in answer['detail']


def test_very_many_frames_of_a_gif_are_refused(get: Any, image_file: Any) -> None:
    for endpoint, response in answers(get, image_file('gif-frames')).items():
        if endpoint != 'tiffdump':
            assert (response.status_code, response.json()['code']) == (422, 'image_refused'), endpoint
            assert response.json()['detail'] == 'The GIF has more than 20000 frames.'


def test_the_bytes_of_all_frames_have_a_bound(get: Any, image_file: Any) -> None:
    # 50 000 frames of one pixel.
    image = image_file('apng-frames')
    with override_settings(LARGE_IMAGE_MAX_DECODED_BYTES=49_999):
        for endpoint, response in answers(get, image).items():
            if endpoint != 'tiffdump':
                assert (response.status_code, response.json()['code']) == (422, 'image_refused'), endpoint
                assert '50000 frames of 1 × 1 pixels; up to 49999 bytes' in response.json()['detail']
    assert get('tile', image, z=0, x=0, y=0, fmt='png').status_code == 200


def test_bombs_take_little_memory(get: Any, image_file: Any) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    for name in ('png-bomb', 'giant-tile', 'giant-sparse', 'cyclic'):
        answers(get, image_file(name))
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_text_that_makes_gdal_read_other_files(
    get: Any, image_file: Any, images: Any, tmp_path: pathlib.Path
) -> None:
    secret = images('rgb')
    for path in (
        generated.make_vrt(tmp_path / 'vrt.tif', secret),
        generated.make_wms(tmp_path / 'wms.tif', 'http://127.0.0.1:9/'),
    ):
        for response in answers(get, image_file(path)).values():
            assert response.status_code == 422


def test_metadata_that_make_gdal_read_other_files(
    get: Any, image_file: Any, images: Any, tmp_path: pathlib.Path
) -> None:
    path = generated.make_other_file_overviews(tmp_path / 'overviews.tif', images('rgb'))
    found = answers(get, image_file(path))
    assert {r.status_code for name, r in found.items() if name != 'tiffdump'} == {422}


def test_an_ome_tiff_that_names_other_files(
    get: Any, image_file: Any, images: Any, tmp_path: pathlib.Path
) -> None:
    path = generated.make_other_file_ome(tmp_path / 'first.ome.tif', images('ome'))
    for source in ({}, {'source': 'tifffile'}):
        assert get('metadata', image_file(path), query=source).status_code == 422


def test_a_file_beside_the_image_is_not_read(get: Any, image_file: Any, images: Any) -> None:
    plain = image_file('striped')
    expected = get('tile', plain, z=0, x=0, y=0, fmt='png').content
    attacked = image_file('striped')
    # An upload of this name would be taken for the overviews.
    generated.make_vrt(pathlib.Path(attacked.file.path + '.ovr'), images('rgb'))
    assert get('tile', attacked, z=0, x=0, y=0, fmt='png').content == expected


def test_a_missing_file(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    os.unlink(image.file.path)
    for endpoint, response in answers(get, image).items():
        assert (response.status_code, response.json()['code']) == (404, 'image_missing'), endpoint


@pytest.mark.parametrize('name', ['', '../../../../etc/passwd', 'no/such/file.tif'])
def test_a_name_that_is_no_file(get: Any, image_file: Any, name: str) -> None:
    image = image_file('rgb')
    type(image).objects.filter(pk=image.pk).update(file=name)
    response = get('metadata', image)
    assert response.status_code in (404, 422)
    assert b'etc' not in response.content


@pytest.mark.skipif(os.getuid() != 0, reason='only root can become somebody who may not read a file')
def test_a_file_without_permission(image_file: Any) -> None:
    image = image_file('rgb')
    os.chmod(image.file.path, 0o000)
    code = (
        'import os, sys, django\n'
        'from django.conf import settings\n'
        'settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_large_image"],'
        ' DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})\n'
        'django.setup()\n'
        'from django_large_image import access, handles\n'
        'from django_large_image.exceptions import ServerFault\n'
        'handles.borrow\n'
        'import django.db.models.sql.compiler, django_large_image.raster.dataset, django_large_image.readers.rasterreader\n'
        'ref = access.image_ref(sys.argv[1])\n'
        'os.setuid(65534)\n'
        'try:\n    handles.borrow(ref)\n'
        'except ServerFault as error:\n    assert sys.argv[1] not in error.message; print("refused", error.message)\n'
    )
    for folder in pathlib.Path(image.file.path).parents:
        if folder != pathlib.Path('/') and folder.stat().st_uid == 0 and 'pytest' in str(folder):
            folder.chmod(folder.stat().st_mode | 0o055)
    run = subprocess.run(
        [sys.executable, '-c', code, image.file.path], capture_output=True, text=True, check=False
    )
    assert 'refused' in run.stdout, run.stderr
