"""Opening: the reader is found once, a view costs no open, statistics are computed once and shared."""

from __future__ import annotations

from typing import Any

import pytest
import rasterio
from django.test import override_settings

from django_large_image import access, handles
from django_large_image.handles import opening
from django_large_image.raster import ranges

pytestmark = pytest.mark.django_db


def test_the_reader_is_found_once_and_one_handle_serves_all(
    get: Any, image_file: Any, monkeypatch: Any
) -> None:
    opened: list[int | None] = []
    real = rasterio.open
    monkeypatch.setattr(
        rasterio,
        'open',
        lambda *args, **kwargs: opened.append(kwargs.get('OVERVIEW_LEVEL')) or real(*args, **kwargs),
    )
    image = image_file('rgb')
    opened.clear()
    where = {'z': 0, 'x': 0, 'y': 0}
    for query in ({}, {'band': 1}, {'band': 2, 'palette': 'viridis'}, {'frame': 0}):
        for fmt in ('png', 'jpg', 'webp'):
            assert get('tile', image, **where, fmt=fmt, query=query).status_code == 200
    for endpoint in ('metadata', 'bands', 'histogram'):
        assert get(endpoint, image).status_code == 200
    # One open to find the reader and for all tiles, and the one overview that they need.
    assert opened == [None, 2]
    assert get('tile', image, **where, fmt='png', query={'projection': '3857'}).status_code == 200
    assert opened[2:] == []


def test_statistics_are_computed_when_asked_for_and_once(image_file: Any, monkeypatch: Any) -> None:
    computed: list[tuple[int, ...]] = []
    real = ranges.samples
    monkeypatch.setattr(
        ranges, 'samples', lambda raster, bands: computed.append(bands) or real(raster, bands)
    )
    ref = access.image_ref(image_file('uint16').file.path)
    leases = [handles.borrow(ref) for _ in range(3)]
    assert computed == []
    for lease in leases:
        assert lease.source.bands(statistics=True)[4]['max'] > 0
    assert computed == [(0, 1, 2, 3)]


def test_a_view_has_a_style_and_leaves_others_alone(image_file: Any) -> None:
    with handles.borrow(access.image_ref(image_file('rgb').file.path)) as lease:
        red = lease.view({'band': 1, 'palette': ['#000000ff', '#ff0000ff']})
        plain = lease.view()
        again = lease.view({'band': 1, 'palette': ['#000000ff', '#ff0000ff']})
        tile, own, other = (reader.tile(0, 0, 0, 0, False) for reader in (red, plain, again))
        assert not tile.array()[:, :, 1].any()
        assert own.array()[:, :, 1].any()
        assert (other.array() == tile.array()).all()


def test_the_compatible_function_opens_and_gives_back(image_file: Any) -> None:
    from django_large_image.tilesource import get_formats, get_tilesource_from_path
    from django_large_image.utilities import field_file_to_local_path

    image = image_file('rgb')
    source = get_tilesource_from_path(str(field_file_to_local_path(image.file)), projection='EPSG:3857')
    assert source.getTile(0, 0, 0)[:8] == b'\x89PNG\r\n\x1a\n'
    assert handles.handle_pool.stats()['idle'] == 0
    del source
    assert handles.handle_pool.stats()['idle'] == 1
    assert 'png' in get_formats()
    assert get_formats(return_dict=True)['jpg'] == 'image/jpeg'


def test_a_source_can_be_left_out(get: Any, image_file: Any) -> None:
    image = image_file('no-crs')
    with override_settings(LARGE_IMAGE_SOURCES=('rasterio',)):
        assert get('tile', image, z=0, x=0, y=0, fmt='png').status_code == 200
        assert handles.available_sources().keys() == {'rasterio'}
    with override_settings(LARGE_IMAGE_SOURCES=('multi', 'test')):
        assert handles.available_sources() == {}
        opening.forget_decisions()
        assert get('metadata', image).status_code == 422


def test_a_driver_can_be_left_out(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    with override_settings(LARGE_IMAGE_DRIVERS=('PNG',)):
        assert get('metadata', image).status_code == 422
