"""Correctness first: pictures are compared with the average of the full-resolution pixels under each output pixel.

A server whose picture is further from that truth than GDAL's bilinear warper, by more than a decibel at any zoom, or
whose valid pixels are others, has no speed in the report.
"""

from __future__ import annotations

import io
import math
import pathlib
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.cases import CASES, Case, Tile, tile_list
from benchmarks.config import scale
from benchmarks.servers import Server
from tests import reference

Floats = npt.NDArray[np.float64]
#: How much worse than bilinear WarpedVRT a picture may be, in dB, and how many pixels may be valid by mistake.
ALLOWED_DB = 1.0
ALLOWED_MASK = 0.005


def truth_path(folder: pathlib.Path, case: Case, tile: Tile) -> pathlib.Path:
    """Return where the truth about a tile is kept: making it takes longer than all the rest of the comparison."""
    return folder / 'truth' / f'{case.name}-{"-".join(map(str, tile))}.npz'


def _make_truth(folder: pathlib.Path, case: Case, tile: Tile) -> None:
    path = truth_path(folder, case, tile)
    if not path.exists():
        average, share = reference.area_truth(folder / case.file, *tile)
        bilinear, valid = reference.warped_tile(folder / case.file, *tile, resampling='bilinear')
        part = path.with_suffix('.part.npz')
        np.savez(part, average=average.astype('f4'), share=share, bilinear=bilinear.astype('f4'), valid=valid)
        part.replace(path)


def chosen(folder: pathlib.Path) -> dict[str, dict[int, list[Tile]]]:
    """Return the tiles that are compared, by case and levels out, and make the truth about them."""
    tiles = {
        case.name: {out: tile_list(case, folder, out, scale().gate_tiles) for out in scale().gate_levels}
        for case in CASES
    }
    (folder / 'truth').mkdir(exist_ok=True)
    with ProcessPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_make_truth, folder, case, tile)
            for case in CASES
            for some in tiles[case.name].values()
            for tile in some
        ]
        for job in jobs:
            job.result()
    return tiles


def shown(case: Case, bands: Floats) -> Floats:
    """Return values as the case's style shows them, 0 to 255."""
    values = bands[[band - 1 for band in case.bands]].astype(float)
    return np.clip((values - case.low) / (case.high - case.low) * 255, 0, 255)


class Errors:
    """The squared errors of some tiles of one zoom."""

    def __init__(self) -> None:
        self.squares, self.reference, self.values, self.wrong, self.pixels = 0.0, 0.0, 0, 0, 0
        self.reference_wrong = 0

    def add(self, case: Case, path: pathlib.Path, body: bytes) -> None:
        """Compare one tile; every picture is judged on the pixels that are valid in it, in truth and to GDAL."""
        with np.load(path) as truth, Image.open(io.BytesIO(body)) as picture:
            rgba = np.asarray(picture.convert('RGBA')).transpose(2, 0, 1).astype(float)
            inside, valid = truth['share'] >= 0.5, truth['valid']
            expected, bilinear = shown(case, truth['average']), shown(case, truth['bilinear'])
        answered = rgba[3] > 127
        self.pixels += inside.size
        self.wrong += int((answered != inside).sum())
        self.reference_wrong += int((valid != inside).sum())
        both = inside & valid & answered
        got = rgba[: len(case.bands)][:, both]
        self.values += got.size
        # What is encoded is whole numbers, for GDAL too. Bytes are rounded; values that a style scales to bytes are cut
        # off, by large-image and by TiTiler, so that a level means its middle.
        best = np.rint(bilinear[:, both])
        if (case.low, case.high) != (0, 255):
            got, best = got + 0.5, np.floor(bilinear[:, both]) + 0.5
        self.squares += float(((got - expected[:, both]) ** 2).sum())
        self.reference += float(((best - expected[:, both]) ** 2).sum())

    def result(self) -> dict[str, Any]:
        """Return the PSNR against the truth, that of WarpedVRT, and the share of pixels with the wrong validity."""
        return {
            'db': decibels(self.squares, self.values),
            'reference': decibels(self.reference, self.values),
            'mask': self.wrong / max(1, self.pixels),
            'reference_mask': self.reference_wrong / max(1, self.pixels),
        }


def decibels(squares: float, count: int) -> float:
    """Return the PSNR of a sum of squared errors, at most 99 dB; 0 where nothing was compared."""
    if not count:
        return 0.0
    return min(99.0, 10 * math.log10(255**2 / max(squares / count, 1e-9)))


def passes(zoom: dict[str, Any]) -> bool:
    """Say whether the pictures of one zoom are right."""
    return bool(zoom['db'] >= zoom['reference'] - ALLOWED_DB and zoom['mask'] <= ALLOWED_MASK)


def judge(server: Server, case: Case, tiles: dict[int, list[Tile]], folder: pathlib.Path) -> dict[str, Any]:
    """Return what a server's pictures of a case are like, by levels out, and whether its speed counts."""
    zooms: dict[str, Any] = {}
    for out, some in tiles.items():
        errors = Errors()
        for tile in some:
            status, body, _ = server.get(case.address(server, tile, gate=True))
            if status != 200:
                return {'ok': False, 'why': f'answers {status}', 'zooms': zooms}
            errors.add(case, truth_path(folder, case, tile), body)
        zooms[str(out)] = errors.result() | {'z': some[0][0]}
    bad = [zoom for zoom in zooms.values() if case.lossless and not passes(zoom)]
    return {'ok': not bad, 'why': reason(bad[-1]) if bad else '', 'zooms': zooms, 'judged': case.lossless}


def reason(zoom: dict[str, Any]) -> str:
    """Return what is wrong with the pictures of a zoom."""
    if zoom['db'] < zoom['reference'] - ALLOWED_DB:
        return f'wrong: {zoom["db"]:.1f} dB against {zoom["reference"]:.1f} dB at z {zoom["z"]}'
    return f'wrong: {100 * zoom["mask"]:.2f} % of the mask at z {zoom["z"]}'
