"""A copy of the repository for `make mutants`, and children that run tests in it: forked, so that imports cost once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = 'django_large_image'

#: By test: its seconds, whether it passed, and the lines of the package that it ran, by file.
Measured = dict[str, dict[str, Any]]


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
