"""What is read of a TIFF's tags: in either order of bytes, in both sizes of offsets, and no more than is bounded."""

from __future__ import annotations

import pathlib
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from django_large_image.exceptions import ImageMissing, ImageRefused, ImageUnreadable
from django_large_image.inspection import tiffheader
from django_large_image.inspection.pages import tags
from django_large_image.inspection.pages.directory import Directory
from django_large_image.inspection.tiff import Tiff


@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('order', ['<', '>'])
def test_both_orders_of_bytes_and_both_sizes_of_offsets(
    tmp_path: pathlib.Path, order: Any, big: bool
) -> None:
    path = str(tmp_path / 'a.tif')
    with tifffile.TiffWriter(path, bigtiff=big, byteorder=order) as writer:
        options: Any = {'metadata': None, 'photometric': 'rgb'}
        writer.write(
            np.zeros((96, 160, 3), np.uint16), tile=(32, 48), description='<a/>', subifds=1, **options
        )
        writer.write(np.zeros((48, 80, 3), np.uint16), tile=(32, 48), subfiletype=1, **options)
        writer.write(np.zeros((30, 20, 3), np.uint8), rowsperstrip=7, **options)
    # Those of the main chain come first, in their order.
    first, second, level = tiffheader.read(path)
    assert [one.main for one in (first, level, second)] == [True, False, True]
    assert [one.is_overview for one in (first, level, second)] == [False, True, False]
    assert [one.block for one in (first, level, second)] == [(48, 32), (48, 32), (20, 7)]
    assert [one.bytes_per_pixel for one in (first, level, second)] == [6, 6, 3]
    assert [one.nbytes for one in (first, level, second)] == [160 * 96 * 6, 80 * 48 * 6, 20 * 30 * 3]
    assert first.number(tags.WIDTH) == 160
    assert first.number(tags.HEIGHT) == 96
    assert first.tags[tags.BITS] == (16, 16, 16)
    assert [first.number(tag) for tag in (tags.PHOTOMETRIC, tags.COMPRESSION, tags.SAMPLES)] == [2, 1, 3]
    assert (first.number(tags.PLANAR), second.number(tags.ROWS)) == (1, 7)
    assert bytes(first.tags[tags.DESCRIPTION]).rstrip(b'\0') == b'<a/>'
    assert Tiff.read(path).visits() == 3
    assert len({one.offset for one in (first, level, second)}) == 3


def test_bytes_of_pixels() -> None:
    def of(**tags: Any) -> Directory:
        names = {name: getattr(tiffheader, name) for name in tags}
        return Directory({names[name]: value for name, value in tags.items()}, True)

    # Bands that are stored apart have blocks of their own.
    apart = of(WIDTH=(10,), HEIGHT=(5,), SAMPLES=(4,), BITS=(16, 16, 16, 16), PLANAR=(2,))
    assert (apart.bytes_per_pixel, apart.bytes_of_all_samples, apart.nbytes) == (2, 8.0, 400)
    together = of(WIDTH=(10,), HEIGHT=(5,), SAMPLES=(4,), BITS=(16, 16, 16, 16), PLANAR=(1,))
    assert (together.bytes_per_pixel, together.bytes_of_all_samples, together.nbytes) == (8, 8.0, 400)
    # Bits are at least one byte; the most of several counts; without the tags it is one sample of one bit.
    assert of(WIDTH=(10,), HEIGHT=(5,), BITS=(1,)).bytes_per_pixel == 1
    single = of(WIDTH=(10,), HEIGHT=(5,), BITS=(16,))
    assert (single.bytes_per_pixel, single.nbytes, single.bytes_of_all_samples) == (2, 100, 2.0)
    assert of(WIDTH=(10,), HEIGHT=(5,), SAMPLES=(2,), BITS=(8, 32)).bytes_per_pixel == 8
    assert (of().bytes_per_pixel, of().nbytes, of().bytes_of_all_samples) == (1, 0, 0.0)
    assert of(WIDTH=(10,), HEIGHT=(5,)).nbytes == 50
    # A strip is no higher than the image, and all of it where nothing is said.
    assert of(WIDTH=(10,), HEIGHT=(5,), ROWS=(99,)).block == (10, 5)
    assert of(WIDTH=(10,), HEIGHT=(5,)).block == (10, 5)
    assert of(SUBFILE=(2,)).is_overview is False
    assert of(SUBFILE=(3,)).is_overview is True


