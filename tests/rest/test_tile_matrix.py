"""What a client needs to place the tiles of any projection: the CRS in its library's words, and where they begin."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from django_large_image.handles import crs
from django_large_image.raster.georef.projected import world_of
from tests import reference
from tests.images import GeoTiff, make_antimeridian

pytestmark = pytest.mark.django_db

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


@pytest.mark.parametrize(
    'name',
    [
        'rgb',
        'dem',
        'palette',
        'gcps',
        'antimeridian',
        'antimeridian-utm',
        'conic',
        'png-alpha',
        'no-crs',
        'ome',
    ],
)
def test_the_answer_without_projection_has_the_web_map(get: Any, image_file: Any, name: str) -> None:
    image = image_file(name)
    told = get('tiles-metadata', image).json().get('web_mercator')
    response = get('tiles-metadata', image, query={'projection': 'EPSG:3857'})
    if response.status_code != 200:
        assert told is None
        return
    asked = response.json()
    assert told is not None
    for key in ('crs', 'levels', 'size_x', 'size_y', 'tile_size', 'tile_width', 'tile_height'):
        assert told[key] == asked[key], key
    assert told['extent'] == pytest.approx(asked['extent'])
    assert told['bounds'].pop('srs') == asked['bounds'].pop('srs')
    assert told['bounds'] == pytest.approx(asked['bounds'], abs=0.01)


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


def test_bounds_end_where_the_tile_matrix_does(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    world = GeoTiff(np.zeros((1, 90, 180), np.uint8), epsg=4326, transform=(2, 0, -180, 0, -2, 90))
    image = image_file(world.write(tmp_path / 'world.tif'))
    bounds = get('tiles-metadata', image, query={'projection': 'EPSG:3857'}).json()['bounds']
    assert [bounds[side] for side in ('xmin', 'ymin', 'xmax', 'ymax')] == pytest.approx(
        [-HALF, -HALF, HALF, HALF]
    )


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


@pytest.mark.parametrize('code', [32633, 3035, 3995, 2154])
def test_tiles_of_projections_whose_equator_is_no_line(
    get: Any, image_file: Any, images: Any, code: int
) -> None:
    """large-image has no tile matrix for them: both ends of the equator are one place."""
    projection = {'projection': f'EPSG:{code}'}
    image = image_file('rgb')
    answer = get('tiles-metadata', image, query=projection).json()
    xmin, ymin, xmax, ymax = answer['extent']
    assert (xmax - xmin, ymax - ymin) == pytest.approx((2 * HALF, 2 * HALF))
    # The tile in the middle of the image, two levels out.
    z = answer['levels'] - 3
    side = (xmax - xmin) / 2**z
    bounds = answer['bounds']
    x = int(((bounds['xmin'] + bounds['xmax']) / 2 - xmin) // side)
    y = int((ymax - (bounds['ymin'] + bounds['ymax']) / 2) // side)
    response = get('tile', image, z=z, x=x, y=y, fmt='png', query=projection | {'resampling': 'nearest'})
    got = reference.decoded(response.content, 'RGBA')
    expected = np.zeros((4, 256, 256), np.uint8)
    with rasterio.open(images('rgb')) as source, WarpedVRT(
        source, crs=f'EPSG:{code}', resampling=Resampling.nearest, add_alpha=True,
        transform=from_origin(xmin + x * side, ymax - y * side, side / 256, side / 256), width=256, height=256,
    ) as vrt:  # fmt: skip
        expected = vrt.read()
    seen = (got[3] == 255) & (expected[3] == 255)
    assert seen.sum() > 8_000
    assert ((got[3] > 0) == (expected[3] > 0)).mean() > 0.98
    # From an overview here, and nearest there: the pictures are the same, not each pixel.
    assert np.abs(got[:3, seen].astype(int).mean(axis=1) - expected[:3, seen].mean(axis=1)).max() < 4


def test_a_tile_matrix_holds_zones_that_begin_far_away() -> None:
    assert world_of(CRS.from_epsg(32733).to_wkt()) == pytest.approx(2 * HALF)
    # CGCS2000 / Gauss-Krüger zone 23: its false easting is 23 500 km.
    assert world_of(CRS.from_epsg(4501).to_wkt()) == pytest.approx(4 * HALF)
    # In US survey feet.
    assert world_of(CRS.from_epsg(2263).to_wkt()) == pytest.approx(2 * HALF / (1200 / 3937))
    # These go round the world, from the antimeridian to the antimeridian.
    assert world_of(CRS.from_epsg(3857).to_wkt()) == pytest.approx(2 * HALF)
    assert world_of(CRS.from_epsg(6933).to_wkt()) == pytest.approx(2 * 17_367_530.445)
