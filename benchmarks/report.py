"""The report: RESULTS.md of a full run, RESULTS-quick.md of a quick one, both from results as JSON."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

from benchmarks.cases import CASES
from benchmarks.config import CONNECTIONS, DATA, HERE, THREADS, WORKERS, scale
from benchmarks.scanfiles import STORED_QUALITY
from benchmarks.scanloops import GROUPS, OUT
from benchmarks.targets import PEERS, cold_ratios, rows

NAMES = {'ours': 'this package', 'old': '0.10.5', 'titiler': 'TiTiler'}


def table(head: list[str], body: list[list[str]], numbers: int = 1) -> Iterator[str]:
    """Yield the lines of a table; columns from the `numbers`-th on are aligned to the right."""
    yield '| ' + ' | '.join(head) + ' |'
    yield '|' + '|'.join('---' if column < numbers else '---:' for column in range(len(head))) + '|'
    for line in body:
        yield '| ' + ' | '.join(line) + ' |'
    yield ''


def ms(seconds: float) -> str:
    """Return seconds as milliseconds."""
    return f'{1000 * seconds:.0f}' if seconds >= 0.01 else f'{1000 * seconds:.1f}'


def number(value: float) -> str:
    """Return a rate with as many digits as it is exact to."""
    return f'{value:.0f}' if value >= 20 else f'{value:.1f}'


def lines(results: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the report."""
    dates = sorted({part['date'] for part in results.values() if 'date' in part})
    yield '# Benchmarks'
    yield ''
    took = sum(part.get('took', 0) for part in results.values())
    yield (
        'This package beside django-large-image 0.10.5 and TiTiler, and for scans beside OpenSlide, large-image and '
        f'iipsrv, measured {" and ".join(dates)} '
        f'in {took / 60:.0f} minutes by `make bench{" QUICK=1" if scale().name == "quick" else ""}`.'
    )
    yield ''
    if scale().name == 'quick':
        yield '**A quick run: small images, short lists, one repetition. It shows what works, not how fast.**'
        yield ''
    yield '## Numbers to reach'
    yield ''
    body = [[row.what, row.at_least, row.aim, row.measured, row.met] for row in rows(results)]
    yield from table(['what', 'at least', 'aim', 'measured', 'met'], body, numbers=5)
    if 'tiles' in results:
        yield from _tiles(results['tiles']['found'])
        yield from _gate(results['tiles']['found'])
    yield from _process(results)
    yield from _whole(results)
    yield from _rest(results)
    yield from _scans(results)
    yield from _machine(results['machine'])
    yield from _method()


def _tiles(tiles: dict[str, Any]) -> Iterator[str]:
    yield '## Tiles over HTTP'
    yield ''
    yield (
        f'{WORKERS} workers of {THREADS} threads (TiTiler: {WORKERS} workers), {CONNECTIONS} connections that are '
        'kept, files in the page cache of the kernel. *Cold*: no tile cache, and no tile has been asked for before. '
        '*Warm*: some of the tiles again; both Django servers have them in their cache, TiTiler has none and the '
        'blocks in memory. p50 and p99 in milliseconds.'
    )
    yield ''
    ratios = {(name, out): ratio for name, out, ratio, _ in cold_ratios(tiles)}
    for case in CASES:
        if case.name not in tiles:
            continue
        found = tiles[case.name]
        yield f'### {case.name}: {case.title}'
        yield ''
        body: list[list[str]] = []
        for name, row in found['servers'].items():
            body += _passes(name, row, found, ratios, case.name)
        body += [
            _speed(NAMES[name], 'bare DRF action', found['servers'][name]['bare']) for name in ('ours', 'old')
        ]
        head = ['server', 'pass', 'requests/s', 'p50', 'p99', 'bytes a tile', 'over the faster peer']
        yield from table(head, body, numbers=2)
    yield 'Memory of the larger worker after the cold passes of each case, in MB (the cases run one after another):'
    yield ''
    body = [
        [NAMES[name], *(f'{case["servers"][name]["memory"] / 1e6:.0f}' for case in tiles.values())]
        for name in NAMES
    ]
    shared = [f'{case["servers"]["ours"].get("shared", 0) / 1e6:.0f}' for case in tiles.values()]
    body.insert(1, ['this package, shared by the workers', *shared])
    yield from table(['server', *tiles], body)


