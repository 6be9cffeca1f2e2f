"""For pictures with losses, JPEGs in a file are decoded by the faster of two decoders, and show what GDAL shows."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from django_large_image import access, handles
from django_large_image.caching.blocks import block_cache
from django_large_image.imaging import tile
from django_large_image.imaging.formats import Format
from django_large_image.inspection.costs import Budget
from django_large_image.raster.blocks import blockreader
from tests import reference
from tests.images import GeoTiff, content, geo

pytestmark = pytest.mark.django_db


def jpeg(path: pathlib.Path, photometric: str, mask: Any = None) -> pathlib.Path:
    """Write 700 × 600 pixels in JPEG blocks with overviews; blocks at two sides are cut."""
    array = content.rgb(700, 600)[: 1 if photometric == 'minisblack' else 3]
    options = {'compress': 'jpeg', 'interleave': 'pixel'}
    image = GeoTiff(array, geo.UTM, geo.UTM_TRANSFORM, photometric=photometric, mask=mask, options=options)
    return image.write(path)


def read(
    path: pathlib.Path, level: int, window: tuple[int, int, int, int], count: int
) -> tuple[Any, Any, Any]:
    """Return values and validity of a window of a level as the source reads them, and what is known then."""
    block_cache.clear()
    with handles.borrow(access.image_ref(path)) as lease:
        handle = lease.source.handle
        found = handle.blocks().read(level, window, tuple(range(count)), Budget(), lossy=True)
        return (*found, handle.frame_facts(0))


def gdal(path: pathlib.Path, level: int, window: tuple[int, int, int, int]) -> Any:
    """Return the same as GDAL reads it."""
    options = {'overview_level': level - 1} if level else {}
    left, top, right, bottom = window
    with rasterio.open(path, **options) as dataset:
        return dataset.read(window=Window(left, top, right - left, bottom - top)).transpose(1, 2, 0)


@pytest.mark.parametrize('photometric', ['ycbcr', 'rgb', 'minisblack'])
@pytest.mark.parametrize('level', [0, 1])
def test_a_block_shows_what_gdal_shows(tmp_path: pathlib.Path, photometric: str, level: int) -> None:
    path = jpeg(tmp_path / 'a.tif', photometric)
    window = (100, 60, 700 >> level, 600 >> level)
    values, valid, facts = read(path, level, window, 1 if photometric == 'minisblack' else 3)
    truth = gdal(path, level, window)
    assert facts.jpegs == {level: True}
    assert valid is None
    assert values.shape == truth.shape
    difference = np.abs(values.astype(int) - truth)
    # Colours at half the resolution are made larger in several ways, which shows where they change at once.
    assert difference.mean() < 0.7
    assert difference.max() <= 40
    if photometric != 'ycbcr':
        # No colours at half the resolution: all that is left is the rounding of the transform.
        assert difference.max() <= 2


def test_a_mask_stays(tmp_path: pathlib.Path) -> None:
    mask = np.full((600, 700), 255, np.uint8)
    mask[200:300, 100:420] = 0
    path = jpeg(tmp_path / 'a.tif', 'ycbcr', mask)
    values, valid, facts = read(path, 0, (0, 0, 700, 600), 3)
    assert facts.jpegs == {0: True}
    assert np.array_equal(valid, mask)
    assert np.abs(values.astype(int) - gdal(path, 0, (0, 0, 700, 600))).mean() < 0.7


def test_a_decoder_that_shows_something_else_is_not_trusted(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = jpeg(tmp_path / 'a.tif', 'ycbcr')
    decode = blockreader.decode_jpeg
    monkeypatch.setattr(blockreader, 'decode_jpeg', lambda data: decode(data)[:, :, ::-1])
    values, _, facts = read(path, 0, (0, 0, 700, 600), 3)
    assert facts.jpegs == {0: False}
    assert np.array_equal(values, gdal(path, 0, (0, 0, 700, 600)))


def test_a_broken_block_shows_what_gdal_shows(tmp_path: pathlib.Path) -> None:
    path = jpeg(tmp_path / 'a.tif', 'ycbcr')
    with rasterio.open(path) as dataset:
        offset, size = (
            int(dataset.get_tag_item(f'BLOCK_{what}_1_1', 'TIFF', 1)) for what in ('OFFSET', 'SIZE')
        )
    with open(path, 'r+b') as file:
        file.seek(offset + size // 2)
        file.write(b'\xff\xd9' * (size // 4))
    window = (256, 256, 512, 512)
    try:
        truth = gdal(path, 0, window)
    except rasterio.RasterioIOError:
        with pytest.raises(rasterio.RasterioIOError):
            read(path, 0, window, 3)
    else:
        values, _, _ = read(path, 0, window, 3)
        assert np.abs(values.astype(int) - truth).mean() < 0.7


def test_a_png_shows_exactly_what_gdal_reads(tmp_path: pathlib.Path) -> None:
    """Also after a JPEG of the same blocks: each decoder has its own in the cache."""
    path = jpeg(tmp_path / 'a.tif', 'ycbcr')
    block_cache.clear()
    pictures = {}
    for fmt in (Format.JPEG, Format.PNG, Format.WEBP, Format.PNG):
        with handles.borrow(access.image_ref(path)) as lease:
            pictures[fmt] = reference.decoded(tile.render(lease.view(None), 2, 1, 1, None, fmt), 'RGB')
    truth = gdal(path, 0, (256, 256, 512, 512)).transpose(2, 0, 1)
    assert np.array_equal(pictures[Format.PNG], truth)
    assert reference.psnr(pictures[Format.JPEG], truth, np.ones(truth.shape[1:], bool)) > 25
