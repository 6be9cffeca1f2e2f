"""A file that was replaced is another version, however it was."""

from __future__ import annotations

import os
import pathlib
import shutil
from typing import Any

import pytest
from django.test import override_settings

from django_large_image import access
from tests.images import GeoTiff
from tests.images.geo import UTM, UTM_TRANSFORM

np = pytest.importorskip('numpy')
pytestmark = pytest.mark.django_db

TILE = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}


def colour(path: pathlib.Path, value: int) -> pathlib.Path:
    """Write an image of one colour; those of all colours have the same size in bytes."""
    array = np.full((3, 300, 300), value, np.uint8)
    return GeoTiff(array, UTM, UTM_TRANSFORM, photometric='RGB', options={'compress': 'none'}).write(path)


def test_an_older_file_of_the_same_size_and_time_is_noticed(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    image = image_file(colour(tmp_path / 'a.tif', 50))
    path = pathlib.Path(image.file.path)
    before = os.stat(path)
    first = get('tile', image, **TILE)
    shutil.copyfile(colour(tmp_path / 'b.tif', 200), path.with_name('restored'))
    os.utime(path.with_name('restored'), ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(path.with_name('restored'), path)
    after = os.stat(path)
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    second = get('tile', image, headers={'If-None-Match': first['ETag']}, **TILE)
    assert second.status_code == 200
    assert second['ETag'] != first['ETag']
    assert second.content != first.content


def test_copies_on_several_hosts_can_have_one_version(tmp_path: pathlib.Path) -> None:
    one = colour(tmp_path / 'a.tif', 50)
    two = tmp_path / 'b.tif'
    shutil.copy2(one, two)
    with override_settings(LARGE_IMAGE_FILE_VERSION='mtime'):
        assert access.path_ref(str(one)).version == access.path_ref(str(two)).version
    assert access.path_ref(str(one)).version != access.path_ref(str(two)).version


def test_a_file_of_the_year_1970_is_looked_at_too(tmp_path: pathlib.Path) -> None:
    path = colour(tmp_path / 'a.tif', 50)
    os.utime(path, (0, 0))
    ref = access.path_ref(str(path))
    assert ref.is_current()
    colour(path, 60)
    assert not ref.is_current()
