"""Thumbnails, regions, pixels and histograms: their numbers against rasterio and numpy."""

from __future__ import annotations

import io
import json
import os
import pathlib
import tempfile
import time
from typing import Any

import numpy as np
import pytest
import rasterio
from django.core.files import locks
from django.test import override_settings
from PIL import Image
from rasterio.io import MemoryFile

from tests import reference
from tests.images import GeoTiff

pytestmark = pytest.mark.django_db


def body(response: Any) -> bytes:
    """Return the body of an answer, streamed or not."""
    return b''.join(response.streaming_content) if response.streaming else response.content


# -- thumbnails


@pytest.mark.parametrize('name', ['rgb', 'no-crs', 'png', 'jpeg'])
def test_a_thumbnail_is_the_whole_image_made_small(get: Any, image_file: Any, images: Any, name: str) -> None:
    from PIL import Image

    response = get('thumbnail', image_file(name), fmt='png', query={'max_width': 100, 'max_height': 80})
    got = reference.decoded(response.content, 'RGB')
    with Image.open(images(name)) as picture:
        width, height = picture.size
        scale = min(100 / width, 80 / height)
        small = picture.convert('RGB').resize((got.shape[2], got.shape[1]), Image.Resampling.BOX)
    assert abs(got.shape[2] - width * scale) <= 1
    assert abs(got.shape[1] - height * scale) <= 1
    # Shifted by a pixel it is 27 dB at most, and of the nearest pixels at most 40.
    assert reference.psnr(got, np.moveaxis(np.asarray(small), 2, 0)) > 41


def test_a_thumbnail_in_a_projection(get: Any, image_file: Any) -> None:
    response = get('thumbnail', image_file('rgb'), fmt='png', query={'projection': '3857'})
    got = reference.decoded(response.content, 'RGBA')
    assert max(got.shape[1:]) == 256
    assert 0.5 < (got[3] > 0).mean() < 1


@pytest.mark.parametrize('value', ['abc', '0', '-5', '30000', '1', '1e3', 'NaN'])
def test_a_thumbnail_of_a_wrong_size(get: Any, image_file: Any, value: str) -> None:
    response = get('thumbnail', image_file('rgb'), fmt='png', query={'max_width': value})
    assert response.status_code == 400
    answer = response.json()
    assert (answer['parameter'], answer['value'], answer['code']) == ('max_width', value, 'invalid_parameter')
    assert answer['allowed'] == 'an integer from 2 to 4096'
    assert value in answer['detail']


# -- regions


@pytest.mark.parametrize('name', ['rgb', 'rgba', 'uint16', 'dem', 'palette'])
def test_a_region_as_tiff_holds_the_values_and_the_place(
    get: Any, image_file: Any, images: Any, name: str
) -> None:
    sides = {'left': 33, 'top': 47, 'right': 333, 'bottom': 447, 'units': 'pixels'}
    response = get('region', image_file(name), fmt='tif', query=sides)
    assert response.status_code == 200
    with MemoryFile(body(response)) as memory, memory.open() as got, rasterio.open(images(name)) as source:
        window = rasterio.windows.Window(33, 47, 300, 400)
        np.testing.assert_array_equal(got.read(), source.read(window=window))
        assert got.crs == source.crs
        assert got.transform.almost_equals(source.window_transform(window))
        assert (got.nodata, got.dtypes) == (source.nodata, source.dtypes)
        assert got.colorinterp == source.colorinterp
        if name == 'palette':
            assert got.colormap(1) == source.colormap(1)


def test_a_region_by_coordinates_is_the_region_by_pixels(get: Any, image_file: Any, images: Any) -> None:
    image = image_file('dem')
    with rasterio.open(images('dem')) as source:
        left, top = source.transform * (64, 96)
        right, bottom = source.transform * (192, 224)
        expected = source.read(window=rasterio.windows.Window(64, 96, 128, 128))
    sides = {'left': left, 'top': top, 'right': right, 'bottom': bottom}
    for query in (
        sides,
        sides | {'units': 'EPSG:4326'},
        sides | {'units': 'epsg:4326'},
        sides | {'units': '4326'},
    ):
        with MemoryFile(body(get('region', image, fmt='tif', query=query))) as memory, memory.open() as got:
            np.testing.assert_array_equal(got.read(), expected)


