"""The machine and the versions that were measured."""

from __future__ import annotations

import os
import pathlib
import platform
import subprocess
from typing import Any

from benchmarks import environments
from benchmarks.config import ROOT

PACKAGES = {
    'ours': (
        'django-large-image', 'django', 'djangorestframework', 'gunicorn', 'large-image', 'numpy',
        'opencv-python-headless', 'pillow', 'rasterio',
    ),
    'old': (
        'django-large-image', 'django', 'djangorestframework', 'gunicorn', 'large-image',
        'large-image-source-rasterio', 'numpy', 'pillow', 'rasterio',
    ),
    'titiler': (
        'titiler.application', 'titiler.core', 'rio-tiler', 'uvicorn', 'uvloop', 'fastapi', 'numpy', 'rasterio',
    ),
}  # fmt: skip


def _line(path: str, name: str) -> str:
    """Return the value of the first line of a file of /proc that begins with a name."""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(':')[2].strip()
    return 'unknown'


def _commit() -> str:
    """Return the commit that is measured; a plus says that files differ from it."""
    git = ['git', '-C', str(ROOT)]
    done = subprocess.run([*git, 'rev-parse', '--short', 'HEAD'], capture_output=True, text=True, check=False)
    changed = subprocess.run(
        [*git, 'status', '--porcelain', '--', 'django_large_image'],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() + ('+' if changed.stdout.strip() else '') if not done.returncode else 'unknown'


def machine() -> dict[str, Any]:
    """Return what the report says about where it was made."""
    import rasterio

    return {
        'cpu': _line('/proc/cpuinfo', 'model name'),
        'cores': len(os.sched_getaffinity(0)),
        'memory': int(_line('/proc/meminfo', 'MemTotal').split()[0]) * 1024,
        'kernel': f'{platform.system()} {platform.release()}',
        'python': platform.python_version(),
        'gdal': rasterio.__gdal_version__,
        'commit': _commit(),
        'versions': {
            name: environments.versions(name, packages)
            for name, packages in PACKAGES.items()
            if environments.python(name).exists()
        },
    }
