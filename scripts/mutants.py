"""Change the package, one small thing at a time, and see whether a test notices: `make mutants SAMPLE=200 SEED=1`.

Everything happens in a copy, so a run that is ended leaves nothing changed. The environment says more:
    SAMPLE   how many changes to try, 100 by default
    SEED     which ones, 1 by default
    ONLY     only in modules whose path has this in it
    CONTROL  with 1, try the tests of each module without a change first: they must pass

Once for each state of the package it is measured which lines each test runs; `.mutants/` keeps that.
"""

from __future__ import annotations

import fnmatch
import hashlib
import importlib
import json
import os
import random
import signal
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mutant_runs import PACKAGE, ROOT, Copy, Measured
from mutations import Site, mutated, sites

TABLE = tomllib.loads((ROOT / 'scripts' / 'mutants.toml').read_text())
BUDGET = float(TABLE['budget'])
#: Tests of more seconds run when all others have.
SLOW = (0.05, 0.5)
MEASURED = ROOT / '.mutants' / 'measured.json'
#: What a child is forked with: nothing of the package, and what it takes longest to import.
HEAVY = (
    'numpy', 'rasterio', 'rasterio.warp', 'PIL.Image', 'large_image', 'tifffile', 'pytest', 'django.core.management',
    'django.test', 'django.contrib.admin', 'rest_framework', 'jsonschema', 'tifftools', 'boto3',
)  # fmt: skip


def chosen_modules(only: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the modules of the table that exist, each with its group."""
    paths = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob('*.py'))
    for group in TABLE['group']:
        for name in group['modules']:
            found = [path for path in paths if fnmatch.fnmatch(path, f'*/{name}.py')]
            if not found:
                sys.exit(f'mutants.toml: there is no module {name}')
            for path in found:
                if only in path:
                    yield path, group


def hash_of(paths: list[Path]) -> str:
    """Return a hash of files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f'{path.relative_to(ROOT)}\0'.encode() + path.read_bytes())
    return digest.hexdigest()


def measure(copy: Copy, paths: list[str]) -> Measured:
    """Return what each test of some paths runs; only what changed since the last time is run for it."""
    package = hash_of(list((ROOT / PACKAGE).rglob('*.py')))
    files = sorted(
        {
            file
            for path in paths
            for file in ([ROOT / path] if path.endswith('.py') else (ROOT / path).rglob('test_*.py'))
        }
    )
    known: dict[str, Any] = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    now = {file.relative_to(ROOT).as_posix(): package + hash_of([file]) for file in files}
    stale = [name for name, state in now.items() if known.get(name, {}).get('state') != state]
    if stale:
        print(f'==> Measuring what the tests of {len(stale)} files run', flush=True)
    # A few at a time, so that a run that is ended goes on from there.
    for first in range(0, len(stale), 4):
        some = stale[first : first + 4]
        written = copy.folder / 'measured.json'
        copy.run(some, 3600, written)
        print('    ' + copy.output().strip().rpartition('\n')[2], flush=True)
        found: Measured = json.loads(written.read_text())
        if not found:
            raise RuntimeError('No test was run: ' + copy.output()[-2000:])
        for name in some:
            tests = {test: about for test, about in found.items() if test.partition('::')[0] == name}
            known[name] = {'state': now[name], 'tests': tests}
        MEASURED.parent.mkdir(exist_ok=True)
        MEASURED.write_text(json.dumps(known))
    return {test: about for name in now for test, about in known[name]['tests'].items() if about['passed']}


def tests_of(site: Site, group: dict[str, Any], measured: Measured) -> list[str]:
    """Return the tests that run a place in a module: the quickest and most telling first, within the budget.

    First one case of each test function, then a second one, and so on. Those that run other places of the module come
    behind them: what an import runs, or what is kept after the first time, no test or only one seems to run.
    """
    lines, paths = range(site.line, site.last_line + 1), group['tests']
    ranked: list[tuple[bool, int, int, int, float, str]] = []
    cases: Counter[str] = Counter()
    for test, about in sorted(measured.items(), key=lambda item: item[1]['seconds']):
        rank = next(
            (rank for rank, path in enumerate(paths) if test.startswith((f'{path}/', f'{path}::'))), None
        )
        ran = about['lines'].get(site.file)
        if rank is not None and ran:
            elsewhere = site.inside and not any(line in lines for line in ran)
            slowness = sum(about['seconds'] > limit for limit in SLOW)
            function = test.partition('[')[0]
            ranked.append((elsewhere, slowness, cases[function], rank, about['seconds'], test))
            cases[function] += 1
    spent, chosen = 0.0, []
    for *_, seconds, test in sorted(ranked):
        if not chosen or spent + seconds <= group.get('budget', BUDGET):
            spent += seconds
            chosen.append(test)
    return chosen


