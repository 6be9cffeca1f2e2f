"""TIFFs that are refused by their directories: large blocks in any of them, and OME-XML that names other files."""

from __future__ import annotations

import pathlib
import struct
from typing import Any

import numpy as np
import pytest
import tifffile

from django_large_image.exceptions import ImageRefused, NeedsConversion
from django_large_image.inspection import limits
from django_large_image.inspection.tiff import Tiff

OWN, OTHER = 'urn:uuid:11111111-1111-1111-1111-111111111111', 'urn:uuid:22222222-2222-2222-2222-222222222222'
OME = 'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'


@pytest.mark.parametrize('where', ['image', 'overview', 'page', 'nowhere'])
def test_a_large_block_is_refused_wherever_it_is(tmp_path: pathlib.Path, settings: Any, where: str) -> None:
    path = tmp_path / 'image.tif'
    with tifffile.TiffWriter(path) as writer:
        for name, side, kind in (('image', 1024, 0), ('overview', 512, 1), ('page', 1024, 0)):
            tile = (512, 512) if name == where else (256, 256)
            options: Any = {'subfiletype': kind, 'compression': 'zlib', 'metadata': None}
            writer.write(np.zeros((side, side), np.uint8), tile=tile, **options)
    limits.check_tiff(Tiff.read(str(path)), 4096)
    settings.LARGE_IMAGE_MAX_BLOCK_BYTES = 256 * 256
    if where == 'nowhere':
        limits.check_tiff(Tiff.read(str(path)), 4096)
        return
    with pytest.raises(ImageRefused, match='512 × 512 pixels'):
        limits.check_tiff(Tiff.read(str(path)), 4096)


def described(path: pathlib.Path, xml: str) -> str:
    """Write a TIFF with a description."""
    tifffile.imwrite(path, np.zeros((64, 64), np.uint8), tile=(16, 16), description=xml, metadata=None)
    return str(path)


@pytest.mark.parametrize(
    ('xml', 'refused'),
    [
        # A companion file holds the metadata, and names all the files of the set.
        (f'<OME {OME}><BinaryOnly MetadataFile="set.companion.ome" UUID="{OTHER}"/></OME>', True),
        (f'<OME {OME} UUID="{OWN}"><BinaryOnly MetadataFile="../../etc.ome" UUID="{OWN}"/></OME>', True),
        (f'<OME {OME} UUID="{OWN}"><TiffData><UUID FileName="b.ome.tif">{OTHER}</UUID></TiffData></OME>', True),
        (f'<OME {OME} UUID="{OWN}"><TiffData><UUID FileName="a.ome.tif">{OTHER}</UUID></TiffData></OME>', True),
        (f'<OME {OME}><TiffData><UUID FileName="../b.ome.tif">{OTHER}</UUID></TiffData></OME>', True),
        (f'<OME {OME}><TiffData><UUID>{OTHER}</UUID></TiffData></OME>', True),
        (f'<OME {OME}><TiffData></OME>', True),
        # Its own name and its own UUID are no other file's.
        (f'<OME {OME} UUID="{OWN}"><TiffData><UUID FileName="a.ome.tif">{OWN}</UUID></TiffData></OME>', False),
        (f'<OME {OME}><TiffData><UUID FileName="A.ome.tif">{OTHER}</UUID></TiffData></OME>', False),
        (f'<OME {OME}><TiffData/></OME>', False),
        ('<GDALMetadata/>', False),
        ('BinaryOnly', False),
    ],
)  # fmt: skip
def test_an_ome_tiff_of_several_files_is_refused(tmp_path: pathlib.Path, xml: str, refused: bool) -> None:
    path = described(tmp_path / 'a.ome.tif', xml)
    if not refused:
        limits.check_tiff(Tiff.read(path), 4096)
        return
    with pytest.raises(ImageRefused, match='one of several files'):
        limits.check_tiff(Tiff.read(str(path)), 4096)


def refused(path: pathlib.Path, limit: int, by_block: bool = False) -> bool:
    """Return whether a TIFF has to be converted before it is served."""
    try:
        limits.check_tiff(Tiff.read(str(path)), limit, by_block)
    except NeedsConversion:
        return True
    return False


def test_what_makes_up_for_tiles(tmp_path: pathlib.Path) -> None:
    """A page without tiles is decoded whole, but for what has overviews, or is read by its strips."""
    path, options = tmp_path / 'a.tif', {'metadata': None, 'photometric': 'minisblack'}
    side = np.zeros((128, 128), np.uint8)
    tifffile.imwrite(path, side, tile=(64, 64), **options)
    assert not refused(path, 8)
    tifffile.imwrite(path, side, rowsperstrip=16, **options)
    assert not refused(path, 64)
    assert refused(path, 63)
    # Strips are blocks to a reader that reads the wanted ones; one strip is no more than the whole.
    assert not refused(path, 8, by_block=True)
    tifffile.imwrite(path, side, rowsperstrip=128, **options)
    assert refused(path, 63, by_block=True)
    with tifffile.TiffWriter(path) as writer:
        writer.write(side, **options)
        writer.write(side[::2, ::2], subfiletype=1, **options)
    assert not refused(path, 8)
    # Overviews are those of the first page.
    with tifffile.TiffWriter(path) as writer:
        writer.write(side, **options)
        writer.write(side[::2, ::2], subfiletype=1, **options)
        writer.write(side, **options)
    assert not refused(path, 64)
    assert refused(path, 63)