@pytest.mark.parametrize('turned', range(1, 9))
def test_how_a_picture_is_turned(tmp_path: pathlib.Path, turned: int) -> None:
    path = str(tmp_path / 'a.tif')
    Image.new('L', (4, 4)).save(path, tiffinfo={274: turned})
    assert tiffheader.orientation(path) == turned


def test_what_says_nothing_is_not_turned(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / 'a.tif')
    for stated in ({}, {274: 9}, {274: 0}):
        Image.new('L', (4, 4)).save(path, tiffinfo=stated)
        assert tiffheader.orientation(path) == 1
    # What has a place on earth is drawn by that.
    for place in (
        (33922, 'd', 6, (0, 0, 0, 5, 5, 0)),
        (34264, 'd', 16, (1.0,) * 16),
        (34735, 'H', 4, (1, 1, 0, 0)),
    ):
        tags = [(*place, True), (274, 'H', 1, 6, True)]
        tifffile.imwrite(path, np.zeros((4, 4), np.uint8), extratags=tags, metadata=None)
        assert tiffheader.orientation(path) == 1
    for other in (33921, 33923, 34736, 34263):
        tags = [(other, 'H', 1, 1, True), (274, 'H', 1, 6, True)]
        tifffile.imwrite(path, np.zeros((4, 4), np.uint8), extratags=tags, metadata=None)
        assert tiffheader.orientation(path) == 6
    (tmp_path / 'b.tif').write_bytes(b'II*\0')
    assert tiffheader.orientation(str(tmp_path / 'b.tif')) == 1
    assert tiffheader.orientation(str(tmp_path / 'none.tif')) == 1


def test_ome(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / 'a.tif')
    for text, is_ome in (('<OME></OME>', True), ('<OME></OME>\n ', True), ('<a/>', False), ('', False)):
        tifffile.imwrite(path, np.zeros((4, 4), np.uint8), description=text, metadata=None)
        assert Tiff.read(path).is_ome is is_ome


def written(path: pathlib.Path, entries: list[tuple[int, int, int, int]], more: bytes = b'') -> str:
    """Write a TIFF of one directory of (tag, type, count, value) at byte 8, and what may follow it."""
    body = b''.join(struct.pack('<HHII', *entry) for entry in entries)
    path.write_bytes(b'II*\0\x08\0\0\0' + struct.pack('<H', len(entries)) + body + b'\0\0\0\0' + more)
    return str(path)


def test_values_count_by_their_types(tmp_path: pathlib.Path) -> None:
    sizes = {
        1: 1,
        2: 1,
        3: 2,
        4: 4,
        5: 8,
        6: 1,
        7: 1,
        8: 2,
        9: 4,
        10: 8,
        11: 4,
        12: 8,
        13: 4,
        16: 8,
        17: 8,
        18: 8,
    }
    for kind, size in sizes.items():
        path = written(tmp_path / 'a.tif', [(256, 3, 1, 7), (60000, kind, 5, 0)])
        assert Tiff.read(path).value_bytes() == 2 + 5 * size, kind


def test_the_first_of_two_tags_counts(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path / 'a.tif', [(256, 3, 1, 7), (256, 3, 1, 8), (257, 4, 1, 9)])
    (only,) = tiffheader.read(path)
    assert (only.number(tags.WIDTH), only.number(tags.HEIGHT)) == (7, 9)


def test_a_tag_that_points_to_nothing_says_nothing_and_bits_the_most(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path / 'a.tif', [(256, 3, 1, 7), (258, 3, 9, 10_000), (330, 4, 9, 10_000)])
    (only,) = tiffheader.read(path)
    assert only.tags == {tags.WIDTH: (7,), tags.BITS: (64,)}


