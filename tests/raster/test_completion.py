"""Styles made complete, beside large-image's; and tile matrices beside those of its sources."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rasterio
from large_image_source_rasterio import RasterioFileTileSource

from django_large_image import access, handles
from django_large_image.exceptions import InvalidParameter
from django_large_image.imaging.style import parse_style
from django_large_image.raster import ranges
from django_large_image.raster.colour.completion import complete

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings('ignore::Warning')]

ENDS: tuple[ranges.End, ranges.End] = ('min', 'max')
NAMES = ('rgb', 'rgba', 'uint16', 'dem', 'palette')
STYLES: list[dict[str, Any]] = [
    {'band': 1},
    {'band': 1, 'min': 5, 'max': 20, 'palette': '#ff8000', 'nodata': 'auto'},
    {'bands': [{'band': 1, 'palette': ['red', 'lime', 'blue']}, {'band': 1, 'composite': 'multiply', 'clamp': False}]},
    {'band': 1, 'dtype': 'uint16', 'scheme': 'discrete', 'palette': ['#123', '#4567']},
]  # fmt: skip


def normal(style: Any) -> Any:
    """Return a style whose colours are written in one way."""
    entries = [dict(entry) for entry in style['bands']]
    for entry in entries:
        if 'palette' in entry:
            # The colour in the middle of two is ours, see `colors.bounded`.
            colours = [colour.lower() for colour in entry['palette'] if isinstance(colour, str)]
            entry['palette'] = [colour if len(colour) == 9 else colour + 'ff' for colour in colours]
    return entries


@pytest.mark.parametrize('projection', [None, 'EPSG:3857'])
@pytest.mark.parametrize('style', [None, *STYLES], ids=['none', 'band', 'colour', 'two', 'discrete'])
@pytest.mark.parametrize('name', NAMES)
def test_a_style_is_completed_as_large_image_does(
    images: Any, name: str, style: dict[str, Any] | None, projection: str | None
) -> None:
    with handles.borrow(access.image_ref(images(name))) as lease:
        handle = lease.source.handle
        found = complete(parse_style(style), ranges.bands(handle), projection is not None, False)
    options = {} if style is None else {'style': json.dumps(style)}
    oracle = RasterioFileTileSource(str(images(name)), projection=projection, noCache=True, **options)
    assert found is not None
    assert normal(found) == normal(oracle.style)


def test_white_may_be_the_smallest_value() -> None:
    bands: Any = {1: {'interpretation': 'gray'}}
    for white, first in ((False, '#000000ff'), (True, '#ffffffff')):
        found = complete(None, bands, False, white)
        assert found is not None
        assert found['bands'][0]['palette'][0] == first


@pytest.mark.parametrize(
    'style', [{'band': 'alpha'}, {'band': 9}, {'band': 1, 'palette': 'colortable'}, {'bands': [{'band': 1}, {'band': -1}]}]
)  # fmt: skip
def test_a_band_or_a_table_that_is_not_there(style: dict[str, Any]) -> None:
    bands: Any = {1: {'interpretation': 'red'}, 2: {'interpretation': 'undefined'}}
    with pytest.raises(InvalidParameter) as raised:
        complete(style, bands, False, False)
    assert raised.value.details['allowed'].endswith('red, undefined')


def test_of_bands_without_names_nothing_is_known() -> None:
    bands: Any = {1: {'interpretation': 'undefined'}, 2: {'interpretation': 'alpha'}}
    assert complete(None, bands, True, False) is None
    assert complete({'band': 0}, bands, True, False) is None
    assert complete({'icc': False}, bands, True, False) == {'icc': False}


@pytest.mark.parametrize('projection', [None, 'EPSG:3857', 'EPSG:6933'])
@pytest.mark.parametrize('name', NAMES)
def test_a_tile_matrix_is_that_of_large_image(images: Any, name: str, projection: str | None) -> None:
    with handles.borrow(access.image_ref(images(name)), projection=projection) as lease:
        matrix = lease.source.matrix
    oracle = RasterioFileTileSource(str(images(name)), projection=projection, noCache=True)
    assert (matrix.size_x, matrix.size_y, matrix.levels) == (oracle.sizeX, oracle.sizeY, oracle.levels)
    for z, x, y in ((0, 0, 0), (1, 0, 1), (matrix.levels - 1, 3, 2)):
        assert matrix.corners(z, x, y) == pytest.approx(oracle.getTileCorners(z, x, y))
    if projection is not None:
        assert matrix.world == pytest.approx(oracle.unitsAcrossLevel0)


@pytest.mark.parametrize('name', ['uint16', 'dem', 'rgb'])
@pytest.mark.parametrize('wanted', [5, '7.5', 'full'])
def test_what_needs_no_values_is_as_large_image_has_it(images: Any, name: str, wanted: Any) -> None:
    with handles.borrow(access.image_ref(images(name))) as lease:
        handle = lease.source.handle
        style = json.dumps({'band': 1})
        oracle = RasterioFileTileSource(str(images(name)), projection=None, noCache=True, style=style)
        dtype = handle.info().dtype
        for end in ENDS:
            found = ranges.end_of_range(handle, 0, 0, end, wanted, True)
            assert found == oracle._getMinMax(end, wanted, dtype, 0, 0)


@pytest.mark.parametrize('name', ['uint16', 'dem', 'rgb'])
def test_words_mean_the_valid_values(images: Any, name: str) -> None:
    path = images(name)
    with rasterio.open(path) as dataset:
        values = dataset.read(masked=True)
    with handles.borrow(access.image_ref(path)) as lease:
        handle = lease.source.handle
        for band, own in enumerate(values):
            ends = float(own.min()), float(own.max())
            span = ends[1] - ends[0]
            for word in ('min', 'max', 'auto'):
                found = [ranges.end_of_range(handle, 0, band, end, word, True) for end in ENDS]
                expected = ends if word == 'auto' else (ends[word == 'max'],) * 2
                if word == 'auto' and name == 'rgb':
                    # Bytes are levels that their writer chose.
                    expected = 0.0, 255.0
                # About a million of the pixels are looked at.
                assert found == pytest.approx(expected, abs=span / 50), (word, band)
            # The alpha that maps have after the last band.
            top = {'uint16': 65535.0, 'dem': 1.0, 'rgb': 255.0}[name]
            assert ranges.end_of_range(handle, 0, len(values), 'max', 'max', True) == top
            assert ranges.end_of_range(handle, 0, len(values), 'min', 'min', True) == 0
