"""What a client needs to place the tiles of any projection: the CRS in its library's words, and where they begin."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from rasterio.crs import CRS
from rasterio.warp import transform_bounds

from django_large_image.imaging import crs
from tests.images import make_antimeridian

UTM = {'projection': 'EPSG:32633'}
HALF = 20_037_508.342789244


def test_the_web_map(get: Any, image_file: Any) -> None:
    answer = get('tiles-metadata', image_file('rgb'), query={'projection': 'EPSG:3857'}).json()
    assert answer['crs']['code'] == 'EPSG:3857'
    assert answer['crs']['unit'] == 'metre'
    assert answer['extent'] == pytest.approx([-HALF, -HALF, HALF, HALF])
    assert answer['bounds']['srs'] == 'EPSG:3857'
    # The image is in UTM zone 33: its box in degrees, by the library itself.
    geographic = answer['additional_metadata']['bounds']
    sides = [geographic[side] for side in ('xmin', 'ymin', 'xmax', 'ymax')]
    expected = transform_bounds('EPSG:4326', 'EPSG:3857', *sides)
    assert [answer['bounds'][side] for side in ('xmin', 'ymin', 'xmax', 'ymax')] == pytest.approx(
        expected, abs=200
    )


def test_another_projection(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    answer = get('tiles-metadata', image, query=UTM).json()
    assert answer['crs'] == {
        'code': 'EPSG:32633',
        'name': 'WGS 84 / UTM zone 33N',
        'proj4': '+proj=utm +zone=33 +datum=WGS84 +units=m +no_defs',
        'unit': 'metre',
    }
    # Every tile follows from the first one, as clients compute them.
    xmin, _, xmax, ymax = answer['extent']
    for z, x, y in ((0, 0, 0), (3, 4, 2), (9, 300, 17)):
        corners = get('tile-corners', image, z=z, x=x, y=y, query=UTM).json()
        side = (xmax - xmin) / 2**z
        found = [corners[name] for name in ('xmin', 'ymax', 'xmax', 'ymin')]
        assert found == pytest.approx(
            [xmin + x * side, ymax - y * side, xmin + (x + 1) * side, ymax - (y + 1) * side], abs=1e-3
        )
    # 1500 × 1200 pixels of 10 m, say.
    corner = get('metadata', image).json()['sourceBounds']
    assert [answer['bounds'][side] for side in ('xmin', 'ymin', 'xmax', 'ymax')] == pytest.approx(
        [corner[side] for side in ('xmin', 'ymin', 'xmax', 'ymax')]
    )


def test_without_a_projection_it_is_the_file_s_crs(get: Any, image_file: Any) -> None:
    answer = get('tiles-metadata', image_file('rgb')).json()
    assert answer['crs']['code'] == 'EPSG:32633'
    assert not {'extent', 'bounds'} & answer.keys()
    assert not {'crs', 'extent', 'bounds'} & get('tiles-metadata', image_file('png')).json().keys()


def test_over_the_antimeridian_the_bounds_go_on(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    image = image_file(make_antimeridian(tmp_path / 'a.tif'))
    answer = get('tiles-metadata', image, query={'projection': 'EPSG:3857'}).json()
    assert answer['bounds']['xmin'] < HALF < answer['bounds']['xmax']


@pytest.mark.parametrize(
    ('given', 'code', 'unit', 'part'),
    [
        (CRS.from_epsg(2056), 'EPSG:2056', 'metre', '+towgs84=674.374,15.056,405.346'),
        (CRS.from_epsg(4326), 'EPSG:4326', 'degree', '+proj=longlat +datum=WGS84'),
        (CRS.from_epsg(2263), 'EPSG:2263', 'US survey foot', '+units=us-ft'),
        (CRS.from_epsg(5070).to_wkt(), 'EPSG:5070', 'metre', '+proj=aea'),
    ],
)
def test_descriptions(given: Any, code: str, unit: str, part: str) -> None:
    found = crs.describe(given)
    assert found is not None
    assert (found['code'], found['unit']) == (code, unit)
    assert part in found['proj4']
    # Flags are flags, which proj4js takes for numbers otherwise.
    assert '=True' not in found['proj4']


@pytest.mark.parametrize('given', [None, '', 'no CRS at all'])
def test_no_crs_has_no_description(given: Any) -> None:
    assert crs.describe(given) is None