def test_a_region_in_a_projection(get: Any, image_file: Any, images: Any) -> None:
    image = image_file('rgb')
    sides = {
        'left': 100,
        'top': 100,
        'right': 400,
        'bottom': 400,
        'units': 'pixels',
        'projection': 'EPSG:3857',
    }
    with MemoryFile(body(get('region', image, fmt='tif', query=sides))) as memory, memory.open() as got:
        assert got.crs.to_epsg() == 3857
        expected, valid = reference.warped(
            images('rgb'), got.transform, got.width, got.height, 'nearest', 3857
        )
        assert reference.psnr(got.read(), expected, valid) > 45
        assert got.width > 300


@pytest.mark.parametrize('left', [1, -100, -179.5, 10, 170])
def test_a_region_of_a_globe_that_begins_at_greenwich(
    get: Any, image_file: Any, tmp_path: pathlib.Path, left: float
) -> None:
    ramp = np.broadcast_to(np.arange(720) % 720 / 3, (1, 240, 720)).astype(np.uint8)
    path = GeoTiff(ramp, 4326, (0.5, 0, 0, 0, -0.5, 60)).write(tmp_path / 'globe.tif')
    metres = 20_037_508.342789244 / 180
    sides = {'left': left * metres, 'right': (left + 30) * metres, 'top': 4e6, 'bottom': 1e6}
    query = sides | {'units': 'EPSG:3857', 'projection': 'EPSG:3857', 'resampling': 'nearest'}
    with Image.open(io.BytesIO(body(get('region', image_file(path), fmt='png', query=query)))) as picture:
        row = np.asarray(picture.convert('RGB'))[picture.height // 2, :, 0].astype(int)
    longitudes = left + (np.arange(row.size) + 0.5) / row.size * 30
    assert row.size > 50
    assert np.abs(row - longitudes % 360 * 2 / 3)[2:-2].max() <= 2


@pytest.mark.parametrize('fmt', ['png', 'jpeg', 'webp'])
def test_a_region_as_a_picture(get: Any, image_file: Any, images: Any, fmt: str) -> None:
    sides = {'left': 10, 'top': 20, 'right': 710, 'bottom': 620, 'units': 'pixels'}
    response = get('region', image_file('no-crs'), fmt=fmt, query=sides)
    assert response['Content-Type'] == f'image/{fmt}'
    got = reference.decoded(body(response), 'RGB')
    expected = reference.read_window(images('no-crs'), 10, 20, 700, 600)[:3]
    assert got.shape == expected.shape
    assert reference.psnr(got, expected) > (90 if fmt == 'png' else 25)


def test_a_region_can_be_made_smaller(get: Any, image_file: Any) -> None:
    sides = {'left': 0, 'top': 0, 'right': 512, 'bottom': 256, 'units': 'pixels', 'max_width': 128}
    assert reference.decoded(body(get('region', image_file('rgb'), fmt='png', query=sides))).shape[1:] == (
        64,
        128,
    )
    with (
        MemoryFile(body(get('region', image_file('rgb'), fmt='tif', query=sides))) as memory,
        memory.open() as got,
    ):
        assert (got.width, got.height) == (128, 64)
        assert got.res[0] == pytest.approx(4 * 10, rel=0.5)


def test_a_styled_region_is_georeferenced_too(get: Any, image_file: Any, images: Any) -> None:
    # On the edge of the corner that has no data.
    sides = {'left': 140, 'top': 140, 'right': 204, 'bottom': 204, 'units': 'pixels'}
    query = sides | {'band': 1, 'min': 0, 'max': 3000, 'palette': '#ffffff'}
    with (
        MemoryFile(body(get('region', image_file('dem'), fmt='tif', query=query))) as memory,
        memory.open() as got,
        rasterio.open(images('dem')) as source,
    ):
        assert got.dtypes[0] == 'uint8'
        assert got.crs == source.crs
        values = source.read(1, window=rasterio.windows.Window(140, 140, 64, 64))
        valid = values != source.nodata
        assert 0.3 < valid.mean() < 1
        gray = np.clip(values / 3000 * 255, 0, 255)
        assert reference.psnr(got.read(1), gray, valid, least=1000) > 48


GOOD = {'left': 0, 'top': 0, 'right': 10, 'bottom': 10, 'units': 'pixels'}


@pytest.mark.parametrize(
    ('change', 'parameter'),
    [
        ({'left': None}, 'left'), ({'bottom': None}, 'bottom'), ({'left': 'NaN'}, 'left'), ({'top': 'inf'}, 'top'),
        ({'right': '1e999'}, 'right'), ({'left': 'x'}, 'left'), ({'left': 20}, 'right'), ({'top': 20}, 'bottom'),
        ({'left': -20, 'right': -10}, 'region'), ({'left': 10**9, 'right': 2 * 10**9}, 'region'),
        ({'units': 'furlongs'}, 'units'), ({'units': '/etc/passwd'}, 'units'), ({'units': '+proj=longlat'}, 'units'),
        ({'units': 'EPSG:999999'}, 'units'), ({'max_width': 0}, 'max_width'),
        ({'units': 'EPSG:4326', 'top': 10, 'bottom': 0, 'left': 100, 'right': 110}, 'region'),
        ({'units': 'EPSG:4326'}, 'bottom'),
        # PROJ would not come back from so far away.
        ({'units': 'EPSG:3857', 'right': 1e30, 'top': 10, 'bottom': 0}, 'region'),
        ({'units': 'pixels', 'projection': 'EPSG:3857', 'right': 1e30}, 'region'),
    ],
)  # fmt: skip
def test_a_wrong_region(get: Any, image_file: Any, change: dict[str, Any], parameter: str) -> None:
    query = {key: value for key, value in (GOOD | change).items() if value is not None}
    response = get('region', image_file('rgb'), fmt='tif', query=query)
    assert response.status_code == 400, response.content
    assert response.json()['parameter'] == parameter
    assert response.json()['allowed']
    assert response['Content-Type'] == 'application/json'


def test_a_region_that_is_too_large_says_how_large_it_may_be(get: Any, image_file: Any) -> None:
    sides = {'left': 0, 'top': 0, 'right': 300, 'bottom': 300, 'units': 'pixels'}
    with override_settings(LARGE_IMAGE_MAX_REGION_PIXELS=10_000):
        response = get('region', image_file('rgb'), fmt='png', query=sides)
        assert (response.status_code, response.json()['code']) == (400, 'region_too_large')
        assert '10000' in response.json()['allowed']
        assert body(get('region', image_file('rgb'), fmt='png', query=sides | {'max_width': 100}))


def test_nothing_of_a_region_stays_on_disk(
    get: Any, image_file: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    folder = tmp_path / 'temporary'
    folder.mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(folder))
    for query in (GOOD, GOOD | {'left': -20, 'right': -10}):
        response = get('region', image_file('rgb'), fmt='tif', query=query)
        assert left(folder) == []
        body(response)
    corrupt = get('region', image_file('corrupt-tiles'), fmt='tif', query=GOOD)
    assert corrupt.status_code == 422
    assert left(folder) == []


def left(folder: pathlib.Path) -> list[str]:
    """Return the files in a folder and in those below."""
    return [str(path) for path in folder.rglob('*') if path.is_file()]


def test_what_a_killed_process_left_is_removed(
    get: Any, image_file: Any, settings: Any, tmp_path: Any
) -> None:
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(tmp_path)
    old = time.time() - 100
    mine, new, used, link = (
        tmp_path / name for name in ('region-old.tif', 'region-new', 'region-used', 'link-old')
    )
    for path in (mine, new, used):
        path.write_bytes(b'x')
    link.mkdir()
    (link / 'image').symlink_to('/nowhere')
    for path in (mine, used, link):
        os.utime(path, (old, old))
    with open(used, 'rb') as file:
        locks.lock(file, locks.LOCK_EX)
        body(get('region', image_file('rgb'), fmt='tif', query=GOOD))
        assert {path.name for path in tmp_path.iterdir()} >= {new.name, used.name}
        assert not mine.exists()
        assert not link.exists()
    # Once a minute: the folder may hold thousands of copies.
    body(get('region', image_file('rgb'), fmt='tif', query=GOOD))
    assert used.exists()


# -- pixels


def test_a_pixel_is_the_file_s_own_value(get: Any, image_file: Any, images: Any) -> None:
    image = image_file('uint16')
    with rasterio.open(images('uint16')) as source:
        for column, row in ((0, 0), (17, 99), (source.width - 1, source.height - 1)):
            values = source.read(window=rasterio.windows.Window(column, row, 1, 1)).ravel()
            got = get('pixel', image, query={'left': column, 'top': row}).json()
            assert got['bands'] == {str(band): int(value) for band, value in enumerate(values, 1)}
        x, y = source.transform * (17.5, 99.5)
        by_place = get(
            'pixel', image, query={'left': x, 'top': y, 'units': f'EPSG:{source.crs.to_epsg()}'}
        ).json()
        assert (by_place['left'], by_place['top']) == (17, 99)


@pytest.mark.parametrize(
    'query', [{}, {'left': 1}, {'left': 'a', 'top': 1}, {'left': -1, 'top': 0}, {'left': 10**7, 'top': 0}]
)
def test_a_pixel_that_is_not_there(get: Any, image_file: Any, query: dict[str, Any]) -> None:
    response = get('pixel', image_file('rgb'), query=query)
    assert response.status_code == 400
    assert response.json()['parameter'] in ('left', 'top')


# -- histograms


@pytest.mark.parametrize('name', ['rgb', 'uint16', 'dem', 'palette'])
@pytest.mark.parametrize('exact', [True, False])
def test_a_histogram_is_numpy_s(get: Any, image_file: Any, images: Any, name: str, exact: bool) -> None:
    found = get('histogram', image_file(name), query={'bins': 16, 'exact': exact}).json()
    with rasterio.open(images(name)) as source:
        assert len(found) == source.count
        for band, entry in enumerate(found, 1):
            values = source.read(band, masked=True).compressed()
            integer = values.dtype.kind in 'iu'
            if exact or source.width * source.height <= 1_000_000:
                hist, edges = np.histogram(values, 16, (values.min().item(), values.max().item() + integer))
                assert entry['hist'] == hist.tolist()
                assert entry['bin_edges'] == pytest.approx(edges.tolist())
                assert entry['samples'] == values.size
                assert entry['stdev'] == pytest.approx(values.std(dtype=float), rel=1e-6)
            assert entry['mean'] == pytest.approx(values.mean(dtype=float), rel=0.02)
            assert len(entry['hist']) == entry['bins'] == 16


def test_a_histogram_of_an_image_that_is_not_georeferenced(get: Any, image_file: Any, images: Any) -> None:
    from PIL import Image

    found = get('histogram', image_file('png'), query={'bins': 256, 'exact': True}).json()
    with Image.open(images('png')) as picture:
        values = np.asarray(picture)[:, :, 0]
    counts = np.bincount(values.ravel(), minlength=256)
    assert sum(found[0]['hist']) == values.size
    assert found[0]['min'] == values.min()
    assert found[0]['hist'] == np.histogram(values, 256, (values.min(), int(values.max()) + 1))[0].tolist()
    assert counts.sum() == found[0]['samples']


def test_density_and_min_max(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    dense = get('histogram', image, query={'density': 'true', 'bins': 8}).json()
    assert [sum(entry['hist']) for entry in dense] == pytest.approx([1, 1, 1])
    ranges = get('histogram', image, query={'onlyMinMax': 'true'}).json()
    assert ranges == {'min': [entry['min'] for entry in dense], 'max': [entry['max'] for entry in dense]}


@pytest.mark.parametrize('bins', ['0', 'abc', str(10**9), '-1'])
def test_a_wrong_number_of_bins(get: Any, image_file: Any, bins: str) -> None:
    response = get('histogram', image_file('rgb'), query={'bins': bins})
    assert response.status_code == 400
    assert response.json()['allowed'] == 'an integer from 1 to 65536'


def test_exact_has_a_bound(get: Any, image_file: Any) -> None:
    with override_settings(LARGE_IMAGE_MAX_EXACT_PIXELS=1000):
        response = get('histogram', image_file('rgb'), query={'exact': 'true'})
        assert (response.status_code, response.json()['parameter']) == (400, 'exact')
    assert json.loads(get('histogram', image_file('rgb'), query={'exact': 'true'}).content)


@pytest.mark.parametrize('units', ['EPSG:5773', 'EPSG:5800', 'EPSG:5819'])
def test_units_that_lead_nowhere(get: Any, image_file: Any, units: str) -> None:
    image = image_file('rgb')
    sides = {'left': 0, 'top': 10, 'right': 10, 'bottom': 0, 'units': units}
    for response in (get('region', image, fmt='tif', query=sides), get('pixel', image, query=sides)):
        assert response.status_code == 400, response.content
        assert response.json()['parameter'] in ('units', 'left', 'region')
