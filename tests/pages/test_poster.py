"""What the viewer's page shows before the viewer does: a thumbnail, of an image that is known already."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from tests import reference
from tests.pages.html import Page

pytestmark = pytest.mark.django_db


def poster(get: Any, image: Any, query: dict[str, Any] | None = None, kind: str = 'viewer') -> str | None:
    found = Page(get(kind, image, query=query or {})).all('img')
    assert all((one['slot'], one['alt']) == ('poster', '') for one in found)
    return found[0]['src'] if found else None


def test_an_image_that_nobody_asked_about_is_not_opened_for_it(
    get: Any, image_file: Any, monkeypatch: Any
) -> None:
    image = image_file('rgb')
    assert poster(get, image) is None
    assert get('tiles-metadata', image).status_code == 200
    assert poster(get, image) is not None
    assert poster(get, image, kind='globe') is None


@pytest.mark.parametrize(
    ('name', 'query', 'expected'),
    [
        ('rgb', {}, 'projection=EPSG%3A3857&max_width=512&max_height=512'),
        ('rgb', {'projection': 'native'}, 'max_width=512&max_height=512'),
        ('rgb', {'projection': 'EPSG:32633'}, 'projection=EPSG%3A32633&max_width=512&max_height=512'),
        ('png', {}, 'max_width=512&max_height=512'),
        ('ome', {'frame': '1'}, 'frame=1&max_width=512&max_height=512'),
    ],
)
def test_it_shows_what_the_viewer_will(
    get: Any, api: Any, image_file: Any, name: str, query: dict[str, str], expected: str
) -> None:
    image = image_file(name)
    get('tiles-metadata', image)
    address = poster(get, image, query)
    assert address == f'/images/{image.pk}/data/thumbnail.png?{expected}'
    picture = reference.decoded(api.get(address).content)
    assert max(picture.shape[1:]) <= 512


def test_a_style_is_part_of_it(get: Any, api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    get('tiles-metadata', image)
    style = '{"bands": [{"band": 1, "palette": ["#000000", "#ff0000"]}]}'
    address = poster(get, image, {'style': style, 'projection': 'native'})
    assert address is not None
    picture = reference.decoded(api.get(address).content, 'RGBA')
    assert picture[0].max() > 100
    assert not picture[1:3].any()


def test_what_is_not_served_has_none(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    get('tiles-metadata', image)
    with override_settings(LARGE_IMAGE_AUTO_SERVE=False):
        assert poster(get, image) is None
