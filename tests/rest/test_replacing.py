"""A file that is replaced while a request is answered: the answer is of the new one, or says that it changed."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rest_framework import viewsets
from rest_framework.test import APIRequestFactory

from django_large_image.access import ImageRef
from django_large_image.access.versions import RemoteVersion, remote_versions
from django_large_image.exceptions import ImageChanged
from django_large_image.imaging import tile
from django_large_image.rest import LargeImageDetailMixin
from tests import reference

pytestmark = pytest.mark.django_db

TILE = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}


@pytest.fixture
def png(tmp_path: pathlib.Path) -> Callable[[int], pathlib.Path]:
    """Return a function that writes a PNG of one gray."""

    def make(gray: int) -> pathlib.Path:
        path = tmp_path / f'{gray}.png'
        Image.new('RGB', (100, 80), (gray,) * 3).save(path)
        return path

    return make


def gray_of(response: Any) -> int:
    """Return the one gray that a tile shows."""
    assert response.status_code == 200, response.content
    pixels = reference.decoded(response.content, 'RGBA')
    shown = np.unique(pixels[:3, pixels[3] > 0])
    assert shown.size == 1
    return int(shown[0])


def replaced_while_rendering(monkeypatch: pytest.MonkeyPatch, path: str, new: list[pathlib.Path]) -> None:
    """Put another file in the place of the image, each time that a tile of it was rendered."""
    real = tile.render

    def render(*args: Any) -> bytes:
        body = real(*args)
        if new:
            shutil.copyfile(new.pop(0), f'{path}.new')
            os.replace(f'{path}.new', path)
        return body

    monkeypatch.setattr(tile, 'render', render)


def test_pixels_of_a_file_that_was_replaced_meanwhile_are_not_answered(
    get: Any, image_file: Any, png: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = image_file(png(10))
    replaced_while_rendering(monkeypatch, image.file.path, [png(20)])
    first = get('tile', image, **TILE)
    assert gray_of(first) == 20
    # And what is kept under the tag is the same.
    second = get('tile', image, **TILE)
    assert gray_of(second) == 20
    assert second['ETag'] == first['ETag']


def test_a_file_that_changes_again_and_again_says_so_and_nothing_of_it_is_kept(
    get: Any, image_file: Any, png: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = image_file(png(10))
    replaced_while_rendering(monkeypatch, image.file.path, [png(20), png(30)])
    response = get('tile', image, **TILE)
    assert (response.status_code, response.json()['code']) == (503, 'image_changed')
    assert response['Cache-Control'] == 'no-store'
    assert 'ETag' not in response
    assert gray_of(get('tile', image, **TILE)) == 30


@dataclass
class Storage:
    """A storage elsewhere that has one object, and gives its bytes for its own tag alone (If-Match)."""

    png: Callable[[int], pathlib.Path]
    gray: int
    fetched: list[str] = field(default_factory=list)

    def ask(self) -> RemoteVersion:
        """Return the version that is there."""
        return RemoteVersion(f'v{self.gray}')

    def ref(self) -> ImageRef:
        """Return the image by the version that is known."""
        version = remote_versions.get('memory://image.png', self.ask).version

        def fetch() -> io.BytesIO:
            self.fetched.append(version)
            if version != f'v{self.gray}':
                raise ImageChanged()
            return io.BytesIO(self.png(self.gray).read_bytes())

        return ImageRef(
            'memory://image.png', version, None, 'image.png', remote=True, ask=self.ask, fetch=fetch
        )


def test_the_old_version_of_a_replaced_object_is_forgotten(
    png: Any, settings: Any, tmp_path: pathlib.Path
) -> None:
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(tmp_path / 'copies')
    storage = Storage(png, 10)

    class Elsewhere(LargeImageDetailMixin, viewsets.ViewSet):
        def get_image_ref(self, request: Any, pk: Any = None) -> ImageRef:
            return storage.ref()

    def ask() -> Any:
        view: Any = Elsewhere.as_view({'get': 'tile'}, detail=True)
        response = view(APIRequestFactory().get('/'), pk='1', **TILE)
        if hasattr(response, 'render'):
            response.render()
        return response

    # The version is known from now on, and trusted for some seconds; the bytes were not fetched yet.
    storage.ref()
    storage.gray = 20
    assert gray_of(ask()) == 20
    assert storage.fetched == ['v10', 'v20']
