"""What is kept is bounded by bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from django_large_image.caching.kept import Kept
from django_large_image.handles.lease import _styles
from django_large_image.readers import geo


def test_the_oldest_go_and_the_largest_is_not_kept() -> None:
    kept: Kept[str] = Kept(100)
    for name in 'abcdef':
        kept.put(name, name, 20)
        assert kept.get('a') == 'a'
    assert kept.nbytes == 100
    assert [name for name in 'abcdef' if kept.get(name)] == ['a', 'c', 'd', 'e', 'f']
    kept.put('g', 'g', 26)
    assert kept.get('g') is None
    kept.put('a', 'A', 10)
    assert (kept.get('a'), kept.nbytes) == ('A', 90)


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
    assert geo._painters.nbytes <= geo._painters.limit == 32 * 2**20
    assert 0 < _styles.nbytes <= _styles.limit == 16 * 2**20