def test_a_file_that_ends_with_its_last_tag(tmp_path: pathlib.Path) -> None:
    path = pathlib.Path(written(tmp_path / 'a.tif', [(256, 3, 1, 7)]))
    path.write_bytes(path.read_bytes()[:-4])
    assert len(tiffheader.read(str(path))) == 1
    # A tag less, and the first directory cannot be read.
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ImageUnreadable):
        tiffheader.read(str(path))


def test_directories_are_bounded(tmp_path: pathlib.Path, settings: Any) -> None:
    path = str(tmp_path / 'a.tif')
    with tifffile.TiffWriter(path) as writer:
        for _ in range(5):
            writer.write(np.zeros((4, 4), np.uint8), metadata=None)
    settings.LARGE_IMAGE_MAX_DIRECTORIES = 5
    assert len(tiffheader.read(path)) == 5
    settings.LARGE_IMAGE_MAX_DIRECTORIES = 4
    with pytest.raises(ImageRefused, match='more than 4 directories'):
        tiffheader.read(path)


def test_tags_are_bounded(tmp_path: pathlib.Path) -> None:
    def directory(tags: int, following: int) -> bytes:
        body = struct.pack('<HHII', 60000, 1, 1, 0) * tags
        return struct.pack('<H', tags) + body + struct.pack('<I', following)

    size = len(directory(65_535, 0))
    whole = b''.join(directory(65_535, 8 + (number + 1) * size) for number in range(8))
    for last, fine in ((8, True), (9, False)):
        (tmp_path / 'a.tif').write_bytes(b'II*\0\x08\0\0\0' + whole + directory(last, 0))
        if fine:
            assert len(tiffheader.read(str(tmp_path / 'a.tif'))) == 9
        else:
            with pytest.raises(ImageRefused, match='tags too many'):
                tiffheader.read(str(tmp_path / 'a.tif'))


def test_what_is_no_tiff(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ImageMissing):
        tiffheader.read(str(tmp_path / 'none.tif'))
    for content in (b'II*\0', b'II*\0\xff\0\0\0' + bytes(16), b'II*\0\x08\0\0\0\xff\xff'):
        (tmp_path / 'a.tif').write_bytes(content)
        with pytest.raises(ImageUnreadable):
            tiffheader.read(str(tmp_path / 'a.tif'))


@pytest.mark.parametrize(('count', 'fine'), [(65_535, True), (65_536, False)])
def test_the_tags_of_a_directory_are_bounded(tmp_path: pathlib.Path, count: int, fine: bool) -> None:
    # Only a BigTIFF has room for the number of more.
    entry = struct.pack('<HHQQ', 60000, 1, 1, 0)
    path = tmp_path / 'a.tif'
    path.write_bytes(
        b'II+\0\x08\0\0\0' + struct.pack('<QQ', 16, count) + entry * count + struct.pack('<Q', 0)
    )
    if fine:
        assert Tiff.read(str(path)).value_bytes() == count
    else:
        with pytest.raises(ImageUnreadable, match='too many tags'):
            tiffheader.read(str(path))


@pytest.mark.parametrize(('length', 'fine'), [(2**24, True), (2**24 + 1, False)])
def test_a_description_is_bounded(tmp_path: pathlib.Path, length: int, fine: bool) -> None:
    path = written(tmp_path / 'a.tif', [(256, 3, 1, 7), (270, 2, length, 8)])
    if fine:
        assert tiffheader.read(path)[0].number(tags.WIDTH) == 7
    else:
        with pytest.raises(ImageRefused, match='too long'):
            tiffheader.read(path)


def test_what_exif_s_pointer_leads_to_is_no_image(tmp_path: pathlib.Path) -> None:
    second = (
        struct.pack('<H', 2)
        + struct.pack('<HHII', 256, 3, 1, 9)
        + struct.pack('<HHII', 60000, 1, 3, 0)
        + bytes(4)
    )
    place = 8 + 2 + 2 * 12 + 4
    path = written(tmp_path / 'a.tif', [(256, 3, 1, 7), (34665, 4, 1, place)], second)
    first, about = tiffheader.read(path)
    assert (first.number(tags.WIDTH), about.tags, about.offset) == (7, {}, place)
    # Its tags count all the same.
    assert Tiff.read(path).value_bytes() == 2 + 4 + 2 + 3
    assert Tiff.read(path).visits() == 2
