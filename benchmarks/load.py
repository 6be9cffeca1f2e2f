"""Ask one server for many addresses over kept connections, and say how long each answer took.

A program of its own with nothing but the standard library, in one thread: it shares the machine with the server, so
what it costs per request (some 30 µs) has to stay small. It takes a job as JSON on its input:

    {"port": 8000, "connections": 8, "pids": [workers], "probe": "/…", "warmup": "/…", "steps": [step, …]}

where `probe` is cheap and `warmup` makes a worker load what it needs; a step is

    {"paths": […], "mode": "shared", "seconds": the most, "repeat": false, "conditional": false}

With mode `shared` the connections take the addresses in turn; with `worker` one connection of each worker asks for all
of them. A conditional step sends the ETags that earlier steps were answered with.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any


class Connection:
    """One connection that is kept open, with at most one request on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        #: The worker that has the connection, if that is known.
        self.owner: int | None = None
        self.path = ''
        self.started = 0.0
        self._buffer = bytearray()
        self._end = -1
        self._head = b''
        self.addresses: Iterator[str] = iter(())

    def send(self, path: str, etag: str = '') -> None:
        """Send a request."""
        condition = f'If-None-Match: {etag}\r\n' if etag else ''
        self.path, self._end = path, -1
        self._buffer.clear()
        self.started = time.perf_counter()
        self.socket.sendall(
            f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n{condition}\r\n'.encode()
        )

    def ask(self, path: str) -> None:
        """Send a request and wait for its answer."""
        self.send(path)
        while not self.receive():
            pass

    def receive(self) -> bool:
        """Take what has come, and say whether the answer is complete; raises ConnectionError at an early end."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError(f'the server closed the connection at {self.path}')
        self._buffer += data
        if self._end < 0:
            end = self._buffer.find(b'\r\n\r\n')
            if end < 0:
                return False
            self._head = bytes(self._buffer[:end])
            length = self.header(b'content-length')
            if not length and self.status not in (204, 304):
                raise ConnectionError(f'the answer to {self.path} has no length')
            self._end = end + 4 + (0 if self.status == 304 else int(length or 0))
        return len(self._buffer) >= self._end

    @property
    def status(self) -> int:
        """Return the status of the answer."""
        return int(self._head[9:12])

    @property
    def body_size(self) -> int:
        """Return the bytes of the answer's body."""
        return self._end - len(self._head) - 4

    def header(self, name: bytes) -> str:
        """Return the value of a header of the answer, or an empty text."""
        start = self._head.lower().find(b'\r\n' + name + b':')
        if start < 0:
            return ''
        start += len(name) + 3
        stop = self._head.find(b'\r\n', start)
        return self._head[start : stop if stop >= 0 else None].decode('latin-1').strip()


def sockets_of(pid: int) -> int:
    """Return how many sockets a process has open."""
    count = 0
    for entry in os.scandir(f'/proc/{pid}/fd'):
        try:
            count += os.readlink(entry.path).startswith('socket:')
        except OSError:
            continue
    return count


def connect(job: dict[str, Any]) -> list[Connection]:
    """Return connections that are spread evenly over the workers.

    Which worker takes a connection is chance, and a worker keeps it: left alone, one run would have eight to none and
    the next four to four. So a worker that has its share is paused until the others have theirs.
    """
    workers = job['pids']
    share = -(-job['connections'] // len(workers))
    taken: Counter[int] = Counter()
    kept: list[Connection] = []
    paused: set[int] = set()
    attempts = 20
    try:
        while len(kept) < job['connections']:
            before = {pid: sockets_of(pid) for pid in workers}
            connection = Connection(job['port'])
            connection.ask(job['probe'])
            grown = [pid for pid in workers if sockets_of(pid) > before[pid]]
            if len(grown) != 1 and attempts:
                # An earlier client's connection was closed at the same moment.
                attempts -= 1
                connection.socket.close()
                time.sleep(0.02)
                continue
            kept.append(connection)
            if len(grown) != 1:
                continue
            connection.owner = grown[0]
            taken[grown[0]] += 1
            if taken[grown[0]] == share and len(kept) < job['connections']:
                paused.add(grown[0])
                os.kill(grown[0], signal.SIGSTOP)
    finally:
        for pid in paused:
            os.kill(pid, signal.SIGCONT)
    for connection in kept:
        connection.ask(job['warmup'])
    return kept


def one_each(connections: list[Connection]) -> list[Connection]:
    """Return one connection of each worker, and those of which the worker is not known."""
    known = {connection.owner: connection for connection in connections if connection.owner is not None}
    return [*known.values(), *(connection for connection in connections if connection.owner is None)]


def turns(step: dict[str, Any]) -> Iterator[str]:
    """Yield the addresses of a step, again and again if it repeats."""
    while True:
        yield from step['paths']
        if not step.get('repeat'):
            return


def run(connections: list[Connection], step: dict[str, Any], etags: dict[str, str]) -> dict[str, Any]:
    """Carry out one step; a server that is slow answers fewer addresses, in the time that all have."""
    shared = turns(step)
    for connection in connections:
        connection.addresses = shared
    if step.get('mode') == 'worker':
        connections = one_each(connections)
        for connection in connections:
            connection.addresses = turns(step)
    times, statuses, size, conditional = [], Counter[int](), 0, step.get('conditional', False)
    selector = selectors.DefaultSelector()
    begun = time.perf_counter()
    deadline = begun + step['seconds']

    def ask(connection: Connection) -> bool:
        path = next(connection.addresses, None) if time.perf_counter() < deadline else None
        if path is None:
            return False
        connection.send(path, etags.get(path, '') if conditional else '')
        return True

    open_requests = 0
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        open_requests += ask(connection)
    while open_requests:
        for key, _ in selector.select():
            connection = key.data
            if not connection.receive():
                continue
            times.append(time.perf_counter() - connection.started)
            statuses[connection.status] += 1
            size += connection.body_size
            if not conditional and connection.path not in etags and (etag := connection.header(b'etag')):
                etags[connection.path] = etag
            open_requests -= not ask(connection)
    seconds = time.perf_counter() - begun
    selector.close()
    return {
        'count': len(times), 'seconds': seconds, 'rate': len(times) / seconds, 'bytes': size / max(1, len(times)),
        'p50': percentile(times, 0.5), 'p99': percentile(times, 0.99), 'statuses': dict(statuses),
        'etags': sum(path in etags for path in step['paths']),
    }  # fmt: skip


def percentile(times: list[float], share: float) -> float:
    """Return the time, in seconds, that a share of the answers were within."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def main() -> None:
    """Read a job, carry it out, and print the results of its steps as JSON."""
    job = json.load(sys.stdin)
    connections = connect(job)
    etags: dict[str, str] = {}
    print(json.dumps([run(connections, step, etags) for step in job['steps']]))


if __name__ == '__main__':
    main()
