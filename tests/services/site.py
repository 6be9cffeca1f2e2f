"""A site of the test app behind gunicorn, in processes of its own, with a database and files in a folder."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
from types import TracebackType

from tests.services.process import Processes, free_ports, is_listening

ROOT = pathlib.Path(__file__).resolve().parents[2]

PREPARE = """
import json, sys, django
django.setup()
from django.core.management import call_command
from tests.app.models import ImageFile
call_command('migrate', verbosity=0)
print(json.dumps([ImageFile.objects.create(name=name, file=name).pk for name in json.loads(sys.argv[1])]))
"""


def prepare(folder: pathlib.Path, paths: list[pathlib.Path]) -> list[int]:
    """Make the database and the media of a site with one row a file, and return the rows' keys."""
    media = folder / 'media'
    media.mkdir()
    for path in paths:
        shutil.copyfile(path, media / path.name)
    names = json.dumps([path.name for path in paths])
    done = subprocess.run(
        [sys.executable, '-c', PREPARE, names], cwd=ROOT, env=environment(folder), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    keys: list[int] = json.loads(done.stdout)
    return keys


def environment(folder: pathlib.Path, **more: str) -> dict[str, str]:
    """Return the environment of the site's processes."""
    settings = {'DJANGO_SETTINGS_MODULE': 'tests.services.site_settings', 'DLI_TEST_DIR': str(folder)}
    return {**os.environ, **settings, **more}


class Site:
    """Gunicorn with the site for a `with` block."""

    def __init__(self, folder: pathlib.Path, workers: int, threads: int, **more: str) -> None:
        self._folder = folder
        self._processes = Processes(folder)
        self._options = [f'--workers={workers}', f'--threads={threads}', '--worker-class=gthread']
        self._workers = workers
        self._environment = environment(folder, **more)
        (self.port,) = free_ports(1)

    def __enter__(self) -> Site:
        command = [
            sys.executable, '-m', 'gunicorn', 'django.core.wsgi:get_wsgi_application()', *self._options,
            f'--bind=127.0.0.1:{self.port}', '--timeout=60', '--backlog=256', '--log-level=warning',
            '--worker-tmp-dir=/dev/shm' if os.path.isdir('/dev/shm') else '--preload',
            # Nothing of the checkout's own configuration, should it have one.
            '--config=/dev/null', f'--chdir={ROOT}',
        ]  # fmt: skip
        try:
            self._processes.start('gunicorn', command, self._environment)
            self._processes.wait(lambda: is_listening(self.port) and len(self.worker_pids()) == self._workers)
        except BaseException:
            self._processes.stop()
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._processes.stop()

    def worker_pids(self) -> list[int]:
        """Return the pids of the worker processes."""
        ((_, master),) = self._processes._processes
        children = pathlib.Path(f'/proc/{master.pid}/task/{master.pid}/children')
        return sorted(int(pid) for pid in children.read_text().split())

    def memory(self) -> int:
        """Return the resident bytes of the largest worker."""
        pages = [int(pathlib.Path(f'/proc/{pid}/statm').read_text().split()[1]) for pid in self.worker_pids()]
        return max(pages) * os.sysconf('SC_PAGE_SIZE')

    def log(self) -> str:
        """Return what gunicorn and its workers have written."""
        return (self._folder / 'gunicorn.log').read_text()


class Client:
    """One connection that is kept open, as a browser's."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def get(self, url: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, str]:
        """Return status, body and ETag; a kept connection that the server has closed meanwhile is opened anew."""
        for attempt in (1, 2):
            fresh = self._connection is None
            connection = self._connection or http.client.HTTPConnection('127.0.0.1', self._port, timeout=60)
            self._connection = connection
            try:
                connection.request('GET', url, headers=headers or {})
                answer = connection.getresponse()
                return answer.status, answer.read(), answer.headers.get('ETag', '')
            except (ConnectionError, http.client.BadStatusLine):
                self.close()
                if fresh or attempt == 2:
                    raise
                time.sleep(0.01)
        raise AssertionError

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
