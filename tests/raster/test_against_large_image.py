"""The geospatial source against large-image's own, of whose pictures it makes the same: styles, types and bands."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest
from large_image.tilesource import utilities
from large_image_source_rasterio import RasterioFileTileSource

from django_large_image import access, handles
from django_large_image.imaging import tile
from django_large_image.imaging.formats import Format
from django_large_image.imaging.style import parse_style
from tests import reference
from tests.images import GeoTiff
from tests.images.writers import RGBA
from tests.raster import Array, masked, textured

pytestmark = pytest.mark.django_db

PROJECTIONS = ('EPSG:3857', None)
#: On the grid of the tiles of level 14, so that it is certain which pixel is the nearest.
PIXEL = 2 * reference.HALF_WORLD / 256 / 2**14
PLACE: tuple[int, tuple[float, ...]] = (3857, (PIXEL, 0, PIXEL * 150_000, 0, -PIXEL, PIXEL * 700_100))
#: Styles of any image of one band or more.
STYLES: dict[str, dict[str, Any] | None] = {
    'default': None,
    'band': {'band': 1},
    'linear': {'band': 1, 'palette': ['#000', '#f80', '#0ff', '#fff'], 'min': 'min', 'max': 'max'},
    'discrete': {'band': 1, 'palette': ['#000', 'gold', '#0f08', 'red'], 'scheme': 'discrete', 'min': 'min', 'max': 'max'},
    'numbers': {'band': 1, 'min': 50, 'max': 150.5},
    'reversed': {'band': 1, 'min': 150, 'max': 90, 'palette': ['#123', '#fed']},
    'equal': {'band': 1, 'min': 100, 'max': 100},
    'auto': {'band': 1, 'min': 'auto', 'max': 'auto', 'palette': 'viridis'},
    'range': {'band': 1, 'min': 'min', 'max': 'max'},
    'full': {'band': 1, 'min': 0, 'max': 'full', 'palette': 'magma'},
    'thresholds': {'band': 1, 'min': 'min:0.02', 'max': 'max:0.05'},
    'auto thresholds': {'band': 1, 'min': 'auto:0.02', 'max': 'auto:0.05', 'palette': 'plasma'},
    'no clamp': {'band': 1, 'min': 60, 'max': 120, 'clamp': False, 'palette': ['red', 'blue']},
    'nodata': {'band': 1, 'min': 20, 'max': 200, 'nodata': 77},
    'nodata auto': {'band': 1, 'min': 'min', 'max': 'max', 'nodata': 'auto'},
    'dtype uint8': {'bands': [{'band': 1, 'palette': ['#000', '#0f0'], 'min': 20, 'max': 220}], 'dtype': 'uint8'},
    'dtype uint16': {'bands': [{'band': 1, 'palette': ['#000', '#0f0'], 'min': 20, 'max': 220}], 'dtype': 'uint16'},
    'axis': {'bands': [{'band': 1, 'palette': ['#000', '#f00'], 'min': 20, 'max': 220}], 'axis': 0},
    'transparent': {'band': 1, 'palette': ['#f000', '#f00f'], 'min': 'min', 'max': 'max'},
}  # fmt: skip
#: Styles of an image of three bands or more.
MULTI: dict[str, dict[str, Any]] = {
    'two': {'bands': [{'band': 1, 'palette': ['#000', '#0f0']}, {'band': 3, 'palette': ['#000', '#f00']}]},
    'lighten': {'bands': [{'band': 1, 'palette': ['#000', '#8f0']}, {'band': 2, 'palette': ['#000', '#f0a'], 'composite': 'lighten'}]},
    'multiply': {'bands': [{'band': 1, 'palette': ['#000', '#8f0']}, {'band': 2, 'palette': ['#000', '#fff'], 'composite': 'multiply'}]},
    'order': {'bands': [{'band': 3, 'palette': ['#000', '#f00']}, {'band': 2, 'palette': ['#000', '#0f0']}, {'band': 1, 'palette': ['#000', '#00f']}]},
    'same band twice': {'bands': [{'band': 2, 'palette': ['#000', '#f00'], 'max': 100}, {'band': 2, 'palette': ['#000', '#00f'], 'min': 100, 'max': 200}]},
    'soft': {'bands': [{'band': 1, 'palette': ['#f000', '#f00f']}, {'band': 2, 'palette': ['#0f0', '#0f08']}]},
    'no clamps': {'bands': [{'band': 1, 'palette': ['#000', '#f00'], 'min': 50, 'max': 90, 'clamp': False}, {'band': 2, 'palette': ['#000', '#00f'], 'min': 120, 'max': 200, 'clamp': False}]},
    'nodata of each': {'bands': [{'band': 1, 'palette': ['#000', '#f00'], 'nodata': 77}, {'band': 2, 'palette': ['#000', '#00f'], 'nodata': 80}]},
}  # fmt: skip
#: What large-image 1.35.6 is asked instead: with two colours from black it goes on beyond their ends, where ours stops,
#: and nodata of both bands, far below, is bright: negative times negative. With a colour in the middle it stops, too.
INSTEAD: dict[str, dict[str, Any]] = {
    'multiply': {'bands': [{'band': 1, 'palette': ['#000', '#447f00', '#8f0']}, {'band': 2, 'palette': ['#000', '#7f7f7f', '#fff'], 'composite': 'multiply'}]},
}  # fmt: skip


def a_tile(path: pathlib.Path, projection: str | None) -> tuple[int, int, int]:
    """Return a tile of the full resolution, in the middle of the image if it is on a map."""
    if projection is None:
        return 1, 0, 0
    tiles = reference.tiles_covering(path, reference.native_zoom(path))
    return tiles[len(tiles) // 2]


def both_pictures(
    path: pathlib.Path,
    style: dict[str, Any] | None,
    projection: str | None,
    instead: dict[str, Any] | None = None,
) -> tuple[Array, Array]:
    """Return the picture of a tile (4, 256, 256) by our source and by large-image's, which may get another style."""
    z, x, y = a_tile(path, projection)
    with handles.borrow(access.image_ref(path), projection=projection) as lease:
        view = lease.view(parse_style(style), resampling='nearest')
        found = tile.render(view, z, x, y, None, Format.PNG)
    options = {} if style is None else {'style': json.dumps(instead or style)}
    # It keeps thresholds by the id of a histogram, which another one can have after it.
    utilities._recentThresholds.clear()
    oracle = RasterioFileTileSource(str(path), projection=projection, encoding='PNG', noCache=True, **options)
    expected = bytes(oracle.getTile(x, y, z))
    return reference.decoded(found, 'RGBA'), reference.decoded(expected, 'RGBA')


