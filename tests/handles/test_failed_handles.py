"""A handle that failed is closed; one of a request that was only wrong is used again."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
from typing import Any

import numpy as np
import pytest
import tifffile

from django_large_image import access, handles
from django_large_image.exceptions import (
    ImageUnreadable,
    InvalidParameter,
    LargeImageError,
    RemoteUnavailable,
)

#: What may be raised while a handle is lent, and whether it says something of the handle.
ERRORS = [
    (ValueError('broken'), True),
    (OSError('broken'), True),
    (ImageUnreadable(), True),
    (RemoteUnavailable(), True),
    (InvalidParameter('z', 99, '0 to 3'), False),
    (LargeImageError(), False),
]


@pytest.mark.django_db
@pytest.mark.parametrize(('error', 'failed'), ERRORS)
@pytest.mark.parametrize('name', ['rgb', 'png'])
def test_a_failed_handle_is_not_given_back(images: Any, name: str, error: Exception, failed: bool) -> None:
    ref = access.image_ref(images(name))
    with pytest.raises(type(error)), handles.borrow(ref) as lease:
        lent = lease.handle
        raise error
    kept = 0 if failed else 1
    stats = handles.handle_pool.stats()
    assert (stats['handles'], stats['idle']) == (kept, kept)
    with handles.borrow(ref) as lease:
        assert (lease.handle is lent) == (not failed)


def open_files(path: pathlib.Path) -> int:
    """Return how often this process holds a file open."""
    links = []
    for number in os.listdir('/proc/self/fd'):
        with contextlib.suppress(FileNotFoundError):  # the folder's own
            links.append(os.readlink(f'/proc/self/fd/{number}'))
    return links.count(str(path))


@pytest.mark.django_db
@pytest.mark.parametrize('source', ['tifffile', 'pil'])
def test_a_file_that_cannot_be_opened_after_all_is_closed(tmp_path: pathlib.Path, source: str) -> None:
    """large-image's sources leave it open until it is garbage, which is too late for Windows and for our limits."""
    path = tmp_path / 'cut.tif'
    # Values that neither reader gets whole: large-image looks at them while it opens the file.
    tifffile.imwrite(path, np.arange(90_000, dtype=np.float32).reshape(300, 300), tile=(128, 128))
    with path.open('r+b') as file:
        file.truncate(path.stat().st_size - 100_000)
    with contextlib.ExitStack() as stack:
        stack.callback(gc.enable)
        gc.disable()
        with pytest.raises(ImageUnreadable), handles.borrow(access.image_ref(path), source=source):
            pass
        assert open_files(path) == 0
