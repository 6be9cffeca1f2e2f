"""The environments of the peers: each its own, from PyPI, so that neither sees this package nor the other."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import venv
from importlib.metadata import version

from benchmarks.config import ENVS, SITES

#: What both Django servers share has the version that this package is measured with, so that only the package differs.
SHARED = ('django', 'djangorestframework', 'gunicorn', 'large-image', 'numpy', 'pillow', 'rasterio')


def requirements() -> dict[str, list[str]]:
    """Return what is installed for each peer."""
    return {
        'old': [
            # `colormaps` brings matplotlib: without it 0.10.5 knows no viridis.
            'django-large-image[colormaps]==0.10.5',
            'large-image-source-rasterio',
            *(f'{name}=={version(name)}' for name in SHARED),
        ],
        'titiler': [
            'titiler.application==2.4.0',
            # With uvloop and httptools, as TiTiler's own image has it.
            'uvicorn[standard]',
            f'rasterio=={version("rasterio")}',
        ],
    }


def python(name: str) -> pathlib.Path:
    """Return the interpreter of an environment: `ours`, `old` or `titiler`."""
    return pathlib.Path(sys.executable) if name == 'ours' else ENVS / name / 'bin' / 'python'


def install(name: str) -> None:
    """Make a peer's environment, unless it already holds what is asked for."""
    wanted = '\n'.join([sys.version, *requirements()[name]])
    folder = ENVS / name
    marker = folder / 'installed'
    if marker.exists() and marker.read_text() == wanted:
        return
    print(f'==> Installing {requirements()[name][0]} into benchmarks/.envs/{name}', flush=True)
    venv.create(folder, with_pip=True, clear=True)
    command = [str(python(name)), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    subprocess.run([*command, *requirements()[name]], check=True)
    marker.write_text(wanted)


def versions(name: str, packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of packages in an environment; those that it lacks are left out."""
    code = (
        'import json, sys\nfrom importlib.metadata import PackageNotFoundError, version\nfound = {}\n'
        'for name in sys.argv[1:]:\n'
        '    try:\n        found[name] = version(name)\n    except PackageNotFoundError:\n        pass\n'
        'print(json.dumps(found))'
    )
    # In a folder without this package, which Python would find first.
    command = [str(python(name)), '-c', code, *packages]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=SITES)
    found: dict[str, str] = json.loads(done.stdout)
    return found
