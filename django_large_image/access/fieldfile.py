"""Files of Django's FileField, whatever storage they are in."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import IO, cast

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import Storage
from django.db.models.fields.files import FieldFile

from django_large_image.access.ref import ImageRef, local_file_ref
from django_large_image.access.s3 import is_s3_storage, s3_ref
from django_large_image.access.url import url_ref
from django_large_image.access.versions import RemoteVersion, remote_versions
from django_large_image.exceptions import ImageMissing, ImageUnreadable, RemoteUnavailable


def field_file_ref(field_file: FieldFile, prefer_url: bool = False) -> ImageRef:
    """Return the `ImageRef` of a FieldFile.

    A file on this machine is read where it is, and an object of an S3 storage by ranges. Of any other file a local copy
    is made or, with `prefer_url`, the URL that its storage gives is read by ranges.

    Raises `ImageMissing`, `ImageUnreadable`, `RemoteUnavailable` and, with `prefer_url`, `HostNotAllowed`.
    """
    if not field_file or not field_file.name:
        raise ImageMissing('The object has no image file.')
    storage = field_file.storage
    identity = _identity(field_file)
    try:
        path = storage.path(field_file.name)
    except NotImplementedError:
        pass  # Django's contract for a storage that is not on this machine
    except (SuspiciousOperation, ValueError):
        raise ImageUnreadable('The name of the image file is not allowed.') from None
    else:
        return local_file_ref(path, identity=identity)
    if is_s3_storage(storage):
        return s3_ref(storage, field_file.name, identity)
    if prefer_url:
        return url_ref(storage.url(field_file.name), identity)
    return _streamed_ref(storage, field_file.name, identity)


def _identity(field_file: FieldFile) -> str:
    instance = field_file.instance
    return f'{instance._meta.label_lower}/{instance.pk}/{field_file.field.name}'


def _streamed_ref(storage: Storage, name: str, identity: str) -> ImageRef:
    """Return the `ImageRef` of a file that its storage can only open."""
    # Two storages of one class may hold different files under one name, and nothing common to all tells them apart;
    # the object that the file belongs to does.
    key = f'storage:{type(storage).__module__}.{type(storage).__qualname__}/{identity}/{name}'

    def ask() -> RemoteVersion:
        return _ask_storage(storage, name)

    known = remote_versions.get(key, ask)

    def fetch() -> IO[bytes]:
        try:
            return cast('IO[bytes]', storage.open(name, 'rb'))
        except FileNotFoundError:
            raise ImageMissing() from None
        except Exception:
            raise RemoteUnavailable() from None

    return ImageRef(
        key=key,
        version=known.version,
        path=None,
        name=os.path.basename(name),
        identity=identity,
        remote=True,
        modified=known.modified,
        ask=ask,
        fetch=fetch,
    )


def _ask_storage(storage: Storage, name: str) -> RemoteVersion:
    """Return what a storage says of a file: its size and its time of change, which storages of Django may leave out.

    Raises `ImageMissing`, and `RemoteUnavailable` for whatever else the storage raises.
    """
    parts: list[str] = []
    modified = None
    questions: tuple[Callable[[str], object], ...] = (storage.size, storage.get_modified_time)
    try:
        if not storage.exists(name):
            raise ImageMissing()
    except NotImplementedError:
        pass
    except ImageMissing:
        raise
    except Exception:
        raise RemoteUnavailable() from None
    for ask in questions:
        try:
            answer = ask(name)
        except NotImplementedError:
            continue
        except FileNotFoundError:
            raise ImageMissing() from None
        except Exception:
            raise RemoteUnavailable() from None
        if isinstance(answer, datetime):
            modified = answer.timestamp()
        parts.append(str(answer))
    # A storage that says neither is taken not to change its files: Django gives a new upload a new name.
    return RemoteVersion('/'.join(parts) or 'unversioned', modified)
