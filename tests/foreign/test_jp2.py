"""JPEG 2000 of several writers and depths."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.foreign import whole
from tests.images import content

rasterio = pytest.importorskip('rasterio')

pytestmark = pytest.mark.django_db


def deep(bits: int, bands: int = 1) -> np.ndarray:
    """Return noise-free values of so many bits, (bands, height, width)."""
    scenes = (content.scene(500, 400, seed=seed)[0] for seed in range(bands))
    return np.stack([content.scaled(scene, 3, 2**bits - 9, 'uint16') for scene in scenes])


def write_gdal(path: pathlib.Path, values: np.ndarray, **options: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with rasterio.open(
            path, 'w', driver='JP2OpenJPEG', width=values.shape[2], height=values.shape[1], count=len(values),
            dtype=values.dtype, reversible='YES', quality=100, **options,
        ) as dataset:  # fmt: skip
            dataset.write(values)


def write_pillow(path: pathlib.Path, values: np.ndarray, **options: Any) -> None:
    picture = Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0))
    picture.save(path, irreversible=False, **options)


@pytest.mark.parametrize(('bits', 'bands'), [(10, 1), (12, 1), (16, 1), (16, 3)])
def test_gdal_deep(get: Any, image_file: Any, tmp_path: pathlib.Path, bits: int, bands: int) -> None:
    values = deep(bits, bands)
    write_gdal(tmp_path / 'deep.jp2', values, nbits=bits)
    check_stretched(get, image_file(tmp_path / 'deep.jp2'), values)


def test_pillow_deep(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    values = deep(16)
    write_pillow(tmp_path / 'deep.jp2', values)
    check_stretched(get, image_file(tmp_path / 'deep.jp2'), values)


def test_imagecodecs_deep(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    imagecodecs = pytest.importorskip('imagecodecs')
    values = deep(16)
    (tmp_path / 'deep.jp2').write_bytes(imagecodecs.jpeg2k_encode(values[0], level=0, reversible=True))
    check_stretched(get, image_file(tmp_path / 'deep.jp2'), values)


def check_stretched(get: Any, image: Any, values: np.ndarray) -> None:
    """Compare the picture with what spreads each band over 0 to 255, and a pixel with the file's values."""
    pixel = get('pixel', image, query={'left': 30, 'top': 40, 'units': 'pixels'}).json()
    found = list(pixel['bands'].values()) if 'bands' in pixel else pixel['value']
    assert found == values[:, 40, 30].tolist()
    got = whole.level(get, image, mode='RGB').astype(float)
    for channel in range(len(values)):
        low, high = values[channel].min(), values[channel].max()
        expected = (values[channel].astype(float) - low) * 255 / (high - low)
        assert np.corrcoef(got[channel].ravel(), expected.ravel())[0, 1] > 0.999
        assert got[channel].max() - got[channel].min() > 128


@pytest.mark.parametrize('mode', ['L', 'LA', 'RGB', 'RGBA'])
@pytest.mark.parametrize('suffix', ['jp2', 'j2k'])
def test_pillow_8_bits(get: Any, image_file: Any, tmp_path: pathlib.Path, mode: str, suffix: str) -> None:
    picture = Image.fromarray(np.ascontiguousarray(content.rgb(500, 400).transpose(1, 2, 0)))
    picture.putalpha(Image.linear_gradient('L').resize(picture.size))
    picture = picture.convert(mode)
    picture.save(tmp_path / f'p.{suffix}', irreversible=False)
    got = whole.level(get, image_file(tmp_path / f'p.{suffix}'))
    expected = np.asarray(picture.convert('RGBA')).transpose(2, 0, 1)
    if suffix == 'j2k' and 'A' in mode:
        got, expected = got[:3], expected[:3]  # a bare code stream does not say that a band is alpha
    if mode == 'LA' and suffix == 'j2k':
        return
    seen = expected[-1] > 64  # colours that are hardly there are as exact as their alpha
    assert np.abs(got.astype(int) - expected)[:, seen].max() <= 1


