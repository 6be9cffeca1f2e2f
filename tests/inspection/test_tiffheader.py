"""Directories of a TIFF: what leads twice to one is fine, what leads back is not, what leads nowhere ends."""

from __future__ import annotations

import io
import pathlib
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image.exceptions import ImageRefused
from django_large_image.inspection.tiff import Tiff
from tests import reference

pytestmark = pytest.mark.django_db

#: tags of 16 pixels of 8 bits at byte 8
FIELDS = [(256, 4), (257, 4), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 4), (279, 16)]


def chain(path: pathlib.Path, links: list[int | None], subs: dict[int, int] | None = None) -> pathlib.Path:
    """Write a TIFF of directories of 4 × 4 pixels; a link is the number of the next one, None none, -1 past the end."""
    size = 2 + 12 * (len(FIELDS) + 1) + 4
    places = [24 + size * number for number in range(len(links))]
    end = 24 + size * len(links)

    def place(number: int | None) -> int:
        return 0 if number is None else end + 1000 if number < 0 else places[number]

    body = b''
    for number, link in enumerate(links):
        sub = place((subs or {}).get(number))
        fields = sorted([*FIELDS, (330 if sub else 305, sub)])
        body += struct.pack('<H', len(fields))
        body += b''.join(struct.pack('<HHII', tag, 4, 1, value) for tag, value in fields) + struct.pack(
            '<I', place(link)
        )
    path.write_bytes(b'II*\0' + struct.pack('<I', 24) + bytes(range(16)) + body)
    return path


@pytest.mark.parametrize(
    ('links', 'subs', 'count', 'visits'),
    [
        ([None], {}, 1, 1),
        ([1, 2, None], {}, 3, 3),
        # Levels that are chained, and named one by one: as tifffile writes them.
        ([None, 2, 3, None], {0: 1, 1: 3}, 4, 5),
        ([1, -1], {}, 2, 2),
        ([None], {0: -1}, 1, 1),
    ],
)
def test_what_ends(tmp_path: pathlib.Path, links: Any, subs: Any, count: int, visits: int) -> None:
    tiff = Tiff.read(str(chain(tmp_path / 'a.tif', links, subs)))
    assert len(tiff.directories) == count
    assert tiff.visits() == visits


@pytest.mark.parametrize(
    ('links', 'subs'), [([0], {}), ([1, 0], {}), ([1, 2, 1], {}), ([None, None], {0: 1, 1: 0})]
)
def test_what_leads_back(tmp_path: pathlib.Path, links: Any, subs: Any) -> None:
    with pytest.raises(ImageRefused, match='loop'):
        Tiff.read(str(chain(tmp_path / 'a.tif', links, subs)))


@pytest.mark.parametrize('offset', [2**63, 2**64 - 1])
def test_an_offset_that_no_file_has(get: Any, image_file: Any, tmp_path: pathlib.Path, offset: int) -> None:
    """Python says ValueError of an offset of more than 63 bits, which a BigTIFF can have anywhere."""
    fields = sorted([*((tag, 4, 1, value) for tag, value in FIELDS), (270, 2, 100, offset)])
    entries = b''.join(struct.pack('<HHQQ', *field) for field in fields)
    path = tmp_path / 'a.tif'
    path.write_bytes(
        b'II+\0'
        + struct.pack('<HHQ', 8, 0, 32)
        + bytes(16)
        + struct.pack('<Q', len(fields))
        + entries
        + bytes(8)
    )
    tiff = Tiff.read(str(path))
    assert tiff.first.number(256) == 4
    assert tiff.first.description == b''
    assert get('metadata', image_file(path)).status_code in (200, 422)


@pytest.mark.parametrize('exif', [0xFFFFFFF0, 9])
def test_a_dangling_exif_pointer(get: Any, image_file: Any, tmp_path: pathlib.Path, exif: int) -> None:
    path = tmp_path / 'a.tif'
    pixels = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    Image.fromarray(pixels).save(path, tiffinfo={305: 'x' * 40, 34665: exif})
    with Image.open(path) as picture:
        assert picture.tag_v2[34665] == exif
    response = get(
        'region',
        image_file(path),
        fmt='png',
        query={'left': 0, 'top': 0, 'right': 64, 'bottom': 64, 'units': 'pixels'},
    )
    assert response.status_code == 200
    shown = reference.decoded(b''.join(response.streaming_content), 'L')
    assert (shown[0] == pixels).all()


@pytest.mark.parametrize('levels', [2, 3, 5])
def test_an_ome_tiff_of_several_levels(
    get: Any, image_file: Any, tmp_path: pathlib.Path, levels: int
) -> None:
    tifffile = pytest.importorskip('tifffile')
    path = tmp_path / 'a.ome.tif'
    side = 128 << levels
    pixels = (np.add.outer(np.arange(side), np.arange(side)) % 251).astype(np.uint8)
    with tifffile.TiffWriter(path, ome=True) as writer:
        options = {'tile': (128, 128), 'photometric': 'minisblack', 'compression': 'zlib'}
        writer.write(pixels, subifds=levels - 1, metadata={'axes': 'YX'}, **options)
        for level in range(1, levels):
            writer.write(pixels[:: 2**level, :: 2**level], subfiletype=1, **options)
    image = image_file(path)
    found = get('metadata', image)
    assert found.status_code == 200, found.content
    assert found.json()['sizeX'] == side
    assert get('tiffdump', image).status_code == 200
    tile = get('tile', image, z=found.json()['levels'] - 1, x=0, y=0, fmt='png')
    with Image.open(io.BytesIO(tile.content)) as picture:
        shown = np.asarray(picture.convert('L'))
    assert (shown == pixels[: shown.shape[0], : shown.shape[1]]).all()
