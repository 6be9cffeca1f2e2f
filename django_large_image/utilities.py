"""Names that projects of django-large-image 0.10 import from here. New code imports from `access`."""

from __future__ import annotations

import pathlib

from django.db.models.fields.files import FieldFile
from large_image.tilesource.geo import make_vsi

from django_large_image import access

__all__ = ['field_file_to_local_path', 'make_vsi']


def field_file_to_local_path(field_file: FieldFile) -> pathlib.Path:
    """Return a local path of a stored file: that of the file itself, or of a local copy; raises `ImageMissing`."""
    path = access.local_ref(access.field_file_ref(field_file)).path
    assert path is not None, 'a local ref has a path'
    return pathlib.Path(path)
