"""The quickstart, done literally: its files are written, its commands run, and its pictures come."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'quickstart.md'
STEP = re.compile(r'```(python|sh)\n(.*?)\n```', re.S)
#: What the machine of the test has already.
SKIPPED = ('python3 -m venv', 'pip install', '. env/', '. ../env/')


def steps() -> Iterator[tuple[str, str]]:
    """Yield the steps of the page: the name of a file with its text, or `sh` with commands."""
    text, end = PAGE.read_text(encoding='utf-8'), 0
    for match in STEP.finditer(text):
        before, end = text[end : match.start()], match.end()
        name = 'sh'
        if match.group(1) == 'python':
            named = re.findall(r'`([\w/]+\.py)`', before)
            name = ('>>' if 'At the end of' in before else '') + named[-1]
        yield name, match.group(2)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Wait until a server answers at `url`, with whatever status."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url).close()
            return
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError('the server did not start')


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which('curl'), reason='the quickstart asks with curl')
def test_the_quickstart_works(tmp_path: pathlib.Path) -> None:
    pytest.importorskip('rasterio')
    port, folder, server = free_port(), tmp_path, None
    environment = {name: value for name, value in os.environ.items() if not name.startswith('DJANGO_')}
    environment |= {
        'PATH': f'{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}',
        'PYTHONPATH': str(ROOT),
    }
    answers: dict[str, str] = {}
    try:
        for name, text in steps():
            text = text.replace('127.0.0.1:8000', f'127.0.0.1:{port}')
            if name != 'sh':
                with open(folder / name.removeprefix('>>'), 'a' if name.startswith('>>') else 'w') as file:
                    file.write(f'\n{text}\n')
                continue
            for command in text.splitlines():
                if command.startswith(SKIPPED):
                    continue
                if command.startswith('cd '):
                    folder = folder / command.removeprefix('cd ')
                elif command.endswith('runserver'):
                    server = subprocess.Popen(
                        [sys.executable, 'manage.py', 'runserver', '--noreload', f'127.0.0.1:{port}'],
                        cwd=folder,
                        env=environment,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                    )
                    wait_for(f'http://127.0.0.1:{port}/api/images')
                else:
                    command = command.replace('curl ', 'curl --silent --show-error ')
                    done = subprocess.run(
                        ['bash', '-c', command], cwd=folder, env=environment, capture_output=True, text=True
                    )
                    assert done.returncode == 0, (command, done.stdout, done.stderr)
                    answers[command.replace('--silent --show-error ', '')] = done.stdout
        check_what_came(folder, answers)
    finally:
        if server:
            server.terminate()
            server.wait()


def check_what_came(folder: pathlib.Path, answers: dict[str, str]) -> None:
    """Check the answers and the files of the last steps."""
    import rasterio

    said = {name: text for name, text in answers.items() if name.startswith('curl')}
    made = next(text for name, text in said.items() if '-F file' in name)
    assert json.loads(made) == {'id': 1, 'name': 'Hills'}
    assert '{"id":1,"name":"Hills"}' in PAGE.read_text(encoding='utf-8')
    metadata = json.loads(next(text for name, text in said.items() if name.endswith('info/metadata')))
    assert (metadata['sizeX'], metadata['geospatial']) == (1024, True)
    with Image.open(folder / 'thumbnail.png') as picture:
        assert (picture.size, picture.mode) == ((256, 256), 'RGBA')
        assert picture.getchannel('A').getextrema() == (0, 255)
        assert len(picture.convert('RGB').getcolors(1 << 16) or ()) > 100
    with Image.open(folder / 'tile.png') as picture:
        assert picture.size == (256, 256)
        assert picture.convert('RGBA').getchannel('A').getextrema()[1] == 255
    with rasterio.open(folder / 'part.tif') as part:
        assert (part.crs.to_epsg(), part.dtypes[0], part.shape) == (4326, 'float32', (256, 256))
        height = part.read(1)[0, -1]
    pixel = json.loads(next(text for name, text in said.items() if 'data/pixel' in name))
    assert abs(pixel['bands']['1'] - height) < 20
    wrong = json.loads(next(text for name, text in said.items() if 'max_width=0' in name))
    assert (wrong['code'], wrong['parameter']) == ('invalid_parameter', 'max_width')
