"""Start and end the processes of the tests' servers, each by its own pid."""

from __future__ import annotations

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

#: prctl(2)'s option that sends a signal to a process when its parent dies.
PR_SET_PDEATHSIG = 1


def free_ports(count: int) -> list[int]:
    """Return loopback ports that are free now and differ from each other."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(('127.0.0.1', 0))
        return [each.getsockname()[1] for each in sockets]


def is_listening(port: int, host: str = '127.0.0.1') -> bool:
    """Say whether something takes connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


class Processes:
    """A group of server processes that end with the `with` block, and with the test run if that is killed."""

    def __init__(self, log_folder: pathlib.Path) -> None:
        self._log_folder = log_folder
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(
        self, name: str, command: Sequence[str], env: dict[str, str] | None = None, inherit: bool = True
    ) -> None:
        """Start a process whose output goes to `name`.log in the log folder.

        `env` is added to the environment of this process or, without `inherit`, is all that it has.
        """
        with open(self._log_folder / f'{name}.log', 'ab') as log:
            process = subprocess.Popen(
                command,
                env={**(os.environ if inherit else {}), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_end_with_parent if sys.platform == 'linux' else None,
            )
        self._processes.append((name, process))

    def wait(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until `ready()`; raises RuntimeError, with the end of the log, if a process ends or time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            ended = [name for name, process in self._processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                name = (ended or [self._processes[-1][0]])[0]
                log = (self._log_folder / f'{name}.log').read_text(errors='replace')[-2000:]
                raise RuntimeError(f'{name} {"ended" if ended else "did not start"}:\n{log}')
            time.sleep(0.05)

    def stop(self) -> None:
        """End the processes, the last started first."""
        for _, process in reversed(self._processes):
            process.terminate()
        for _, process in reversed(self._processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()


_libc = ctypes.CDLL(None) if sys.platform == 'linux' else None


def _end_with_parent() -> None:
    """Ask the kernel to end this process with its parent; runs between fork and exec."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
