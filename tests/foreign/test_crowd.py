"""Three hundred files by six writers are what their writers hold, but for a few that are named."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests import reference
from tests.foreign.crowd import EACH, WRITERS, Foreign, crowd

pytestmark = pytest.mark.django_db

#: The share of the files that have to be right.
RIGHT = 0.97


def shown(get: Any, image: Any) -> tuple[NDArray[Any], list[dict[str, float]]]:
    """Return all of an image, int (4, height, width), and the ranges that its metadata state."""
    about = get('metadata', image)
    assert about.status_code == 200, about.content
    known = about.json()
    query = {'left': 0, 'top': 0, 'right': known['sizeX'], 'bottom': known['sizeY'], 'units': 'pixels'}
    response = get('region', image, fmt='png', query=query)
    assert response.status_code == 200, b''.join(response)
    return reference.decoded(b''.join(response), 'RGBA').astype(int), known['ranges']


def expected(file: Foreign, ranges: list[dict[str, float]]) -> NDArray[Any]:
    """Return what is to be seen: int (4, height, width)."""
    values = np.moveaxis(file.values, 2, 0)
    if values.dtype != np.uint8:
        by_band = {int(entry['band']): (entry['min'], entry['max']) for entry in ranges}
        assert set(by_band) == set(range(1, len(values) + 1)), f'ranges of bands {sorted(by_band)}'
        spread = []
        for band, plane in enumerate(values.astype(float), 1):
            low, high = by_band[band]
            assert low <= plane.max() and high >= plane.min()
            share = np.clip((plane - low) / ((high - low) or 1), 0, 1)
            spread.append(255 - share * 255 if file.white else share * 255)
        values = np.stack(spread)
    opaque = np.full(values.shape[1:], 255)
    colours = values[[0, 0, 0]] if len(values) < 3 else values[:3]
    alpha = opaque if len(values) in (1, 3) else values[-1]
    return np.stack([*colours, alpha])


def wrong(get: Any, image: Any, file: Foreign) -> str:
    """Return what is wrong with what is shown of a file, nothing if it is right."""
    try:
        seen, ranges = shown(get, image)
        wanted = expected(file, ranges)
    except AssertionError as error:
        return str(error)[:200]
    if seen.shape != wanted.shape:
        return f'{seen.shape} instead of {wanted.shape}'
    # What is quite transparent has no colour.
    difference = np.abs(seen - wanted) * np.where(wanted[3] == 0, [[[0]], [[0]], [[0]], [[1]]], 1)
    found = float(difference.mean() if file.lossy else difference.max())
    return '' if found <= (3 if file.lossy else 1.01) else f'a difference of {found:.1f}'


def test_three_hundred_files(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    misses, count = [], 0
    with warnings.catch_warnings():
        # Of the writers, which know no place of their pictures.
        warnings.simplefilter('ignore')
        files = list(crowd(tmp_path))
    for file in files:
        count += 1
        reason = wrong(get, image_file(file.path), file)
        if reason:
            misses.append(f'{file.path.name}: {file.writer}, {file.about}: {reason}')
        file.path.unlink()
    print(f'{count - len(misses)} of {count} are right', *misses, sep='\n')
    assert count == EACH * len(WRITERS) == 300
    assert len(misses) <= (1 - RIGHT) * count, '\n'.join(misses)
