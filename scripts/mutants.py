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
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mutations import Site, mutated, sites

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = 'django_large_image'
TABLE = tomllib.loads((ROOT / 'scripts' / 'mutants.toml').read_text())
BUDGET = float(TABLE['budget'])
MEASURED = ROOT / '.mutants' / 'measured.json'
#: What a child is forked with: nothing of the package, and what it takes longest to import.
HEAVY = (
    'numpy', 'rasterio', 'rasterio.warp', 'PIL.Image', 'large_image', 'tifffile', 'pytest', 'django.core.management',
    'django.test', 'django.contrib.admin', 'rest_framework', 'jsonschema', 'tifftools', 'boto3',
)  # fmt: skip

Measured = dict[str, dict[str, Any]]


def chosen_modules(only: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the modules of the table that exist, each with its tests."""
    paths = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob('*.py'))
    for group in TABLE['group']:
        for name in group['modules']:
            found = [path for path in paths if fnmatch.fnmatch(path, f'*/{name}.py')]
            if not found:
                sys.exit(f'mutants.toml: there is no module {name}')
            for path in found:
                if only in path:
                    yield path, group['tests']


def hash_of(paths: list[Path]) -> str:
    """Return a hash of files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f'{path.relative_to(ROOT)}\0'.encode() + path.read_bytes())
    return digest.hexdigest()


class Copy:
    """A copy of the repository, and what runs tests in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / 'copy'
        kept = shutil.ignore_patterns(
            '.*', '__pycache__', 'node_modules', 'site', 'build', 'frontend', 'benchmarks'
        )
        shutil.copytree(ROOT, self.root, ignore=kept, symlinks=True)
        self.running = 0

    def run(self, tests: list[str], limit: float, measured: Path | None = None) -> tuple[str, float]:
        """Run tests in a child of this process; return how it ended (passed, failed, late) and its seconds."""
        own = self.folder / 'run'
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        began = time.monotonic()
        self.running = os.fork()
        if not self.running:
            _child(self.root, own, tests, measured)
        status = None
        while status is None and time.monotonic() - began < limit:
            found, code = os.waitpid(self.running, os.WNOHANG)
            status = code if found else None
            time.sleep(0.02)
        self.end()
        took = time.monotonic() - began
        if status is None:
            return 'late', took
        code = os.waitstatus_to_exitcode(status)
        if code == 5:
            raise RuntimeError('No test was run: ' + (own / 'output').read_text()[-2000:])
        return 'failed' if code else 'passed', took

    def end(self) -> None:
        """End the child and what it started."""
        if self.running:
            for end in (lambda: os.killpg(self.running, signal.SIGKILL), lambda: os.waitpid(self.running, 0)):
                try:
                    end()
                except (ProcessLookupError, ChildProcessError):
                    pass
            self.running = 0

    def output(self) -> str:
        """Return what the last run wrote."""
        return (self.folder / 'run' / 'output').read_text()


def _child(root: Path, own: Path, tests: list[str], measured: Path | None) -> None:
    """Run pytest in this process, which was forked for it, and end it."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        output = os.open(own / 'output', os.O_WRONLY | os.O_CREAT)
        for number in (1, 2):
            os.dup2(output, number)
        os.chdir(root)
        # A module that is changed within a second, to one of the same size, is not told from its bytecode.
        sys.dont_write_bytecode = measured is None
        sys.path[0] = str(root)
        os.environ.update(
            PYTHONPATH=str(root), PYTHONDONTWRITEBYTECODE='1', DLI_TEST_DIR=str(own), TMPDIR=str(own),
            DLI_TEST_IMAGES=str(own.parent / 'images'),
        )  # fmt: skip
        tempfile.tempdir = None
        import pytest

        # What was imported before the fork cannot have its asserts rewritten, and has none that matter.
        options = ['-q', '-p', 'no:cacheprovider', '-W', 'ignore::pytest.PytestAssertRewriteWarning']
        options += [f'--basetemp={own / "pytest"}']
        if measured:
            with Measuring(root, measured) as plugin:
                code = pytest.main([*options, *tests], plugins=[plugin])
        else:
            files = list(dict.fromkeys(test.partition('::')[0] for test in tests))
            code = pytest.main([*options, '-x', '--tb=line', *files], plugins=[Chosen(tests)])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


class Chosen:
    """A plugin that runs certain tests in a certain order."""

    def __init__(self, tests: list[str]) -> None:
        self.places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        import django_large_image

        assert Path(django_large_image.__file__).is_relative_to(Path.cwd()), 'not the copy'
        items[:] = sorted(
            (item for item in items if item.nodeid in self.places), key=lambda item: self.places[item.nodeid]
        )


class Measuring:
    """A plugin that notes which lines of the package each test runs, and how long it takes."""

    def __init__(self, root: Path, target: Path) -> None:
        import coverage

        self.root, self.target = root, target
        self.coverage = coverage.Coverage(data_file=None, config_file=False, source=[str(root / PACKAGE)])
        self.tests: Measured = {}

    def __enter__(self) -> Measuring:
        self.coverage.start()
        return self

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)
        self.tests[nodeid] = {'seconds': 0.0, 'passed': True, 'lines': {}}

    def pytest_runtest_logreport(self, report: Any) -> None:
        test = self.tests[report.nodeid]
        test['seconds'] += report.duration
        test['passed'] = test['passed'] and report.outcome == 'passed' and not hasattr(report, 'wasxfail')

    def __exit__(self, *error: object) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        for file in data.measured_files():
            name = Path(file).relative_to(self.root).as_posix()
            for line, contexts in data.contexts_by_lineno(file).items():
                for context in contexts:
                    if context in self.tests:
                        self.tests[context]['lines'].setdefault(name, []).append(line)
        self.target.write_text(json.dumps(self.tests))


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


def tests_of(site: Site, paths: list[str], measured: Measured) -> list[str]:
    """Return the tests that run a place in a module: the most telling first, then the fastest, within the budget.

    First one case of each test function, then a second one, and so on.
    """
    found = _running(site, paths, measured, site.inside)
    # What an import runs, no test seems to run.
    return found or _running(site, paths, measured, False)


def _running(site: Site, paths: list[str], measured: Measured, exactly: bool) -> list[str]:
    """Return the tests that run a place, or anything of its module, as `tests_of`."""
    lines = range(site.line, site.last_line + 1)
    ranked: list[tuple[int, int, float, str]] = []
    cases: Counter[str] = Counter()
    for test, about in sorted(measured.items(), key=lambda item: item[1]['seconds']):
        rank = next(
            (rank for rank, path in enumerate(paths) if test.startswith((f'{path}/', f'{path}::'))), None
        )
        ran = about['lines'].get(site.file)
        if rank is not None and ran and (not exactly or any(line in lines for line in ran)):
            function = test.partition('[')[0]
            ranked.append((cases[function], rank, about['seconds'], test))
            cases[function] += 1
    spent, chosen = 0.0, []
    for _, _, seconds, test in sorted(ranked):
        if not chosen or spent + seconds <= BUDGET:
            spent += seconds
            chosen.append(test)
    return chosen


def sample(modules: dict[str, list[str]], count: int, seed: str) -> list[tuple[Site, str]]:
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
            measured = measure(copy, sorted({path for paths in modules.values() for path in paths}))
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
                how, took = copy.run(tests, 20 + 3 * BUDGET) if tests else ('passed', 0.0)
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
