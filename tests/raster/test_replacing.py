"""A file that is replaced all the time: no tile has pixels of two versions, and nothing crashes."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from django_large_image import access, handles
from django_large_image.exceptions import LargeImageError
from django_large_image.imaging import tile
from django_large_image.imaging.formats import Format
from tests import reference
from tests.images import GeoTiff
from tests.images.geo import UTM, UTM_TRANSFORM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures('shared_folder')]
THREADS = 16
SECONDS = 5.0
#: So many tiles have to be drawn meanwhile, of one version each.
ENOUGH = 20
COLOURS = (40, 90, 140, 190, 240)


def versions(folder: pathlib.Path) -> list[pathlib.Path]:
    """Write images of one colour each, of several blocks and with overviews."""
    made = []
    for colour in COLOURS:
        array = np.full((3, 700, 700), colour, np.uint8)
        options = {'blockxsize': 128, 'blockysize': 128, 'interleave': 'pixel'}
        image = GeoTiff(array, epsg=UTM, transform=UTM_TRANSFORM, photometric='RGB', options=options)
        made.append(image.write(folder / f'{colour}.tif'))
    return made


@pytest.mark.parametrize('how', ['moved', 'written over'])
def test_no_tile_has_pixels_of_two_versions(tmp_path: pathlib.Path, how: str) -> None:
    sources_of = versions(tmp_path)
    path = tmp_path / 'image.tif'
    shutil.copyfile(sources_of[0], path)
    native = reference.native_zoom(path)
    tiles = [one for out in (0, 1) for one in reference.tiles_covering(path, native - out)]
    start = time.monotonic()
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def going_on() -> bool:
        passed = time.monotonic() - start
        # A busy machine needs longer for tiles that were not replaced while they were drawn.
        return passed < SECONDS or (seen['one'] <= ENOUGH and passed < 20 * SECONDS)

    def replace() -> None:
        turn = 0
        while going_on():
            turn += 1
            new = sources_of[turn % len(sources_of)]
            if how == 'moved':
                shutil.copyfile(new, tmp_path / 'draft.tif')
                os.replace(tmp_path / 'draft.tif', path)
            else:
                shutil.copyfile(new, path)
            # Long enough for some tiles to be drawn of one version, on two cores with as many threads.
            time.sleep(0.1)

    def colours(where: tuple[int, int, int]) -> np.ndarray:
        z, x, y = where
        with handles.borrow(access.image_ref(path), projection='EPSG:3857') as lease:
            body = tile.render(lease.view(), z, x, y, None, Format.PNG)
        with Image.open(io.BytesIO(body)) as picture:
            rgba = np.asarray(picture.convert('RGBA')).reshape(-1, 4)
        return np.unique(rgba[rgba[:, 3] > 0][:, :3])

    def ask(number: int) -> None:
        turn = number
        while going_on():
            turn += 1
            try:
                found = colours(tiles[turn % len(tiles)])
            except LargeImageError as error:
                # A file that is half written over is no image, and one that was replaced meanwhile is asked for again.
                with lock:
                    seen[type(error).__name__] += 1
                continue
            with lock:
                seen['one' if len(found) <= 1 else f'mixed {found}'] += 1

    with ThreadPoolExecutor(THREADS + 1) as threads:
        jobs = [threads.submit(replace), *(threads.submit(ask, number) for number in range(THREADS))]
        for job in jobs:
            job.result()
    assert seen['one'] > ENOUGH
    assert not [name for name in seen if name.startswith('mixed')], seen
    shutil.copyfile(sources_of[-1], path)
    assert colours(tiles[0]).tolist() == [COLOURS[-1]]
