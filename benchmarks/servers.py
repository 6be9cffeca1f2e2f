"""The servers, all started in the same way: two workers on a free port of loopback, ended by their own pids."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import Any, TypeVar

from benchmarks import environments
from benchmarks.config import CONNECTIONS, DATA, HERE, SITES, THREADS, WORKERS
from tests import reference

Started = TypeVar('Started', bound='Server')

#: GDAL's options that TiTiler's documentation recommends.
TITILER_ENV = {
    'CPL_VSIL_CURL_ALLOWED_EXTENSIONS': '.tif,.TIF,.tiff',
    'GDAL_CACHEMAX': '200',
    'GDAL_DISABLE_READDIR_ON_OPEN': 'EMPTY_DIR',
    'GDAL_HTTP_MERGE_CONSECUTIVE_RANGES': 'YES',
    'GDAL_HTTP_MULTIPLEX': 'YES',
    'GDAL_HTTP_VERSION': '2',
    'GDAL_INGESTED_BYTES_AT_OPEN': '32768',
    'VSI_CACHE': 'TRUE',
    'VSI_CACHE_SIZE': '5000000',
}
#: What a server must not inherit: settings of other projects and paths of other packages.
NOT_INHERITED = ('PYTHONPATH', 'DJANGO_SETTINGS_MODULE', 'GUNICORN_CMD_ARGS', 'WEB_CONCURRENCY')
KEEP_ALIVE = 120
#: prctl(2)'s option that sends a signal to a process when its parent dies.
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


@functools.cache
def warmup_tile(media: pathlib.Path) -> tuple[int, int, int]:
    """Return a tile of the image that nothing is measured with."""
    path = media / 'warmup.tif'
    return reference.tiles_covering(path, reference.native_zoom(path))[0]


def _end_with_parent() -> None:
    """Ask the kernel to end this process with its parent; runs between fork and exec."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Server:
    """A server for a `with` block."""

    def __init__(self, name: str, workers: int = WORKERS) -> None:
        self.name = name
        self.port = free_port()
        self.workers = workers
        self._process: subprocess.Popen[bytes] | None = None
        logs = DATA / 'logs'
        logs.mkdir(parents=True, exist_ok=True)
        self._log = logs / f'{name}.log'

    def command(self) -> list[str]:
        """Return the command that starts the server."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Return what is added to the environment."""
        return {}

    def warmup(self) -> str:
        """Return an address that makes a worker load all it needs and opens no image that is measured."""
        raise NotImplementedError

    def probe(self) -> str:
        """Return an address that costs next to nothing."""
        raise NotImplementedError

    def __enter__(self: Started) -> Started:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        with open(self._log, 'wb') as log:
            self._process = subprocess.Popen(
                self.command(), env=inherited | self.environment(), cwd=SITES, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, preexec_fn=_end_with_parent,
            )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *args: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            if len(self.pids()) == self.workers:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    status, body, _ = self.get(self.warmup())
                    if status == 200:
                        return
                    raise RuntimeError(f'{self.name} answers {status}: {body[:500]!r}')
            time.sleep(0.1)
        raise RuntimeError(f'{self.name} did not start:\n{self._log.read_text(errors="replace")[-3000:]}')

    def pids(self) -> list[int]:
        """Return the pids of the workers."""
        assert self._process is not None
        pid = self._process.pid
        found = []
        for child in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
            with contextlib.suppress(OSError):
                # Python's multiprocessing, which uvicorn starts its workers with, has a helper beside them.
                if b'resource_tracker' not in pathlib.Path(f'/proc/{child}/cmdline').read_bytes():
                    found.append(int(child))
        return found

    def memory(self) -> dict[str, int]:
        """Return the resident bytes of the largest worker, now and at most, and those that all workers share."""
        found = {'now': 0, 'peak': 0, 'shared': self._shared()}
        for pid in self.pids():
            lines = pathlib.Path(f'/proc/{pid}/status').read_text().splitlines()
            values = dict(line.split(':', 1) for line in lines)
            for key, field in (('now', 'VmRSS'), ('peak', 'VmHWM')):
                found[key] = max(found[key], int(values[field].split()[0]) * 1024)
        return found

    def _shared(self) -> int:
        """Return the bytes of the folder in memory that a worker has open."""
        for pid in self.pids():
            for entry in os.scandir(f'/proc/{pid}/fd'):
                with contextlib.suppress(OSError):
                    folder = os.readlink(entry.path)
                    if os.path.isdir(folder) and folder.startswith('/dev/shm/'):
                        return sum(file.stat().st_size for file in os.scandir(folder))
        return 0

    def get(self, path: str, timeout: float = 300) -> tuple[int, bytes, float]:
        """Ask once over a connection of its own; return status, body and seconds."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout)
        try:
            begun = time.perf_counter()
            connection.request('GET', path)
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, body, time.perf_counter() - begun
        finally:
            connection.close()

    def drive(self, *steps: dict[str, Any], connections: int = CONNECTIONS) -> list[dict[str, Any]]:
        """Carry out steps of `load` in a process of its own and return their results."""
        job = {
            'port': self.port, 'connections': connections, 'pids': self.pids(), 'probe': self.probe(),
            'warmup': self.warmup(), 'steps': steps,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, '-E', '-S', str(HERE / 'load.py')], input=json.dumps(job).encode(),
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f'{self.name}: {done.stderr.decode()[-2000:]}')
        results: list[dict[str, Any]] = json.loads(done.stdout)
        return results


class DjangoServer(Server):
    """The site of `sites/` under gunicorn, with this package (`ours`) or with 0.10.5 (`old`)."""

    def __init__(
        self, name: str, media: pathlib.Path, files: list[str], cached: bool, workers: int = WORKERS,
        storage: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f'{name}-{"cached" if cached else "plain"}', workers)
        self._python = environments.python(name)
        self._media = media
        folder = DATA / 'sites' / self.name
        # An earlier run may have known other images, and 0.10.5 keeps a link to each by its key.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._site = {
            'BENCH_SITE': str(folder),
            'BENCH_MEDIA': str(media),
            'BENCH_CACHE': 'memory' if cached else 'none',
            'BENCH_SECRET': secrets.token_hex(),
            'DJANGO_SETTINGS_MODULE': 'tileserver.settings',
            'PYTHONPATH': str(SITES),
            # AWS's library reads the configuration of whoever runs this.
            'AWS_CONFIG_FILE': os.devnull,
        }
        if storage is not None:
            self._site['BENCH_STORAGE'] = json.dumps(storage)
        self.keys = self._prepare(files)

    def _prepare(self, files: list[str]) -> dict[str, int]:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        done = subprocess.run(
            [str(self._python), '-m', 'tileserver.prepare', *files], env=inherited | self._site, cwd=SITES,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f'{self.name}: {done.stderr[-3000:]}')
        keys: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
        return keys

    def command(self) -> list[str]:
        """Return gunicorn's command."""
        return [
            str(self._python), '-m', 'gunicorn', 'django.core.wsgi:get_wsgi_application()', '--worker-class=gthread',
            f'--workers={self.workers}', f'--threads={THREADS}', f'--bind=127.0.0.1:{self.port}',
            f'--keep-alive={KEEP_ALIVE}', '--timeout=300', '--log-level=warning', '--config=/dev/null',
            '--worker-tmp-dir=/dev/shm',
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Return the site's environment."""
        return self._site

    def image(self, file: str) -> str:
        """Return the address of an image, up to its endpoints."""
        return f'/images/{self.keys[file]}'

    def probe(self) -> str:
        """Return the address of the bare action."""
        return f'/images/{next(iter(self.keys.values()))}/bare/100'

    def warmup(self) -> str:
        """Return the address of a tile of the image that nothing is measured with."""
        if 'warmup.tif' not in self.keys:
            return self.probe()
        z, x, y = warmup_tile(self._media)
        return f'{self.image("warmup.tif")}/tiles/{z}/{x}/{y}.png?projection=EPSG:3857'


class TiTiler(Server):
    """TiTiler's application under uvicorn."""

    def __init__(self, media: pathlib.Path) -> None:
        super().__init__('titiler')
        self.media = media

    def command(self) -> list[str]:
        """Return uvicorn's command."""
        return [
            str(environments.python('titiler')), '-m', 'uvicorn', 'titiler.application.main:app', '--host=127.0.0.1',
            f'--port={self.port}', f'--workers={self.workers}', f'--timeout-keep-alive={KEEP_ALIVE}',
            '--log-level=warning', '--no-access-log',
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Return GDAL's options."""
        return TITILER_ENV

    def probe(self) -> str:
        """Return the address of the health check."""
        return '/healthz'

    def warmup(self) -> str:
        """Return the address of a tile of the image that nothing is measured with."""
        z, x, y = warmup_tile(self.media)
        return f'/cog/tiles/WebMercatorQuad/{z}/{x}/{y}.png?url={self.media / "warmup.tif"}'
