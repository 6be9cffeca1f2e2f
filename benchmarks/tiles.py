"""Tiles over HTTP: each case on each server in turn, cold, then warm, then as 304s, and the bare action beside."""

from __future__ import annotations

import pathlib
from contextlib import ExitStack
from typing import Any

from benchmarks import gate
from benchmarks.cases import CASES, Case, Tile, lists
from benchmarks.config import scale
from benchmarks.data import read_through
from benchmarks.servers import DjangoServer, Server, TiTiler

#: Longer than any list takes to be cached.
FILL_SECONDS = 300.0


def measure(folder: pathlib.Path) -> dict[str, Any]:
    """Return what every case took on every server."""
    files = ['warmup.tif', *(case.file for case in CASES)]
    compared = gate.chosen(folder)
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        # All are up at once, so that each case meets the same machine; those that wait take no time.
        plain: dict[str, Server] = {
            'ours': stack.enter_context(DjangoServer('ours', folder, files, cached=False)),
            'old': stack.enter_context(DjangoServer('old', folder, files, cached=False)),
            'titiler': stack.enter_context(TiTiler(folder)),
        }
        cached: dict[str, Server] = {
            name: stack.enter_context(DjangoServer(name, folder, files, cached=True))
            for name in ('ours', 'old')
        }
        for case in CASES:
            read_through(folder / case.file)
            results[case.name] = _case(case, lists(case, folder), compared[case.name], plain, cached, folder)
    return results


def _case(
    case: Case, tiles: dict[int, list[Tile]], compared: dict[int, list[Tile]], plain: dict[str, Server],
    cached: dict[str, Server], folder: pathlib.Path,
) -> dict[str, Any]:  # fmt: skip
    result: dict[str, Any] = {'tiles': {str(out): len(some) for out, some in tiles.items()}, 'servers': {}}
    for name, server in plain.items():
        row: dict[str, Any] = {}
        steps = [
            {'paths': [case.address(server, tile) for tile in some], 'seconds': scale().cold_seconds}
            for some in tiles.values()
        ]
        row['cold'] = dict(zip(map(str, tiles), server.drive(*steps), strict=True))
        memory = server.memory()
        row['memory'], row['shared'] = memory['now'], memory['shared']
        # After the speed: a picture that was compared first would no longer be cold.
        row['gate'] = gate.judge(server, case, compared, folder)
        if bad := {status for one in row['cold'].values() for status in one['statuses']} - {'200'}:
            row['gate'] |= {'ok': False, 'why': f'wrong: answers {", ".join(sorted(bad))}'}
        result['servers'][name] = row
        print(f'    {case.name:7}{name:8}{_line(row)}', flush=True)
    again = [tile for some in tiles.values() for tile in some[: scale().warm_tiles]]
    # The bare action answers with as many bytes as these tiles have.
    sizes = [
        (one['bytes'], min(one['count'], scale().warm_tiles))
        for one in result['servers']['ours']['cold'].values()
    ]
    size = round(sum(mean * count for mean, count in sizes) / max(1, len(again)))
    for name, server in cached.items():
        result['servers'][name] |= _warm(case, server, again, size)
    titiler = plain['titiler']
    paths = [case.address(titiler, tile) for tile in again]
    (result['servers']['titiler']['warm'],) = titiler.drive(
        {'paths': paths, 'repeat': True, 'seconds': 2 * scale().warm_seconds}
    )
    rates = {name: round(row['warm']['rate']) for name, row in result['servers'].items()}
    rates |= {
        what: round(found['rate']) for what in ('304', 'bare') if (found := result['servers']['ours'][what])
    }
    print(f'    {case.name:7}warm, requests/s: {rates}', flush=True)
    return result


def _warm(case: Case, server: Server, tiles: list[Tile], size: int) -> dict[str, Any]:
    """Return a Django server's cached tiles, its 304s and its bare action, on one and the same set of connections."""
    assert isinstance(server, DjangoServer)
    paths = [case.address(server, tile) for tile in tiles]
    half = {'repeat': True, 'seconds': scale().warm_seconds}
    # The cache is a worker's own, so each of them renders every tile.
    fill = {'paths': paths, 'mode': 'worker', 'seconds': FILL_SECONDS}
    warm = half | {'paths': paths}
    bare = half | {'paths': [f'{server.image(case.file)}/bare/{size}']}
    # Twice in turn: what else the machine does meets all three alike.
    filled, *steps = server.drive(fill, *[warm, bare, warm | {'conditional': True}] * 2)
    found: dict[str, Any] = {'warm': _sum(steps[0::3]), 'bare': _sum(steps[1::3]), '304': _sum(steps[2::3])}
    if not filled['etags'] or set(found['304']['statuses']) != {'304'}:
        found['304'] = None
    return found


def _sum(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return two runs of the same step as one."""
    count, seconds = sum(step['count'] for step in steps), sum(step['seconds'] for step in steps)
    statuses: dict[str, int] = {}
    for step in steps:
        for status, number in step['statuses'].items():
            statuses[status] = statuses.get(status, 0) + number
    mean = {key: sum(step[key] for step in steps) / len(steps) for key in ('bytes', 'p50', 'p99')}
    return {'count': count, 'seconds': seconds, 'rate': count / seconds, 'statuses': statuses, **mean}


def _line(row: dict[str, Any]) -> str:
    """Return a line of progress about the cold passes of one server."""
    cold = '; '.join(f'{out} out: {one["rate"]:.0f}/s' for out, one in row['cold'].items())
    return (
        f'cold {cold}; {row["gate"]["why"] or "right" if row["gate"].get("judged", True) else "not judged"}'
    )
