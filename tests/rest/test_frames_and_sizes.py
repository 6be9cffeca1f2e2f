"""What is said of the frames of an image, and of the size of its pixels."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

from tests.images import CHANNELS, GeoTiff

pytestmark = pytest.mark.django_db


def test_frames_have_their_place_on_each_axis(get: Any, image_file: Any) -> None:
    pytest.importorskip('tifffile')
    frames = get('frames', image_file('ome')).json()['frames']
    assert len(frames) == 6
    assert sorted((frame['c'], frame['z']) for frame in frames) == [
        (c, z) for c in range(3) for z in range(2)
    ]
    assert {(frame['c'], frame['bands'][0]['name']) for frame in frames} == set(enumerate(CHANNELS))


def test_internal_metadata_know_the_frames(get: Any, image_file: Any) -> None:
    pytest.importorskip('tifffile')
    assert len(get('metadata-internal', image_file('ome')).json()['frames']) == 6
    assert get('metadata-internal', image_file('rgb')).json()['frames'] is False


@pytest.mark.parametrize(
    ('frame', 'delta', 'status'), [(0, 5, 200), (2, 3, 200), (2, 4, 400), (2, -2, 200), (2, -3, 400)]
)
def test_a_frame_beyond_the_last_one_is_named(
    get: Any, image_file: Any, frame: int, delta: int, status: int
) -> None:
    pytest.importorskip('tifffile')
    style = json.dumps({'bands': [{'band': 1, 'framedelta': delta, 'min': 0, 'max': 9}]})
    response = get(
        'tile', image_file('ome'), z=0, x=0, y=0, fmt='png', query={'style': style, 'frame': frame}
    )
    assert response.status_code == status
    if status == 400:
        assert response.json()['parameter'] == 'framedelta'
        assert '-2 to 3' in response.json()['allowed']


def test_pixels_of_degrees_are_not_square(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    # At 45.7° north a degree of longitude is 0.698 of one of latitude (and 0.6984 ± 0.001 over this image).
    path = GeoTiff(np.zeros((1, 400, 300), np.uint8), 4326, (0.00039, 0, 10, 0, -0.00039, 45.8)).write(
        tmp_path / 'a.tif'
    )
    found = get('metadata', image_file(path)).json()
    assert found['mm_x'] == pytest.approx(30_300, rel=0.01)
    assert found['mm_y'] == pytest.approx(43_400, rel=0.01)
    square = get('metadata', image_file('rgb')).json()
    assert square['mm_x'] == pytest.approx(square['mm_y'], rel=0.01)
