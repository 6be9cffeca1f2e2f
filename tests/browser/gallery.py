"""The example project in a process of its own."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from types import TracebackType

from tests.services.process import Processes, free_ports, is_listening

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANAGE = ROOT / 'example_project' / 'manage.py'


class Gallery:
    """The site for a `with` block, with a staff user and no images; `more` is added to its environment."""

    def __init__(self, folder: pathlib.Path, **more: str) -> None:
        self._folder = folder
        self._processes = Processes(folder)
        (self.port,) = free_ports(1)
        self._environment = {
            **os.environ,
            'DJANGO_SETTINGS_MODULE': 'example.settings',
            'DATA_DIR': str(folder / 'data'),
            'PYTHONPATH': str(ROOT),
            **more,
        }

    def __enter__(self) -> Gallery:
        self.manage('migrate', '--verbosity=0')
        self.manage('create_demo_user')
        command = [sys.executable, str(MANAGE), 'runserver', '--noreload', f'127.0.0.1:{self.port}']
        try:
            self._processes.start('gallery', command, self._environment)
            self._processes.wait(lambda: is_listening(self.port))
        except BaseException:
            self._processes.stop()
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._processes.stop()

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it says."""
        done = subprocess.run(
            [sys.executable, str(MANAGE), *arguments], env=self._environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def origin(self) -> str:
        """Return the address of the site."""
        return f'http://127.0.0.1:{self.port}'

    @property
    def password(self) -> str:
        """Return the password of the user `demo`."""
        return (self._folder / 'data' / 'demo-password').read_text()
