"""Small images under known keys, and the addresses of `tests.openapi.urls`."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests.images import make_ome_tiff, make_png, make_rgb
from tests.openapi.documents import URLS

#: The keys of the images that are there: a GeoTIFF, a PNG and a TIFF of several frames.
KEYS = [1, 2, 3]


@pytest.fixture(scope='session')
def small(tmp_path_factory: pytest.TempPathFactory) -> list[pathlib.Path]:
    """Return the files of the images."""
    folder = tmp_path_factory.mktemp('small')
    return [
        make_rgb(folder / 'small.tif', 320, 256),
        make_png(folder / 'small.png', 96, 64),
        make_ome_tiff(folder / 'small.ome.tif', 128, 96, 1),
    ]


@pytest.fixture
def stored(settings: Any, image_file: Any, small: list[pathlib.Path], staff: Any) -> None:
    """Store the images and a member of staff."""
    settings.ROOT_URLCONF = URLS
    for key, path in zip(KEYS, small, strict=True):
        image_file(path, pk=key)
