"""Pictures that are stored turned or mirrored are upright in every answer (EXIF and TIFF, orientations 2 to 8)."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests import reference
from tests.foreign import whole
from tests.images import content

tifffile = pytest.importorskip('tifffile')

pytestmark = pytest.mark.django_db

WIDTH, HEIGHT = 300, 420
#: How what is stored becomes upright, by orientation, for (height, width, bands).
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}
OPTIONS: dict[str, dict[str, Any]] = {
    'jpg': {'quality': 97, 'subsampling': 0}, 'png': {}, 'webp': {'lossless': True}, 'tif': {}, 'avif': {'quality': 95},
}  # fmt: skip


def stored() -> np.ndarray:
    return np.ascontiguousarray(content.rgb(WIDTH, HEIGHT).transpose(1, 2, 0))


def write(path: pathlib.Path, turn: int) -> np.ndarray:
    """Write a turned picture with Pillow, and return how it is meant, (bands, height, width)."""
    picture = Image.fromarray(stored())
    fmt = path.suffix[1:]
    if fmt == 'tif':
        picture.save(path, tiffinfo={274: turn})
    else:
        exif = Image.Exif()
        exif[274] = turn
        picture.save(path, exif=exif, **OPTIONS[fmt])
    return np.asarray(UPRIGHT[turn](stored())).transpose(2, 0, 1)


@pytest.mark.parametrize('turn', range(1, 9))
@pytest.mark.parametrize('fmt', sorted(set(OPTIONS)))
def test_pillow_turned(get: Any, image_file: Any, tmp_path: pathlib.Path, fmt: str, turn: int) -> None:
    expected = write(tmp_path / f'turned.{fmt}', turn)
    image = image_file(tmp_path / f'turned.{fmt}')
    found = whole.facts(get, image)
    assert (found['size_x'], found['size_y']) == (expected.shape[2], expected.shape[1])
    for got in (whole.region(get, image, 'RGB'), whole.level(get, image, mode='RGB')):
        assert got.shape == expected.shape
        error = np.abs(got.astype(int) - expected)
        assert error.max() <= 1 if fmt not in ('jpg', 'avif') else error.mean() <= 3
    small = get('thumbnail', image, fmt='png', query={'max_width': 60, 'max_height': 60}).content
    size = Image.open(io.BytesIO(small)).size
    assert size[0] / size[1] == pytest.approx(expected.shape[2] / expected.shape[1], rel=0.03)
    where = {'left': 7, 'top': 11, 'units': 'pixels'}
    pixel = get('pixel', image, query=where).json()
    assert [pixel[name] for name in 'rgb'] == pytest.approx(
        expected[:, 11, 7].tolist(), abs=1 if fmt not in ('jpg', 'avif') else 24
    )
    assert get('histogram', image).status_code == 200


def test_the_orientation_of_a_png_behind_its_pixels(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    """As ExifTool writes it."""
    import struct
    import zlib

    expected = write(tmp_path / 'first.png', 6)
    data = (tmp_path / 'first.png').read_bytes()
    start = data.index(b'eXIf') - 4
    (length,) = struct.unpack('>I', data[start : start + 4])
    chunk, rest = data[start : start + 12 + length], data[:start] + data[start + 12 + length :]
    assert zlib.crc32(chunk[4:-4]) == struct.unpack('>I', chunk[-4:])[0]
    (tmp_path / 'last.png').write_bytes(rest[:-12] + chunk + rest[-12:])
    image = image_file(tmp_path / 'last.png')
    assert whole.difference(whole.level(get, image, mode='RGB'), expected) == 0


@pytest.mark.parametrize('turn', [3, 6])
@pytest.mark.parametrize('tiled', [False, True])
def test_tifffile_turned(get: Any, image_file: Any, tmp_path: pathlib.Path, turn: int, tiled: bool) -> None:
    tag = (274, 'H', 1, turn, True)
    options = {'tile': (128, 128)} if tiled else {'rowsperstrip': 16}
    tifffile.imwrite(tmp_path / 't.tif', stored(), photometric='rgb', extratags=[tag], **options)
    expected = UPRIGHT[turn](stored()).transpose(2, 0, 1)
    assert whole.difference(whole.level(get, image_file(tmp_path / 't.tif'), mode='RGB'), expected) == 0


def test_vips_turned(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    vips = pytest.importorskip('pyvips')
    picture = vips.Image.new_from_array(stored()).copy(interpretation='srgb')
    picture.set_type(vips.GValue.gint_type, 'orientation', 8)
    expected = UPRIGHT[8](stored()).transpose(2, 0, 1)
    for name, options in {'v.tif': {'tile': True, 'pyramid': True}, 'v.png': {}}.items():
        picture.write_to_file(str(tmp_path / name), **options)
        assert whole.difference(whole.level(get, image_file(tmp_path / name), mode='RGB'), expected) == 0


def test_what_has_a_place_on_earth_is_drawn_by_it(
    get: Any, image_file: Any, tmp_path: pathlib.Path, images: Any
) -> None:
    """GDAL, and every GIS, ignores the orientation of a GeoTIFF."""
    import struct

    data = bytearray(images('striped').read_bytes())
    image = image_file('striped')
    before = get('thumbnail', image, fmt='png', query={'max_width': 64}).content
    order = '<' if data[:2] == b'II' else '>'
    # The first tag that nobody needs becomes the orientation: the count of samples' formats, 339.
    (first,) = struct.unpack_from(order + 'I', data, 4)
    (count,) = struct.unpack_from(order + 'H', data, first)
    places = [first + 2 + 12 * index for index in range(count)]
    entries = [bytes(data[place : place + 12]) for place in places]
    entries = [e for e in entries if struct.unpack_from(order + 'H', e)[0] != 339]
    entries.append(struct.pack(order + 'HHIHH', 274, 3, 1, 6, 0))
    if len(entries) != count:
        pytest.skip('the file has no tag to spare')
    entries.sort(key=lambda e: struct.unpack_from(order + 'H', e)[0])
    for place, entry in zip(places, entries, strict=True):
        data[place : place + 12] = entry
    (tmp_path / 'turned.tif').write_bytes(data)
    turned = get('thumbnail', image_file(tmp_path / 'turned.tif'), fmt='png', query={'max_width': 64})
    assert turned.status_code == 200
    assert whole.difference(reference.decoded(turned.content, 'RGBA'), reference.decoded(before, 'RGBA')) == 0


def test_a_turned_tiff_that_is_too_large_names_the_command(
    get: Any, image_file: Any, tmp_path: pathlib.Path, settings: Any
) -> None:
    settings.LARGE_IMAGE_MAX_UNTILED_SIZE = 128
    tag = (274, 'H', 1, 6, True)
    tifffile.imwrite(
        tmp_path / 'big.tif',
        np.zeros((600, 700, 3), np.uint8),
        photometric='rgb',
        extratags=[tag],
        tile=(128, 128),
    )
    response = get('metadata', image_file(tmp_path / 'big.tif'))
    assert response.status_code == 409
    assert 'vips autorot' in response.json()['detail']


def test_another_reader_does_not_show_it_as_stored(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    write(tmp_path / 'turned.jpg', 6)
    response = get('metadata', image_file(tmp_path / 'turned.jpg'), query={'source': 'rasterio'})
    assert response.status_code == 422
    assert 'turned' in response.json()['detail']


@pytest.mark.parametrize(
    'exif', [b'Exif\0\0II*\0\x08\0\0\0\xff\xff', b'Exif\0\0no TIFF at all', b'Exif\0\0MM\0*\xff\xff\xff\xff']
)
@pytest.mark.parametrize('fmt', ['jpg', 'png', 'webp'])
@pytest.mark.filterwarnings('ignore::UserWarning')  # Pillow warns of it
def test_broken_exif_says_nothing(
    get: Any, image_file: Any, tmp_path: pathlib.Path, fmt: str, exif: bytes
) -> None:
    Image.fromarray(stored()).save(tmp_path / f'a.{fmt}', exif=exif, **OPTIONS[fmt])
    got = whole.level(get, image_file(tmp_path / f'a.{fmt}'), mode='RGB')
    assert np.abs(got.astype(int) - stored().transpose(2, 0, 1)).mean() <= 3
