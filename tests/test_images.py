"""The generated images are what their names say."""

from __future__ import annotations

import pathlib
import warnings
from collections.abc import Callable

import numpy as np
import pytest

from tests.images import GEOSPATIAL, ODD, PLAIN
from tests.images.bombs import zeros_deflated

rasterio = pytest.importorskip('rasterio')

from tests import reference  # noqa: E402

Images = Callable[[str], pathlib.Path]


@pytest.mark.parametrize('name', sorted({*GEOSPATIAL, *ODD, *PLAIN} - {'untiled-doubles'}))
def test_image_is_whole(images: Images, name: str) -> None:
    with reference.open_raster(images(name)) as dataset:
        assert dataset.checksum(1)
        assert min(dataset.width, dataset.height) >= 100


@pytest.mark.parametrize('name', sorted({*GEOSPATIAL} - {'striped'}))
def test_cogs_are_laid_out_as_such(images: Images, name: str) -> None:
    with reference.open_raster(images(name)) as dataset:
        assert dataset.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'
        assert dataset.block_shapes[0] == (256, 256)
        assert dataset.overviews(1)[:2] == [2, 4]


def test_images_are_the_same_each_time(images: Images, tmp_path: pathlib.Path) -> None:
    for name in ('dem', 'png', 'ome'):
        make, file_name = {**GEOSPATIAL, **PLAIN}[name]
        first, second = (reference.open_raster(path) for path in (images(name), make(tmp_path / file_name)))
        with first as one, second as two:
            assert np.array_equal(one.read(), two.read())


def test_colour_interpretation_and_nodata(images: Images) -> None:
    interpretations = {
        'rgb': ['red', 'green', 'blue'],
        'rgba': ['red', 'green', 'blue', 'alpha'],
        'uint16': ['gray', 'undefined', 'undefined', 'undefined'],
        'palette': ['palette'],
    }
    for name, expected in interpretations.items():
        with reference.open_raster(images(name)) as dataset:
            assert [band.name for band in dataset.colorinterp] == expected
    with reference.open_raster(images('dem')) as dataset:
        assert dataset.nodata == -9999
        assert 0.01 < (dataset.read(1) == -9999).mean() < 0.2
    with reference.open_raster(images('nan-nodata')) as dataset:
        assert np.isnan(dataset.nodata)


@pytest.mark.parametrize('name', ['internal-mask', 'external-mask', 'nan-nodata'])
def test_validity_is_a_disk(images: Images, name: str) -> None:
    path = images(name)
    assert path.with_name(f'{path.name}.msk').exists() == (name == 'external-mask')
    with reference.open_raster(path) as dataset:
        share = (dataset.dataset_mask() > 0).mean()
    assert share == pytest.approx(np.pi * 0.45**2, abs=0.001)


@pytest.mark.parametrize('name', [*GEOSPATIAL, *ODD])
def test_references_agree(images: Images, name: str) -> None:
    """The average of the full resolution and GDAL's own averaging warp are the same picture."""
    path = images(name)
    zoom = max(0, reference.native_zoom(path) - 1)
    tiles = reference.tiles_covering(path, zoom)
    z, x, y = max(tiles, key=lambda tile: reference.warped_tile(path, *tile)[1].sum())
    truth, share = reference.area_truth(path, z, x, y)
    bands, mask = reference.warped_tile(path, z, x, y, resampling='average')
    inside = mask & (share == 1)
    assert inside.mean() > 0.01
    if name == 'palette':  # an average of classes is no picture
        return
    span = float(truth[:, inside].max() - truth[:, inside].min())
    assert reference.psnr(bands, truth, inside, peak=span) > 30


@pytest.mark.parametrize('name', ['antimeridian', 'antimeridian-utm'])
def test_both_sides_of_the_antimeridian_are_covered(images: Images, name: str) -> None:
    zoom = reference.native_zoom(images(name)) - 2
    columns = {x for _, x, _ in reference.tiles_covering(images(name), zoom)}
    assert columns == {0, 2**zoom - 1}
    for z, x, y in reference.tiles_covering(images(name), zoom):
        _, mask = reference.warped_tile(images(name), z, x, y)
        assert mask.any()


def test_south_up_shows_the_same_map(images: Images) -> None:
    tile = reference.tiles_covering(images('striped'), 13)[0]
    (north_up, mask), (south_up, same) = (
        reference.warped_tile(images(name), *tile) for name in ('striped', 'south-up')
    )
    assert np.array_equal(mask, same)
    assert np.array_equal(north_up, south_up)


def test_deflated_zeros_inflate() -> None:
    import zlib

    for size in (0, 1, 1 << 20, (3 << 20) + 17):
        assert zlib.decompress(zeros_deflated(size)) == bytes(size)


def test_truncated_files_break_where_they_should(images: Images) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for name in ('cut', 'truncated', 'corrupt-tiles', 'partly-copied'):
            with rasterio.open(images(name)) as dataset:
                assert dataset.width >= 1024
                with pytest.raises(rasterio.errors.RasterioIOError):
                    dataset.read()
    with pytest.raises(rasterio.errors.RasterioIOError):
        rasterio.open(images('headless'))
