"""GeoDjango's rasters behind a viewset; and a process under load that has two libgdals in it; see `load`."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from typing import Any

from django.http import HttpResponseBase
from rest_framework import viewsets
from rest_framework.request import Request

from django_large_image.rest import LargeImageDetailMixin

#: What `RasterViewSet` serves: a GDALRaster, or a path for comparison.
RASTERS: dict[str, Any] = {}


class RasterViewSet(LargeImageDetailMixin, viewsets.ViewSet):
    """What `RASTERS` holds under the key of the route."""

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return a GDALRaster or a path."""
        return RASTERS[str(pk)]


def answer(pk: str, endpoint: str, query: dict[str, Any] | None = None, **kwargs: Any) -> bytes:
    """Return the body of an endpoint's answer, which has to be a success."""
    from rest_framework.test import APIRequestFactory

    request = APIRequestFactory().get('/', query or {})
    response: Any = RasterViewSet.as_view({'get': endpoint}, detail=True)(request, pk=pk, **kwargs)
    if hasattr(response, 'render'):
        response.render()
    body = b''.join(response.streaming_content) if response.streaming else response.content
    close(response)
    assert response.status_code == 200, (pk, endpoint, kwargs, response.status_code, body[:300])
    return bytes(body)


def close(response: HttpResponseBase) -> None:
    """Close an answer, and with it the file of a region."""
    response.close()


def asked(pk: str, side: int) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return requests of every kind for a georeferenced image of `side` × `side` pixels."""
    wanted: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ('tile', {}, {'z': z, 'x': x, 'y': y, 'fmt': fmt})
        for z, x, y, fmt in ((0, 0, 0, 'png'), (1, 1, 0, 'jpeg'), (2, 1, 2, 'png'), (2, 3, 3, 'webp'))
    ]
    wanted += [('tile', {'projection': 'EPSG:3857'}, {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'})]
    wanted += [('thumbnail', {'max_width': 90, 'max_height': 90}, {'fmt': 'png'})]
    for left in (10, side // 2):
        pixel = {'left': left, 'top': side - left - 1, 'units': 'pixels'}
        wanted.append(('pixel', pixel, {}))
        wanted.append(('region', pixel | {'top': 5, 'right': left + 70, 'bottom': 60}, {'fmt': 'tif'}))
    return [*wanted, ('histogram', {'bins': 8}, {}), ('metadata', {}, {})]


def load(path: str, count: int, threads: int) -> None:
    """Ask for one file in turn by GeoDjango's libgdal and by rasterio's, from many threads, without a tile cache.

    Prints how many answers came, and how many of them differed from what one thread got before.
    """
    from django.contrib.gis.gdal import GDALRaster
    from django.test import override_settings

    def in_memory() -> Any:
        with open(path, 'rb') as file:
            return GDALRaster(file.read())

    side = GDALRaster(path).width
    RASTERS['path'] = path
    keys = ['path', 'named', 'bytes', 'mem']
    dummy = {'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}
    answers: list[tuple[str, str]] = []
    failures: list[str] = []
    with override_settings(CACHES=dummy):
        RASTERS['named'], RASTERS['bytes'] = GDALRaster(path), in_memory()
        RASTERS['mem'] = RASTERS['named'].warp({'driver': 'MEM', 'name': 'in memory'})
        expected = {
            f'{key} {entry}': digest(answer(key, entry[0], entry[1], **entry[2]))
            for key in keys
            for entry in asked(key, side)
        }

        def ask(seed: int) -> None:
            chance = random.Random(seed)
            for number in range(count):
                # Half of them through rasters that GeoDjango's libgdal has opened or copies right now.
                key = 'path' if number % 2 else chance.choice(keys[1:])
                entry = chance.choice(asked(key, side))
                try:
                    if number % 20 == 2:
                        assert in_memory().bands[0].data().shape == (side, side)
                    answers.append((f'{key} {entry}', digest(answer(key, entry[0], entry[1], **entry[2]))))
                except Exception as error:
                    failures.append(f'{type(error).__name__}: {error}')

        workers = [threading.Thread(target=ask, args=(seed,)) for seed in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    differing = [name for name, found in answers if expected[name] != found]
    print(json.dumps({'answers': len(answers), 'differing': differing[:5], 'failures': failures[:5]}))


def digest(body: bytes) -> str:
    """Return the hash of an answer."""
    return hashlib.sha256(body).hexdigest()