def assert_same_picture(found: Array, expected: Array, projection: str | None, dtype: str = 'uint8') -> None:
    """Check that two pictures are as opaque and, where they can be seen, alike to a level of 255.

    Without a projection large-image shows what the file says is not valid, and with shades of gray what the style says
    is not; of floats it shows what is translucent as opaque. Of floats a table's step decides: some are a level more off.
    """
    share = 1.0 if dtype != 'float32' else 0.998
    if projection is None:
        there = found[3] > 0
        assert there.mean() > 0.05
        found, expected = found * there, expected * there
    if dtype == 'float32':
        found, expected = (np.concatenate([picture[:3], picture[3:] > 0]) for picture in (found, expected))
    assert (expected[3] > 0).any()
    alike = (np.abs(found.astype(int) - expected)[:3] <= 1).all(axis=0) | (expected[3] == 0)
    opaque = found[3] == expected[3]
    assert opaque.mean() >= share
    assert alike.mean() >= share


def assert_nearly_same_picture(found: Array, expected: Array) -> None:
    """Check the same of most pixels: on another grid large-image's places may be off by an eighth of a pixel."""
    alike = (np.abs(found.astype(int) - expected) <= 1).all(axis=0) | ((found[3] == 0) & (expected[3] == 0))
    assert alike.mean() >= 0.95