def header(tiles: int, components: int) -> bytes:
    """Return a code stream that announces tiles and has none."""
    import struct

    size = (
        struct.pack('>H8IH', 0, 64 * tiles, 64, 0, 0, 64, 64, 0, 0, components) + b'\x07\x01\x01' * components
    )
    parts = (
        (b'\xff\x51', size),
        (b'\xff\x52', struct.pack('>BBHBBBBBB', 0, 0, 1, 0, 1, 4, 4, 0, 1)),
        (b'\xff\x5c', b'\x40\x40\x48\x48\x50'),
    )
    return (
        b'\xff\x4f' + b''.join(marker + struct.pack('>H', len(body) + 2) + body for marker, body in parts)
        + b'\xff\x90\x00\x0a' + struct.pack('>HIBB', 0, 14, 0, 1) + b'\xff\x93\xff\xd9'
    )  # fmt: skip


@pytest.mark.parametrize(('tiles', 'components'), [(60_000, 1), (20_000, 3), (5000, 100)])
def test_the_tables_of_announced_tiles_are_bounded_by_bytes(
    get: Any, image_file: Any, tmp_path: pathlib.Path, tiles: int, components: int, monkeypatch: Any
) -> None:
    (tmp_path / 'a.j2k').write_bytes(header(tiles, components))
    monkeypatch.setattr(rasterio, 'open', lambda *args, **kwargs: pytest.fail('it was opened'))
    for query in ({}, {'source': 'pil'}, {'source': 'rasterio'}):
        response = get('metadata', image_file(tmp_path / 'a.j2k'), query=query)
        assert response.status_code == 422
        assert response.json()['code'] == 'image_refused'


def test_what_gdal_opens_and_cannot_decode_gets_a_second_reader(
    get: Any, image_file: Any, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:

    picture = Image.fromarray(np.ascontiguousarray(content.rgb(300, 200).transpose(1, 2, 0)))
    picture.save(tmp_path / 'a.jp2', irreversible=False)
    from django_large_image.raster import dataset

    monkeypatch.setattr(dataset, 'decodes', lambda dataset: False)
    got = whole.level(get, image_file(tmp_path / 'a.jp2'), mode='RGB')
    assert whole.difference(got, np.asarray(picture).transpose(2, 0, 1)) == 0


def test_what_pillow_opens_and_cannot_decode_gets_another_one(
    get: Any, image_file: Any, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    from django_large_image.readers.sources import plainpicture

    def broken(*args: Any) -> Any:
        raise OSError('broken data stream when reading image file')

    picture = Image.fromarray(np.ascontiguousarray(content.rgb(300, 200).transpose(1, 2, 0)))
    picture.save(tmp_path / 'a.jp2', irreversible=False)
    monkeypatch.setattr(plainpicture, 'pyramid_of', broken)
    got = whole.level(get, image_file(tmp_path / 'a.jp2'), mode='RGB')
    assert whole.difference(got, np.asarray(picture).transpose(2, 0, 1)) == 0
    assert get('metadata', image_file(tmp_path / 'a.jp2'), query={'source': 'pil'}).status_code == 422


def test_a_palette(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    """A JP2 whose boxes pclr and cmap make colours of one component (OpenJPEG's and Kakadu's)."""
    import struct

    indices = (np.add.outer(np.arange(200), np.arange(300)) // 40 % 4).astype(np.uint8)
    Image.fromarray(indices).save(tmp_path / 'p.jp2', irreversible=False)
    data = (tmp_path / 'p.jp2').read_bytes()
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 100, 50]], np.uint8)

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack('>I4s', len(body) + 8, kind) + body

    place = data.index(b'jp2h') - 4
    (length,) = struct.unpack('>I', data[place : place + 4])
    ihdr = data[place + 8 : place + 30]
    assert ihdr[4:8] == b'ihdr'
    more = box(b'colr', struct.pack('>BBBI', 1, 0, 0, 16))
    more += box(b'pclr', struct.pack('>HB', 4, 3) + b'\x07\x07\x07' + colours.tobytes())
    more += box(b'cmap', b''.join(struct.pack('>HBB', 0, 1, channel) for channel in range(3)))
    (tmp_path / 'q.jp2').write_bytes(data[:place] + box(b'jp2h', ihdr + more) + data[place + length :])
    got = whole.level(get, image_file(tmp_path / 'q.jp2'), mode='RGB')
    assert whole.difference(got, colours[indices].transpose(2, 0, 1)) == 0
