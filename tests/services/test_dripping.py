"""Hosts that let bytes drip in, each before the time-out of the socket, are hosts that do not answer."""

from __future__ import annotations

import pathlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files import locks
from django.test import override_settings

from django_large_image import access
from django_large_image.access import localcopy
from django_large_image.exceptions import Busy, RemoteUnavailable

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures('patient_for_a_second'),
]
PERIOD = 1.0


@pytest.fixture
def patient_for_a_second(settings: Any, tmp_path: pathlib.Path) -> None:
    """Set the time-out to a second, and the folder of copies to one of the test's own."""
    settings.LARGE_IMAGE_REMOTE_TIMEOUT = PERIOD
    settings.LARGE_IMAGE_ALLOWED_HOSTS = settings.LARGE_IMAGE_PRIVATE_HOSTS = ['127.0.0.1']
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(tmp_path / 'copies')


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes], str]]:
    """Return a function that starts a host which sends some bytes at once, then one every fifth of a second."""
    stop = threading.Event()
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []

    def start(head: bytes) -> str:
        listener = socket.create_server(('127.0.0.1', 0))
        listeners.append(listener)

        def drip(connection: socket.socket) -> None:
            with connection:
                try:
                    connection.recv(65_536)
                    connection.sendall(head)
                    while not stop.wait(PERIOD / 5):
                        connection.sendall(b'x')
                except OSError:
                    pass

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=drip, args=(connection,), daemon=True))
                threads[-1].start()

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f'http://127.0.0.1:{listener.getsockname()[1]}/a.png'

    yield start
    stop.set()
    for listener in listeners:
        listener.close()
    for thread in threads:
        thread.join(5)


def test_headers_that_never_end(dripping: Callable[[bytes], str]) -> None:
    begun = time.monotonic()
    with pytest.raises(RemoteUnavailable):
        access.url_ref(dripping(b'HTTP/1.1 200 OK\r\nX-Slow: '))
    assert time.monotonic() - begun < 10 * PERIOD


def test_a_body_that_never_ends(dripping: Callable[[bytes], str]) -> None:
    # Without ranges, so that it is copied.
    ref = access.url_ref(dripping(b'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n' + bytes(500)))
    begun = time.monotonic()
    with pytest.raises(RemoteUnavailable, match='slowly'):
        access.local_ref(ref)
    assert time.monotonic() - begun < 10 * PERIOD
    # The lock is free again, and nothing of the copy is left.
    folder = localcopy.copies_folder()
    assert not [path for path in folder.iterdir() if path.suffix != '.lock']
    with open(folder / f'{ref.digest[:2]}.lock', 'ab') as file:
        assert locks.lock(file, locks.LOCK_EX | locks.LOCK_NB)


@override_settings(LARGE_IMAGE_HANDLE_TIMEOUT=0.2)
def test_who_waits_for_the_copy_of_another_is_told_so(dripping: Callable[[bytes], str]) -> None:
    ref = access.url_ref(dripping(b'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n' + bytes(500)))
    with open(localcopy.copies_folder() / f'{ref.digest[:2]}.lock', 'ab') as file:
        locks.lock(file, locks.LOCK_EX)
        with pytest.raises(Busy):
            access.local_ref(ref)
