"""TIFFs that are refused by their directories: large blocks in any of them, and OME-XML that names other files."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
import tifffile

from django_large_image.exceptions import ImageRefused
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
        limits.check_tiff(Tiff.read(path), 4096)
