"""Renew what the documentation shows of the running package: tables of parameters, answers and pictures.

    python scripts/docs_examples.py          write docs/*.md and docs/img/ anew
    python scripts/docs_examples.py --check  say which pages would change, and change nothing

It serves the example project with its sample images on a port of this machine, runs each command of the blocks that
start with ```console in a folder of its own, and puts what the command says below it. Such a block may hold `curl` to
http://127.0.0.1:8000 and rasterio's `rio`. A comment above the block bounds what is shown of long JSON:

    <!-- example: keys=4 items=3 -->

A file that a command writes (`-o name`) is kept as docs/img/name if a page shows it. Tables stand between
`<!-- parameters: TileParams -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / 'docs'
EXAMPLE = ROOT / 'example_project'
#: The site's address in the pages.
SITE = 'http://127.0.0.1:8000'
BLOCK = re.compile(r'(?:<!-- example:(?P<options>[^>]*)-->\n)?```console\n(?P<body>.*?)\n```', re.S)
TABLE = re.compile(r'<!-- parameters: (?P<group>group )?(?P<name>\w+) -->\n(?P<body>.*?)<!-- end -->', re.S)
WIDTH = 96


def commands(body: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with the answer below it."""
    found: list[tuple[str, str]] = []
    for part in re.split(r'^\$ ', body, flags=re.M)[1:]:
        match = re.match(r'((?:[^\n]*\\\n)*[^\n]*)(?:\n|$)(.*)', part, re.S)
        assert match is not None
        found.append((match.group(1), match.group(2).rstrip('\n')))
    return found


def split(answer: str) -> tuple[str, str]:
    """Return the JSON of an answer and the line below it, in which curl says status and media type."""
    body, _, last = answer.rpartition('\n')
    return (body, last) if re.match(r'\d{3}( |$)', last) else (answer, '')


# -- JSON, short enough to be read


def cut(value: Any, keys: int, items: int) -> Any:
    """Return `value` with an ellipsis for what is beyond so many keys and items."""
    if isinstance(value, dict):
        kept = {key: cut(entry, keys, items) for key, entry in list(value.items())[:keys]}
        return kept | ({'…': '…'} if len(value) > keys else {})
    if isinstance(value, list):
        kept_items = [cut(entry, keys, items) for entry in value[:items]]
        return kept_items + (['…'] if len(value) > items else [])
    return value