@pytest.mark.parametrize(('by_block', 'limit'), [(True, 283), (False, 347)])
def test_bands_that_are_stored_apart(tmp_path: pathlib.Path, by_block: bool, limit: int) -> None:
    # A reader of blocks reads the four that are wanted at most of 6 bands of 2 bytes: 8 bytes of 12.
    path = tmp_path / 'a.tif'
    array = np.zeros((6, 100, 400), np.uint16)
    options: Any = {
        'photometric': 'minisblack',
        'planarconfig': 'separate',
        'rowsperstrip': 100,
        'metadata': None,
    }
    tifffile.imwrite(path, array, **options)
    assert limits.check_tiff(Tiff.read(str(path)), limit, by_block) == 12.0
    assert refused(path, limit - 1, by_block)
    # Fewer than four are those that there are.
    tifffile.imwrite(path, array[:3], **options)
    assert not refused(path, 245, by_block)
    assert refused(path, 244, by_block)


def test_every_page_is_looked_at(tmp_path: pathlib.Path, settings: Any) -> None:
    path, small = tmp_path / 'a.tif', np.zeros((16, 16), np.uint8)
    for page in (
        {'data': np.zeros((128, 128), np.uint8)},
        {'data': np.zeros((4, 4, 4097), np.uint8), 'planarconfig': 'contig', 'photometric': 'minisblack'},
        {'data': small, 'description': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'},
        {'data': small, 'extratags': [(51123, 's', 0, '{}', True)]},
    ):
        with tifffile.TiffWriter(path) as writer:
            writer.write(small, metadata=None)
            writer.write(**page, metadata=None)
        with pytest.raises((ImageRefused, NeedsConversion)):
            limits.check_tiff(Tiff.read(str(path)), 32)


def test_a_reader_of_the_whole(tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'a.tif'
    array = np.zeros((128, 128, 3), np.uint8)
    for tags, message in (([], 'neither tiles'), ([(274, 'H', 1, 6, True)], 'turned')):
        tifffile.imwrite(path, array, tile=(64, 64), photometric='rgb', metadata=None, extratags=tags)
        limits.check_whole(Tiff.read(str(path)), 128)
        with pytest.raises(NeedsConversion, match=message):
            limits.check_whole(Tiff.read(str(path)), 100)


def test_files_beside_an_image_have_to_be_tiffs(tmp_path: pathlib.Path, settings: Any) -> None:
    path, beside = str(tmp_path / 'a.tif'), tmp_path / 'a.tif.ovr'
    for content in (b'<VRTDataset/>', b'\x89PNG\r\n\x1a\n', b''):
        beside.write_bytes(content)
        settings.LARGE_IMAGE_SIDECAR_FILES = False
        limits.check_sidecars(path, 64)
        settings.LARGE_IMAGE_SIDECAR_FILES = True
        with pytest.raises(ImageRefused, match='no TIFF'):
            limits.check_sidecars(path, 64)
    tifffile.imwrite(beside, np.zeros((128, 128), np.uint8), rowsperstrip=16, metadata=None)
    limits.check_sidecars(path, 8)
    tifffile.imwrite(beside, np.zeros((128, 128), np.uint8), rowsperstrip=128, metadata=None)
    with pytest.raises(NeedsConversion):
        limits.check_sidecars(path, 8)


def test_directories_that_share_a_long_list_of_sub_images(tmp_path: pathlib.Path) -> None:
    """A thousand directories with the same 4096 pointers: 146 kB, whose list took 600 MB and three seconds."""
    count, pointers = 1000, 4096
    entries = (
        (256, 3, 1, 64), (257, 3, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
        (277, 3, 1, 1), (278, 3, 1, 64), (279, 4, 1, 4096), (330, 4, pointers, 8 + 4096),
    )  # fmt: skip
    size = 2 + 12 * len(entries) + 4
    first = 8 + 4096 + 4 * pointers
    offsets = [first + number * size for number in range(count)]
    data = struct.pack('<2sHI', b'II', 42, first) + bytes(4096) + struct.pack('<I', offsets[-1]) * pointers
    for number in range(count):
        # The last one, which all lead to, has no sub-images: its pointers are of another tag.
        own = entries if number < count - 1 else (*entries[:-1], (339, 3, 1, 1))
        following = offsets[number + 1] if number < count - 2 else 0
        data += struct.pack('<H', len(own)) + b''.join(struct.pack('<HHII', *entry) for entry in own)
        data += struct.pack('<I', following)
    (tmp_path / 'a.tif').write_bytes(data)
    with pytest.raises(ImageRefused, match='too many'):
        Tiff.read(str(tmp_path / 'a.tif'))
