"""Styles: the same picture as large-image's, by GET, by POST and by the short form; what is refused, by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from large_image_source_rasterio import RasterioFileTileSource

from tests import reference

pytestmark = pytest.mark.django_db

STYLES: list[dict[str, Any]] = [
    {'band': 2},
    {'band': 'red', 'palette': 'viridis', 'min': 20, 'max': 200},
    {'band': 1, 'palette': ['#000', 'gold', '#0f08'], 'scheme': 'discrete'},
    {'band': 3, 'min': 40, 'max': 150, 'clamp': False},
    {'band': 1, 'nodata': 0, 'min': 50, 'max': 120, 'palette': 'colorbrewer.diverging.RdYlGn_11'},
    {'bands': [{'band': 1, 'palette': ['#000', '#0f0']}, {'band': 2, 'palette': ['#000', '#f00'], 'composite': 'lighten'}]},
    {'bands': [{'band': 1, 'palette': 'red', 'min': 0, 'max': 'full'}], 'dtype': 'uint8', 'axis': 0},
    {'band': 1, 'palette': [[0, 0, 0], [1, 0.5, 0, 1]]},
]  # fmt: skip


@pytest.mark.parametrize('style', STYLES)
@pytest.mark.parametrize('projection', ['EPSG:3857', None])
def test_the_picture_is_large_image_s_own(
    get: Any, api: Any, image_file: Any, images: Any, style: dict[str, Any], projection: str | None
) -> None:
    path, image = images('rgb'), image_file('rgb')
    z, x, y = reference.tiles_covering(path, reference.native_zoom(path))[0] if projection else (1, 0, 0)
    oracle = RasterioFileTileSource(
        str(path), projection=projection, style=json.dumps(style), encoding='PNG', noCache=True
    )
    expected = reference.decoded(bytes(oracle.getTile(x, y, z)), 'RGBA')
    # The nearest pixel is the one that large-image shows.
    query = {'resampling': 'nearest'} | ({'projection': projection} if projection else {})
    got = get('tile', image, z=z, x=x, y=y, fmt='png', query=query | {'style': json.dumps(style)})
    assert got.status_code == 200, got.content
    found = reference.decoded(got.content, 'RGBA')
    np.testing.assert_array_equal(found[3], expected[3])
    seen = expected[3] > 0
    np.testing.assert_array_equal(found[:3, seen], expected[:3, seen])
    address = f'/images/{image.pk}/tiles/{z}/{x}/{y}.png?resampling=nearest' + (
        f'&projection={projection}' if projection else ''
    )
    for posted in (style, {'style': style}):
        assert api.post(address, posted, format='json').content == got.content


@pytest.mark.parametrize('name', ['rgb', 'rgba', 'palette', 'striped'])
@pytest.mark.parametrize('projection', ['EPSG:3857', None])
def test_without_a_style_the_picture_is_large_image_s_own(
    get: Any, image_file: Any, images: Any, name: str, projection: str | None
) -> None:
    path = images(name)
    z, x, y = reference.tiles_covering(path, reference.native_zoom(path))[0] if projection else (1, 0, 0)
    oracle = RasterioFileTileSource(str(path), projection=projection, encoding='PNG', noCache=True)
    expected = reference.decoded(bytes(oracle.getTile(x, y, z)), 'RGBA')
    query = {'resampling': 'nearest'} | ({'projection': projection} if projection else {})
    got = reference.decoded(
        get('tile', image_file(name), z=z, x=x, y=y, fmt='png', query=query).content, 'RGBA'
    )
    np.testing.assert_array_equal(got[3], expected[3])
    seen = expected[3] > 0
    np.testing.assert_array_equal(got[:3, seen], expected[:3, seen])


@pytest.mark.parametrize('name', ['uint16', 'rgb', 'dem', 'png', 'ome'])
@pytest.mark.parametrize('more', [{}, {'dtype': 'uint8'}, {'clamp': False}, {'scheme': 'discrete'}])
def test_two_colours_end_with_the_second(get: Any, image_file: Any, name: str, more: dict[str, Any]) -> None:
    # large-image 1.35.6 goes on: to yellow, or with a dtype to what is left of a number of more than 8 bits.
    low, high = {'uint16': (1000, 4000), 'dem': (200, 1000), 'ome': (1000, 9000)}.get(name, (20, 100))
    style = {'band': 1, 'palette': 'orange', 'min': low, 'max': high} | more
    image = image_file(name)
    top = get('metadata', image).json()['levels'] - 1
    # Its full resolution: what is made smaller by large-image goes beyond the ends in that.
    where = {'z': top, 'x': min(top, 1), 'y': min(top, 1)}
    answer = get('tile', image, **where, fmt='png', query={'style': json.dumps(style)})
    red, green, blue, alpha = reference.decoded(answer.content, 'RGBA').astype(int)
    seen = alpha > 0
    assert seen.mean() > 0.05
    assert red[seen].max() >= 250 and green[seen].max() <= 165
    assert not blue[seen].any()
    assert (np.abs(green[seen] - red[seen] * 165 / 255) <= 1).all()


def test_words_for_a_range_mean_the_statistics(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    known = get('band', image, query={'band': 2}).json()
    where = {'z': 1, 'x': 0, 'y': 0, 'fmt': 'png'}
    words = get('tile', image, **where, query={'band': 2, 'min': 'min', 'max': 'max'})
    numbers = get('tile', image, **where, query={'band': 2, 'min': known['min'], 'max': known['max']})
    assert words.content == numbers.content
    assert words.content != get('tile', image, **where, query={'band': 2, 'min': 0, 'max': 255}).content


def test_the_short_form_is_a_style(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    where = {'z': 1, 'x': 0, 'y': 0, 'fmt': 'png'}
    style = {'band': 2, 'min': 10, 'max': 90, 'palette': 'plasma', 'scheme': 'discrete', 'nodata': 3}
    long = get('tile', image, **where, query={'style': json.dumps(style)}).content
    assert get('tile', image, **where, query=style).content == long
    renamed = {('cmap' if key == 'palette' else key): value for key, value in style.items()}
    assert get('tile', image, **where, query=renamed).content == long
    assert get('tile', image, **where, query={'palette': 'plasma'}).content == get(
        'tile', image, **where, query={'band': 1, 'palette': 'plasma'}
    ).content  # fmt: skip
    unstyled = get('tile', image, **where).content
    for nothing in ({'style': ''}, {'band': '', 'palette': 'undefined'}, {'style': 'null'}, {'style': '{}'}):
        assert get('tile', image, **where, query=nothing).content == unstyled


def test_a_long_style_by_post(api: Any, image_file: Any) -> None:
    palette = [f'#{value:02x}{255 - value:02x}80' for value in range(256)] * 4
    style = {'bands': [{'band': band, 'palette': palette, 'min': 0, 'max': 255} for band in (1, 2, 3)]}
    image = image_file('rgb')
    assert len(json.dumps(style)) > 20_000
    for end in (
        'tiles/0/0/0.png',
        'data/thumbnail.png',
        'data/region.png?left=0&top=0&right=64&bottom=64&units=pixels',
    ):
        response = api.post(f'/images/{image.pk}/{end}', style, format='json')
        assert response.status_code == 200
        response.close()


REFUSED: list[tuple[Any, str]] = [
    ('{', 'style'), ('[]', 'style'), ('[{"band": 1}]', 'style'), ('"red"', 'style'), ('3', 'style'), ('{"band": NaN}', 'style'),
    ({'colour': 'red'}, 'style.colour'), ({'bands': [{'band': 1, 'gamma': 2}]}, 'style.bands[0].gamma'),
    ({'band': 0}, 'style.band'), ({'band': -1}, 'style.band'), ({'band': 'x'}, 'style.band'), ({'band': 1.5}, 'style.band'),
    ({'band': 99}, 'band'), ({'bands': [{'band': 4}]}, 'band'),
    ({'palette': 'no-such-palette'}, 'style.palette'), ({'palette': ['#000', 'nocolour']}, 'style.palette'),
    ({'palette': '__class__'}, 'style.palette'), ({'palette': 'palette.__init__'}, 'style.palette'), ({'palette': ['#000']}, 'style.palette'),
    ({'min': 'low'}, 'style.min'), ({'max': [1]}, 'style.max'), ({'max': 'max:2'}, 'style.max'), ({'nodata': 'x'}, 'style.nodata'),
    ({'clamp': 'yes'}, 'style.clamp'), ({'dtype': 'object'}, 'style.dtype'), ({'axis': 9}, 'style.axis'),
    ({'scheme': 'cubic'}, 'style.scheme'), ({'composite': 'burn'}, 'style.composite'), ({'frame': -1}, 'style.frame'),
    ({'band': 1, 'frame': 7}, 'frame'), ({'bands': 3}, 'style.bands'), ({'bands': ['red']}, 'style.bands[0]'),
    ({'function': {'name': 'os.system'}}, 'style.function'),
    ({'bands': [{'band': 1, 'function': {'name': 'os.system', 'parameters': {}}}]}, 'style.bands[0].function'),
    ({'bands': [{'band': 1, 'palette': [{'function': 'x'}]}]}, 'style.bands[0].palette[0].function'),
]  # fmt: skip


@pytest.mark.parametrize(('style', 'place'), REFUSED)
def test_a_style_that_is_refused_names_the_place(
    get: Any, api: Any, image_file: Any, style: Any, place: str
) -> None:
    image = image_file('rgb')
    text = style if isinstance(style, str) else json.dumps(style)
    answers = [get('tile', image, z=0, x=0, y=0, fmt='png', query={'style': text})]
    if not isinstance(style, str):
        answers.append(api.post(f'/images/{image.pk}/tiles/0/0/0.png', style, format='json'))
    for response in answers:
        assert response.status_code == 400, response.content
        assert response.json()['parameter'] == place
        assert response.json()['allowed']


@pytest.mark.parametrize(
    ('query', 'parameter'),
    [
        ({'band': 0}, 'band'), ({'band': 'x'}, 'band'), ({'band': 99}, 'band'), ({'band': 1, 'min': 'abc'}, 'min'),
        ({'band': 1, 'min': 'nan'}, 'min'), ({'max': 'inf'}, 'max'), ({'palette': 'nope'}, 'palette'), ({'cmap': 'nope'}, 'palette'),
        ({'scheme': 'x'}, 'scheme'), ({'nodata': 'x'}, 'nodata'), ({'style': 'x' * 70_000}, 'style'),
    ],
)  # fmt: skip
def test_a_wrong_short_form(get: Any, image_file: Any, query: dict[str, Any], parameter: str) -> None:
    response = get('tile', image_file('rgb'), z=0, x=0, y=0, fmt='png', query=query)
    assert (response.status_code, response.json()['parameter']) == (400, parameter)
    assert len(response.content) < 1000


def test_a_body_that_is_no_json(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    response = api.post(f'/images/{image.pk}/tiles/0/0/0.png', b'{not json', content_type='application/json')
    assert response.status_code == 400
    assert response['Content-Type'] == 'application/json'
