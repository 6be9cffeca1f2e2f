"""Write the oldest versions that setup.py allows as constraints for pip: oldest.py FILE

setup.py is the only place that names versions: `name>=1.2` there becomes `name==1.2` here. `tox -e oldest` installs the
package with them and runs the tests.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import setuptools
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent


def declared() -> dict[str, Any]:
    """Return what setup.py gives to `setup()`, which is not called."""
    with contextlib.chdir(ROOT), mock.patch.object(setuptools, 'setup') as called:
        runpy.run_path(os.fspath(ROOT / 'setup.py'))
    kwargs: dict[str, Any] = called.call_args.kwargs
    return kwargs


def oldest(requirement: Requirement) -> str:
    """Return the lowest version that a requirement allows; raises `ValueError` if it names none."""
    floors = [Version(part.version) for part in requirement.specifier if part.operator == '>=']
    if not floors:
        raise ValueError(f'{requirement} in setup.py has no lowest version')
    return str(max(floors))


def constraints() -> list[str]:
    """Return a line for each package of install_requires and of the extras, in the order of their names."""
    setup = declared()
    lines = {
        *setup['install_requires'],
        *(line for extra in setup['extras_require'].values() for line in extra),
    }
    found: dict[str, str] = {}
    for requirement in map(Requirement, sorted(lines)):
        version = oldest(requirement)
        if found.setdefault(requirement.name, version) != version:
            raise ValueError(f'setup.py has two lowest versions of {requirement.name}')
    return [f'{name}=={version}' for name, version in sorted(found.items())]


if __name__ == '__main__':
    Path(sys.argv[1]).write_text('\n'.join(constraints()) + '\n', encoding='utf-8')
