"""The whole picture that the API answers with, put together of its tiles or asked for as a region."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests import reference

Array = np.ndarray


def facts(get: Any, image: Any) -> dict[str, Any]:
    """Return the tile matrix of an image."""
    response = get('tiles-metadata', image)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def region(get: Any, image: Any, mode: str = 'RGBA') -> Array:
    """Return all of an image as one region, (channels, height, width)."""
    found = facts(get, image)
    query = {'left': 0, 'top': 0, 'right': found['size_x'], 'bottom': found['size_y'], 'units': 'pixels'}
    response = get('region', image, fmt='png', query=query)
    assert response.status_code == 200
    return reference.decoded(response.getvalue(), mode)


def level(get: Any, image: Any, z: int | None = None, mode: str = 'RGBA', frame: int | None = None) -> Array:
    """Return a level of an image, the finest one by default, of its tiles, (channels, height, width)."""
    found = facts(get, image)
    z = found['levels'] - 1 if z is None else z
    scale = 2 ** (found['levels'] - 1 - z)
    width, height = -(-found['size_x'] // scale), -(-found['size_y'] // scale)
    size = found['tile_size']
    rows = []
    for y in range(-(-height // size)):
        row = []
        for x in range(-(-width // size)):
            query = {} if frame is None else {'frame': frame}
            response = get('tile', image, z=z, x=x, y=y, fmt='png', query=query)
            assert response.status_code == 200, response.content
            row.append(reference.decoded(response.content, mode))
        rows.append(np.concatenate(row, axis=2))
    return np.concatenate(rows, axis=1)[:, :height, :width]


def difference(one: Array, other: Array) -> int:
    """Return the largest difference of two pictures of one shape."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other.astype(int)).max())
