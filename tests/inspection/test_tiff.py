"""What a TIFF's directories say of it, and how often they are read."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from django_large_image import access, handles
from django_large_image.exceptions import ImageMissing, ImageUnreadable
from django_large_image.inspection import tiffheader
from django_large_image.inspection.pages.directory import SubImage
from django_large_image.inspection.tiff import Tiff

GREY = np.zeros((64, 48), np.uint8)


def written(path: pathlib.Path, *pages: dict[str, Any], **options: Any) -> Tiff:
    """Write pages by their options, each of grey unless it has pixels of its own, and read their directories."""
    with tifffile.TiffWriter(path, **options) as writer:
        for page in pages:
            writer.write(**{'data': GREY, 'metadata': None, 'photometric': 'minisblack'} | page)
    return Tiff.read(str(path))


@pytest.mark.parametrize(
    ('pages', 'reader'),
    [
        ([{}], 'rasterio'),
        ([{'photometric': 'miniswhite'}], 'rasterio'),
        # With smaller versions, or a mask.
        ([{}, {'data': GREY[::2, ::2], 'subfiletype': 1}], 'rasterio'),
        ([{}, {'data': GREY > 0, 'subfiletype': 4}], 'rasterio'),
        # Pages of one kind are a stack.
        ([{}, {}], 'rasterio'),
        ([{}, {'data': GREY.astype(np.uint16)}], None),
        ([{'data': np.zeros((64, 48, 4), np.uint8), 'photometric': 'separated'}], 'rasterio'),
        ([{'data': np.zeros((64, 48, 4), np.uint16), 'photometric': 'separated'}], 'pil'),
        ([{'data': np.zeros((64, 48, 3), np.uint8), 'photometric': 'cielab'}], 'pil'),
        ([{'data': np.zeros((64, 48, 3), np.uint8), 'photometric': 'icclab'}], None),
        ([{'description': 'Aperio Image Library'}], None),
        ([{'description': '<OME/>'}], None),
        ([{'description': 'ImageJ=1.11a\nimages=3\n'}], None),
        ([{'description': 'ImageJ=1.11a\nimages=1\n'}], 'rasterio'),
    ],
)
def test_the_reader_is_decided_by_the_directories(
    tmp_path: pathlib.Path, pages: list[dict[str, Any]], reader: str | None
) -> None:
    assert written(tmp_path / 'a.tif', *pages).reader == reader


def test_a_pyramid_in_sub_images(tmp_path: pathlib.Path) -> None:
    levels = [GREY[::2, ::2], GREY[::4, ::4].astype(np.uint16), GREY]
    tiff = written(
        tmp_path / 'a.tif', {'subifds': 3}, *({'data': level, 'subfiletype': 1} for level in levels)
    )
    # What has other bits, or is as large as the image, is no smaller version of it.
    (found,) = tiff.sub_images
    assert found == SubImage(24, 32, found.offset)
    assert found.offset in {directory.offset for directory in tiff.directories}
    assert written(tmp_path / 'b.tif', {}, {}).sub_images == []


@pytest.mark.parametrize(
    ('description', 'expected'), [('<OME></OME>\n', True), ('<OME></OME>', True), ('OME', False), ('', False)]
)
def test_ome(tmp_path: pathlib.Path, description: str, expected: bool) -> None:
    assert written(tmp_path / 'a.tif', {'description': description}).is_ome == expected


@pytest.mark.parametrize(
    ('tags', 'expected'),
    [({274: 6}, 6), ({}, 1), ({274: 9}, 1), ({274: 0}, 1), ({274: 6, 33922: (0.0,) * 6}, 1)],
)
def test_orientation(tmp_path: pathlib.Path, tags: dict[int, Any], expected: int) -> None:
    path = tmp_path / 'a.tif'
    Image.fromarray(GREY).save(path, tiffinfo=tags)
    assert Tiff.read(str(path)).orientation == tiffheader.orientation(str(path)) == expected


def test_what_is_no_tiff(tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'a.tif'
    with pytest.raises(ImageMissing):
        Tiff.read(str(path))
    assert tiffheader.orientation(str(path)) == 1
    # The first directory at 0 is none, and one behind the end of the file is cut off.
    for content, message in (
        (bytes(12), 'no directory'),
        (b'\xff\xff\0\0' + bytes(8), 'cut off'),
        (b'', 'read'),
    ):
        path.write_bytes(b'II*\0' + content)
        with pytest.raises(ImageUnreadable, match=message):
            Tiff.read(str(path))
        assert tiffheader.orientation(str(path)) == 1


@pytest.mark.django_db
def test_a_tiff_without_directories_is_refused(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'a.tif'
    path.write_bytes(b'II*\0' + bytes(60))
    for endpoint in ('metadata', 'tiffdump'):
        response = get(endpoint, image_file(path))
        assert (response.status_code, response.json()['code']) == (422, 'image_unreadable')


@pytest.mark.django_db
@pytest.mark.parametrize('ome', [True, False])
def test_the_directories_are_read_once(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, ome: bool
) -> None:
    """To decide who reads the file; whoever opens it then, or once more, is told."""
    path = tmp_path / 'a.ome.tif'
    tifffile.imwrite(path, np.zeros((3, 64, 64) if ome else (64, 64), np.uint8), tile=(64, 64), ome=ome)
    real, read = tiffheader._walk, []
    monkeypatch.setattr(tiffheader, '_walk', lambda file: read.append(file) or real(file))
    ref = access.image_ref(path)
    with handles.borrow(ref), handles.borrow(ref):
        assert len(read) == 1
