"""The pages of the documentation, and the script that renews them."""

from __future__ import annotations

import importlib.util
import pathlib
from types import ModuleType

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / 'docs'
#: Pages outside the built site.
TOP = ('README', 'CHANGELOG', 'CONTRIBUTING', 'ROADMAP', 'SECURITY')
#: Every page, README among them, by its path in the repository.
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding='utf-8')
    for path in [*(ROOT / f'{name}.md' for name in TOP), *sorted(DOCS.glob('*.md'))]
}


def load_script(name: str = 'docs_examples') -> ModuleType:
    """Return a script of scripts/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / 'scripts' / f'{name}.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='session')
def script() -> ModuleType:
    """Return the script that renews the pages."""
    return load_script()
