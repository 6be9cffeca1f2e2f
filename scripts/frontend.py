"""Build the viewers' bundles into the package's static folder, if their sources changed since they were built.

    python scripts/frontend.py          build
    python scripts/frontend.py --check  check types and style of the sources, and run their unit tests

It needs Node.js and npm, and nothing of Python but its standard library: setup.py runs it for wheels and sdists.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / 'frontend'
MODULES = FRONTEND / 'node_modules'
STATIC = ROOT / 'django_large_image' / 'static' / 'django_large_image'
#: What a build makes, and by which one it was made.
MADE = ('viewer.js', 'globe.js', 'proj4.js', 'land.json', 'cesium')
STAMP = STATIC / '.built'
#: ESLint 10 and Vite's family ask for it.
NODE = (20, 19)


def digest(*paths: Path) -> str:
    """Return a digest of files, by name and content."""
    found = hashlib.sha256()
    for path in sorted(paths):
        found.update(f'{path.relative_to(ROOT)}\0'.encode() + path.read_bytes() + b'\0')
    return found.hexdigest()


def sources() -> list[Path]:
    """Return the files that the bundles are made of."""
    folders = (FRONTEND / 'src', FRONTEND / 'scripts')
    return [
        *(path for folder in folders for path in folder.rglob('*') if path.is_file()),
        FRONTEND / 'package.json',
        FRONTEND / 'package-lock.json',
    ]


def check_node() -> None:
    """End with what to do if there is no Node.js, or one that is too old."""
    wanted = '.'.join(map(str, NODE))
    node = shutil.which('node')
    if node is None or shutil.which('npm') is None:
        sys.exit(
            f'The viewers are built by Node.js {wanted} or newer with npm, and there is none on the PATH. '
            'Install it from https://nodejs.org or your package manager. (A released wheel of this package needs none.)'
        )
    said = subprocess.run([node, '--version'], capture_output=True, text=True, check=True).stdout
    version = tuple(map(int, re.findall(r'\d+', said)[:2]))
    if version < NODE:
        sys.exit(
            f'The viewers are built by Node.js {wanted} or newer; the one on the PATH is {said.strip()}.'
        )


def npm(*arguments: str) -> None:
    """Run npm in the folder of the sources; end if it fails."""
    program = shutil.which('npm') or 'npm'
    status = subprocess.run([program, *arguments], cwd=FRONTEND).returncode
    if status:
        sys.exit(f'npm {" ".join(arguments)} failed with status {status}.')


def install() -> None:
    """Install the JavaScript packages of the lock file, unless they are."""
    stamp, wanted = MODULES / '.installed', digest(FRONTEND / 'package-lock.json')
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print('==> Installing the JavaScript packages (the first time this takes half a minute)', flush=True)
    npm('ci', '--no-audit', '--no-fund', '--loglevel=error')
    stamp.write_text(wanted)


def build() -> None:
    """Build what is missing or older than its sources."""
    if not FRONTEND.is_dir() or (ROOT / 'PKG-INFO').is_file():
        # An unpacked sdist brings the bundles along.
        missing = [name for name in MADE if not (STATIC / name).exists()]
        if missing:
            sys.exit(f'This source distribution lacks {", ".join(missing)}.')
        return
    wanted = digest(*sources())
    made = all((STATIC / name).exists() for name in MADE)
    if made and STAMP.is_file() and STAMP.read_text() == wanted:
        return
    check_node()
    install()
    print('==> Building the viewers', flush=True)
    npm('run', '--silent', 'build')
    STAMP.write_text(wanted)


def check() -> None:
    """Check the sources and run their tests."""
    check_node()
    install()
    npm('run', '--silent', 'check')
    npm('run', '--silent', 'test')


if __name__ == '__main__':
    check() if '--check' in sys.argv[1:] else build()