def _passes(
    name: str, row: dict[str, Any], found: dict[str, Any], ratios: dict[tuple[str, str], float], case: str
) -> Iterator[list[str]]:
    """Yield the lines of one server in a case's table; a server with wrong pictures has no speed."""
    if not row['gate']['ok']:
        yield [NAMES[name], row['gate']['why'], *['–'] * 5]
        return
    for out, one in row['cold'].items():
        zoom = row['gate']['zooms'][out]['z'] if out in row['gate']['zooms'] else '?'
        label = f'cold, {"native" if out == "0" else out + " levels out"}, z {zoom}'
        yield _speed(NAMES[name], label, one, f'{ratios[case, out]:.2f}×' if name == 'ours' else '')
    fastest = max(found['servers'][peer]['warm']['rate'] for peer in PEERS)
    over = f'{row["warm"]["rate"] / fastest:.2f}×' if name == 'ours' else ''
    yield _speed(NAMES[name], 'warm', row['warm'], over)
    yield _speed(NAMES[name], '304', row['304']) if row.get('304') else [NAMES[name], '304', *['–'] * 5]


def _speed(server: str, label: str, one: dict[str, Any], over: str = '') -> list[str]:
    """Return a line of a case's table."""
    return [server, label, number(one['rate']), ms(one['p50']), ms(one['p99']), f'{one["bytes"]:.0f}', over]


def _gate(tiles: dict[str, Any]) -> Iterator[str]:
    yield '## Correctness'
    yield ''
    yield (
        'PSNR in dB against the average of the full-resolution pixels under each output pixel, and the share of pixels '
        "whose validity differs from the truth's. A server passes a lossless case if it is at most 1 dB below "
        "rasterio's bilinear WarpedVRT at every zoom and at most 0.5 % of the mask differ; one that does not has no "
        'speed above. JPEG files are compared, too, but not judged: the truth has its losses. Ratios are over the '
        'faster peer, whether its pictures are right or not.'
    )
    yield ''
    body = []
    for name, case in tiles.items():
        outs = case['servers']['ours']['gate']['zooms']
        for out, mine in outs.items():
            line = [
                f'{name}, z {mine["z"]}',
                f'{mine["reference"]:.1f} ({100 * mine["reference_mask"]:.2f} %)',
            ]
            for server in NAMES:
                zoom = case['servers'][server]['gate']['zooms'].get(out)
                line.append(f'{zoom["db"]:.1f} ({100 * zoom["mask"]:.2f} %)' if zoom else '–')
            body.append(line)
    yield from table(['case and zoom', 'WarpedVRT', *NAMES.values()], body)
    body = [
        [name, *(verdict(case['servers'][server]['gate']) for server in NAMES)]
        for name, case in tiles.items()
    ]
    yield from table(['case', *NAMES.values()], body, numbers=9)


def verdict(gate: dict[str, Any]) -> str:
    """Return what the gate says of a server and a case."""
    if not gate.get('judged', True):
        return 'not judged'
    return 'right' if gate['ok'] else gate['why']


def _process(results: dict[str, Any]) -> Iterator[str]:
    if 'process' not in results:
        return
    found = results['process']['found']
    yield '## In process'
    yield ''
    yield 'One thread renders PNG tiles of `rgb.tif` at its native zoom. The floor is the faster of the first two.'
    yield ''
    names = {
        'floor_cv2': '`cv2.remap` with ready maps, `cv2.imencode`',
        'floor_own': "`cv2.remap` with ready maps, this package's PNG encoder",
        'decode': 'the faster of the two, with the blocks decoded each time',
        'one': 'this package, blocks decoded',
        'many': 'this package, 8 threads',
    }
    body = [
        [
            text,
            f'{1000 * found[key]["seconds"]:.2f}',
            f'{1 / found[key]["seconds"]:.0f}',
            f'{found[key]["bytes"]:.0f}',
        ]
        for key, text in names.items()
    ]
    yield from table(['loop', 'ms a tile', 'tiles/s', 'bytes a tile'], body)


