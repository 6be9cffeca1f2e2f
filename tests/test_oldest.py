"""The script that writes the oldest versions of setup.py as constraints."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from tests.docs.conftest import ROOT, load_script

SCRIPT = load_script('oldest')


def test_every_requirement_is_held_at_its_lowest_version(tmp_path: pathlib.Path) -> None:
    file = tmp_path / 'oldest.txt'
    subprocess.run([sys.executable, ROOT / 'scripts' / 'oldest.py', file], check=True, cwd=tmp_path)
    held = {line.name: str(line.specifier) for line in map(Requirement, file.read_text().splitlines())}
    declared = SCRIPT.declared()
    wanted = [
        *declared['install_requires'],
        *declared['extras_require']['all'],
        *declared['extras_require']['test'],
    ]
    for requirement in map(Requirement, wanted):
        version = held[requirement.name].removeprefix('==')
        assert requirement.specifier.contains(version), requirement
        assert f'>={version}' in str(requirement.specifier), requirement


@pytest.mark.parametrize('text', ['name', 'name<2', 'name==1.0'])
def test_a_requirement_has_a_lowest_version(text: str) -> None:
    with pytest.raises(ValueError, match='no lowest version'):
        SCRIPT.oldest(Requirement(text))


def test_a_bound_above_does_not_matter() -> None:
    assert SCRIPT.oldest(Requirement('name[extra]>=1.6,<2')) == '1.6'
