"""The folder of local copies: another user's is not trusted, as its files would be shown."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import Any

import pytest

from django_large_image.access import localcopy
from django_large_image.exceptions import RemoteUnavailable


@pytest.fixture
def temporary(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> pathlib.Path:
    """Use the default folder, in a temporary one of the test's own."""
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = None
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    return tmp_path


def test_the_folder_is_for_this_user_alone(temporary: pathlib.Path) -> None:
    folder = localcopy.copies_folder()
    assert folder == temporary / f'django-large-image-{os.getuid()}'
    assert folder.stat().st_mode & 0o777 == 0o700
    assert localcopy.copies_folder() == folder


def test_a_folder_of_another_user_is_not_trusted(
    temporary: pathlib.Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    # Whoever has an account on the machine can make a folder of that name first.
    somebody = os.getuid() + 1
    (temporary / f'django-large-image-{somebody}').mkdir()
    monkeypatch.setattr(os, 'getuid', lambda: somebody)
    with pytest.raises(RemoteUnavailable, match='another user'):
        localcopy.copies_folder()
    # One that the project names may be a group's.
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(temporary / 'named')
    (temporary / 'named').mkdir()
    assert localcopy.copies_folder() == temporary / 'named'