def _whole(results: dict[str, Any]) -> Iterator[str]:
    if 'whole' not in results:
        return
    found = results['whole']['found']
    yield '## Whole images'
    yield ''
    yield 'The first question about `rgb.tif` to a server that has just started; the median of several such servers.'
    yield ''
    body = [
        [what, *(f'{found[key][name]["seconds"]:.3f} s' for name in ('ours', 'old'))]
        for what, key in (
            (f'`data/histogram` of {found["side"]}² pixels', 'histogram'),
            (f'`data/region.png` of {found["region_side"]}² pixels', 'region'),
        )
    ]
    yield from table(['what', NAMES['ours'], NAMES['old']], body)


def _rest(results: dict[str, Any]) -> Iterator[str]:
    if 's3' in results:
        found = results['s3']['found']
        yield '## S3'
        yield ''
        yield (
            f'The first tile of a new worker from a COG of {found["file"] / 1e6:.0f} MB on an S3 server (OpenStack '
            f'Swift): {found["gets"]} range requests ({", ".join(found["ranges"])}) and {found["heads"]} HEAD, '
            f'{found["bytes"] / 1024:.0f} KiB for blocks of {found["own"] / 1024:.0f} KiB, in '
            f'{found["seconds"]:.2f} s.'
        )
        yield ''
    if 'page' in results:
        found = results['page']['found']
        yield '## The first picture'
        yield ''
        yield (
            '`…/viewer` of `rgb.tif` and a bare page with one of its tiles, in Chromium with an empty browser cache, '
            f'in turn, median of {found["rounds"]}: the viewer shows the image after {1000 * found["viewer"]:.0f} ms '
            f'(its poster, a thumbnail) and has drawn the first tile of the map after {1000 * found["tile"]:.0f} ms, '
            f'the bare page after {1000 * found["bare"]:.0f} ms. The server is `runserver` and answered both before.'
        )
        yield ''
    if 'memory' in results:
        found = results['memory']['found']
        yield '## Memory'
        yield ''
        yield (
            f'One worker with {THREADS} threads, {found["tiles"]} tiles of {found["images"]} images in random order, '
            f'no tile cache. Resident memory in MB, from the start ({found["start"] / 1e6:.0f}) and after each tenth:'
        )
        yield ''
        yield ', '.join(f'{sample / 1e6:.0f}' for sample in found['samples']) + '.'
        yield ''
        yield f'Decoded blocks in shared memory, once for all workers: {found["shared"] / 1e6:.0f} MB.'
        yield ''


def _scans(results: dict[str, Any]) -> Iterator[str]:
    if 'scans' not in results:
        return
    found = results['scans']['found']
    times, planes, channels = found['frames']
    yield '## Scans'
    yield ''
    yield (
        f'Slides of {found["side"]}² pixels in JPEG of quality {STORED_QUALITY}, three channels of as many pixels in '
        f'uint16, and a film of {times} × {planes} × {channels} frames of 512². In process, in milliseconds of the '
        'processor a tile: this package answers a whole request through Django and DRF without a tile cache, and each '
        "tile is asked for once; the peers only make the picture. The peer is OpenSlide's `read_region` with Pillow "
        "for slides, `getTile` of large-image's tifffile source for channels (with the one call mended that zarr 3.1 "
        'refuses), and for the film opening that source with its first `getTile`. For tiles '
        f'{OUT} levels out it is our own tile of the full resolution, and the ratio is our time over that. All have '
        'their turns in each round; times and ratios are medians of the rounds.'
    )
    yield ''
    yield (
        'dB: how close pictures are to what was written, ours and those of the peer; of smaller levels, those of the '
        'level in the file. Ours may be 1 dB below. Without a style the two show different ranges of the film, so each '
        'is judged by how well its levels follow the values.'
    )
    yield ''
    body = [
        [
            f'{GROUPS[row["group"]]}: {row["title"]}',
            f'{1000 * row["ours"]:.2f}',
            f'{1000 * row["peer"]:.2f}',
            f'{row["ratio"]:.2f}×' if row['ok'] else 'wrong',
            *(f'{size:.0f}' for size in row['bytes']),
            *(f'{db:.1f}' for db in row['db']),
        ]
        for row in found['rows']
    ]
    head = ['what', 'ours, ms', 'peer, ms', 'ratio', 'ours, bytes', 'peer, bytes', 'ours, dB', 'peer, dB']
    yield from table(head, body)
    yield from _iipsrv(found['http'])
    yield 'Versions: ' + ', '.join(f'{name} {version}' for name, version in found['versions'].items()) + '.'
    yield ''


