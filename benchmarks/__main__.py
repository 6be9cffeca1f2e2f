"""Run the benchmarks: `make bench`, `make bench QUICK=1`, `make bench ONLY=tiles,s3`."""

from __future__ import annotations

import datetime
import json
import os
import sys
import time
from typing import Any

from benchmarks import data, environments, inprocess, memory, page, remote, report, scans, tiles, whole
from benchmarks.config import DATA, ROOT, scale
from benchmarks.machine import machine

#: The parts in the order in which they run.
PARTS = {
    'process': inprocess.measure,
    'tiles': tiles.measure,
    'whole': whole.measure,
    's3': remote.measure,
    'memory': memory.measure,
    'page': page.measure,
    'scans': scans.measure,
}
#: The parts in which 0.10.5 and TiTiler are measured, and the one that makes its own images.
WITH_PEERS, WITH_OWN_IMAGES = {'tiles', 'whole'}, {'scans'}


def main() -> int:
    """Install, make the data, measure, and write the report; return 0, or 1 where a part could not be measured."""
    begun = time.monotonic()
    chosen = [name for name in os.environ.get('ONLY', '').replace(',', ' ').split() if name]
    if unknown := set(chosen) - set(PARTS):
        print(f'ONLY may name {", ".join(PARTS)}; not {", ".join(sorted(unknown))}', file=sys.stderr)
        return 2
    now = chosen or list(PARTS)
    if WITH_PEERS.intersection(now):
        for name in environments.requirements():
            environments.install(name)
    folder = data.make(warmup_only=WITH_OWN_IMAGES.issuperset(now))
    path = DATA / f'results-{scale().name}.json'
    # Parts that are not measured again keep what they had.
    results: dict[str, Any] = json.loads(path.read_text()) if chosen and path.exists() else {}
    failed = False
    for name in now:
        print(f'==> Measuring {name}', flush=True)
        started = time.monotonic()
        try:
            found = PARTS[name](folder)
        except Exception as error:
            failed = True
            print(f'==> {name} could not be measured: {error}', file=sys.stderr, flush=True)
            results.pop(name, None)
            continue
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        results[name] = {'date': today, 'took': time.monotonic() - started, 'found': found}
        path.write_text(json.dumps(results | {'machine': machine()}, indent=1))
    results['machine'] = machine()
    path.write_text(json.dumps(results, indent=1))
    # On a machine that has not measured the others, a part alone does not replace the report of all.
    target = report.write(results, partly=bool(set(PARTS).difference(now, results)))
    print(target.read_text())
    print(f'==> {target.relative_to(ROOT)}, {time.monotonic() - begun:.0f} s')
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
