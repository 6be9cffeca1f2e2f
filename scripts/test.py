"""Run the tests beside real services: what is missing is installed, started, and ended with the run.

A Redis or a PostgreSQL that happens to run on this machine is nobody's business here: the tests use those that this
script starts, on free ports, or those that it is told of. The environment says more:
    PYTEST_ARGS         arguments for pytest, as on a command line
    REQUIRE_SERVICES=1  a missing service ends the run; without it, its tests are skipped
    CHROMIUM            use this browser, Chromium or Chrome
    TEST_REDIS_URL      use this Redis
    TEST_POSTGRES_URL   use this PostgreSQL; its user may create databases
"""

from __future__ import annotations

import contextlib
import ctypes.util
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = os.environ.get('REQUIRE_SERVICES', '') not in ('', '0')


class Missing(Exception):
    """A service that is not there, with the reason."""


def say(text: str) -> None:
    """Print a line of progress at once."""
    print(f'==> {text}', flush=True)


def install(*packages: str) -> None:
    """Install Debian packages, or raise `Missing`."""
    if subprocess.run([ROOT / 'scripts' / 'apt.sh', *packages]).returncode:
        raise Missing(f'{" ".join(packages)} could not be installed')


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    """Wait up to 30 seconds until `ready`, or raise `Missing`."""
    deadline = time.monotonic() + 30
    while not ready():
        if process.poll() is not None:
            raise Missing(f'{what} ended at once with status {process.returncode}')
        if time.monotonic() > deadline:
            raise Missing(f'{what} did not answer within 30 seconds')
        time.sleep(0.1)


@contextlib.contextmanager
def running(command: list[str | Path], log: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the background and end this one process afterwards."""
    with log.open('wb') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown; Redis takes it as an end too
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def libgdal(folder: Path) -> Iterator[dict[str, str]]:
    """GeoDjango's libgdal, for GDALRaster."""
    if not ctypes.util.find_library('gdal'):
        install('gdal-bin')
    yield {}


def redis_answers(port: int) -> bool:
    """Whether a Redis that needs no password answers on `port`."""
    try:
        with socket.create_connection(('127.0.0.1', port), timeout=1) as connection:
            connection.sendall(b'PING\r\n')
            return connection.recv(16).startswith(b'+PONG')
    except OSError:
        return False


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[dict[str, str]]:
    """Redis, for the shared tile cache: the one that was named, or one of our own."""
    if os.environ.get('TEST_REDIS_URL'):
        yield {}
        return
    if not shutil.which('redis-server'):
        install('redis-server')
    port = free_port()
    command = ['redis-server', '--port', str(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
    with running(command, folder / 'redis.log') as process:
        wait_until(lambda: redis_answers(port), process, 'redis-server')
        yield {'TEST_REDIS_URL': f'redis://127.0.0.1:{port}/0'}


def postgres_programs() -> Path | None:
    """Return the folder of initdb and postgres, which Debian keeps off the PATH."""
    found = shutil.which('initdb')
    folders = [Path(found).resolve().parent] if found else sorted(Path('/usr/lib/postgresql').glob('*/bin'))
    return next((folder for folder in reversed(folders) if (folder / 'postgres').exists()), None)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL: the one that was named, or a throw-away cluster of our own."""
    if os.environ.get('TEST_POSTGRES_URL'):
        yield {}
        return
    if postgres_programs() is None:
        install('postgresql')
    programs = postgres_programs()
    if programs is None:
        raise Missing('postgresql has no initdb here')
    data = folder / 'postgres'
    data.mkdir()
    options: dict[str, object] = {'cwd': data}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        options |= {'user': 'postgres', 'group': 'postgres', 'extra_groups': []}
        shutil.chown(data, 'postgres', 'postgres')
        folder.chmod(0o755)
    made = subprocess.run(
        [programs / 'initdb', '-D', data, '-U', 'tests', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    if made.returncode:
        raise Missing(f'initdb failed: {made.stderr.strip()}')
    port = free_port()
    settings = {'listen_addresses': '127.0.0.1', 'port': port, 'unix_socket_directories': '', 'fsync': 'off'}
    command = [programs / 'postgres', '-D', data]
    for name, value in settings.items():
        command += ['-c', f'{name}={value}']

    def answers() -> bool:
        return (
            subprocess.run(
                [programs / 'pg_isready', '-q', '-h', '127.0.0.1', '-p', str(port), '-U', 'tests']
            ).returncode
            == 0
        )

    with running(command, folder / 'postgres.log', **options) as process:
        wait_until(answers, process, 'postgres')
        yield {'TEST_POSTGRES_URL': f'postgresql://tests@127.0.0.1:{port}/postgres'}


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[dict[str, str]]:
    """Chromium, for the viewers."""
    if os.environ.get('CHROMIUM'):
        yield {}
        return
    if not shutil.which('chromium'):
        install('chromium')
    yield {'CHROMIUM': shutil.which('chromium') or ''}


SERVICES = {'Chromium': chromium, 'libgdal': libgdal, 'Redis': redis, 'PostgreSQL': postgres}


def main() -> int:
    """Start what can be started, run pytest, end what was started; return pytest's status."""
    # Ctrl-C reaches pytest too; it says what it has, and this process waits for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    missing = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='large-image-services-')))
        environment = dict(os.environ)
        for name, service in SERVICES.items():
            try:
                found = stack.enter_context(service(folder))
            except (Missing, OSError, LookupError) as error:
                missing.append(f'{name}: {error}')
                say(f'{name} is missing: {error}')
                continue
            environment |= found
            say(f'{name}: {next(iter(found.values()), "present")}')
        if missing and REQUIRED:
            say('REQUIRE_SERVICES is set, so nothing is run')
            return 1
        # By file, so that a server is started for few workers; pytest 9.2 ignores the groups of xdist 3.8.
        arguments = ['-n', '2', '--dist', 'loadfile', *shlex.split(environment.get('PYTEST_ARGS', ''))]
        say(f'pytest {shlex.join(arguments)}')
        try:
            status = subprocess.run(
                [sys.executable, '-m', 'pytest', *arguments], cwd=ROOT, env=environment
            ).returncode
        except KeyboardInterrupt:
            status = 130
    if missing:
        say('Tests without their service were skipped: ' + '; '.join(missing))
    return status


if __name__ == '__main__':
    sys.exit(main())
