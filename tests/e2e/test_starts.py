"""Every start of README's server comes up and answers the first eight requests, which come at once.

`STARTS` is how many starts there are for each Python; by default ten for the one that runs the tests and three for each
other one that is found. With REQUIRE_SERVICES=1 a missing one is a failure.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import reference
from tests.e2e.readme import steps
from tests.e2e.test_new_user import do, environment, folder, image, run, wheel  # noqa: F401 (fixtures)
from tests.services.process import free_ports, is_listening
from tests.services.skipping import missing

pytestmark = pytest.mark.slow

DEFAULT = f'{sys.version_info.major}.{sys.version_info.minor}'
VERSIONS = ('3.11', '3.12', '3.13')
#: What the first eight ask for: a tile of the map, in the file's colours and in a palette.
FIRST = [
    f'/api/images/1/tiles/0/0/0.png?projection=EPSG:3857{style}'
    for style in ('', '&band=1&palette=terrain') * 4
]


def interpreter(version: str) -> str | None:
    """Return an interpreter of a version that runs: pyenv's own, as its shims fail without a choice, or one on PATH."""
    if version == DEFAULT:
        return sys.executable
    places = [pathlib.Path(sys.base_prefix).parent, pathlib.Path.home() / '.pyenv' / 'versions']
    if shutil.which('pyenv'):
        root = subprocess.run(['pyenv', 'root'], capture_output=True, text=True, check=False).stdout.strip()
        places.append(pathlib.Path(root) / 'versions')
    found = [str(path) for place in places for path in sorted(place.glob(f'{version}.*/bin/python'))]
    for part in os.environ['PATH'].split(os.pathsep):
        on_path = shutil.which(f'python{version}', path=part)
        found += [on_path] if on_path else []
    for path in found:
        asked = subprocess.run([path, '-c', 'import venv, ensurepip'], capture_output=True, check=False)
        if asked.returncode == 0:
            return path
    return None


@pytest.fixture(scope='module', params=VERSIONS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, image: pathlib.Path,  # noqa: F811
         wheel: pathlib.Path) -> tuple[str, pathlib.Path, pathlib.Path]:  # fmt: skip  # noqa: F811
    """Return a version of Python, its user's folder, and README's project in it, with one image."""
    python = interpreter(request.param)
    if python is None:
        missing(f'there is no Python {request.param}')
    home = tmp_path_factory.mktemp(f'user{request.param}')
    run(home, [python, '-m', 'venv', 'venv'])
    run(
        home,
        [
            str(home / 'venv/bin/pip'),
            'install',
            '--quiet',
            '--disable-pip-version-check',
            f'{wheel}[rasterio]',
        ],
    )
    place = home
    *before, serve, _ = steps('Use it')[1:]
    for step in before:
        place = do(step, home, place, image)
    prepare, _, command = serve.text.rstrip('\n').rpartition('\n')
    assert command == 'python manage.py runserver'
    place = do(type(serve)('run', prepare), home, place, image)
    return request.param, home, place


def first_eight(home: pathlib.Path, place: pathlib.Path, *options: str) -> tuple[Counter[str], str]:
    """Start the server, ask eight things at once, and return how often each answer came, and the log."""
    (port,) = free_ports(1)
    log = home / 'server.log'

    def ask(path: str) -> str:
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=60) as answer:
                picture = reference.decoded(answer.read(), 'RGBA')
                return str(answer.status) if picture[3].any() else 'nothing is seen'
        except urllib.error.HTTPError as error:
            with error:
                return f'{error.code} {error.read()[:200]!r}'

    with open(log, 'wb') as output:
        # The reloader is two processes; a group ends with its first one's number.
        server = subprocess.Popen(
            [home / 'venv/bin/python', 'manage.py', 'runserver', *options, f'127.0.0.1:{port}'],
            cwd=place, env=environment(home) | {'PYTHONUNBUFFERED': '1'}, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not is_listening(port):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            # The reloader waits for a change where the site could not be loaded.
            assert 'Traceback' not in log.read_text(), log.read_text()[-3000:]
            time.sleep(0.05)
        with ThreadPoolExecutor(8) as threads:
            return Counter(threads.map(ask, FIRST)), log.read_text()
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.mark.parametrize('options', [(), ('--noreload',)], ids=['reloader', 'noreload'])
def test_every_start_comes_up(site: tuple[str, pathlib.Path, pathlib.Path], options: tuple[str, ...]) -> None:
    version, home, place = site
    starts = int(os.environ.get('STARTS') or (10 if version == DEFAULT else 3))
    assert starts > 0
    for start in range(starts):
        answers, log = first_eight(home, place, *options)
        assert answers == {'200': 8}, (start, log[-3000:])
        assert 'Traceback' not in log
        assert 'no issues' in log


def test_the_checks_of_viewsets_are_made_at_every_start(site: tuple[str, pathlib.Path, pathlib.Path]) -> None:
    _, home, place = site
    views = place / 'images' / 'views.py'
    right = views.read_text()
    views.write_text(right.replace("FILE_FIELD_NAME = 'file'", "FILE_FIELD_NAME = 'files'"))
    try:
        for _ in range(3):
            _, log = first_eight(home, place)
            assert 'django_large_image.W007' in log
    finally:
        views.write_text(right)
