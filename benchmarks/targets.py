"""The numbers to reach: how each is taken from the results, what it has to be at least, and what it should be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PEERS = ('old', 'titiler')


@dataclass(frozen=True)
class Row:
    """One number to reach."""

    what: str
    at_least: str
    aim: str
    measured: str
    #: 2 where the aim is met, 1 where the least is, 0 where neither is; None where it was not measured.
    level: int | None

    @property
    def met(self) -> str:
        """Return the level in words."""
        return 'not measured' if self.level is None else ('**no**', 'at least', 'aim')[self.level]


def geometric(values: list[float]) -> float:
    """Return the geometric mean."""
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else 0.0


def level(value: float, at_least: float, aim: float, lower: bool = False) -> int:
    """Return 2, 1 or 0 for a value that should be high, or low."""
    if lower:
        value, at_least, aim = -value, -at_least, -aim
    return (value >= at_least) + (value >= aim)


def cold_ratios(tiles: dict[str, Any]) -> Iterator[tuple[str, str, float, bool]]:
    """Yield case, levels out, our rate over that of the faster peer, and whether our pictures are right.

    The faster peer counts whether its own pictures are right or not.
    """
    for name, case in tiles.items():
        servers = case['servers']
        for out in case['tiles']:
            fastest = max(servers[peer]['cold'][out]['rate'] for peer in PEERS)
            yield name, out, servers['ours']['cold'][out]['rate'] / fastest, servers['ours']['gate']['ok']


def _of(results: dict[str, Any], part: str) -> dict[str, Any] | None:
    return results[part]['found'] if part in results else None


def rows(results: dict[str, Any]) -> list[Row]:
    """Return every number to reach with what was measured."""
    return [*_tiles(results), *_process(results), *_whole(results), *_rest(results), *_scans(results)]


def _times(
    what: str, value: float | None, at_least: float, aim: float, note: str = '', right: bool = True
) -> Row:
    """Return the row of a ratio that should be high."""
    if value is None:
        return Row(what, f'{at_least:g}×', f'{aim:g}×', '–', None)
    reached = level(value, at_least, aim) if right else 0
    return Row(what, f'{at_least:g}×', f'{aim:g}×', f'{value:.2f}×{note}', reached)


def _tiles(results: dict[str, Any]) -> Iterator[Row]:
    tiles = _of(results, 'tiles') or {}
    ratios = list(cold_ratios(tiles))
    right = [(ratio, name, out) for name, out, ratio, ok in ratios if ok]
    wrong = len(ratios) - len(right)
    note = f' ({wrong} of {len(ratios)} rows are wrong and left out)' if wrong else f' ({len(ratios)} rows)'
    what = 'tiles without a tile cache, geometric mean of the cases, over the faster peer'
    yield _times(what, geometric([r for r, *_ in right]) if right else None, 3.5, 6, note, not wrong)
    slowest = min(right) if right else None
    note = f' ({slowest[1]}, {slowest[2]} levels out)' if slowest else ''
    yield _times(
        'the slowest single case, over the faster peer',
        slowest[0] if slowest else None,
        1.8,
        3,
        note,
        not wrong,
    )
    # The speed of wrong pictures does not count, from a cache neither.
    ours = {
        name: case['servers']['ours'] for name, case in tiles.items() if case['servers']['ours']['gate']['ok']
    }
    left_out = f'; {len(tiles) - len(ours)} of {len(tiles)} cases are wrong' if len(ours) < len(tiles) else ''
    over = {
        'old': [
            mine['warm']['rate'] / tiles[name]['servers']['old']['warm']['rate']
            for name, mine in ours.items()
        ],
        'bare': [mine['warm']['rate'] / mine['bare']['rate'] for mine in ours.values()],
        '304': [mine['304']['rate'] / mine['bare']['rate'] for mine in ours.values() if mine['304']],
    }
    for what, key, at_least, aim in (
        ('tile that is cached, over 0.10.5 with its cache warm', 'old', 4, 7),
        ('tile that is cached, over the bare DRF action', 'bare', 0.7, 0.9),
        ('304, over the bare DRF action', '304', 0.8, 1.0),
    ):
        values = over[key]
        note = f' (from {min(values):.2f} to {max(values):.2f}{left_out})' if values else ''
        yield _times(
            what, geometric(values) if values else None, at_least, aim, note, len(values) == len(tiles)
        )


def _process(results: dict[str, Any]) -> Iterator[Row]:
    found = _of(results, 'process')
    what = 'one tile in process, blocks decoded, over the floor loop'
    if found is None:
        yield Row(what, '1.5× its time', '1.2×', '–', None)
    else:
        ratio = found['one']['seconds'] / found['floor']['seconds']
        note = f' ({1000 * found["one"]["seconds"]:.2f} ms over {1000 * found["floor"]["seconds"]:.2f} ms)'
        yield Row(what, '1.5× its time', '1.2×', f'{ratio:.2f}×{note}', level(ratio, 1.5, 1.2, lower=True))
    value = found['one']['seconds'] / found['many']['seconds'] if found else None
    yield _times('8 threads on one image over 1 thread, 2 cores', value, 1.7, 1.9)


def _whole(results: dict[str, Any]) -> Iterator[Row]:
    found = _of(results, 'whole')
    side, region = (found['side'], found['region_side']) if found else (8192, 4096)
    for what, key, at_least, aim in (
        (f'histogram of an {side}² 3-band image, over 0.10.5', 'histogram', 40, 100),
        (f'region {region}² as PNG, over 0.10.5', 'region', 3, 6),
    ):
        if found is None:
            yield _times(what, None, at_least, aim)
            continue
        mine, old = found[key]['ours']['seconds'], found[key]['old']['seconds']
        yield _times(what, old / mine, at_least, aim, f' ({mine:.3f} s, 0.10.5: {old:.3f} s)')


def _rest(results: dict[str, Any]) -> Iterator[Row]:
    found = _of(results, 's3')
    size = f'{found["file"] / 1e6:.0f} MB' if found else '100 MB'
    what, least = f'first tile of a {size} COG on S3', '≤ 4 range requests, ≤ 256 KiB beyond its own blocks'
    if found is None:
        yield Row(what, least, '2 requests', '–', None)
    else:
        reached = int(found['gets'] <= 4 and found['beyond'] <= 256 * 1024)
        reached += reached and found['gets'] <= 2
        text = f'{found["gets"]} range requests and {found["heads"]} HEAD, {found["beyond"] / 1024:.0f} KiB beyond'
        yield Row(what, least, '2 requests', text, reached)
    yield _page(_of(results, 'page'))
    found = _of(results, 'memory')
    count, images = (found['tiles'], found['images']) if found else (20_000, 200)
    what = f'worker memory after {count} tiles of {images} images'
    least = '≤ 600 MB, growth in the second half < 5 %'
    if found is None:
        yield Row(what, least, '400 MB', '–', None)
        return
    good = found['growth'] < 0.05 and found['tiles'] == found['wanted']
    reached = level(found['peak'] / 1e6, 600, 400, lower=True) if good else 0
    text = f'{found["peak"] / 1e6:.0f} MB at most, growth {100 * found["growth"]:.1f} %'
    if found['shared']:
        text += f'; {found["shared"] / 1e6:.0f} MB beside it, which all workers share'
    if found['tiles'] < found['wanted']:
        text += f'; {found["wanted"]} tiles took too long'
    yield Row(what, least, '400 MB', text, reached)


def _scans(results: dict[str, Any]) -> Iterator[Row]:
    """Yield the rows of scans; of those that were measured in several ways the worst one counts."""
    found = _of(results, 'scans')
    frames = math.prod(found['frames']) if found else 1000
    yield _worst(found, 'handed', 'stored JPEG tile of a slide, over OpenSlide and Pillow alone', 1.5, 2.5)
    yield _worst(found, 'anew', 'the same in another quality or as PNG, over the same', 1.0, 1.5)
    yield _worst(
        found, 'composite', 'three channels of uint16 as a tile of 512 px, over large-image alone', 3, 5
    )
    yield _worst(
        found, 'out', 'tile 3 levels out of a pyramid in SubIFDs, over a native one', 1.2, 1.0, lower=True
    )
    what = 'stored JPEG tile of a slide over HTTP, requests a second over those of iipsrv'
    http = found['http'] if found else {}
    if 'missing' in http:
        yield Row(what, '0.5×', '1×', f'– (no iipsrv: {http["missing"]})', None)
    else:
        note = ''
        if http:
            used = http['iipsrv']['cpu'] / http['ours']['cpu']
            note = f' ({http["ours"]["rate"]:.0f}/s, iipsrv: {http["iipsrv"]["rate"]:.0f}/s; {used:.2f}× by processor)'
        yield _times(what, http.get('ratio'), 0.5, 1.0, note, http.get('ok', True))
    what = f'opening {frames} frames for the first tile, over large-image alone'
    yield _worst(found, 'open', what, 2, 5)


def _worst(
    found: dict[str, Any] | None, group: str, what: str, at_least: float, aim: float, lower: bool = False
) -> Row:
    """Return the row of a group: its worst ratio, which should be high or, of times, low."""
    least, best = (f'≤ {at_least:g}× its time', f'{aim:g}×') if lower else (f'{at_least:g}×', f'{aim:g}×')
    if found is None:
        return Row(what, least, best, '–', None)
    some = sorted(
        (row for row in found['rows'] if row['group'] == group), key=lambda row: row['ratio'], reverse=lower
    )
    wrong = sum(not row['ok'] for row in some)
    note = some[0]['title'] + f'; {some[-1]["title"]}: {some[-1]["ratio"]:.2f}×'
    if wrong:
        note += f'; {wrong} of {len(some)} are wrong'
    reached = 0 if wrong else level(some[0]['ratio'], at_least, aim, lower)
    return Row(what, least, best, f'{some[0]["ratio"]:.2f}× ({note})', reached)


def _page(found: dict[str, Any] | None) -> Row:
    """Return the row of the viewer's first picture."""
    what, least = 'first picture of the viewer, over a bare page with one tile', '≤ 3× its time'
    if found is None:
        return Row(what, least, '2×', '–', None)
    ratio = found['viewer'] / found['bare']
    text = f'{ratio:.2f}× ({1000 * found["viewer"]:.0f} ms over {1000 * found["bare"]:.0f} ms)'
    return Row(what, least, '2×', text, level(ratio, 3, 2, lower=True))
