"""Blocks of web-aligned files are tiles as they are; everything else is drawn."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.shutil import copy
from rasterio.transform import from_bounds

from django_large_image import access, handles
from django_large_image.imaging import tile
from django_large_image.imaging.formats import Format
from django_large_image.raster.blocks.encoded_blocks import read_block
from tests import reference

pytestmark = pytest.mark.django_db
Z, X, Y = 12, 2200, 1400


def web_image(path: pathlib.Path, compress: str, masked: bool = False, **options: Any) -> pathlib.Path:
    """Write 4 × 4 tiles of a zoom level as a tiled file with one overview."""
    left, _, _, top = reference.tile_bounds(Z, X, Y)
    _, bottom, right, _ = reference.tile_bounds(Z, X + 3, Y + 3)
    y, x = np.mgrid[0:1024, 0:1024]
    array = np.stack([127 + 100 * np.sin(x / 40), 127 + 100 * np.cos(y / 30), (x + y) / 8 % 255]).astype(
        np.uint8
    )
    draft = path.with_suffix('.draft.tif')
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(
        draft, 'w', driver='GTiff', width=1024, height=1024, count=3, dtype='uint8', crs='EPSG:3857',
        transform=from_bounds(left, bottom, right, top, 1024, 1024), photometric='RGB',
    ) as output:  # fmt: skip
        output.write(array)
        if masked:
            mask = np.full((1024, 1024), 255, np.uint8)
            mask[:300, :300] = 0
            output.write_mask(mask)
    creation = {'TILED': 'YES', 'BLOCKXSIZE': '256', 'BLOCKYSIZE': '256', 'COMPRESS': compress, **options}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        copy(str(draft), str(path), driver='GTiff', COPY_SRC_OVERVIEWS='NO', **creation)
    return path


def rendered(
    path: pathlib.Path, where: tuple[int, int, int], fmt: Format, style: dict[str, Any] | None = None
) -> tuple[bytes, bytes | None]:
    """Return a tile, and what the file has for it."""
    z, x, y = where
    with handles.borrow(access.image_ref(path), projection='EPSG:3857') as lease:
        view = lease.view(style)
        return tile.render(view, z, x, y, None, fmt), view.stored_tile(z, x, y, 0, fmt.encoding)


@pytest.mark.parametrize(
    ('compress', 'options', 'fmt'),
    [
        ('JPEG', {'PHOTOMETRIC': 'YCBCR'}, Format.JPEG),
        ('JPEG', {'PHOTOMETRIC': 'RGB'}, Format.JPEG),
        ('JPEG', {'PHOTOMETRIC': 'YCBCR', 'JPEGTABLESMODE': '0'}, Format.JPEG),
        ('WEBP', {}, Format.WEBP),
    ],
)
def test_a_block_is_the_answer(
    tmp_path: pathlib.Path, compress: str, options: dict[str, str], fmt: Format
) -> None:
    path = web_image(tmp_path / 'image.tif', compress, **options)
    body, stored = rendered(path, (Z, X + 1, Y + 2), fmt)
    assert stored == body
    with Image.open(io.BytesIO(body)) as picture, rasterio.open(path) as dataset:
        got = np.asarray(picture.convert('RGB')).transpose(2, 0, 1).astype(int)
        expected = dataset.read(window=((512, 768), (256, 512)))
    assert np.abs(got - expected).mean() < 2


def test_everything_else_is_drawn(tmp_path: pathlib.Path) -> None:
    path = web_image(tmp_path / 'image.tif', 'JPEG', PHOTOMETRIC='YCBCR')
    for where, fmt, style in (
        ((Z, X, Y), Format.PNG, None),
        ((Z, X, Y), Format.WEBP, None),
        ((Z, X, Y), Format.JPEG, {'band': 1}),
        ((Z - 1, X // 2, Y // 2), Format.JPEG, None),
        ((Z + 1, X * 2, Y * 2), Format.JPEG, None),
        ((Z, X - 1, Y), Format.JPEG, None),
        ((Z, X + 4, Y), Format.JPEG, None),
    ):
        body, stored = rendered(path, where, fmt, style)
        assert stored is None
        with Image.open(io.BytesIO(body)) as picture:
            assert picture.size == (256, 256)


def test_a_mask_that_leaves_something_out_is_drawn(tmp_path: pathlib.Path) -> None:
    path = web_image(tmp_path / 'image.tif', 'JPEG', masked=True, PHOTOMETRIC='YCBCR')
    assert rendered(path, (Z, X + 3, Y + 3), Format.JPEG)[1] is not None
    body, stored = rendered(path, (Z, X, Y), Format.JPEG)
    assert stored is None
    with Image.open(io.BytesIO(body)) as picture:
        assert (np.asarray(picture)[:200, :200] >= 253).all()


def test_broken_bytes_are_not_handed_out(tmp_path: pathlib.Path) -> None:
    path = web_image(tmp_path / 'image.tif', 'JPEG', PHOTOMETRIC='YCBCR')
    with rasterio.open(path) as dataset:
        offset = int(dataset.get_tag_item('BLOCK_OFFSET_0_0', 'TIFF', 1))
        assert read_block(dataset, str(path), None, 0, 0, (256, 256)) is not None
        # A block is of the size that the file says.
        assert read_block(dataset, str(path), None, 0, 0, (512, 512)) is None
        with open(path, 'r+b') as file:
            file.seek(offset)
            file.write(b'<script>alert(1)</script>')
        assert read_block(dataset, str(path), None, 0, 0, (256, 256)) is None
        assert read_block(dataset, str(path), None, 9, 9, (256, 256)) is None
