"""Pictures without tiles: their levels, their transparency and their odd modes."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image import caching
from tests.foreign import whole
from tests.images import content

pytestmark = pytest.mark.django_db


def _pixel(get: Any, image: Any, column: int, row: int) -> dict[str, Any]:
    response = get('pixel', image, query={'left': column, 'top': row, 'units': 'pixels'})
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def _values(get: Any, image: Any, column: int, row: int) -> list[Any]:
    """Return the file's own values of a pixel."""
    found = _pixel(get, image, column, row)
    return list(found['bands'].values()) if 'bands' in found else list(found['value'])


def rgb(width: int, height: int, seed: int = content.SEED) -> np.ndarray:
    return np.ascontiguousarray(content.rgb(width, height, seed).transpose(1, 2, 0))


def test_a_picture_has_levels_of_tiles_out_of_one_decoding(
    get: Any, image_file: Any, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    from django_large_image.readers.sources import plainpicture

    decoded: list[int] = []
    real = plainpicture.pyramid_of
    monkeypatch.setattr(plainpicture, 'pyramid_of', lambda *args: decoded.append(1) or real(*args))
    pixels = rgb(2000, 1990)
    Image.fromarray(pixels).save(tmp_path / 'large.png')
    image = image_file(tmp_path / 'large.png')
    found = whole.facts(get, image)
    assert (found['levels'], found['tile_size'], found['size_x'], found['size_y']) == (4, 256, 2000, 1990)
    full = pixels.transpose(2, 0, 1)
    assert whole.difference(whole.level(get, image, mode='RGB'), full) == 0
    for z, factor in ((2, 2), (1, 4), (0, 8)):
        size = 1990 // factor * factor
        expected = full[:, :size].reshape(3, size // factor, factor, 2000 // factor, factor).mean(axis=(2, 4))
        got = whole.level(get, image, z, 'RGB')[:, : size // factor]
        assert np.abs(got - expected).max() <= 1
    assert len(decoded) == 1
    assert caching.block_cache.stats()['bytes'] <= 2000 * 1990 * 4
    assert max(len(get('tile', image, z=z, x=0, y=0, fmt='png').content) for z in range(4)) < 2**18


def test_beyond_the_sides_is_nothing(get: Any, image_file: Any) -> None:
    response = get('tile', image_file('png'), z=2, x=2, y=1, fmt='png')
    from tests import reference

    got = reference.decoded(response.content, 'RGBA')
    assert got.shape == (4, 256, 256)
    assert not got[:, 224:].any() and not got[:, :, 128:].any()
    assert (got[3, :224, :128] == 255).all()


@pytest.mark.parametrize('depth', [1, 2, 4, 8])
def test_a_transparent_grey_of_a_png(get: Any, image_file: Any, tmp_path: pathlib.Path, depth: int) -> None:
    """Written chunk by chunk: Pillow writes no grey of 2 or 4 bits."""
    import struct
    import zlib

    width, height, top = 304, 64, 2**depth - 1
    values = (np.add.outer(np.arange(height), np.arange(width)) % (top + 1)).astype(np.uint8)
    bits = ((values[:, :, None] >> np.arange(depth - 1, -1, -1, dtype=np.uint8)) & 1).reshape(height, -1)
    rows = b''.join(b'\0' + np.packbits(row).tobytes() for row in bits)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))

    header = struct.pack('>IIBBBBB', width, height, depth, 0, 0, 0, 0)
    clear = min(1, top)
    (tmp_path / 'grey.png').write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'tRNS', struct.pack('>H', clear))
        + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')
    )  # fmt: skip
    got = whole.level(get, image_file(tmp_path / 'grey.png'))
    assert ((got[3] == 0) == (values == clear)).all()
    seen = values != clear
    assert np.abs(got[0][seen].astype(float) - values[seen] * 255.0 / top).max() <= 1


