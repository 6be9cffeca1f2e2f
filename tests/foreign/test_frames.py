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


def test_tifffile_ome_has_the_statistics_of_its_values(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    stack = np.stack([grey().astype('uint16') * 250, grey().astype('uint16') * 100])
    path = tmp_path / 'deep.ome.tif'
    tifffile.imwrite(path, stack, ome=True, metadata={'axes': 'ZYX'}, photometric='minisblack')
    image = image_file(path)
    for found in (
        get('bands', image).json()['1'],
        get('band', image, query={'band': 1}).json(),
    ):
        assert (found['min'], found['max']) == (stack[0].min(), stack[0].max())
        assert found['mean'] == pytest.approx(stack[0].mean())
        assert found['stdev'] == pytest.approx(stack[0].std())


def test_tifffile_floats_that_are_not_finite(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    stack = np.stack([grey().astype('float32'), grey()[::-1].astype('float32')])
    stack[:, :5], stack[:, 9, 7], stack[:, 9, 8] = np.nan, np.inf, -np.inf
    path = tmp_path / 'floats.tif'
    tifffile.imwrite(path, stack, photometric='minisblack')
    image = image_file(path)
    there = stack[0][np.isfinite(stack[0])]
    for exact in ('true', 'false'):
        found = get('histogram', image, query={'exact': exact}).json()[0]
        assert (found['samples'], found['min'], found['max']) == (there.size, there.min(), there.max())
    band = get('bands', image).json()['1']
    assert (band['min'], band['max'], band['mean']) == (there.min(), there.max(), pytest.approx(there.mean()))
    entry = get('metadata', image).json()['ranges'][0]
    drawn = thumbnail(get, image, 0)[0]
    # What is not finite is transparent.
    assert (drawn[9, 7], drawn[9, 8]) == (0, 0)
    expected = (stack[0] - entry['min']) / (entry['max'] - entry['min']) * 255
    assert np.abs(drawn - expected)[np.isfinite(stack[0])].max() <= 1


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
