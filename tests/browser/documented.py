"""The page "in a design of your own" of docs/viewers.md: its template, style sheet and script, as they stand there."""

from __future__ import annotations

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'viewers.md'
HEADING = '## In a design of your own'


def blocks() -> dict[str, str]:
    """Return the blocks of the section by their language."""
    section = PAGE.read_text(encoding='utf-8').split(HEADING)[1].split('\n## ')[0]
    return dict(re.findall(r'^```(\w+)\n(.*?)^```', section, re.S | re.M))


def write(folder: pathlib.Path) -> None:
    """Write the style sheet and the script under the names that their first lines say."""
    for language in ('css', 'js'):
        code = blocks()[language]
        said = re.match(r'(?:/\*|//) (\S+)', code)
        assert said, code
        path = folder / said[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding='utf-8')