def image_of(folder: pathlib.Path, dtype: str, bands: int = 1, **fields: Any) -> pathlib.Path:
    """Write an image with values of about 0 to 250 in any type, nodata in it for floats."""
    array = textured(500, 500, bands, 'uint8').astype(dtype)
    if dtype.startswith('float'):
        array += np.random.default_rng(2).random(array.shape).astype(dtype)
    elif dtype == 'int16':
        array -= np.int16(30)
    epsg, transform = PLACE
    # In one block: large-image's statistics are of some of the blocks, or of averages in an overview.
    options = {'blockxsize': 512, 'blockysize': 512}
    fields = {'epsg': epsg, 'transform': transform, 'overviews': False, 'options': options} | fields
    image = masked(array, 'nodata' if dtype.startswith('float') else 'none', **fields)
    return image.write(folder / 'image.tif')


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
@pytest.mark.parametrize('name', STYLES)
def test_a_style_of_one_band(tmp_path: pathlib.Path, name: str, dtype: str, projection: str | None) -> None:
    if 'thresholds' in name and dtype == 'float32':
        pytest.skip('large-image counts nodata as values: test_thresholds_leave_out_what_is_not_valid')
    if name == 'auto thresholds':
        # In a projection large-image takes the opaque alpha band for a range beyond that of bytes.
        projection = None
    assert_same_picture(
        *both_pictures(image_of(tmp_path, dtype), STYLES[name], projection), projection, dtype
    )


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('dtype', ['uint8', 'float32'])
@pytest.mark.parametrize('name', MULTI)
def test_a_style_of_several_bands(
    tmp_path: pathlib.Path, name: str, dtype: str, projection: str | None
) -> None:
    pictures = both_pictures(image_of(tmp_path, dtype, 3), MULTI[name], projection, INSTEAD.get(name))
    assert_same_picture(*pictures, projection, dtype)


@pytest.mark.parametrize('projection', PROJECTIONS)
def test_only_some_styles_are_left_to_large_image_s_engine(
    tmp_path: pathlib.Path, projection: str | None
) -> None:
    left = set()
    with handles.borrow(access.image_ref(image_of(tmp_path, 'uint8', 3)), projection=projection) as lease:
        for name, style in (STYLES | MULTI).items():
            if not lease.view(parse_style(style)).view.can_paint(0):
                left.add(name)
    # `dtype` and `axis` beside `bands` it forgets when it completes a style of a geospatial image.
    assert left == {'multiply'}


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('kind', ['nodata', 'internal', 'alpha'])
@pytest.mark.parametrize('style', [None, STYLES['linear'], MULTI['order'], MULTI['soft']], ids=['default', 'linear', 'order', 'soft'])  # fmt: skip
def test_a_masked_image_of_three_bands(
    tmp_path: pathlib.Path, kind: str, style: dict[str, Any] | None, projection: str | None
) -> None:
    epsg, transform = PLACE
    options = {'blockxsize': 512, 'blockysize': 512}
    fields = {'epsg': epsg, 'transform': transform, 'overviews': False, 'options': options}
    image = masked(textured(500, 500, 3), kind, photometric='rgb', **fields)
    if kind == 'alpha':
        image.colors = RGBA
    found, expected = both_pictures(image.write(tmp_path / 'image.tif'), style, projection)
    assert_same_picture(found, expected, projection)


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('style', [{'band': 'red'}, {'band': 'blue', 'min': 10, 'max': 99}, {'bands': [{'band': 'green', 'palette': '#0f0'}]}])  # fmt: skip
def test_bands_by_name(images: Any, style: dict[str, Any], projection: str | None) -> None:
    assert_nearly_same_picture(*both_pictures(images('rgb'), style, projection))


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('style', [None, {'band': 1, 'palette': 'colortable', 'min': 0, 'max': 255, 'scheme': 'discrete'}, {'band': 1, 'min': 1, 'max': 7, 'palette': ['#000', '#f00']}])  # fmt: skip
def test_an_image_with_colours_of_its_own(
    images: Any, style: dict[str, Any] | None, projection: str | None
) -> None:
    assert_nearly_same_picture(*both_pictures(images('palette'), style, projection))


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('name', ['rgb', 'rgba', 'striped'])
def test_colours_without_a_style(images: Any, name: str, projection: str | None) -> None:
    assert_nearly_same_picture(*both_pictures(images(name), None, projection))


