"""`ImageRef`: a value that says where the bytes of an image are and which version of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

from django_large_image.access import sidecars
from django_large_image.access.versions import RemoteVersion
from django_large_image.conf import settings
from django_large_image.exceptions import ImageMissing, ImageUnreadable, fault_of


@dataclass(frozen=True, slots=True, repr=False)
class ImageRef:
    """Where an image's bytes are.

    `path`, `options` and `fetch` may hold secrets (a signature, credentials) and stay out of `repr` and of
    every key; `key` and `version` are what caches are keyed by.
    """

    #: What identifies where the bytes are, without any secret.
    key: str
    #: A token that changes when the bytes change.
    version: str
    #: What a reader opens: a local path or a `/vsi…` path; None if the bytes can only be fetched.
    path: str | None
    #: The file's name, for readers that look at the extension.
    name: str
    #: The object in the project that the image belongs to, such as `app.model/pk/field`.
    identity: str = ''
    #: Whether the bytes are on another machine.
    remote: bool = False
    #: When the bytes last changed, in seconds since the epoch, if known.
    modified: float | None = None
    #: GDAL's configuration options for `path`.
    options: Mapping[str, str] = field(default_factory=dict, compare=False)
    #: What the version is remembered by, if not `key`: a signed URL is trusted once its own signature was.
    version_key: str = field(default='', compare=False)
    #: Asks the storage for the version it has now; raises `ImageMissing` and `RemoteUnavailable`.
    ask: Callable[[], RemoteVersion] | None = field(default=None, compare=False)
    #: Opens the bytes as a binary file, for a local copy.
    fetch: Callable[[], IO[bytes]] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f'<ImageRef {self.digest[:12]}>'

    @property
    def digest(self) -> str:
        """Return a hexadecimal name of this version of these bytes: 64 characters of sha256."""
        return hashlib.sha256(f'{self.key}\0{self.version}'.encode()).hexdigest()

    def is_current(self) -> bool:
        """Return whether the file on disk is still this version; always true for remote images."""
        if self.remote or self.path is None or self.modified is None:
            return True
        try:
            return file_version(self.path, os.stat(self.path)) == self.version
        except OSError:
            return False


def file_version(path: str, stat: os.stat_result) -> str:
    """Return the version token of a local file, by the setting `FILE_VERSION`.

    With `SIDECAR_FILES` those of the files beside it are in it. An older file that replaces the file may keep its time
    of modification (`cp -p`, `rsync -t`), but it has another inode, or another time of change.
    """
    token = f'{stat.st_size:x}-{stat.st_mtime_ns:x}'
    if settings.FILE_VERSION != 'mtime':
        token = f'{token}-{stat.st_ctime_ns:x}-{stat.st_ino:x}'
    beside = sidecars.versions(path) if settings.SIDECAR_FILES else ''
    return f'{token}+{beside}' if beside else token


def stat_file(path: str) -> os.stat_result:
    """Return the `os.stat` of a file; raises `ImageMissing`, and `ImageUnreadable` if it is empty or not accessible."""
    try:
        stat = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise ImageMissing() from None
    except (OSError, ValueError) as error:
        raise fault_of(error) or ImageUnreadable('The image file cannot be accessed.') from None
    if stat.st_size == 0:
        raise ImageUnreadable('The image file is empty.')
    return stat


def local_file_ref(path: str, identity: str = '') -> ImageRef:
    """Return the `ImageRef` of a file on this machine, read where it is; raises what `stat_file` does."""
    stat = stat_file(path)
    return ImageRef(
        key=path,
        version=file_version(path, stat),
        path=path,
        name=os.path.basename(path),
        identity=identity,
        modified=stat.st_mtime,
    )
