"""Regions: which sides are allowed, which pixels they mean, and how large the answer is."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

from django_large_image.exceptions import InvalidParameter
from django_large_image.imaging.region import Region
from tests import reference
from tests.images import GeoTiff, content, geo
from tests.services.answers import body_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ('sides', 'units', 'wrong'),
    [
        ((0, 0, 1, 1), 'pixels', None), ((1, 0, 1, 1), 'pixels', 'right'), ((2, 0, 1, 1), 'pixels', 'right'),
        ((0, 1, 1, 1), 'pixels', 'bottom'), ((0, 2, 1, 1), 'pixels', 'bottom'), ((0, 1, 1, 0), 'EPSG:4326', None),
        ((0, 1, 1, 1), 'EPSG:4326', 'bottom'), ((0, 0, 1, 1), 'EPSG:4326', 'bottom'), ((1, 1, 1, 0), 'EPSG:4326', 'right'),
    ],
)  # fmt: skip
def test_sides(sides: Any, units: str, wrong: str | None) -> None:
    if wrong is None:
        assert Region(*sides, units).max_width is None
        return
    with pytest.raises(InvalidParameter) as raised:
        Region(*sides, units)
    assert raised.value.details['parameter'] == wrong


@pytest.fixture
def image(image_file: Any, tmp_path: pathlib.Path) -> Any:
    """Return an image of 400 × 300 pixels of 30 m, and its pixels."""
    array = content.rgb(400, 300)
    return image_file(
        GeoTiff(array, geo.UTM, geo.UTM_TRANSFORM, photometric='rgb').write(tmp_path / 'a.tif')
    ), array


def shown(get: Any, image: Any, **query: Any) -> Any:
    """Return the pixels of a region as PNG: rows, columns, three bands."""
    response = get('region', image, fmt='png', query=query)
    assert response.status_code == 200, response.content
    return np.moveaxis(reference.decoded(body_of(response), 'RGB'), 0, -1)


@pytest.mark.parametrize(
    ('sides', 'pixels'),
    [
        ((10, 20, 30, 50), (10, 20, 30, 50)),
        # A pixel that is touched is part of it, by more than a thousandth.
        ((10.5, 20.2, 30.1, 50.9), (10, 20, 31, 51)),
        ((10.9995, 20.9995, 30.0005, 50.0005), (11, 21, 30, 50)),
        ((10.998, 20.998, 30.002, 50.002), (10, 20, 31, 51)),
        # What is beside the image is cut off.
        ((-5, -9, 7, 8), (0, 0, 7, 8)),
        ((390, 290, 500, 500), (390, 290, 400, 300)),
        ((399.5, 299.5, 999, 999), (399, 299, 400, 300)),
    ],
)
def test_the_pixels_that_sides_mean(get: Any, image: Any, sides: Any, pixels: Any) -> None:
    file, array = image
    left, top, right, bottom = pixels
    query = dict(zip(('left', 'top', 'right', 'bottom'), sides, strict=True))
    found = shown(get, file, units='pixels', **query)
    assert (found == np.moveaxis(array[:, top:bottom, left:right], 0, -1)).all()


@pytest.mark.parametrize(
    'sides', [(400, 0, 500, 10), (0, 300, 10, 400), (-9, 0, 0, 10), (0, -9, 10, 0), (500, 500, 600, 600)]
)
def test_a_region_beside_the_image(get: Any, image: Any, sides: Any) -> None:
    query = dict(zip(('left', 'top', 'right', 'bottom'), sides, strict=True)) | {'units': 'pixels'}
    response = get('region', image[0], fmt='png', query=query)
    assert (response.status_code, response.json()['parameter']) == (400, 'region')
    assert response.json()['allowed'].endswith('0 to 400 across and 0 to 300 down, in pixels')


def test_a_region_beside_the_image_in_a_projection(get: Any, image: Any) -> None:
    for left, top in ((500, 0), (-300, 0), (0, 500), (0, -300)):
        query = {'left': left, 'top': top, 'right': left + 100, 'bottom': top + 100, 'units': 'pixels'}
        response = get('region', image[0], fmt='png', query=query | {'projection': 'EPSG:3857'})
        assert (response.status_code, response.json()['parameter']) == (400, 'region')
        assert 'xmin' in response.json()['allowed']


def test_metres_are_pixels_by_the_transform(get: Any, image: Any) -> None:
    file, array = image
    a, _, c, _, e, f = geo.UTM_TRANSFORM
    metres = {'left': c + 10 * a, 'top': f + 20 * e, 'right': c + 30 * a, 'bottom': f + 50 * e}
    found = shown(get, file, units=f'EPSG:{geo.UTM}', **metres)
    assert (found == np.moveaxis(array[:, 20:50, 10:30], 0, -1)).all()


def test_metres_of_a_turned_image(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    # Columns go to the north-east, rows to the south-east: the box around a square in metres.
    array = content.rgb(200, 200)
    turned = (20, 20, 500_000, 20, -20, 5_000_000)
    path = GeoTiff(array, geo.UTM, turned, photometric='rgb').write(tmp_path / 'a.tif')
    sides = {'left': 502_000, 'right': 502_400, 'top': 5_000_200, 'bottom': 4_999_800}
    found = shown(get, image_file(path), units=f'EPSG:{geo.UTM}', **sides)
    # (column + row) · 20 is from 2000 to 2400, (column − row) · 20 from −200 to 200.
    assert (found == np.moveaxis(array[:, 45:65, 45:65], 0, -1)).all()


@pytest.mark.parametrize(
    ('bounds', 'size'),
    [
        ({}, (100, 50)), ({'max_width': 100}, (100, 50)), ({'max_width': 50}, (50, 25)), ({'max_height': 10}, (20, 10)),
        ({'max_width': 50, 'max_height': 10}, (20, 10)), ({'max_width': 200}, (100, 50)), ({'max_width': 1}, (1, 1)),
        ({'max_width': 33}, (33, 16)),
    ],
)  # fmt: skip
@pytest.mark.parametrize('plain', [False, True])
def test_the_size_of_the_answer(
    get: Any, image: Any, image_file: Any, bounds: dict[str, int], size: tuple[int, int], plain: bool
) -> None:
    file = image_file('png') if plain else image[0]
    sides = {'left': 0, 'top': 0, 'right': 100, 'bottom': 50, 'units': 'pixels'}
    found = shown(get, file, **sides, **bounds)
    assert found.shape[1::-1] == size


def test_a_region_of_a_projection_has_its_finest_resolution(get: Any, image: Any) -> None:
    sides = {'left': 0, 'top': 0, 'right': 400, 'bottom': 300, 'units': 'pixels', 'projection': 'EPSG:3857'}
    matrix = get('tiles-metadata', image[0], query={'projection': 'EPSG:3857'}).json()
    bounds, levels = matrix['bounds'], matrix['levels']
    resolution = 2 * 20037508.342789244 / 256 / 2 ** (levels - 1)
    expected = [round((bounds[f'{axis}max'] - bounds[f'{axis}min']) / resolution) for axis in 'xy']
    found = shown(get, image[0], **sides)
    assert [abs(side - wanted) <= 1 for side, wanted in zip(found.shape[1::-1], expected, strict=True)] == [
        True
    ] * 2
    half = shown(get, image[0], **sides, max_width=found.shape[1] // 2)
    assert half.shape[1] == found.shape[1] // 2


def test_places_that_lead_nowhere(get: Any, image: Any, image_file: Any) -> None:
    far = {'left': -2e12, 'top': 2e12, 'right': 2e12, 'bottom': -2e12, 'units': f'EPSG:{geo.UTM}'}
    response = get('region', image[0], fmt='png', query=far | {'projection': 'EPSG:3857'})
    assert (response.status_code, response.json()['parameter']) == (400, 'region')
    assert 'units of the origin' in response.json()['allowed']
    # As far as that it is just clipped.
    near = {name: value / 2 if isinstance(value, float) else value for name, value in far.items()}
    assert get('region', image[0], fmt='png', query=near).status_code in (200, 400)
    response = get('region', image_file('png'), fmt='png', query=far | {'units': 'EPSG:4326'})
    assert (response.status_code, response.json()['code']) == (400, 'not_supported')
    assert (response.json()['parameter'], response.json()['value']) == ('units', 'EPSG:4326')


def test_strips_of_a_picture_are_one_picture(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    tifffile = pytest.importorskip('tifffile')
    array = np.moveaxis(content.rgb(300, 1200), 0, -1)
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, array, tile=(256, 256), photometric='rgb', metadata=None)
    query = {'left': 20, 'top': 30, 'right': 290, 'bottom': 1190, 'units': 'pixels'}
    for source in ('tifffile', 'rasterio'):
        found = shown(get, image_file(path), **query, source=source)
        assert (found == array[30:1190, 20:290]).all()


def test_a_region_of_less_than_a_pixel_is_one(get: Any, image: Any) -> None:
    bounds = get('tiles-metadata', image[0], query={'projection': 'EPSG:3857'}).json()['bounds']
    x, y = (bounds['xmin'] + bounds['xmax']) / 2, (bounds['ymin'] + bounds['ymax']) / 2
    sides = {'left': x, 'right': x + 1, 'top': y, 'bottom': y - 1, 'units': 'EPSG:3857'}
    for projection in ({}, {'projection': 'EPSG:3857'}):
        assert max(shown(get, image[0], **sides, **projection).shape[:2]) <= 2
    assert shown(get, image[0], **sides, projection='EPSG:3857').shape[:2] == (1, 1)


@pytest.mark.parametrize('first', [-180, 0, -30])
@pytest.mark.parametrize('left', [-180, 0])
def test_all_of_the_world_is_all_of_the_image(
    get: Any, image_file: Any, tmp_path: pathlib.Path, first: int, left: int
) -> None:
    ramp = np.broadcast_to(np.arange(720) % 720 / 3, (1, 240, 720)).astype(np.uint8)
    path = GeoTiff(ramp, 4326, (0.5, 0, first, 0, -0.5, 60)).write(tmp_path / 'globe.tif')
    metres = 20_037_508.342789244 / 180
    sides = {'left': left * metres, 'right': (left + 360) * metres, 'top': 8e6, 'bottom': -8e6}
    found = shown(
        get,
        image_file(path),
        **sides,
        units='EPSG:3857',
        projection='EPSG:3857',
        resampling='nearest',
        max_width=360,
    )
    row = found[found.shape[0] // 2, :, 0].astype(int)
    assert row.size == 360
    # From its beginning to its end, whichever of the worlds was named.
    assert np.abs(row - np.arange(360) * 2 / 3)[2:-2].max() <= 3


@pytest.mark.parametrize(('bands', 'share'), [(3, 1), (4, 1), (5, 2)])
def test_the_bytes_of_values_are_bounded(
    get: Any, image_file: Any, tmp_path: pathlib.Path, settings: Any, bands: int, share: int
) -> None:
    array = np.zeros((bands, 300, 400), np.uint16)
    image = image_file(GeoTiff(array, geo.UTM, geo.UTM_TRANSFORM).write(tmp_path / 'a.tif'))
    query = {'left': 0, 'top': 0, 'right': 200, 'bottom': 100, 'units': 'pixels'}
    # Of more than four bands half as much is taken: they take twice as long.
    most = 200 * 100 * bands * 2 * share
    # An image of so many bytes is opened as long as its blocks are.
    assert get('region', image, fmt='tif', query=query).status_code == 200
    settings.LARGE_IMAGE_MAX_DECODED_BYTES = most - 1
    response = get('region', image, fmt='tif', query=query)
    assert (response.status_code, response.json()['code']) == (400, 'region_too_large')
    assert f'at most {(most - 1) // share} bytes of values' in response.json()['allowed']
    # A picture is not of values.
    assert 'of values' not in str(get('region', image, fmt='tif', query=query | {'band': 1}).headers)