def layout(value: Any, indent: int = 0) -> str:
    """Return JSON that breaks a line only where it has to."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    inner = ' ' * (indent + 2)
    if isinstance(value, dict):
        lines = [
            f'{inner}{json.dumps(k, ensure_ascii=False)}: {layout(v, indent + 2)}' for k, v in value.items()
        ]
        return '{\n' + ',\n'.join(lines) + '\n' + ' ' * indent + '}'
    return '[\n' + ',\n'.join(inner + layout(v, indent + 2) for v in value) + '\n' + ' ' * indent + ']'


def shown(value: Any, keys: int = 100, items: int = 12) -> str:
    """Return JSON as the pages show it: `…` stands for what was left out."""
    text = layout(cut(value, keys, items))
    return text.replace('"…": "…"', '…').replace('"…"', '…')


def parsed(text: str) -> Any:
    """Return the JSON that a page shows; an ellipsis is the key or the item '…'."""
    text = re.sub(r'…(?=\s*\})', '"…": "…"', text)
    return json.loads(re.sub(r'(?<!")…(?=\s*\])', '"…"', text))


# -- tables of parameters


def parameter_groups() -> dict[str, type]:
    """Return the classes of parameters that a page explains once and other tables refer to."""
    from django_large_image.rest import params

    return {
        'opening': params.OpenParams,
        'projection': params.ProjectionParams,
        'resampling': params.DrawParams,
        'frame': params.FrameParams,
        'style': params.StyleParams,
    }


def own_fields(cls: Any, group: bool = False) -> dict[str, Any]:
    """Return the fields of a class of parameters that it does not have from a group; of a group its own."""
    found: dict[str, Any] = dict(cls._declared_fields)
    for other in parameter_groups().values():
        if issubclass(cls, other) and not (group and other is cls):
            found = {name: field for name, field in found.items() if name not in other._declared_fields}
    return found


def parameter_table(name: str, group: bool = False) -> str:
    """Return the Markdown table of a class of parameters, and a line that names the groups it also takes."""
    from django_large_image.rest import params

    cls = getattr(params, name)
    own = own_fields(cls, group)
    lines = []
    if own:
        lines = ['| parameter | type | default | allowed | meaning |', '|---|---|---|---|---|']
        lines += [f'| `{field}` | {" | ".join(_cells(value))} |' for field, value in own.items()]
    if group:
        return '\n'.join(lines) + '\n'
    groups = [
        f'[{key} parameters](#{key}-parameters) ('
        + ', '.join(f'`{field}`' for field in own_fields(other, True))
        + ')'
        for key, other in parameter_groups().items()
        if issubclass(cls, other)
    ]
    if groups:
        last = f' and {groups.pop()}' if len(groups) > 1 else ''
        lines += [*([''] if own else []), f'It takes {"also " if own else ""}the {", ".join(groups)}{last}.']
    return '\n'.join(lines) + '\n'


def _cells(field: Any) -> tuple[str, str, str, str]:
    from rest_framework import serializers

    from django_large_image.rest.fields import BoundedIntegerField, allowed

    kinds = {
        serializers.BooleanField: 'boolean',
        serializers.IntegerField: 'integer',
        serializers.FloatField: 'number',
    }
    kind = next((kind for cls, kind in kinds.items() if isinstance(field, cls)), 'text')
    default = '—'
    if field.required:
        default = 'required'
    elif isinstance(field.default, bool | int | str):
        default = (
            f'`{json.dumps(field.default)}`' if not isinstance(field.default, str) else f'`{field.default}`'
        )
    limits = allowed(field)
    if isinstance(field, BoundedIntegerField):
        limits += f' (`LARGE_IMAGE_{field.setting}`)'
    return kind, default, limits, str(field.help_text).replace('|', '\\|')


def with_tables(text: str) -> str:
    """Return a page with its tables of parameters made anew."""

    def table(match: re.Match[str]) -> str:
        name, group = match.group('name'), match.group('group') or ''
        return f'<!-- parameters: {group}{name} -->\n{parameter_table(name, bool(group))}<!-- end -->'

    return TABLE.sub(table, text)


# -- answers


def with_answers(text: str, run: Callable[[str], str]) -> str:
    """Return a page with the answer of each command below it."""

    def block(match: re.Match[str]) -> str:
        options = dict(part.split('=') for part in (match.group('options') or '').split())
        lines = []
        for command, _ in commands(match.group('body')):
            answer, last = split(run(command))
            with contextlib.suppress(ValueError):
                answer = shown(json.loads(answer), **{key: int(value) for key, value in options.items()})
            answer = '\n'.join(part for part in (answer, last) if part)
            lines += [f'$ {command}', *([answer] if answer else [])]
        head = match.group(0).partition('```console')[0]
        return f'{head}```console\n' + '\n'.join(lines) + '\n```'

    return BLOCK.sub(block, text)


class Site:
    """The example project, running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / 'work'
        self.work.mkdir()
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        path = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'
        self.environment = os.environ | {
            'DATA_DIR': str(folder / 'data'),
            'DJANGO_SETTINGS_MODULE': 'example.settings',
            'PYTHONPATH': str(ROOT),
            'PATH': path,
        }

    def manage(self, *arguments: str) -> None:
        """Run a management command."""
        subprocess.run(
            [sys.executable, 'manage.py', *arguments],
            cwd=EXAMPLE,
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Make the database and the images, and serve them for the time of the block."""
        self.manage('migrate', '--verbosity', '0')
        self.manage('load_samples')
        self.manage('create_demo_user')
        server = subprocess.Popen(
            [sys.executable, 'manage.py', 'runserver', '--noreload', f'127.0.0.1:{self.port}'],
            cwd=EXAMPLE,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(100):
                with (
                    contextlib.suppress(OSError),
                    urllib.request.urlopen(f'http://127.0.0.1:{self.port}/api/large-image/formats'),
                ):
                    break
                time.sleep(0.2)
            yield
        finally:
            server.terminate()
            server.wait()

    def run(self, command: str) -> str:
        """Run one documented command and return what it says."""
        if not command.startswith(('curl ', 'rio ')):
            raise ValueError(f'Not a command for an example: {command}')
        password = (self.folder / 'data' / 'demo-password').read_text()
        real = command.replace(SITE, f'http://127.0.0.1:{self.port}').replace('PASSWORD', password)
        real = re.sub(r'^curl ', 'curl --silent --show-error ', real)
        done = subprocess.run(
            ['bash', '-c', real], cwd=self.work, env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f'{command}\n{done.stdout}{done.stderr}')
        return done.stdout.rstrip('\n').replace(f'127.0.0.1:{self.port}', SITE.removeprefix('http://'))


def set_up() -> None:
    """Make the package importable, with settings that hold nothing but the defaults."""
    sys.path[:0] = [str(ROOT), str(ROOT / 'scripts')]
    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'minimal_settings')
    import django

    django.setup()


def main() -> int:
    """Renew the pages; with --check return 1 if there is something to renew."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').partition('\n')[0])
    parser.add_argument('--check', action='store_true', help='change nothing')
    check = parser.parse_args().check
    set_up()
    changed = []
    with tempfile.TemporaryDirectory(prefix='large-image-docs-') as folder:
        site = Site(Path(folder))
        with site.running():
            for page in sorted(DOCS.glob('*.md')):
                text = page.read_text(encoding='utf-8')
                renewed = with_answers(with_tables(text), site.run)
                if renewed != text:
                    changed.append(page.name)
                    if not check:
                        page.write_text(renewed, encoding='utf-8')
                for name in re.findall(r'\(img/([^)\s]+)\)', text):
                    made = site.work / name
                    if made.exists() and not check:
                        shutil.copyfile(made, DOCS / 'img' / name)
    print('\n'.join(changed) or 'Nothing has changed.')
    return 1 if check and changed else 0


if __name__ == '__main__':
    sys.exit(main())
