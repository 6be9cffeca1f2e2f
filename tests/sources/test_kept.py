"""What is kept of styles is bounded by bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from django_large_image.raster import view


@pytest.mark.django_db
def test_styles_of_many_bands_stay_below_the_bound(api: Any, image_file: Any) -> None:
    image = image_file('uint16')
    for turn in range(6):
        bands = [{'band': n % 4 + 1, 'palette': 'viridis', 'min': turn, 'max': 60_000 + n} for n in range(64)]
        answer = api.post(
            f'/images/{image.pk}/tiles/0/0/0.png',
            json.dumps({'bands': bands}),
            content_type='application/json',
        )
        assert answer.status_code == 200
    kept = view.kept_colours()
    assert 0 < kept['bytes'] <= kept['limit'] == 32 * 2**20
