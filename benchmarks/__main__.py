"""Run the benchmarks: `make bench`, `make bench QUICK=1`, `make bench ONLY=tiles,s3`."""

from __future__ import annotations

import datetime
import json
import os
import sys
import time
from typing import Any

from benchmarks import data, environments, inprocess, memory, page, remote, report, tiles, whole
from benchmarks.config import DATA, scale
from benchmarks.machine import machine

#: The parts in the order in which they run.
PARTS = {
    'process': inprocess.measure,
    'tiles': tiles.measure,
    'whole': whole.measure,
    's3': remote.measure,
    'memory': memory.measure,
    'page': page.measure,
}


def main() -> int:
    """Install, make the data, measure, and write the report; return 0, or 1 where a part could not be measured."""
    begun = time.monotonic()
    chosen = [name for name in os.environ.get('ONLY', '').replace(',', ' ').split() if name]
    if unknown := set(chosen) - set(PARTS):
        print(f'ONLY may name {", ".join(PARTS)}; not {", ".join(sorted(unknown))}', file=sys.stderr)
        return 2
    for name in environments.requirements():
        environments.install(name)
    folder = data.make()
    path = DATA / f'results-{scale().name}.json'
    # Parts that are not measured again keep what they had.
    results: dict[str, Any] = json.loads(path.read_text()) if chosen and path.exists() else {}
    failed = False
    for name in chosen or PARTS:
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
    target = report.write(results)
    print(target.read_text())
    print(f'==> {target.relative_to(target.parents[1])}, {time.monotonic() - begun:.0f} s')
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
