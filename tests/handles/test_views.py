"""Views of a handle: each with its own style, encoding and resampling, and GDAL's options end with the lease."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from django_large_image import access, caching, handles
from django_large_image.exceptions import ImageUnreadable, InvalidParameter, LargeImageError, ServerFault
from django_large_image.readers.errors import reading

pytestmark = pytest.mark.django_db

RED = {'band': 1, 'palette': ['#000000ff', '#ff0000ff'], 'min': 0, 'max': 255}


@pytest.fixture
def ref(images: Any) -> Any:
    """Return a reference to a georeferenced image."""
    return access.image_ref(images('rgb'))


def tile(reader: Any) -> Any:
    """Return the colours of the first tile of a reader."""
    return reader.tile(0, 0, 0, 0, False).array()


def test_views_of_one_style_share_nothing_else(ref: Any) -> None:
    with handles.borrow(ref) as lease:
        sources = [lease.tile_source(RED, encoding) for encoding in ('PNG', 'JPEG')]
        assert [source.encoding for source in sources] == ['PNG', 'JPEG']
        assert len({source._classkey for source in sources}) == 2
        first = lease.view(RED, resampling='nearest')
        second = lease.view(dict(RED), resampling='cubic')
        plain = lease.view()
        assert [reader.view.resampling for reader in (first, second, plain)] == ['nearest', 'cubic', None]
        assert not tile(second)[:, :, 1].any()
        assert tile(plain)[:, :, 1].any()
    # Nor do those of another lease, or of another projection.
    with handles.borrow(ref, projection='EPSG:3857') as lease:
        assert lease.view(RED).projection is not None
    with handles.borrow(ref) as lease:
        assert lease.view(RED).projection is None


def test_gdal_s_options_are_those_of_the_lease(ref: Any) -> None:
    rasterio = pytest.importorskip('rasterio')
    from rasterio._env import get_gdal_config

    own = replace(ref, options={'GDAL_HTTP_USERAGENT': 'own'})
    with handles.borrow(own) as lease:
        # What is decoded already needs none.
        caching.block_cache.clear()
        assert get_gdal_config('GDAL_HTTP_USERAGENT') is None
        tile(lease.view())
        assert get_gdal_config('GDAL_HTTP_USERAGENT') == 'own'
    assert get_gdal_config('GDAL_HTTP_USERAGENT') is None
    assert rasterio.__version__


def test_a_handle_goes_back_once(ref: Any) -> None:
    lease = handles.borrow(ref)
    lease.release()
    lease.release()
    assert handles.handle_pool.stats()['idle'] == 1
    lease = handles.borrow(ref)
    lease.release(failed=True)
    assert handles.handle_pool.stats()['handles'] == 0
    del lease
    gc.collect()
    assert handles.handle_pool.stats()['handles'] == 0


def test_a_source_that_owns_its_lease_keeps_it(ref: Any) -> None:
    source = handles.borrow(ref).tile_source(None, 'PNG')
    gc.collect()
    assert handles.handle_pool.stats()['idle'] == 0
    assert source.getTile(0, 0, 0, numpyAllowed='always').any()
    del source
    assert (handles.handle_pool.stats()['idle'], handles.handle_pool.stats()['handles']) == (1, 1)
    # Of others it ends with the lease.
    lease = handles.borrow(ref)
    source = lease.tile_source(None, 'PNG', owned=False)
    gc.collect()
    assert handles.handle_pool.stats()['idle'] == 0
    del lease
    gc.collect()
    assert handles.handle_pool.stats()['idle'] == 1
    assert source.sizeX


@pytest.mark.parametrize('name', ['rgb', 'png'])
def test_a_band_that_is_not_there_is_said_by_its_name(images: Any, name: str) -> None:
    with handles.borrow(access.image_ref(images(name))) as lease:
        with pytest.raises(InvalidParameter) as raised:
            reader = lease.view({'band': 'alpha'})
            if name == 'rgb':
                tile(reader)
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


@pytest.mark.parametrize('name', ['rgb', 'png', 'ome'])
def test_a_style_changes_only_its_view(images: Any, name: str) -> None:
    with handles.borrow(access.image_ref(images(name))) as lease:
        before = np.array(tile(lease.view()))
        styled = tile(lease.view({'band': 1, 'palette': ['#000000ff', '#00ff00ff'], 'min': 0, 'max': 255}))
        assert not styled[:, :, 0].any()
        assert (tile(lease.view()) == before).all()


@pytest.mark.parametrize('name', ['rgb', 'png', 'ome'])
def test_every_reader_takes_an_automatic_nodata(images: Any, name: str) -> None:
    style = {'band': 1, 'palette': ['#000000ff', '#00ff00ff'], 'min': 0, 'max': 255}
    with handles.borrow(access.image_ref(images(name))) as lease:
        plain = np.array(tile(lease.view(style)))
        assert (tile(lease.view(style | {'nodata': 'auto'})) == plain).all()
        assert (tile(lease.view({'bands': [style | {'nodata': 'auto'}]})) == plain).all()
