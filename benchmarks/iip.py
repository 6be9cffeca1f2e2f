"""iipsrv behind nginx, both from Debian: an image server in C++, which speaks FastCGI."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack

from benchmarks.config import DATA, ROOT, WORKERS
from benchmarks.scanfiles import STORED_QUALITY
from benchmarks.servers import KEEP_ALIVE, Server

#: Debian's packages, and the programs in them.
PACKAGES = ('iipimage-server', 'nginx')
PROGRAM = pathlib.Path('/usr/lib/iipimage-server/iipsrv.fcgi')
FRONT = 'nginx'

#: One process, so that it is ended by its own pid, and no path outside the folder.
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_timeout {keep_alive};
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream iipsrv {{ least_conn; {upstreams} }}
    server {{
        listen 127.0.0.1:{port};
        location = /probe {{ return 200 'here'; }}
        location / {{
            fastcgi_pass iipsrv;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param HTTP_HOST $host;
        }}
    }}
}}
"""


class Unavailable(Exception):
    """iipsrv or nginx is not there and cannot be installed."""


def install() -> None:
    """Install what is missing; raises `Unavailable` with the reason."""
    if not (PROGRAM.exists() and front()):
        done = subprocess.run(
            [ROOT / 'scripts' / 'apt.sh', *PACKAGES], capture_output=True, text=True, check=False
        )
        if done.returncode or not (PROGRAM.exists() and front()):
            lines = done.stderr.strip().splitlines() or ['the packages lack their programs']
            raise Unavailable(lines[-1])


def front() -> str | None:
    """Return the path of nginx, None if it is not installed."""
    return shutil.which(FRONT) or shutil.which(FRONT, path='/usr/sbin')


def version() -> str:
    """Return the versions of both packages."""
    command = ['dpkg-query', '--show', '--showformat=${Package} ${Version}, ', *PACKAGES]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.rstrip(', ')


class Worker(Server):
    """One process of iipsrv, which answers one request at a time."""

    def __init__(self, number: int, media: pathlib.Path) -> None:
        super().__init__(f'iipsrv-{number}')
        self._media = media

    def command(self) -> list[str]:
        """Return iipsrv's command."""
        return [str(PROGRAM), '--bind', f'127.0.0.1:{self.port}', '--backlog', '128']

    def environment(self) -> dict[str, str]:
        """Return iipsrv's options: no cache of tiles, the file's quality, one thread for each process."""
        return {
            'FILESYSTEM_PREFIX': f'{self._media}/', 'MAX_IMAGE_CACHE_SIZE': '0', 'OMP_NUM_THREADS': '1',
            'JPEG_QUALITY': str(STORED_QUALITY), 'VERBOSITY': '0', 'LOGFILE': str(self._log),
        }  # fmt: skip

    def pids(self) -> list[int]:
        """Return the pid of the only process."""
        assert self._process is not None
        return [self._process.pid]

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            # It speaks no HTTP; that it listens is enough.
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port), timeout=1):
                return
            time.sleep(0.05)
        raise RuntimeError(f'{self.name} did not start:\n{self._log.read_text(errors="replace")[-2000:]}')


class Iipsrv(Server):
    """nginx before as many processes of iipsrv as other servers have workers."""

    def __init__(self, media: pathlib.Path, levels: int, across: int, file: str) -> None:
        """Serve a folder; `file` has so many levels, and the finest of them so many columns of tiles."""
        super().__init__('iipsrv', workers=1)
        self._behind = [Worker(number, media) for number in range(WORKERS)]
        self._levels, self._across, self._file = levels, across, file
        self._stack = ExitStack()

    def __enter__(self) -> Iipsrv:
        with ExitStack() as stack:
            try:
                for worker in self._behind:
                    stack.enter_context(worker)
                super().__enter__()
            except RuntimeError as error:
                raise Unavailable(str(error)) from error
            # Those behind end after nginx.
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *args: object) -> None:
        super().__exit__()
        self._stack.close()

    def command(self) -> list[str]:
        """Return nginx's command, and write its configuration."""
        folder = DATA / 'sites' / self.name
        folder.mkdir(parents=True, exist_ok=True)
        upstreams = ' '.join(f'server 127.0.0.1:{worker.port};' for worker in self._behind)
        text = NGINX.format(folder=folder, port=self.port, upstreams=upstreams, keep_alive=KEEP_ALIVE)
        (folder / 'nginx.conf').write_text(text)
        return [str(front()), '-p', str(folder), '-c', str(folder / 'nginx.conf'), '-e', 'stderr']

    def pids(self) -> list[int]:
        """Return the pid of nginx, which has the connections."""
        assert self._process is not None
        return [self._process.pid]

    def all_pids(self) -> list[int]:
        """Return the pids of all processes that have a part in an answer."""
        return [*self.pids(), *(pid for worker in self._behind for pid in worker.pids())]

    def tile(self, x: int, y: int) -> str:
        """Return the address of a tile of the full resolution (JTL, the shortest that iipsrv knows)."""
        return f'/iipsrv.fcgi?FIF={self._file}&JTL={self._levels - 1},{y * self._across + x}'

    def probe(self) -> str:
        """Return an address that nginx answers by itself."""
        return '/probe'

    def warmup(self) -> str:
        """Return the address of the smallest level."""
        return f'/iipsrv.fcgi?FIF={self._file}&JTL=0,0'
