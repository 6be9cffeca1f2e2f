"""What is kept of styles is bounded by bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from django_large_image.raster import look


@pytest.mark.django_db
def test_colours_of_many_styles_stay_below_the_bound(api: Any, image_file: Any) -> None:
    image = image_file('uint16')
    # Of the process: other tests fill it, and a full one does not grow.
    look.forget_colours()

    def draw(bands: int, turn: int) -> dict[str, int]:
        style = [
            {'band': n % 4 + 1, 'palette': 'viridis', 'min': turn, 'max': 60_000 + n} for n in range(bands)
        ]
        answer = api.post(
            f'/images/{image.pk}/tiles/0/0/0.png',
            json.dumps({'bands': style}),
            content_type='application/json',
        )
        assert answer.status_code == 200
        return look.kept_colours()

    sizes = [draw(16, turn) for turn in range(10)]
    assert 0 < sizes[0]['bytes'] < sizes[1]['bytes']
    assert 9 * sizes[0]['bytes'] > sizes[0]['limit'] == 32 * 2**20
    assert all(kept['bytes'] <= kept['limit'] for kept in sizes)
    # One that would take a quarter of the room, or more, is made anew each time.
    assert draw(64, 0) == sizes[-1]