@pytest.mark.parametrize(
    ('name', 'low', 'high'), [('uint16', 500, 9000), ('dem', -50, 2900), ('nan-nodata', 270, 310)]
)
def test_measurements_on_a_map(images: Any, name: str, low: float, high: float) -> None:
    # With numbers: large-image's own statistics are those of the averages in an overview.
    style = {'band': 1, 'min': low, 'max': high}
    assert_nearly_same_picture(*both_pictures(images(name), style, 'EPSG:3857'))


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('colors', [('gray', 'undefined'), ('gray', 'alpha')])
def test_two_bands(tmp_path: pathlib.Path, colors: tuple[str, str], projection: str | None) -> None:
    epsg, transform = PLACE
    path = GeoTiff(textured(500, 500, 2), epsg, transform, colors=colors).write(tmp_path / 'image.tif')
    for style in (None, {'band': 1, 'palette': ['#000', '#ff0'], 'min': 20, 'max': 220}):
        found, expected = both_pictures(path, style, projection)
        if colors[1] == 'alpha' and style is not None and projection is None:
            # What the file says is transparent stays so; large-image forgets it with this style.
            assert (found[3] < expected[3]).any()
            found = np.concatenate([found[:3], expected[3:]])
        assert_same_picture(found, expected, projection)


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('dtype', ['uint8', 'float32'])
def test_thresholds_leave_out_what_is_not_valid(
    tmp_path: pathlib.Path, dtype: str, projection: str | None
) -> None:
    array = np.random.default_rng(5).normal(120, 30, (1, 500, 500)).clip(1, 254).astype(dtype)
    array[:, :200] = nodata = 0 if dtype == 'uint8' else -9999
    epsg, transform = PLACE
    path = GeoTiff(array, epsg, transform, nodata=nodata).write(tmp_path / 'image.tif')
    valid = array[array != nodata]
    step = (float(valid.max()) + 1 - float(valid.min())) / 256
    words = [('min', 'min:0.02'), ('max', 'max:0.05'), ('min', 'max:0.5'), ('min', 'min'), ('max', 'max')]
    expected = [*np.quantile(valid, [0.02, 0.95, 0.5]), valid.min(), valid.max()]
    with handles.borrow(access.image_ref(path), projection=projection) as lease:
        source = lease.tile_source({'band': 1}, 'PNG')
        found = [float(source._getMinMax(end, word, source.dtype, 0, 0)) for end, word in words]
    assert np.abs(np.array(found[:3]) - expected[:3]).max() <= step
    # These are what they were before anybody asked for a threshold.
    assert found[3:] == expected[3:]


def test_a_threshold_that_the_first_bin_exceeds_leaves_nothing_out(tmp_path: pathlib.Path) -> None:
    array = np.zeros((1, 100, 100), np.float32)
    array[:, :10] = 8
    epsg, transform = PLACE
    path = GeoTiff(array, epsg, transform).write(tmp_path / 'image.tif')
    with handles.borrow(access.image_ref(path)) as lease:
        source = lease.tile_source({'band': 1}, 'PNG')
        assert source._getMinMax('min', 'min:0.02', source.dtype, 0, 0) == 0
        # The upper edge of the bin of 8, of 256 bins from 0 to 9.
        assert 8 < source._getMinMax('max', 'max:0.05', source.dtype, 0, 0) <= 8 + 9 / 256
        assert source._getMinMax('min', 'auto:0.02', source.dtype, 0, 0) == 0
