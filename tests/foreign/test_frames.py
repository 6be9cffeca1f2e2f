"""TIFFs of several images by tifffile: one range a channel over all frames, and colours by the tags."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

from tests import reference
from tests.foreign.test_plain_tiffs import SIDE, grey, inks, paper

pytestmark = pytest.mark.django_db

tifffile = pytest.importorskip('tifffile')


def thumbnail(get: Any, image: Any, frame: int) -> Any:
    """Return a frame in full, as ints (bands, height, width)."""
    query = {'max_width': SIDE, 'max_height': SIDE, 'frame': frame}
    response = get('thumbnail', image, fmt='png', query=query)
    assert response.status_code == 200, response.content
    return reference.decoded(response.content, 'RGB').astype(int)


def test_tifffile_ome_has_one_range_a_channel(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    base = grey().astype('uint16')
    stack = np.stack([np.stack([base * (z + 1) * (c + 1) + 100 * c for z in range(3)]) for c in range(2)])
    path = tmp_path / 'cells.ome.tif'
    tifffile.imwrite(path, stack, ome=True, metadata={'axes': 'CZYX'}, photometric='minisblack')
    image = image_file(path)
    ranges = get('metadata', image).json()['ranges']
    assert [(entry['channel'], entry['band']) for entry in ranges] == [(0, 1), (1, 1)]
    for channel, entry in enumerate(ranges):
        assert (entry['min'], entry['max']) == (stack[channel].min(), stack[channel].max())
    listed = get('metadata', image).json()['frames']
    for frame, place in enumerate(listed):
        values, entry = stack[place['IndexC'], place['IndexZ']].astype(float), ranges[place['IndexC']]
        expected = (values - entry['min']) / (entry['max'] - entry['min']) * 255
        assert np.abs(thumbnail(get, image, frame) - expected).max() <= 1
    pixel = get('pixel', image, query={'left': 5, 'top': 7, 'frame': 2}).json()
    place = listed[2]
    assert pixel['value'] == [int(stack[place['IndexC'], place['IndexZ'], 7, 5])]


@pytest.mark.parametrize('kind', ['white is zero', 'palette', 'CMYK', '4 bits', 'unspecified sample'])
def test_tifffile_pages_have_the_colours_of_their_tags(
    get: Any, image_file: Any, tmp_path: pathlib.Path, kind: str
) -> None:
    path = tmp_path / 'pages.tif'
    colours = np.random.default_rng(3).integers(0, 256, (256, 3))
    with tifffile.TiffWriter(path) as writer:
        for _ in range(2):
            options: dict[str, Any] = {'metadata': None, 'contiguous': False}
            if kind == 'white is zero':
                values, expected = 255 - grey(), grey()
                options |= {'photometric': 'miniswhite'}
            elif kind == 'palette':
                values, expected = grey(), colours[grey()]
                options |= {'photometric': 'palette', 'colormap': (colours.T * 257).astype('uint16')}
            elif kind == 'CMYK':
                values, expected = inks(), paper(inks())
                options |= {'photometric': 'separated'}
            elif kind == '4 bits':
                pytest.importorskip('imagecodecs')
                values, expected = grey() >> 4, (grey() >> 4) * 17
                options |= {'photometric': 'minisblack', 'bitspersample': 4}
            else:
                values = np.concatenate([inks()[:, :, :3], np.zeros((SIDE, SIDE, 1), 'uint8')], axis=2)
                expected = values[:, :, :3]
                options |= {'photometric': 'rgb', 'extrasamples': ['unspecified']}
            writer.write(values, **options)
    expected = np.repeat(expected[:, :, None], 3, axis=2) if expected.ndim == 2 else expected
    assert np.abs(thumbnail(get, image_file(path), 1) - expected.transpose(2, 0, 1)).max() <= 1
