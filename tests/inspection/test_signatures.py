"""A format is known by its first bytes, and text is none."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from django_large_image.exceptions import ImageMissing, ImageRefused, ImageUnreadable
from django_large_image.inspection.signatures import kind_of, sniff


@pytest.mark.parametrize(
    ('head', 'name'),
    [
        (b'II*\0', 'tiff'), (b'MM\0*', 'tiff'), (b'II+\0', 'tiff'), (b'MM\0+', 'tiff'),
        (b'\x89PNG\r\n\x1a\n', 'png'), (b'\xff\xd8\xff\xe0', 'jpeg'), (b'GIF87a', 'gif'), (b'GIF89a', 'gif'),
        (b'RIFF\n\n\n\nWEBP', 'webp'), (b'BM', 'bmp'), (b'\0\0\0\x0cjP  \r\n\x87\n', 'jp2'), (b'\xff\x4f\xff\x51', 'jp2'),
        (b'\0\0\0\x20ftypavif', 'avif'), (b'\0\0\0\x20ftypmif1\0\0\0\0mif1avis', 'avif'),
        (b'NITF02.10', 'nitf'), (b'UHL1', 'dted'), (b' \nNCOLS 4', 'aaigrid'), (b'ZISRAWFILE', 'czi'),
    ],
)  # fmt: skip
def test_signatures(head: bytes, name: str) -> None:
    assert kind_of(head).name == name


@pytest.mark.parametrize(
    'head', [b'<VRTDataset>', b'<GDAL_WMS>', b'  <VRTDataset>', b'{"type"', b'GIF88a', b'RIFF....AVI ', b'II*', b'\0']
)  # fmt: skip
def test_no_image(head: bytes) -> None:
    with pytest.raises(ImageUnreadable, match='no image format'):
        kind_of(head)


def test_heights_of_srtm_are_known_by_name_and_size() -> None:
    assert kind_of(b'\0\1', 'n45e007.HGT', 1201 * 1201 * 2).name == 'hgt'
    for name, size in (
        ('n45e007.hgt', 1201),
        ('heights.hgt', 1201 * 1201 * 2),
        ('n45e007.hgt.txt', 1201 * 1201 * 2),
    ):
        with pytest.raises(ImageUnreadable):
            kind_of(b'\0\1', name, size)


def test_a_driver_that_is_left_out(settings: Any) -> None:
    settings.LARGE_IMAGE_DRIVERS = ('GTiff',)
    assert kind_of(b'II*\0').name == 'tiff'
    with pytest.raises(ImageRefused):
        kind_of(b'BM')
    # GDAL is not asked for those.
    assert kind_of(b'ZISRAWFILE').name == 'czi'


def test_a_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'a.tif'
    with pytest.raises(ImageMissing):
        sniff(str(path))
    path.write_bytes(b'')
    with pytest.raises(ImageUnreadable, match='empty'):
        sniff(str(path))
    path.write_bytes(b'MM\0*')
    assert sniff(str(path)).name == 'tiff'
    with pytest.raises(ImageUnreadable, match='cannot be accessed'):
        sniff(str(tmp_path))
