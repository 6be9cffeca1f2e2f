"""A storage that can only stream: no path, no size, no seeking. Every `open` is noted in a file.

Run as a program it is one of several processes that want the same file at the same moment; see `main`.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import os
import pathlib
import sys
import time
from typing import IO, Any

from django.core.files.storage import Storage


class Stream(io.RawIOBase):
    """Bytes that can be read once, from the first to the last, slowly if wanted."""

    def __init__(self, path: pathlib.Path, delay: float, fail_after: int | None) -> None:
        self._file = path.open('rb')
        self._delay = delay
        self._left = fail_after

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read at most 64 KiB, or fail as a connection does."""
        time.sleep(self._delay)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise ConnectionResetError('https://user:hunter2@storage.internal/private was reset')
        return self._file.readinto(memoryview(buffer)[:65_536])

    def close(self) -> None:
        """Close the file, too."""
        self._file.close()
        super().close()


class StreamingStorage(Storage):
    """Serve the files of `folder`, and note each `open` in `log`."""

    def __init__(self, folder: str, log: str, delay: float = 0, fail_after: int | None = None) -> None:
        self._folder, self._log = pathlib.Path(folder), log
        self._delay, self._fail_after = delay, fail_after

    def exists(self, name: str) -> bool:
        """Return whether there is such a file."""
        return (self._folder / name).exists()

    def _open(self, name: str, mode: str = 'rb') -> IO[bytes]:
        with open(self._log, 'a') as log:
            log.write(f'{os.getpid()} {name}\n')
        return Stream(self._folder / name, self._delay, self._fail_after)  # type: ignore[return-value]


class DatedStorage(StreamingStorage):
    """The same for a storage that knows when a file was changed."""

    def get_modified_time(self, name: str) -> datetime.datetime:
        """Return the time of the file's last change."""
        return datetime.datetime.fromtimestamp((self._folder / name).stat().st_mtime, datetime.UTC)


class BrokenStorage(StreamingStorage):
    """A storage whose every method fails, with a text that nobody may see."""

    def exists(self, name: str) -> bool:
        """Fail."""
        raise RuntimeError('the password of storage.internal is hunter2')


def main(options: dict[str, Any]) -> None:
    """Wait for the file `go`, fetch one local copy, and print the hash of its bytes and its path."""
    import django
    from django.test import override_settings

    django.setup()
    from django.db.models.fields.files import FieldFile

    from django_large_image.access import field_file_ref, local_ref
    from tests.app.models import ImageFile

    file = FieldFile(ImageFile(pk=1), ImageFile._meta.get_field('file'), options['name'])
    file.storage = StreamingStorage(options['folder'], options['log'], options['delay'])
    with override_settings(LARGE_IMAGE_LOCAL_COPY_DIR=options['copies']):
        pathlib.Path(options['ready'], str(os.getpid())).touch()
        while not pathlib.Path(options['go']).exists():
            time.sleep(0.001)
        copy = pathlib.Path(str(local_ref(field_file_ref(file)).path))
        print(json.dumps({'sha': hashlib.sha256(copy.read_bytes()).hexdigest(), 'path': str(copy)}))


if __name__ == '__main__':
    main(json.loads(sys.argv[1]))
