"""An HTTP file server on loopback with ranges, ETags and a request log, and with the ways in which servers fail.

It is a process of its own: GDAL keeps Python's global lock during some of its requests, so a server in a thread
of the same process could never answer them.

``/NAME`` is the file. A word before it changes the answer, and words can follow each other:

=========================  ==========================================================
``/redirect/NAME``         302 to ``/NAME``
``/away/PORT/NAME``        302 to the same path on another loopback port
``/status/503/NAME``       that status
``/slow/0.5/NAME``         a wait of that many seconds first
``/no-range/NAME``         the whole file with 200, whatever range was asked for
``/no-head/NAME``          405 to HEAD
``/no-etag/NAME``          neither ETag nor Last-Modified
``/cut/NAME``              the first half of the body, then the connection is closed
=========================  ==========================================================
"""

from __future__ import annotations

import hashlib
import http.server
import os
import pathlib
import re
import shutil
import sys
import time
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from tests.services.process import Processes, free_ports, is_listening
from tests.services.requestlog import Request, RequestLog, append

ROOT = pathlib.Path(__file__).resolve().parents[2]


def serve(folder: pathlib.Path, path: pathlib.Path, name: str = '') -> str:
    """Put a file into the folder of a server and return its name there."""
    shutil.copyfile(path, folder / (name or path.name))
    return name or path.name


class RangeServer:
    """A server of the files in `folder` for a `with` block; their ETag changes with their bytes."""

    def __init__(self, folder: pathlib.Path, log_folder: pathlib.Path) -> None:
        self._folder = folder
        self._log_path = log_folder / 'http-requests.jsonl'
        self._processes = Processes(log_folder)
        (self.port,) = free_ports(1)

    def __enter__(self) -> RangeServer:
        command = [
            sys.executable,
            '-m',
            'tests.services.http',
            str(self._folder),
            str(self.port),
            str(self._log_path),
        ]
        try:
            self._processes.start('http', command, {'PYTHONPATH': str(ROOT)})
            self._processes.wait(lambda: is_listening(self.port))
        except BaseException:
            self._processes.stop()
            raise
        return self

    def __exit__(self, *args: object) -> None:
        self._processes.stop()

    def url(self, path: str) -> str:
        """Return the URL of a path such as ``rgb.tif`` or ``status/503/rgb.tif``."""
        return f'http://127.0.0.1:{self.port}/{path}'

    def requests(self) -> RequestLog:
        """Return a log of the requests from now on."""
        return RequestLog(self._log_path)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer GET and HEAD from `folder`."""

    protocol_version = 'HTTP/1.1'
    folder: pathlib.Path
    log_path: pathlib.Path

    def do_GET(self) -> None:
        """Answer with the file or the part of it that was asked for."""
        *words, name = unquote(urlsplit(self.path).path).strip('/').split('/')
        modes = set(words)
        if 'slow' in modes:
            time.sleep(float(words[words.index('slow') + 1]))
        if 'status' in modes:
            self._answer(int(words[words.index('status') + 1]))
        elif 'redirect' in modes:
            self._answer(302, {'Location': f'/{name}'})
        elif 'away' in modes:
            self._answer(302, {'Location': f'http://127.0.0.1:{words[words.index("away") + 1]}/{name}'})
        elif 'no-head' in modes and self.command == 'HEAD':
            self._answer(405)
        elif not (self.folder / name).is_file():
            self._answer(404)
        else:
            self._send_file((self.folder / name).read_bytes(), (self.folder / name).stat(), modes)

    do_HEAD = do_GET

    def _send_file(self, data: bytes, stat: os.stat_result, modes: set[str]) -> None:
        headers = {}
        if 'no-etag' not in modes:
            headers['ETag'] = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            headers['Last-Modified'] = formatdate(stat.st_mtime, usegmt=True)
        if 'no-range' in modes:
            self._answer(200, headers, data, cut='cut' in modes)
            return
        headers['Accept-Ranges'] = 'bytes'
        wanted = re.fullmatch(r'bytes=(\d*)-(\d*)', self.headers.get('Range', ''))
        if not wanted or not any(wanted.groups()):
            self._answer(200, headers, data, cut='cut' in modes)
            return
        first, last = wanted.groups()
        # RFC 9110, 14.1.2: without a first byte, the second number counts from the end.
        start = int(first) if first else max(0, len(data) - int(last))
        end = min(int(last), len(data) - 1) if first and last else len(data) - 1
        if start > end:
            self._answer(416, {'Content-Range': f'bytes */{len(data)}'})
            return
        headers['Content-Range'] = f'bytes {start}-{end}/{len(data)}'
        self._answer(206, headers, data[start : end + 1], cut='cut' in modes)

    def _answer(
        self, status: int, headers: dict[str, str] | None = None, body: bytes = b'', cut: bool = False
    ) -> None:
        parts = urlsplit(self.path)
        append(
            self.log_path,
            Request(self.command, parts.path, parts.query, self.headers.get('Range', ''), status),
        )
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command == 'HEAD':
            return
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def log_message(self, *args: object) -> None:
        """Write nothing to the standard error; the request log has it."""


def main(folder: str, port: str, log_path: str) -> None:
    """Serve a folder until the process is ended."""
    Handler.folder, Handler.log_path = pathlib.Path(folder), pathlib.Path(log_path)
    http.server.ThreadingHTTPServer(('127.0.0.1', int(port)), Handler).serve_forever()


if __name__ == '__main__':
    main(*sys.argv[1:])
