"""The first tile of a large COG on S3: how many requests it takes, and how many bytes that it does not need."""

from __future__ import annotations

import math
import pathlib
import tempfile
from typing import Any

import numpy as np
import rasterio
import rasterio.warp

from benchmarks.cases import CASES, Tile, tile_list
from benchmarks.config import DATA
from benchmarks.servers import DjangoServer
from tests import reference
from tests.services.s3 import S3Server, put

BUCKET = 'bench'


def own_blocks(path: pathlib.Path, tile: Tile) -> int:
    """Return the compressed bytes of the full-resolution blocks that a tile of the native zoom lies on."""
    left, bottom, right, top = reference.tile_bounds(*tile)
    along = np.linspace(0, 1, 65)
    xs, ys = (
        axis.ravel() for axis in np.meshgrid(left + along * (right - left), bottom + along * (top - bottom))
    )
    with rasterio.open(path) as dataset:
        easts, norths = rasterio.warp.transform('EPSG:3857', dataset.crs, xs, ys)
        inverse = ~dataset.transform
        columns = inverse.a * np.asarray(easts) + inverse.c
        rows = inverse.e * np.asarray(norths) + inverse.f
        height, width = dataset.block_shapes[0]
        # Interpolation looks half a pixel further.
        first, last = (
            (max(0, int((low - 0.5) // size)), min(math.ceil(whole / size) - 1, int((high + 0.5) // size)))
            for low, high, size, whole in (
                (columns.min(), columns.max(), width, dataset.width),
                (rows.min(), rows.max(), height, dataset.height),
            )
        )
        return sum(
            int(dataset.get_tag_item(f'BLOCK_SIZE_{column}_{row}', 'TIFF', bidx=1) or 0)
            for column in range(first[0], first[1] + 1)
            for row in range(last[0], last[1] + 1)
        )


def measure(folder: pathlib.Path) -> dict[str, Any]:
    """Return the requests of a new worker's first tile, as the S3 server has counted them."""
    case = next(case for case in CASES if case.name == 'large')
    path = folder / case.file
    tile = tile_list(case, folder, 0, 1)[0]
    size = path.stat().st_size
    with tempfile.TemporaryDirectory(dir=DATA, prefix='s3-') as place, S3Server(pathlib.Path(place)) as s3:
        s3.client().create_bucket(Bucket=BUCKET)
        put(s3, BUCKET, path)
        storage = {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': s3.storage_options(BUCKET)}
        with DjangoServer('ours', folder, [case.file], cached=False, workers=1, storage=storage) as server:
            log = s3.requests()
            status, body, seconds = server.get(case.address(server, tile))
            if status != 200:
                raise RuntimeError(f'the tile on S3 answers {status}: {body[:300]!r}')
            heads, gets = log('HEAD'), log('GET')
    sent = 0
    for request in gets:
        low, _, high = request.range.removeprefix('bytes=').partition('-')
        sent += min(size, int(high) + 1) - int(low) if high else size - int(low or 0)
    own = own_blocks(path, tile)
    result = {
        'file': size, 'gets': len(gets), 'heads': len(heads), 'bytes': sent, 'own': own, 'beyond': sent - own,
        'seconds': seconds, 'ranges': [request.range for request in gets],
    }  # fmt: skip
    print(
        f'    {len(gets)} GET and {len(heads)} HEAD, {sent / 1024:.0f} KiB for blocks of {own / 1024:.0f} KiB'
    )
    return result
