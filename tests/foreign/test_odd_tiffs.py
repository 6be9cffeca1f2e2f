"""TIFFs with something that readers stumble over: a pyramid in sub-images, no colour table, pointers to nothing."""

from __future__ import annotations

import pathlib
import struct
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint

from tests import reference
from tests.foreign.test_plain_tiffs import SIDE, grey, inks, paper, rgb

pytestmark = pytest.mark.django_db

tifffile = pytest.importorskip('tifffile')


def tag_place(data: bytes, tag: int) -> int:
    """Return where the entry of a tag is in a little-endian classic TIFF's first directory."""
    start = struct.unpack_from('<I', data, 4)[0]
    count = struct.unpack_from('<H', data, start)[0]
    places = (start + 2 + 12 * index for index in range(count))
    return next(place for place in places if struct.unpack_from('<H', data, place)[0] == tag)


@pytest.mark.parametrize('compression', ['zlib', 'jpeg'])
def test_tifffile_sub_images_are_levels(
    get: Any, image_file: Any, tmp_path: pathlib.Path, compression: str
) -> None:
    if compression == 'jpeg':
        pytest.importorskip('imagecodecs')
    path = tmp_path / 'levels.tif'
    options = {'tile': (128, 128), 'photometric': 'rgb', 'metadata': None, 'compression': compression}
    shades = {1: 200, 2: 120, 4: 60}
    with tifffile.TiffWriter(path) as writer:
        for factor, shade in shades.items():
            pixels = np.full((1024 // factor, 1024 // factor, 3), shade, 'uint8')
            # Of other colours than the image, so that a level that is used shows.
            writer.write(pixels, **options, **({'subifds': 2} if factor == 1 else {'subfiletype': 1}))
    image = image_file(path)
    finest = get('tiles-metadata', image).json()['levels'] - 1
    # Tiles of JPEG are those of the file.
    assert finest == (3 if compression == 'jpeg' else 2)
    for z, shade in zip((finest, finest - 1, finest - 2), shades.values(), strict=True):
        shown = reference.decoded(get('tile', image, z=z, x=0, y=0, fmt='png').content, 'RGB').astype(int)
        assert np.abs(shown - shade).max() <= 3


def test_libvips_sub_images_show_the_picture(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    pyvips = pytest.importorskip('pyvips')
    path = tmp_path / 'subifd.tif'
    whole = np.kron(rgb(), np.ones((8, 8, 1), 'uint8'))
    pyvips.Image.new_from_array(whole).tiffsave(
        str(path),
        tile=True,
        tile_width=128,
        tile_height=128,
        pyramid=True,
        subifd=True,
        compression='deflate',
    )
    query = {'max_width': SIDE, 'max_height': SIDE}
    got = reference.decoded(get('thumbnail', image_file(path), fmt='png', query=query).content, 'RGB')
    assert np.abs(got.astype(int) - rgb().transpose(2, 0, 1)).max() <= 1


def test_gdal_palette_without_a_table_stays_georeferenced(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / 'no_table.tif'
    with rasterio.open(
        path, 'w', driver='GTiff', count=1, height=SIDE, width=SIDE, dtype='uint8', photometric='MINISBLACK',
        crs='EPSG:3857', transform=Affine(10, 0, 0, 0, -10, 0),
    ) as target:  # fmt: skip
        target.write(grey(), 1)
    data = bytearray(path.read_bytes())
    struct.pack_into('<H', data, tag_place(data, 262) + 8, 3)
    path.write_bytes(data)
    image = image_file(path)
    metadata = get('metadata', image).json()
    assert metadata['geospatial'] is True
    assert metadata['bounds']['xmax'] > 0
    query = {'max_width': SIDE, 'max_height': SIDE}
    got = reference.decoded(get('thumbnail', image, fmt='png', query=query).content, 'L')[0]
    assert np.abs(got.astype(int) - grey()).max() <= 1


@pytest.mark.parametrize('points', [False, True])
def test_gdal_complex_numbers_are_refused_with_a_reason(
    get: Any, image_file: Any, tmp_path: pathlib.Path, points: bool
) -> None:
    path = tmp_path / 'complex.tif'
    corners = ((0, 0, 10.0, 50.0), (0, SIDE, 11.0, 50.0), (SIDE, 0, 10.0, 49.0), (SIDE, SIDE, 11.0, 49.0))
    place: dict[str, Any] = {'transform': Affine(10, 0, 0, 0, -10, 0)}
    if points:
        place = {'gcps': [GroundControlPoint(row, col, x, y) for row, col, x, y in corners]}
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=1,
        height=SIDE,
        width=SIDE,
        dtype='complex64',
        crs='EPSG:4326',
        **place,
    ) as target:
        target.write(grey().astype('complex64'), 1)
    for endpoint, more in (('metadata', {}), ('thumbnail', {'fmt': 'png'})):
        response = get(endpoint, image_file(path), **more)
        assert response.status_code == 422
        assert 'complex' in response.json()['detail']


@pytest.mark.parametrize('where', ['beyond the end', 'to nonsense', 'at the end'])
@pytest.mark.parametrize('frames', [1, 2])
def test_tifffile_a_pointer_to_exif_that_leads_to_nothing_is_no_harm(
    get: Any, image_file: Any, tmp_path: pathlib.Path, where: str, frames: int
) -> None:
    path = tmp_path / 'dangling.tif'
    with tifffile.TiffWriter(path) as writer:
        for _ in range(frames):
            writer.write(
                inks(), photometric='separated', metadata=None, contiguous=False,
                extratags=[(34600, 4, 1, 12_345_678, True)],
            )  # fmt: skip
    data = bytearray(path.read_bytes())
    # What looks like a directory of very many tags that are described twice.
    nonsense = struct.pack('<H', 2000) + struct.pack('<HHII', 270, 2, 4_000_000_000, 8) * 2000 + bytes(4)
    at = {'beyond the end': len(data) + 5_000_000, 'at the end': len(data) - 1}.get(where, len(data) + 2)
    # tifffile does not write the tag of Exif itself.
    place = tag_place(data, 34600)
    struct.pack_into('<H', data, place, 34665)
    struct.pack_into('<I', data, place + 8, at)
    path.write_bytes(data + (bytes(2) + nonsense if where == 'to nonsense' else b''))
    query = {'max_width': SIDE, 'max_height': SIDE}
    response = get('thumbnail', image_file(path), fmt='png', query=query)
    assert response.status_code == 200, response.content
    got = reference.decoded(response.content, 'RGB').astype(int)
    assert np.abs(got - paper(inks()).transpose(2, 0, 1)).max() <= 1
