"""Views of a handle: each with its own style, encoding and resampling, and GDAL's options end with the lease."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from django_large_image import access, sources
from django_large_image.exceptions import ImageUnreadable, InvalidParameter, LargeImageError, ServerFault
from django_large_image.sources.lease import reading, without_auto_nodata

pytestmark = pytest.mark.django_db

RED = {'band': 1, 'palette': ['#000000ff', '#ff0000ff'], 'min': 0, 'max': 255}


@pytest.fixture
def ref(images: Any) -> Any:
    """Return a reference to a georeferenced image."""
    return access.image_ref(images('rgb'))


def tile(view: Any) -> Any:
    """Return the colours of the first tile of a view."""
    return view.getTile(0, 0, 0, numpyAllowed='always')


def test_views_of_one_style_share_nothing_else(ref: Any) -> None:
    with sources.lease(ref) as lease:
        first = lease.view(RED, 'PNG', resampling='nearest')
        second = lease.view(dict(RED), 'JPEG', resampling='cubic')
        plain = lease.view()
        assert [view.encoding for view in (first, second, plain)] == ['PNG', 'JPEG', 'PNG']
        assert [view.resampling for view in (first, second, plain)] == ['nearest', 'cubic', None]
        assert len({view._classkey for view in (first, second, plain)}) == 3
        assert not tile(second)[:, :, 1].any()
        assert tile(plain)[:, :, 1].any()
    # Nor do those of another lease, or of another projection.
    with sources.lease(ref, projection='EPSG:3857') as lease:
        again = lease.view(RED)
        assert (again.projection is not None, again.encoding) == (True, 'PNG')
    with sources.lease(ref) as lease:
        assert not lease.view(RED).projection


def test_gdal_s_options_are_those_of_the_lease(ref: Any) -> None:
    rasterio = pytest.importorskip('rasterio')
    from rasterio._env import get_gdal_config

    own = replace(ref, options={'GDAL_HTTP_USERAGENT': 'own'})
    with sources.lease(own) as lease:
        # What is decoded already needs none.
        sources.block_cache.clear()
        assert get_gdal_config('GDAL_HTTP_USERAGENT') is None
        tile(lease.view())
        assert get_gdal_config('GDAL_HTTP_USERAGENT') == 'own'
    assert get_gdal_config('GDAL_HTTP_USERAGENT') is None
    assert rasterio.__version__


def test_a_handle_goes_back_once(ref: Any) -> None:
    lease = sources.lease(ref)
    lease.release()
    lease.release()
    assert sources.pool.stats()['idle'] == 1
    lease = sources.lease(ref)
    lease.release(failed=True)
    assert sources.pool.stats()['handles'] == 0
    del lease
    gc.collect()
    assert sources.pool.stats()['handles'] == 0


def test_a_view_that_owns_its_lease_keeps_it(ref: Any) -> None:
    view = sources.lease(ref).view(owner=True)
    gc.collect()
    assert sources.pool.stats()['idle'] == 0
    assert tile(view).any()
    del view
    gc.collect()
    assert (sources.pool.stats()['idle'], sources.pool.stats()['handles']) == (1, 1)
    # Of others it ends with the lease.
    lease = sources.lease(ref)
    view = lease.view()
    gc.collect()
    assert sources.pool.stats()['idle'] == 0
    del lease
    gc.collect()
    assert sources.pool.stats()['idle'] == 1
    assert view.sizeX


@pytest.mark.parametrize('name', ['rgb', 'png'])
def test_a_band_that_is_not_there_is_said_by_its_name(images: Any, name: str) -> None:
    with sources.lease(access.image_ref(images(name))) as lease:
        with pytest.raises(InvalidParameter) as raised:
            lease.view({'band': 'alpha'})
            if name == 'png':
                tile(lease.view({'band': 'alpha'}))
                raise InvalidParameter('style', '', 'red')
        assert raised.value.details['parameter'] == 'style'
        assert 'red' in raised.value.details['allowed']


def test_what_a_reader_raises(caplog: Any) -> None:
    for error, expected in (
        (InvalidParameter('a', 1, 'b'), InvalidParameter),
        (ValueError('what'), ImageUnreadable),
        (MemoryError(), ServerFault),
    ):
        with pytest.raises(LargeImageError) as raised, reading():
            raise error
        assert type(raised.value) is expected


def test_an_automatic_nodata_is_for_those_who_know_it() -> None:
    assert without_auto_nodata({'band': 1, 'nodata': 'auto'}) == {'band': 1}
    assert without_auto_nodata({'band': 1, 'nodata': 0}) == {'band': 1, 'nodata': 0}
    assert without_auto_nodata({'dtype': 'uint8', 'bands': [{'nodata': 'auto'}, {'nodata': 5}]}) == {
        'dtype': 'uint8', 'bands': [{}, {'nodata': 5}],
    }  # fmt: skip


@pytest.mark.parametrize('name', ['rgb', 'png', 'ome'])
def test_a_style_changes_only_its_view(images: Any, name: str) -> None:
    with sources.lease(access.image_ref(images(name))) as lease:
        before = np.array(tile(lease.view()))
        styled = tile(lease.view({'band': 1, 'palette': ['#000000ff', '#00ff00ff'], 'min': 0, 'max': 255}))
        assert not styled[:, :, 0].any()
        assert (tile(lease.view()) == before).all()


@pytest.mark.parametrize('name', ['rgb', 'png', 'ome'])
def test_every_reader_takes_an_automatic_nodata(images: Any, name: str) -> None:
    style = {'band': 1, 'palette': ['#000000ff', '#00ff00ff'], 'min': 0, 'max': 255}
    with sources.lease(access.image_ref(images(name))) as lease:
        plain = np.array(tile(lease.view(style)))
        assert (tile(lease.view(style | {'nodata': 'auto'})) == plain).all()
        assert (tile(lease.view({'bands': [style | {'nodata': 'auto'}]})) == plain).all()
