"""The scripts of docs/clients.md, as they stand there, and the bundles that its command makes of them."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'clients.md'
MODULES = ROOT / 'frontend' / 'node_modules'
BLOCK = re.compile(r'^<!-- run: ([\w-]+) -->\n```(\w+)\n(.*?)^```', re.S | re.M)
COMMAND = re.compile(r'^npx esbuild map\.js (.*) --outdir=\S+$', re.M)
#: What has to be installed in frontend/.
PACKAGES = ('esbuild', 'leaflet', 'maplibre-gl', 'ol', 'proj4')


def snippets(kind: str = '') -> dict[str, str]:
    """Return the page's blocks that are marked to be run, by their names; `kind` is their language, or all."""
    text = PAGE.read_text(encoding='utf-8')
    return {name: code for name, language, code in BLOCK.findall(text) if kind in ('', language)}


def lacking() -> list[str]:
    """Return the packages that are not installed."""
    return [name for name in PACKAGES if not (MODULES / name / 'package.json').is_file()]


def bundle(folder: pathlib.Path, scratch: pathlib.Path) -> None:
    """Make a script and a style sheet of each snippet in `folder`, and put MapLibre's worker beside them."""
    folder.mkdir(exist_ok=True)
    sources = []
    for name, code in snippets('js').items():
        sources.append(scratch / f'{name}.js')
        sources[-1].write_text(code, encoding='utf-8')
    said = COMMAND.search(PAGE.read_text(encoding='utf-8'))
    assert said, 'the page has no command'
    done = subprocess.run(
        [str(MODULES / '.bin' / 'esbuild'), *map(str, sources), *said.group(1).split(), f'--outdir={folder}'],
        env={**os.environ, 'NODE_PATH': str(MODULES)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    worker = MODULES / 'maplibre-gl' / 'dist' / 'maplibre-gl-worker.mjs'
    (folder / worker.name).write_bytes(worker.read_bytes())
