"""A new project by the README alone: pip install of the built wheel, one model, one viewset, the first tiles."""

from __future__ import annotations

import io
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from tests import reference
from tests.e2e.readme import ROOT, Step, steps
from tests.images import GeoTiff, content
from tests.services.process import Processes, free_ports, is_listening
from tests.services.skipping import missing

pytestmark = pytest.mark.slow

#: The image's pixels are 0.04° wide; its corner is at 10° west, 60° north.
PLACE = (0.04, 0, -10, 0, -0.04, 60)
#: What the build of the wheel takes from a checkout.
SOURCES = (
    'setup.py', 'pyproject.toml', 'README.md', 'LICENSE', 'MANIFEST.in', 'django_large_image', 'frontend', 'scripts',
)  # fmt: skip


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the user's folder, which is empty."""
    return tmp_path_factory.mktemp('new-user')


@pytest.fixture(scope='module')
def image(folder: pathlib.Path) -> pathlib.Path:
    """Return a colour image of Europe's size, 1024 × 1024 pixels: it can be seen on a map of the world."""
    array = content.rgb(1024, 1024)
    return GeoTiff(array, 4326, PLACE, photometric='rgb', cog=True).write(folder / 'mine.tif')


@pytest.fixture(scope='module')
def wheel(folder: pathlib.Path) -> pathlib.Path:
    """Return a wheel of the checkout, built from a copy so that nothing is left in the checkout."""
    copy = folder / 'source'
    copy.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns('__pycache__', 'node_modules'))
        elif source.exists():
            shutil.copy(source, copy / name)
    run(folder, [sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps', '--no-build-isolation',
                 '--wheel-dir', str(folder), str(copy)])  # fmt: skip
    (built,) = folder.glob('django_large_image-*.whl')
    return built


