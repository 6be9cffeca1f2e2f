"""What osgeo's GDAL may not open, and requests that are not allowed, also without rasterio."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests.images import make_other_file_overviews, make_vrt, make_wms

pytestmark = pytest.mark.django_db

TILE = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}


def refused(response: Any, status: int | tuple[int, ...] = 422) -> None:
    """Assert that an answer is an error in JSON that names no path."""
    assert response.status_code in (status if isinstance(status, tuple) else (status,)), response.content
    assert {'detail', 'code'} <= response.json().keys()
    assert '/tmp' not in response.content.decode()
    assert 'no-store' in response['Cache-Control']


@pytest.mark.parametrize('suffix', ['.tif', '.vrt', '.png'])
def test_a_vrt_does_not_make_gdal_read_another_file(
    get: Any, image_file: Any, images: Any, tmp_path: pathlib.Path, suffix: str
) -> None:
    image = image_file(make_vrt(tmp_path / f'innocent{suffix}', images('rgb')))
    for endpoint, path in (('metadata', {}), ('tile', TILE), ('thumbnail', {'fmt': 'png'})):
        refused(get(endpoint, image, **path))


def test_a_wms_description_makes_gdal_ask_nobody(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    path = make_wms(tmp_path / 'wms.tif', 'http://127.0.0.1:9/?')
    for source in ({}, {'source': 'gdal'}):
        refused(get('metadata', image_file(path), query=source), (400, 422))


@pytest.mark.parametrize('name', ['empty', 'random', 'text', 'headless', 'cyclic', 'giant-tile', 'giant-sparse',
                                  'png-bomb', 'frame-chain'])  # fmt: skip
def test_broken_files_are_refused(get: Any, image_file: Any, name: str) -> None:
    for endpoint, path in (('metadata', {}), ('tile', TILE)):
        refused(get(endpoint, image_file(name), **path), (409, 422))


@pytest.mark.parametrize('target', ['/vsicurl/http://127.0.0.1:9/a.tif', 'beside'])
def test_a_tiff_whose_metadata_name_another_file_is_refused(
    get: Any, image_file: Any, images: Any, tmp_path: pathlib.Path, target: str
) -> None:
    other = target if target != 'beside' else images('rgb')
    image = image_file(make_other_file_overviews(tmp_path / 'a.tif', other))
    refused(get('metadata', image))
    refused(get('tile', image, **TILE))


def test_files_beside_the_image_are_neither_read_nor_written(
    get: Any, image_file: Any, images: Any, media: pathlib.Path
) -> None:
    image = image_file('rgb')
    folder = (media / image.file.name).parent
    # What GDAL would take for the statistics, and for the place, of the image.
    (folder / 'rgb.tif.aux.xml').write_text(
        '<PAMDataset><SRS>EPSG:4326</SRS><GeoTransform>0,1,0,0,0,-1</GeoTransform>'
        '<Metadata><MDI key="private">yes</MDI></Metadata></PAMDataset>'
    )
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    metadata = get('metadata', image).json()
    assert metadata['bounds']['xmin'] == pytest.approx(15, abs=0.01)
    internal = get('metadata-internal', image).content.decode()
    assert 'private' not in internal
    assert get('bands', image).status_code == 200
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    # And none is left beside an image that had none.
    alone = image_file('dem')
    assert get('bands', alone).status_code == 200
    assert [path.name for path in (media / alone.file.name).parent.iterdir()] == ['dem.tif']


@pytest.mark.parametrize('name', ['truncated', 'corrupt-tiles'])
def test_missing_pixels_are_an_error_and_no_black_tile(get: Any, image_file: Any, name: str) -> None:
    image = image_file(name)
    levels = get('tiles-metadata', image)
    if levels.status_code != 200:
        refused(levels)
        return
    z = levels.json()['levels'] - 1
    statuses = {get('tile', image, z=z, x=x, y=y, fmt='png').status_code for x in range(4) for y in range(4)}
    assert statuses <= {200, 422}
    assert 422 in statuses


@pytest.mark.parametrize(
    ('endpoint', 'path', 'query'),
    [
        ('tile', TILE | {'z': 31}, {}),
        ('tile', TILE | {'x': -1}, {}),
        ('tile', TILE | {'y': 10**9}, {}),
        ('tile', TILE | {'fmt': '6Xpng'}, {}),
        ('tile', TILE, {'projection': '/etc/passwd'}),
        ('tile', TILE, {'projection': '+proj=merc'}),
        ('tile', TILE, {'projection': 'EPSG:999999'}),
        ('tile', TILE, {'projection': 'EPSG:4979'}),
        ('tile', TILE, {'band': 99}),
        ('tile', TILE, {'frame': 99}),
        ('tile', TILE, {'source': 'multi'}),
        ('tile', TILE, {'source': 'rasterio'}),
        ('tile', TILE, {'style': '[1]'}),
        ('tile', TILE, {'style': '{"function": {"name": "os.system"}}'}),
        ('thumbnail', {'fmt': 'png'}, {'max_width': 30_000}),
        ('thumbnail', {'fmt': 'png'}, {'max_width': 'abc'}),
        ('pixel', {}, {'left': 'x', 'top': 1}),
        ('pixel', {}, {'left': 1e9, 'top': 1, 'units': 'pixels'}),
        ('pixel', {}, {'left': 1e300, 'top': 1, 'units': 'EPSG:4326'}),
        ('region', {'fmt': 'tif'}, {'left': 0, 'top': 0, 'right': 9, 'units': 'pixels'}),
        ('region', {'fmt': 'tif'}, {'left': 9, 'top': 0, 'right': 0, 'bottom': 9, 'units': 'pixels'}),
        ('region', {'fmt': 'png'}, {'left': 'nan', 'top': 0, 'right': 9, 'bottom': 9, 'units': 'pixels'}),
        (
            'region',
            {'fmt': 'tif'},
            {'left': 100, 'top': 51, 'right': 101, 'bottom': 50, 'units': 'EPSG:4326'},
        ),
        ('region', {'fmt': 'tif'}, {'left': 0, 'top': 1, 'right': 1, 'bottom': 0, 'units': 'EPSG:999999'}),
        ('histogram', {}, {'bins': 10**9}),
        ('histogram', {}, {'bins': 0}),
        ('band', {}, {'band': 0}),
    ],
)
def test_bad_input_is_4xx(get: Any, image_file: Any, endpoint: str, path: Any, query: Any) -> None:
    refused(get(endpoint, image_file('rgb'), query=query, **path), (400, 404))


def test_files_that_go_and_change(get: Any, image_file: Any, images: Any, media: pathlib.Path) -> None:
    image = image_file('rgb')
    first = get('tile', image, **TILE)
    path = media / image.file.name
    path.write_bytes(images('striped').read_bytes())
    second = get('tile', image, **TILE)
    assert first.content != second.content
    assert first['ETag'] != second['ETag']
    path.unlink()
    refused(get('tile', image, **TILE), 404)