def sample(modules: dict[str, dict[str, Any]], count: int, seed: str) -> list[tuple[Site, str]]:
    """Return some of all changes; of each place one."""
    everything = [site for file in modules for site in sites(file, (ROOT / file).read_text())]
    chance = random.Random(seed)  # noqa: S311
    picked = sorted(chance.sample(range(len(everything)), min(count, len(everything))))
    print(f'==> {len(picked)} of {len(everything)} places in {len(modules)} modules, seed {seed}', flush=True)
    return [(everything[place], chance.choice(everything[place].choices)) for place in picked]


def is_equivalent(site: Site, choice: str) -> bool:
    """Return whether the table says that a change changes nothing."""
    return any(
        fnmatch.fnmatch(site.file, f'*/{known["module"]}.py')
        and (known['before'], known['after']) == (site.before, choice)
        and known.get('line', '') in (ROOT / site.file).read_text().splitlines()[site.line - 1]
        for known in TABLE.get('equivalent', [])
    )


def main() -> int:
    """Try a sample of the changes; return 1 if the tests fail without any."""
    # So that the copy is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    modules = dict(chosen_modules(os.environ.get('ONLY', '')))
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except ImportError:
            pass
    totals: Counter[tuple[str, str]] = Counter()
    survivors = []
    with tempfile.TemporaryDirectory(prefix='mutants-') as folder:
        copy = Copy(Path(folder))
        try:
            measured = measure(copy, sorted({path for group in modules.values() for path in group['tests']}))
            controlled = set() if os.environ.get('CONTROL') == '1' else set(modules)
            for site, choice in sample(
                modules, int(os.environ.get('SAMPLE') or 100), os.environ.get('SEED') or '1'
            ):
                where = f'{site.file}:{site.line}: {site.before} → {choice}'
                if is_equivalent(site, choice):
                    totals[site.file, 'equivalent'] += 1
                    continue
                tests = tests_of(site, modules[site.file], measured)
                if tests and site.file not in controlled:
                    controlled.add(site.file)
                    if copy.run(tests, 20 * BUDGET)[0] != 'passed':
                        print(f'{site.file}: its tests fail without a change\n{copy.output()[-2000:]}')
                        return 1
                path = copy.root / site.file
                text = path.read_text()
                path.write_text(mutated(text, site, choice))
                for compiled in (path.parent / '__pycache__').glob(f'{path.stem}.*.pyc'):
                    compiled.unlink()
                how, took = (
                    copy.run(tests, 20 + 3 * modules[site.file].get('budget', BUDGET))
                    if tests
                    else ('passed', 0.0)
                )
                path.write_text(text)
                survived = how == 'passed'
                totals[site.file, 'survived' if survived else 'killed'] += 1
                if survived:
                    survivors.append(where + ('' if tests else '  (no test runs it)'))
                print(
                    f'{"SURVIVED" if survived else "killed":8} {took:5.1f} s  {len(tests):3}  {where}',
                    flush=True,
                )
        finally:
            copy.end()
    report(totals, survivors)
    return 0


def report(totals: Counter[tuple[str, str]], survivors: list[str]) -> None:
    """Print how many were killed of each module, and what was not."""
    print(f'\n{"module":50} killed survived equivalent')
    for file in sorted({file for file, _ in totals}):
        numbers = (totals[file, how] for how in ('killed', 'survived', 'equivalent'))
        print('{:50} {:6} {:8} {:10}'.format(file, *numbers))
    killed = sum(count for (_, how), count in totals.items() if how == 'killed')
    print(f'\n{killed} of {killed + len(survivors)} killed: {killed / max(killed + len(survivors), 1):.0%}')
    print('\n'.join(['', 'Survivors:', *survivors]))


if __name__ == '__main__':
    sys.exit(main())
