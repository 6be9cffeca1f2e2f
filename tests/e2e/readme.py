"""Read the README as a user does: what to type, and what to write into which file."""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass
from typing import Literal

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Step:
    """One thing that the README tells its reader to do."""

    #: `run` is a shell command block; `write` and `append` are the text of a file.
    kind: Literal['run', 'write', 'append']
    text: str
    file: str = ''


def steps(section: str) -> list[Step]:
    """Return what a section of the README says to do, in its order."""
    text = (ROOT / 'README.md').read_text()
    body = re.split(r'^## ', text.split(f'\n## {section}\n', 1)[1], maxsplit=1, flags=re.M)[0]
    found: list[Step] = []
    # A fenced block after a line that names its file, or a block that is indented by four spaces.
    blocks = re.compile(r'^([^\n]*):\n\n```python\n(.*?)^```$|((?:^    [^\n]*\n)+)', re.M | re.S)
    for match in blocks.finditer(body):
        introduction, code, shell = match.groups()
        if shell:
            found.append(Step('run', re.sub(r'^    ', '', shell, flags=re.M)))
        else:
            (file,) = re.findall(r'`([^`]+\.py)`', introduction)
            found.append(Step('append' if 'end of' in introduction else 'write', code, file))
    return found
