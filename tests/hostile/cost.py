"""The bound on every request, and what a file's requests cost."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

from tests.hostile.files import Make

#: The most CPU (user and system) and the most memory over that of the idle worker that a request may take.
SECONDS, BYTES = 6.0, 2**30

WHOLE = 'left=0&top=0&right=100000&bottom=100000&units=pixels'
#: Sixty-four bands: three of the file's, again and again.
STYLE = json.dumps(
    {'bands': [{'band': n % 3 + 1, 'palette': ['#000', f'#{n:02x}ff{n:02x}'], 'min': n} for n in range(64)]},
    separators=(',', ':'),
)
ADDRESSES = [
    'info/metadata', 'info/metadata_internal', 'info/bands', 'info/frames', 'info/tiffdump', 'tiles/0/0/0.png',
    'tiles/0/0/0.png?projection=EPSG:3857', 'tiles/4/0/0.png', 'tiles/0/0/0.png?resampling=nearest', 'tiles/0/0/0.avif',
    'tiles/0/0/0.png?band=1&min=min:0.02&max=max:0.02', 'data/thumbnail.png?max_width=4096&max_height=4096',
    'data/histogram', 'data/histogram?exact=true', 'data/pixel?left=5&top=5', f'data/region.tif?{WHOLE}',
    f'data/region.png?{WHOLE}&max_width=5792&max_height=5792', 'data/region.jpg?left=0&top=0&right=5792&bottom=5792&units=pixels',
    'data/region.webp?left=0&top=0&right=4096&bottom=4096&units=pixels', f'POST tiles/0/0/0.png {STYLE}',
    f'POST data/thumbnail.png?max_width=1400&max_height=1400 {STYLE}',
    f'POST data/region.png?{WHOLE}&max_width=5792&max_height=5792 {STYLE}',
]  # fmt: skip


def costs(make: Make, name: str, folder: pathlib.Path) -> list[dict[str, Any]]:
    """Return what each of the addresses costs for a file, asked in a process of its own."""
    path = make(folder / name)
    data = folder / 'data'
    data.mkdir()
    environment = os.environ | {'DLI_TEST_DIR': str(data), 'PYTHONPATH': os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, '-m', 'tests.hostile.child', str(path), *ADDRESSES],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(ADDRESSES)
    return found


def measured(kind: tuple[Make, str], folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return what each address costs for a kind of file, after asserting that none costs too much."""
    found = costs(*kind, folder)
    check(found)
    return {one['address']: one for one in found}


def check(found: list[dict[str, Any]]) -> None:
    """Assert that no request cost too much, and that what was refused says why."""
    too_much = [f'{one["address"][:60]}: {one["seconds"]:.1f} s, {one["memory"] >> 20} MiB' for one in found
                if one['seconds'] > SECONDS or one['memory'] > BYTES]  # fmt: skip
    assert not too_much, too_much
    for one in found:
        # No 500, no 503: nothing went wrong on the server.
        assert one['status'] in (200, 400, 404, 409, 422), one
        if one['status'] != 200:
            assert one['code'] in {
                'needs_conversion', 'image_refused', 'image_unreadable', 'invalid_parameter', 'region_too_large',
                'not_supported', 'tile_outside_grid',
            }, one  # fmt: skip