def _iipsrv(found: dict[str, Any]) -> Iterator[str]:
    """Yield the table of stored JPEG tiles over HTTP."""
    if 'missing' in found:
        yield f'Not beside iipsrv: {found["missing"]}'
        yield ''
        return
    yield (
        f'Stored JPEG tiles of 256 px over HTTP, {CONNECTIONS} connections that are kept, in turn, no cache of tiles: '
        f'{WORKERS} workers of {THREADS} threads, and {WORKERS} processes of iipsrv behind nginx ({found["version"]}), '
        "which decode the tile and encode it anew with the quality of the file. The processor's time is that of "
        'all processes of a server.'
    )
    yield ''
    names = {'ours': NAMES['ours'], 'iipsrv': 'iipsrv'}
    body = [
        [
            text,
            number(found[key]['rate']),
            ms(found[key]['p50']),
            ms(found[key]['p99']),
            f'{1000 * found[key]["cpu"]:.2f}',
            f'{found[key]["bytes"]:.0f}',
            f'{found[key]["db"]:.1f}',
        ]
        for key, text in names.items()
    ]
    head = ['server', 'requests/s', 'p50', 'p99', 'ms of processor', 'bytes a tile', 'dB']
    yield from table(head, body)


def _machine(machine: dict[str, Any]) -> Iterator[str]:
    yield '## Machine and versions'
    yield ''
    yield (
        f'{machine["cpu"]}, {machine["cores"]} cores, {machine["memory"] / 2**30:.0f} GiB of memory, '
        f'{machine["kernel"]}, Python {machine["python"]}, GDAL {machine["gdal"]}. Commit {machine["commit"]} '
        '(with a plus: and changes on top of it).'
    )
    yield ''
    for name, versions in machine['versions'].items():
        yield f'- {NAMES[name]}: ' + ', '.join(
            f'{package} {version}' for package, version in versions.items()
        )
    yield ''


def _method() -> Iterator[str]:
    yield '## How to repeat'
    yield ''
    yield (
        '`make bench` installs the peers into `benchmarks/.envs`, makes the images with a fixed seed in '
        '`benchmarks/.data`, and writes this file; `make bench QUICK=1` does so with small images within three minutes '
        'and writes `RESULTS-quick.md`; `make bench ONLY=tiles,scans` measures some parts anew and keeps the others. '
        'See [README.md](README.md).'
    )


def write(results: dict[str, Any], partly: bool = False) -> pathlib.Path:
    """Write the report and return its path; one that lacks parts is `partly` and not what git keeps."""
    path = HERE / ('RESULTS.md' if scale().name == 'full' else 'RESULTS-quick.md')
    if partly and scale().name == 'full':
        path = DATA / 'RESULTS-partly.md'
    path.write_text('\n'.join(lines(results)).rstrip() + '\n', encoding='utf-8')
    return path


if __name__ == '__main__':
    write(json.loads((DATA / f'results-{scale().name}.json').read_text()))
