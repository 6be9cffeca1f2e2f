"""Where things are and how much is measured: the full run, and the quick one of `make bench QUICK=1`."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / 'benchmarks'
SITES = HERE / 'sites'
ENVS = HERE / '.envs'
#: Everything that is made here: images, databases, logs and results as JSON.
DATA = HERE / '.data'

#: Pictures, tile lists and their order all come from this seed.
SEED = 20_240_607
#: A change of what `data` writes needs a new number; older data is then made anew.
DATA_VERSION = 1
#: Where tiles are asked from: as many connections as the Django servers have threads.
CONNECTIONS = 8
WORKERS = 2
THREADS = 4


@dataclass(frozen=True)
class Scale:
    """How large the images are and how long each measurement may take."""

    name: str
    #: Sides of the images in pixels: the five usual ones, and the large JPEG.
    side: int
    large_side: int
    #: The most tiles of one list, and the longest a pass over it may take, in seconds.
    tiles: int
    cold_seconds: float
    #: How long the warm tiles, the 304s and the bare action are asked for, in seconds.
    warm_seconds: float
    #: The most tiles of one list whose answers are cached before the warm passes.
    warm_tiles: int
    #: Tiles that are compared with the truth, at each zoom.
    gate_tiles: int
    #: Levels beyond the native one at which pictures are compared; tiles are timed at the first and the last.
    gate_levels: tuple[int, ...]
    region_side: int
    #: Repetitions of the histogram and the region, each on servers started anew.
    repetitions: int
    memory_images: int
    memory_tiles: int
    memory_seconds: float
    #: How long each loop of one process runs, in seconds.
    loop_seconds: float
    #: The side of slides and cells in pixels, and the film's frames: times, planes, channels.
    scan_side: int
    scan_frames: tuple[int, int, int]
    #: How often what is measured of scans has its turn, how many tiles of 256 pixels it draws then (of 512 a quarter),
    #: and how long a server is asked for in its turn, in seconds.
    scan_rounds: int
    scan_tiles: int
    scan_seconds: float


FULL = Scale(
    name='full', side=8192, large_side=20_000, tiles=600, cold_seconds=12, warm_seconds=3, warm_tiles=150,
    gate_tiles=4, gate_levels=(0, 1, 2), region_side=4096, repetitions=3, memory_images=200, memory_tiles=20_000,
    memory_seconds=900, loop_seconds=6, scan_side=8192, scan_frames=(100, 5, 2), scan_rounds=7, scan_tiles=64,
    scan_seconds=3,
)  # fmt: skip
QUICK = Scale(
    name='quick', side=2048, large_side=8192, tiles=60, cold_seconds=2, warm_seconds=0.4, warm_tiles=16,
    gate_tiles=1, gate_levels=(0, 2), region_side=1024, repetitions=1, memory_images=20, memory_tiles=2000,
    memory_seconds=40, loop_seconds=1, scan_side=4096, scan_frames=(20, 5, 2), scan_rounds=3, scan_tiles=32,
    scan_seconds=1,
)  # fmt: skip


def scale() -> Scale:
    """Return the quick scale where the environment has QUICK=1, else the full one."""
    return QUICK if os.environ.get('QUICK', '') not in ('', '0') else FULL


def data_folder() -> pathlib.Path:
    """Return the folder of this scale's images, of which there is one for each version of the data."""
    folder = DATA / f'{scale().name}-{DATA_VERSION}'
    folder.mkdir(parents=True, exist_ok=True)
    return folder
