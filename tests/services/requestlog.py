"""A log of the requests that a server of the tests has answered, in a file that other processes can read.

Servers import this module, so it imports nothing outside the standard library.
"""

from __future__ import annotations

import json
import os
import pathlib
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Request:
    """One answered request."""

    method: str
    path: str
    query: str
    #: The Range header, such as ``bytes=0-16383``, or an empty text.
    range: str
    status: int


def append(path: str | os.PathLike[str], request: Request) -> None:
    """Add a request to the log at `path`; one write, so that servers of several processes may share a log."""
    line = json.dumps(asdict(request)).encode() + b'\n'
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line)
    finally:
        os.close(file)


class RequestLog:
    """Read a log: what came since this object was made or `reset()` was called last."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._start = 0
        self.reset()

    def reset(self) -> None:
        """Leave out everything up to now."""
        self._start = self._path.stat().st_size if self._path.exists() else 0

    def __call__(self, method: str | None = None, path: str | None = None) -> list[Request]:
        """Return the requests, only those with `method` and with `path` at the end of their path where given."""
        if not self._path.exists():
            return []
        with open(self._path, 'rb') as file:
            file.seek(self._start)
            requests = [Request(**json.loads(line)) for line in file]
        return [
            request
            for request in requests
            if (method is None or request.method == method) and (path is None or request.path.endswith(path))
        ]
