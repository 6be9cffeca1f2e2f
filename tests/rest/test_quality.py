"""The quality of JPEG, WebP and AVIF that a client may ask for."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.images import content

pytestmark = pytest.mark.django_db

PLACES: dict[str, dict[str, Any]] = {
    'tile': {'z': 0, 'x': 0, 'y': 0},
    'thumbnail': {'query': {'max_width': 200}},
    'region': {'query': {'left': 0, 'top': 0, 'right': 200, 'bottom': 200, 'units': 'pixels'}},
}


def asked(get: Any, image: Any, place: str, fmt: str, quality: object = None) -> Any:
    where = dict(PLACES[place])
    query = where.pop('query', {}) | ({} if quality is None else {'quality': quality})
    return get(place, image, fmt=fmt, query=query, **where)


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('fmt', ['jpg', 'webp', 'avif'])
def test_a_quality_can_be_asked_for(get: Any, image_file: Any, settings: Any, place: str, fmt: str) -> None:
    image = image_file('rgb')
    usual = asked(get, image, place, fmt)
    bodies = [asked(get, image, place, fmt, quality) for quality in (30, 90, 100)]
    assert [answer.status_code for answer in (usual, *bodies)] == [200] * 4
    sizes = [len(b''.join(answer)) if answer.streaming else len(answer.content) for answer in bodies]
    assert sizes[0] < sizes[1] < sizes[2]
    # The setting's is 90.
    assert abs((len(b''.join(usual)) if usual.streaming else len(usual.content)) - sizes[1]) < sizes[1] // 20
    assert usual['ETag'] != bodies[0]['ETag']


@pytest.mark.parametrize('quality', ['0', '101', 'high', '-5', '50.5'])
def test_what_is_no_quality(get: Any, image_file: Any, quality: str) -> None:
    answer = asked(get, image_file('rgb'), 'tile', 'jpg', quality)
    assert (answer.status_code, answer.json()['parameter']) == (400, 'quality')
    assert answer.json()['allowed'] == 'an integer from 1 to 100'


def test_a_stored_tile_is_encoded_anew(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    pixels = np.ascontiguousarray(content.rgb(512, 512).transpose(1, 2, 0))
    path = tmp_path / 'a.tif'
    tifffile.imwrite(
        path, pixels, photometric='rgb', tile=(256, 256), compression='jpeg', compressionargs={'level': 95}
    )
    image = image_file(path)

    def body(fmt: str, quality: int | None = None) -> bytes:
        answer = get(
            'tile', image, z=1, x=1, y=0, fmt=fmt, query={} if quality is None else {'quality': quality}
        )
        assert answer.status_code == 200, answer.content
        return bytes(answer.content)

    assert body('jpg')[-300:] in path.read_bytes()
    low, high = body('jpg', 40), body('jpg', 95)
    assert len(low) < len(high) // 2
    assert body('png', 40) == body('png')
    part = pixels[:256, 256:].astype(int)
    for encoded, most in ((low, 12), (high, 4)):
        with Image.open(io.BytesIO(encoded)) as picture:
            assert np.abs(np.asarray(picture.convert('RGB')).astype(int) - part).mean() < most


def test_a_stored_tile_that_is_broken_is_the_readers(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    pixels = np.ascontiguousarray(content.rgb(512, 512).transpose(1, 2, 0))
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, pixels, photometric='rgb', tile=(256, 256), compression='jpeg')
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        start, length = page.dataoffsets[1], page.databytecounts[1]
    data = bytearray(path.read_bytes())
    data[start + length // 2 : start + length] = bytes(length - length // 2)
    path.write_bytes(data)
    image = image_file(path)
    query = {'quality': 50}
    plain = get('tile', image, z=1, x=1, y=0, fmt='png')
    assert get('tile', image, z=1, x=1, y=0, fmt='jpg', query=query).status_code == plain.status_code


def test_a_format_without_loss_is_one_answer(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    one, other = asked(get, image, 'tile', 'png', 30), asked(get, image, 'tile', 'png')
    assert (one['ETag'], one.content) == (other['ETag'], other.content)
