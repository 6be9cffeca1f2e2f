"""The bounds on what is opened: what is at a bound is served, the least beyond it is not."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from PIL import Image

from django_large_image.exceptions import ImageMissing, ImageRefused, ImageUnreadable, NeedsConversion
from django_large_image.inspection import limits, signatures


@pytest.mark.parametrize(
    ('width', 'height', 'size', 'fine'),
    [
        # A square of the limit, of four bytes a pixel.
        (100, 100, 4, True),
        (100, 101, 4, False),
        (101, 100, 4, False),
        # A longer side is no harm where the other one is short.
        (400, 25, 4, True),
        (40_000, 1, 1, True),
        (40_001, 1, 1, False),
        # More bytes a pixel are none where the sides are no longer.
        (100, 100, 8, True),
        (100, 100, 10, True),
        (100, 100, 10.5, False),
        (101, 100, 8, False),
    ],
)
def test_what_has_no_tiles(settings: Any, width: int, height: int, size: float, fine: bool) -> None:
    settings.LARGE_IMAGE_MAX_DECODED_BYTES = 100_000
    if fine:
        limits.check_untiled(width, height, 100, size)
        return
    with pytest.raises(NeedsConversion) as raised:
        limits.check_untiled(width, height, 100, size)
    assert raised.value.details == {'width': width, 'height': height, 'allowed': 100}
    assert '40000 bytes' in raised.value.message


def test_a_pixel_has_a_byte_unless_it_is_said() -> None:
    limits.check_untiled(200, 200, 100)
    with pytest.raises(NeedsConversion):
        limits.check_untiled(201, 200, 100)


def test_bands_blocks_and_tiles(settings: Any) -> None:
    settings.LARGE_IMAGE_MAX_BLOCK_BYTES = 512 * 512 * 3
    limits.check_bands(4096)
    limits.check_block(512, 512, 3)
    limits.check_tile(2048, 2048)
    for check, values in (
        (limits.check_bands, (4097,)),
        (limits.check_block, (513, 512, 3)),
        (limits.check_tile, (2049, 2048)),
    ):
        with pytest.raises(ImageRefused):
            check(*values)


@pytest.mark.parametrize(
    ('values', 'fine'),
    [
        ((1000, 1000, 1), True),
        ((1001, 1000, 1), False),
        # The smallest level is what counts: a quarter of the sides has a sixteenth of the pixels.
        ((4000, 4000, 4), True),
        ((4001, 4000, 4), False),
        ((1000, 1000, 1, 2), True),
        ((1000, 1000, 1, 2.1), False),
    ],
)
def test_a_base_that_is_read_whole(settings: Any, values: Any, fine: bool) -> None:
    settings.LARGE_IMAGE_MAX_BASE_PIXELS = 1_000_000
    settings.LARGE_IMAGE_MAX_DECODED_BYTES = 2_000_000
    if fine:
        limits.check_pyramid(*values)
        return
    with pytest.raises(NeedsConversion) as raised:
        limits.check_pyramid(*values)
    assert raised.value.details == {'width': values[0], 'height': values[1]}


@pytest.mark.parametrize(
    ('head', 'kind'),
    [
        (b'II*\0', 'tiff'), (b'MM\0*', 'tiff'), (b'II+\0', 'tiff'), (b'MM\0+', 'tiff'), (b'\x89PNG\r\n\x1a\n', 'png'),
        (b'\xff\xd8\xff\xe0', 'jpeg'), (b'GIF87a', 'gif'), (b'GIF89a', 'gif'), (b'RIFF\n\n\n\nWEBP', 'webp'),
        (b'BM', 'bmp'), (b'\0\0\0\x0cjP  \r\n\x87\n', 'jp2'), (b'\xff\x4f\xff\x51', 'jp2'),
        (b'\0\0\0\x1cftypavif', 'avif'), (b'\0\0\0\x1cftypmif1\0\0\0\0avis', 'avif'), (b'NITF02.10', 'nitf'),
        (b'NSIF01.00', 'nitf'), (b'UHL1', 'dted'), (b'\n NCOLS 4\n', 'aaigrid'), (b'ZISRAWFILE', 'czi'),
    ],
)  # fmt: skip
def test_kinds_by_their_first_bytes(head: bytes, kind: str) -> None:
    found = signatures.kind_of(head)
    assert found.name == kind
    # What has neither tiles nor levels is decoded whole.
    assert found.tiled == (kind in ('tiff', 'jp2', 'nitf', 'dted', 'aaigrid', 'czi'))
    assert ('rasterio' in found.sources) == (kind not in ('gif', 'avif', 'czi'))


@pytest.mark.parametrize('head', [b'', b'<VRTDataset', b' II*\0', b'RIFF....AVI ', b'{"a": 1}', b'GIF88a'])
def test_what_is_of_no_kind(head: bytes) -> None:
    with pytest.raises(ImageUnreadable, match='no image format'):
        signatures.kind_of(head)


def test_heights_of_srtm_are_known_by_name_and_size() -> None:
    for size in (1201 * 1201 * 2, 3601 * 3601 * 2):
        assert signatures.kind_of(b'\0\1', 'N47E008.hgt', size).driver == 'SRTMHGT'
        assert signatures.kind_of(b'\0\1', 's47w108.HGT', size).name == 'hgt'
    for name, size in (
        ('N47E008.hgt', 1201 * 1201 * 2 + 1),
        ('N47E08.hgt', 1201 * 1201 * 2),
        ('a.tif', 1201 * 1201 * 2),
    ):
        with pytest.raises(ImageUnreadable):
            signatures.kind_of(b'\0\1', name, size)


def test_a_driver_that_is_left_out_is_refused(settings: Any) -> None:
    settings.LARGE_IMAGE_DRIVERS = ('GTiff',)
    assert signatures.kind_of(b'II*\0').name == 'tiff'
    # What no driver of GDAL reads, no setting of drivers leaves out.
    assert signatures.kind_of(b'ZISRAWFILE').driver == ''
    with pytest.raises(ImageRefused, match='format'):
        signatures.kind_of(b'BM')


def test_files_that_cannot_be_looked_at(tmp_path: pathlib.Path) -> None:
    (tmp_path / 'empty').write_bytes(b'')
    with pytest.raises(ImageUnreadable, match='empty'):
        signatures.sniff(str(tmp_path / 'empty'))
    with pytest.raises(ImageMissing):
        signatures.sniff(str(tmp_path / 'none'))
    with pytest.raises(ImageUnreadable, match='accessed'):
        signatures.sniff(str(tmp_path))
    # The whole of the name and of the size count.
    height = tmp_path / 'N47E008.hgt'
    height.write_bytes(bytes(1201 * 1201 * 2))
    assert signatures.sniff(str(height)).name == 'hgt'


@pytest.mark.parametrize(('mode', 'size'), [('L', 1), ('RGB', 3), ('RGBA', 4), ('I;16', 2)])
def test_a_picture_counts_with_the_bytes_of_its_pixels(tmp_path: pathlib.Path, mode: str, size: int) -> None:
    path = str(tmp_path / 'a.png')
    Image.new(mode, (100, 50)).save(path)
    kind = signatures.sniff(path)
    limits.check_plain(path, kind, 100)
    with pytest.raises(NeedsConversion) as raised:
        limits.check_plain(path, kind, 20)
    assert f'100 × 50 pixels of {size} bytes' in raised.value.message


@pytest.mark.parametrize('ending', ['gif', 'webp'])
def test_frames_count_together(tmp_path: pathlib.Path, settings: Any, ending: str) -> None:
    path = str(tmp_path / f'a.{ending}')
    frames = [Image.new('RGB', (40, 30), color) for color in ('red', 'green', 'blue')]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    kind = signatures.sniff(path)
    # Pillow decodes a GIF's onto those before them, in colours.
    settings.LARGE_IMAGE_MAX_DECODED_BYTES = 3 * 40 * 30 * 4
    limits.check_plain(path, kind, 100)
    settings.LARGE_IMAGE_MAX_DECODED_BYTES = 3 * 40 * 30 * 3 - 1
    with pytest.raises(ImageRefused, match='3 frames of 40 × 30 pixels'):
        limits.check_plain(path, kind, 100)
    # One frame is a picture like others.
    Image.new('RGB', (40, 30)).save(path)
    limits.check_plain(path, kind, 100)


def test_a_picture_that_is_none(tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'a.png'
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + b'\0' * 40)
    with pytest.raises(ImageUnreadable):
        limits.check_plain(str(path), signatures.sniff(str(path)), 100)