def environment(folder: pathlib.Path) -> dict[str, str]:
    """Return the environment of a user whose shell has the new venv first, and knows nothing of this checkout."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(('DJANGO', 'PYTHON', 'DLI_'))
    }
    return kept | {'PATH': f'{folder / "venv" / "bin"}{os.pathsep}{os.environ["PATH"]}'}


def run(folder: pathlib.Path, command: list[str], cwd: pathlib.Path | None = None) -> str:
    """Run a command of the user's and return its output; what it wrote is shown if it fails."""
    done = subprocess.run(
        command,
        cwd=cwd or folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode and re.search(
        r'name resolution|Failed to establish|No matching distribution', done.stderr
    ):
        missing('no package index answers')
    assert done.returncode == 0, f'{shlex.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}'
    return done.stdout


def do(step: Step, folder: pathlib.Path, place: pathlib.Path, image: pathlib.Path) -> pathlib.Path:
    """Do one step of the README in `place`, and return the folder that the user is in afterwards."""
    if step.kind != 'run':
        file = place / step.file
        # Whoever follows the README finds each of these files there already.
        assert file.exists(), f'{step.file} is not in the new project'
        file.write_text((file.read_text() + '\n' if step.kind == 'append' else '') + step.text)
        return place
    script = step.text.replace('/path/to/image.tif', str(image))
    return pathlib.Path(
        run(folder, ['bash', '-euo', 'pipefail', '-c', f'{script}\npwd'], place).splitlines()[-1]
    )


@contextmanager
def started(command: str, folder: pathlib.Path, place: pathlib.Path) -> Iterator[str]:
    """Start the README's server on a free port, and return its address."""
    (port,) = free_ports(1)
    # Without the reloader it is one process, which can be ended by its pid.
    words = [*shlex.split(command), '--noreload', f'127.0.0.1:{port}']
    words[0] = str(folder / 'venv' / 'bin' / 'python')
    words[1] = str(place / words[1])
    servers = Processes(folder)
    try:
        servers.start('server', words, environment(folder), inherit=False)
        servers.wait(lambda: is_listening(port))
        yield f'http://127.0.0.1:{port}'
    finally:
        servers.stop()


def get(url: str) -> tuple[str, bytes]:
    """Return media type and body of a success."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert answer.status == 200
        return answer.headers['Content-Type'], answer.read()


def test_readme_leads_from_nothing_to_tiles(
    folder: pathlib.Path, image: pathlib.Path, wheel: pathlib.Path
) -> None:
    todo = steps('Use it')
    assert [step.file for step in todo if step.file] == [
        'mysite/settings.py', 'images/models.py', 'images/views.py', 'mysite/urls.py',
    ]  # fmt: skip

    # The installation: the README's command with the wheel in place of the name on the index.
    (install,) = shlex.split(todo[0].text.replace('pip install ', '', 1))
    extra = re.fullmatch(r'django-large-image(\[\w+\])', install)
    assert extra
    run(folder, [sys.executable, '-m', 'venv', 'venv'])
    run(folder, [str(folder / 'venv' / 'bin' / 'pip'), 'install', '--quiet', '--disable-pip-version-check',
                 f'{wheel}{extra[1]}'])  # fmt: skip

    place = folder
    *before, serve, ask = todo[1:]
    for step in before:
        place = do(step, folder, place, image)
    prepare, _, command = serve.text.rstrip('\n').rpartition('\n')
    place = do(Step('run', prepare), folder, place, image)
    assert 'no issues' in run(folder, ['python', 'manage.py', 'check', '--fail-level', 'WARNING'], place)

    with started(command, folder, place) as site:
        for line in ask.text.splitlines():
            words = shlex.split(line)
            assert words[0] == 'curl'
            kind, body = get(words[-1].replace('http://127.0.0.1:8000', site))
            assert kind == ('image/png' if '-o' in words else 'application/json')
            if kind == 'image/png':
                assert reference.decoded(body, 'RGBA')[3].any(), 'nothing can be seen'
            else:
                assert (json.loads(body)['sizeX'], json.loads(body)['geospatial']) == (1024, True)
        same_pixels(f'{site}/api/images/1', image)
        assert 'image/png' not in get(f'{site}/api/large-image/sources')[0]


def same_pixels(url: str, image: pathlib.Path) -> None:
    """Assert that tiles, region and thumbnail have the pixels of the image."""
    import rasterio

    tile = reference.decoded(get(f'{url}/tiles/2/1/2.png')[1], 'RGB')
    assert np.array_equal(tile, reference.read_window(image, 256, 512, 256, 256))

    z, x, y = reference.tiles_covering(image, reference.native_zoom(image))[0]
    tile = reference.decoded(get(f'{url}/tiles/{z}/{x}/{y}.png?projection=EPSG:3857')[1], 'RGBA')
    expected, valid = reference.warped_tile(image, z, x, y)
    assert ((tile[3] > 0) == valid).mean() > 0.995
    assert reference.psnr(tile[:3], expected, valid & (tile[3] > 0)) > 50

    kind, region = get(f'{url}/data/region.tif?left=100&top=200&right=500&bottom=450&units=pixels')
    assert kind == 'image/tiff'
    with rasterio.open(io.BytesIO(region)) as dataset:
        assert np.array_equal(dataset.read(), reference.read_window(image, 100, 200, 400, 250))
        assert dataset.crs.to_epsg() == 4326
        a, _, c, _, e, f = PLACE
        assert dataset.transform.almost_equals(rasterio.Affine(a, 0, c + 100 * a, 0, e, f + 200 * e))

    small = reference.decoded(get(f'{url}/data/thumbnail.png?max_width=128&max_height=128')[1], 'RGB')
    assert small.shape == (3, 128, 128)
    whole = reference.read_window(image, 0, 0, 1024, 1024).astype(float)
    averaged = whole.reshape(3, 128, 8, 128, 8).mean(axis=(2, 4))
    assert reference.psnr(small, averaged) > 40
