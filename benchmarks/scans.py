"""Scans: whole slides and microscopy beside OpenSlide, large-image and iipsrv, in process and over HTTP."""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from benchmarks import iip, scanfiles, scanloops
from benchmarks.config import DATA, ROOT, SITES, scale
from benchmarks.data import read_through
from benchmarks.gate import ALLOWED_DB
from benchmarks.servers import DjangoServer, Server

#: How often each server has its turn, and how long it is asked for before, in seconds.
TURNS, BEFORE = 5, 0.5
#: The longest that the loops may take, in seconds; they end by themselves long before.
LOOPS_SECONDS = 220


def measure(folder: pathlib.Path) -> dict[str, Any]:
    """Return the rows of what is compared in process, and the rates of the servers."""
    scanfiles.make(folder)
    for name in scanfiles.names():
        read_through(folder / name)
    return {'side': scale().scan_side, 'frames': scale().scan_frames} | loops(folder) | {'http': http(folder)}


def loops(folder: pathlib.Path) -> dict[str, Any]:
    """Run the loops in a process of their own, show what they say, and return what they print last."""
    site = DjangoServer('ours', folder, scanfiles.names(), cached=False)
    environment = os.environ | site.environment() | {'PYTHONPATH': os.pathsep.join([str(ROOT), str(SITES)])}
    log = DATA / 'logs' / 'scanloops.log'
    command = [sys.executable, '-m', 'benchmarks.scanloops', str(folder), json.dumps(site.keys)]
    with (
        open(log, 'wb') as errors,
        subprocess.Popen(
            ['timeout', str(LOOPS_SECONDS), *command], env=environment, cwd=DATA, stdout=subprocess.PIPE, stderr=errors,
            text=True,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        last = ''
        try:
            for line in process.stdout:
                if line.startswith('{'):
                    last = line
                else:
                    print(line, end='', flush=True)
        finally:
            process.terminate()
    if not last:
        raise RuntimeError(
            f'scanloops ended with {process.returncode}: {log.read_text(errors="replace")[-2000:]}'
        )
    found: dict[str, Any] = json.loads(last)
    return found


def http(folder: pathlib.Path) -> dict[str, Any]:
    """Return how many stored JPEG tiles a second this package and iipsrv answer with, in turn."""
    side, size = scale().scan_side, 256
    file = scanfiles.SLIDES[size]
    tiles = scanloops.tiles_of(side, size, 0, 'http')
    with ExitStack() as stack:
        try:
            iip.install()
            other = stack.enter_context(iip.Iipsrv(folder, tiles[0][0] + 1, side // size, file))
        except iip.Unavailable as error:
            # One line, for a table.
            why = ' '.join(str(error).split())[:200]
            print(f'    iipsrv: {why}', flush=True)
            return {'missing': why}
        ours = stack.enter_context(DjangoServer('ours', folder, ['warmup.tif', file], cached=False))
        servers: dict[str, tuple[Server, list[int], Callable[[scanloops.Tile], str]]] = {
            'ours': (ours, ours.pids(), lambda t: f'{ours.image(file)}/tiles/{t[0]}/{t[1]}/{t[2]}.jpeg'),
            'iipsrv': (other, other.all_pids(), lambda t: other.tile(t[1], t[2])),
        }
        db = {name: _closeness(server, address, tiles[:3]) for name, (server, _, address) in servers.items()}
        turns: dict[str, list[dict[str, Any]]] = {name: [] for name in servers}
        for turn in range(TURNS):
            for name, (server, pids, address) in servers.items() if turn % 2 else reversed(servers.items()):
                turns[name].append(_turn(server, pids, [address(tile) for tile in tiles]))
    found: dict[str, Any] = {
        name: {
            key: statistics.median(turn[key] for turn in some)
            for key in ('rate', 'p50', 'p99', 'bytes', 'cpu')
        }
        | {'db': db[name]}
        for name, some in turns.items()
    }
    found['ratio'] = statistics.median(
        mine['rate'] / theirs['rate'] for mine, theirs in zip(turns['ours'], turns['iipsrv'], strict=True)
    )
    found['ok'] = db['ours'] >= db['iipsrv'] - ALLOWED_DB
    found['version'] = iip.version()
    print(
        f'    HTTP: {found["ours"]["rate"]:.0f}/s and iipsrv {found["iipsrv"]["rate"]:.0f}/s, {found["ratio"]:.2f}×, '
        f'{1000 * found["ours"]["cpu"]:.2f} ms and {1000 * found["iipsrv"]["cpu"]:.2f} ms of processor a tile'
    )
    return found


def _turn(server: Server, pids: list[int], paths: list[str]) -> dict[str, Any]:
    """Return what one turn of a server was like, with the processor's time that a request took it."""
    # No server has a cache of tiles, so that the same tiles may be asked for again.
    steps = [
        {'paths': paths, 'repeat': True, 'seconds': seconds} for seconds in (BEFORE, scale().scan_seconds)
    ]
    begun = _processor(pids)
    results = server.drive(*steps)
    used = _processor(pids) - begun
    if bad := {status for one in results for status in one['statuses']} - {'200'}:
        raise RuntimeError(f'{server.name} answers {", ".join(sorted(bad))}')
    return results[-1] | {'cpu': used / sum(one['count'] for one in results)}


def _processor(pids: list[int]) -> float:
    """Return the seconds of the processor that processes have used."""
    ticks = 0
    for pid in pids:
        # Behind the name of the program, which may have anything in it.
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


def _closeness(
    server: Server, address: Callable[[scanloops.Tile], str], tiles: list[scanloops.Tile]
) -> float:
    """Return how close a server's tiles are to the picture before JPEG, in dB."""
    pairs = []
    for tile in tiles:
        status, body, _ = server.get(address(tile))
        if status != 200:
            raise RuntimeError(f'{server.name} answers {status}: {body[:300]!r}')
        pairs.append((scanloops.pixels_of(body), scanfiles.tissue_part(tile[1] * 256, tile[2] * 256, 256)))
    return scanloops.psnr(pairs)