def test_a_transparent_colour_of_a_png(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    pixels = rgb(300, 280)
    pixels[40:90, 50:200] = (255, 0, 128)
    Image.fromarray(pixels).save(tmp_path / 'key.png', transparency=(255, 0, 128))
    got = whole.level(get, image_file(tmp_path / 'key.png'))
    clear = (pixels == (255, 0, 128)).all(axis=2)
    assert ((got[3] == 0) == clear).all()
    assert (got[:3, ~clear] == pixels.transpose(2, 0, 1)[:, ~clear]).all()


@pytest.mark.parametrize('clear', [None, 3])
def test_frames_of_a_png_with_a_palette(
    get: Any, image_file: Any, tmp_path: pathlib.Path, clear: int | None
) -> None:
    frames = [Image.fromarray(rgb(310, 200, seed)).quantize(64) for seed in (1, 2, 3)]
    palette = frames[0]
    frames = [frame.convert('RGB').quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    options = {} if clear is None else {'transparency': clear}
    frames[0].save(tmp_path / 'a.png', save_all=True, append_images=frames[1:], **options)
    image = image_file(tmp_path / 'a.png')
    for index in (2, 0, 1, 0):
        got = whole.level(get, image, mode='RGBA', frame=index)
        expected = np.asarray(frames[index].convert('RGB')).transpose(2, 0, 1)
        seen = np.asarray(frames[index]) != clear if index == 0 else np.ones(got.shape[1:], bool)
        if clear is not None and index:
            continue  # what is composed of the ones before
        assert (got[:3, seen] == expected[:, seen]).all()


@pytest.mark.parametrize('fmt', ['gif', 'webp', 'png'])
def test_frames_in_any_order(get: Any, image_file: Any, tmp_path: pathlib.Path, fmt: str) -> None:
    frames = [Image.fromarray(rgb(270, 130, seed)) for seed in (1, 2, 3, 4)]
    frames = [frame.quantize(32).convert('RGB') for frame in frames]
    options = {'lossless': True} if fmt == 'webp' else {}
    frames[0].save(tmp_path / f'a.{fmt}', save_all=True, append_images=frames[1:], **options)
    image = image_file(tmp_path / f'a.{fmt}')
    for index in (3, 0, 2, 1, 0):
        got = whole.level(get, image, mode='RGB', frame=index)
        assert whole.difference(got, np.asarray(frames[index]).transpose(2, 0, 1)) <= 1


@pytest.mark.parametrize('mode', ['1', 'L', 'LA', 'P', 'RGB', 'RGBA'])
def test_modes_of_pillow(get: Any, image_file: Any, tmp_path: pathlib.Path, mode: str) -> None:
    picture = Image.fromarray(rgb(290, 270))
    picture.putalpha(Image.linear_gradient('L').resize(picture.size))
    picture = picture.convert('RGB').convert(mode) if 'A' not in mode else picture.convert(mode)
    picture.save(tmp_path / 'mode.png')
    got = whole.level(get, image_file(tmp_path / 'mode.png'))
    expected = np.asarray(picture.convert('RGBA')).transpose(2, 0, 1)
    assert whole.difference(got, expected) <= 1


def test_cmyk_of_a_jpeg(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    picture = Image.fromarray(rgb(290, 270)).convert('CMYK')
    picture.save(tmp_path / 'cmyk.jpg', quality=95, subsampling=0)
    got = whole.level(get, image_file(tmp_path / 'cmyk.jpg'), mode='RGB')
    expected = np.asarray(picture.convert('RGB')).transpose(2, 0, 1)
    assert np.abs(got.astype(int) - expected).mean() <= 3


def test_16_bits_of_a_png_are_the_files(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    values = content.scaled(content.scene(600, 300)[0], 0, 65_535, 'uint16')
    Image.fromarray(values).save(tmp_path / 'deep.png')
    image = image_file(tmp_path / 'deep.png')
    for row, column in ((0, 0), (150, 300), (299, 599)):
        assert _values(get, image, column, row) == [values[row, column]]


@pytest.mark.parametrize('bands', [1, 3, 4])
def test_opencv_16_bits_of_a_png(get: Any, image_file: Any, tmp_path: pathlib.Path, bands: int) -> None:
    cv2 = pytest.importorskip('cv2')
    planes = [
        content.scaled(content.scene(400, 300, seed=seed)[0], 500, 60_000, 'uint16') for seed in range(bands)
    ]
    values = np.stack(planes, axis=2)
    cv2.imwrite(str(tmp_path / 'deep.png'), values[:, :, [2, 1, 0, 3][:bands]] if bands > 1 else values)
    image = image_file(tmp_path / 'deep.png')
    for row, column in ((0, 0), (150, 300), (299, 399)):
        assert _values(get, image, column, row) == values[row, column].tolist()


def test_avif_of_pillow(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    """With and without transparency, and frames."""
    pixels = rgb(300, 200)
    pictures = [Image.fromarray(pixels), Image.fromarray(pixels)]
    pictures[1].putalpha(Image.linear_gradient('L').resize((300, 200)))
    for picture in pictures:
        picture.save(tmp_path / 'a.avif', quality=95)
        got = whole.level(get, image_file(tmp_path / 'a.avif')).astype(int)
        expected = np.asarray(picture.convert('RGBA')).transpose(2, 0, 1)
        seen = expected[3] > 128
        assert np.abs(got - expected)[:, seen].mean() <= 3
    frames = [Image.fromarray(rgb(300, 200, seed)) for seed in (1, 2, 3)]
    frames[0].save(tmp_path / 'f.avif', save_all=True, append_images=frames[1:], quality=95)
    image = image_file(tmp_path / 'f.avif')
    for index in (2, 0, 1):
        got = whole.level(get, image, mode='RGB', frame=index).astype(int)
        assert np.abs(got - np.asarray(frames[index]).transpose(2, 0, 1)).mean() <= 3


def test_an_avif_of_too_many_pixels_is_refused_by_its_header(
    get: Any, image_file: Any, tmp_path: pathlib.Path, settings: Any
) -> None:
    settings.LARGE_IMAGE_MAX_UNTILED_SIZE = 128
    Image.fromarray(rgb(600, 500)).save(tmp_path / 'a.avif')
    assert get('metadata', image_file(tmp_path / 'a.avif')).status_code == 409
    settings.LARGE_IMAGE_MAX_UNTILED_SIZE = 4096
    settings.LARGE_IMAGE_MAX_DECODED_BYTES = 1_000_000
    frames = [Image.fromarray(rgb(300, 200, seed)) for seed in range(6)]
    frames[0].save(tmp_path / 'f.avif', save_all=True, append_images=frames[1:])
    assert get('metadata', image_file(tmp_path / 'f.avif')).status_code == 422


@pytest.mark.parametrize(('colour', 'clear'), [(0, (300,)), (2, (300, 400, 500))])
def test_a_transparent_colour_of_16_bits(
    get: Any, image_file: Any, tmp_path: pathlib.Path, colour: int, clear: tuple[int, ...]
) -> None:
    """Pillow keeps 8 of 16 bits of a colour, which do not say whether it is the transparent one."""
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))

    values = np.random.default_rng(1).integers(0, 65_535, (60, 70, len(clear))).astype('>u2')
    values[20:40, 10:30] = clear
    # Another value with the same upper bits.
    values[5:8, 5:8] = np.array(clear) + 1
    header = struct.pack('>IIBBBBB', 70, 60, 16, colour, 0, 0, 0)
    (tmp_path / 'deep.png').write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'tRNS', struct.pack(f'>{len(clear)}H', *clear))
        + chunk(b'IDAT', zlib.compress(b''.join(b'\0' + row.tobytes() for row in values))) + chunk(b'IEND', b'')
    )  # fmt: skip
    got = whole.level(get, image_file(tmp_path / 'deep.png'))
    assert ((got[3] == 0) == (values == clear).all(axis=2)).all()


def test_a_gif_whose_frames_are_larger_than_it_says(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    """Pillow 12 makes the picture as large as its largest frame: 17 GB of some hundred bytes."""
    import struct

    def frame(left: int, width: int) -> bytes:
        return struct.pack('<BHHHHB', 0x2C, left, left, width, width, 0) + b'\x02\x02\x4c\x01\x00'

    screen = b'GIF89a' + struct.pack('<HHBBB', 2, 2, 0x80, 0, 0) + bytes(6)
    (tmp_path / 'bomb.gif').write_bytes(screen + frame(0, 2) + frame(100, 65_535) + b';')
    response = get('metadata', image_file(tmp_path / 'bomb.gif'))
    assert response.status_code == 409


def test_a_frame_of_a_png_beyond_its_sides_is_no_bomb(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    """The second frame says 60 000 pixels a side; the file is read as far as it goes, or is refused."""
    import struct
    import zlib

    frames = [Image.fromarray(rgb(30, 20, seed)) for seed in (1, 2)]
    frames[0].save(tmp_path / 'a.png', save_all=True, append_images=frames[1:])
    data = bytearray((tmp_path / 'a.png').read_bytes())
    place = data.rindex(b'fcTL')
    data[place + 8 : place + 16] = struct.pack('>II', 60_000, 60_000)
    data[place + 30 : place + 34] = struct.pack('>I', zlib.crc32(data[place : place + 30]))
    (tmp_path / 'b.png').write_bytes(data)
    image = image_file(tmp_path / 'b.png')
    for index in (0, 1):
        response = get('tile', image, z=0, x=0, y=0, fmt='png', query={'frame': index})
        assert response.status_code in (200, 400, 422)
