"""The table of `make mutants`, which runs seldom, names modules, tests and lines that exist."""

from __future__ import annotations

import fnmatch
import importlib
import pathlib
import tomllib
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).parents[1]
TABLE = tomllib.loads((ROOT / 'scripts' / 'mutants.toml').read_text())
MODULES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (ROOT / 'django_large_image').rglob('*.py')
}


def named(name: str) -> list[str]:
    return [path for path in MODULES if fnmatch.fnmatch(path, f'*/{name}.py')]


@pytest.mark.parametrize('group', TABLE['group'], ids=lambda group: group['modules'][0])
def test_the_modules_and_the_tests_of_a_group_are_there(group: dict[str, Any]) -> None:
    assert [name for name in group['modules'] if not named(name)] == []
    assert [path for path in group['tests'] if not (ROOT / path).exists()] == []


@pytest.mark.parametrize('known', TABLE['equivalent'], ids=lambda known: known['module'])
def test_a_change_that_changes_nothing_can_be_made(
    known: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    mutations = importlib.import_module('mutations')
    found = [
        site
        for path in named(known['module'])
        for site in mutations.sites(path, MODULES[path])
        if site.before == known['before']
        and known['after'] in site.choices
        and known.get('line', '') in MODULES[path].splitlines()[site.line - 1]
    ]
    assert found
