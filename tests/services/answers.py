"""What the endpoints answer about an image: the same bytes wherever the image is kept."""

from __future__ import annotations

import io
import pathlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from django.test import override_settings
from PIL import Image

from tests.services.requestlog import Request

Get = Callable[..., Any]

#: The largest piece that GDAL adds to a range: it reads in units of 16 KiB, and more the longer it reads on.
UNIT = 16_384

LOCAL = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}}


@contextmanager
def on_disk() -> Iterator[None]:
    """Keep files of the default storage on disk for a while, whatever storage the test has chosen."""
    from django.conf import settings

    with override_settings(STORAGES=settings.STORAGES | LOCAL):
        yield


def body_of(response: Any) -> bytes:
    """Return the body of an answer that has to be a success, streamed or not."""
    assert response.status_code == 200, (response.status_code, getattr(response, 'content', b''))
    return b''.join(response.streaming_content) if response.streaming else bytes(response.content)


def answers(get: Get, image: Any, prefix: str = 'image', geospatial: bool = True) -> dict[str, bytes]:
    """Return the bodies of every kind of endpoint for an image of at least 512 × 384 pixels."""
    pixels = {'units': 'pixels'}
    sides = pixels | {'left': 37, 'top': 51, 'right': 397, 'bottom': 341}
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ('metadata', {}, {}),
        ('tiles-metadata', {}, {}),
        ('bands', {}, {}),
        ('frames', {}, {}),
        ('tile', {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}, {}),
        (
            'tile',
            {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'},
            {'band': 1, 'min': 5, 'max': 150, 'palette': '#ff8000'},
        ),
        ('thumbnail', {'fmt': 'png'}, {'max_width': 100, 'max_height': 100}),
        ('region', {'fmt': 'png'}, sides),
        ('region', {'fmt': 'tif'}, sides),
        ('pixel', {}, pixels | {'left': 201, 'top': 103}),
        ('histogram', {}, {'bins': 16}),
    ]
    if geospatial:
        asked.append(('tile', {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}, {'projection': 'EPSG:3857'}))
        asked.append(('pixel', {}, {'projection': 'EPSG:3857'} | pixels | {'left': 201, 'top': 103}))
    return {
        f'{endpoint} {path} {query}': body_of(get(endpoint, image, prefix=prefix, query=query, **path))
        for endpoint, path, query in asked
    }


def same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Assert that two sets of answers are the same, and name those that differ."""
    assert found.keys() == expected.keys()
    differences = {name: difference(found[name], expected[name]) for name in found}
    assert not any(differences.values()), {name: text for name, text in differences.items() if text}


def difference(found: bytes, expected: bytes) -> str:
    """Say where two answers differ, of PNG in which pixels and by how much; empty if they are the same.

    The same pixels are not always the same bytes of PNG, see `Format.same_bytes`.
    """
    if found == expected:
        return ''
    if not found.startswith(b'\x89PNG'):
        return f'{found[:300]!r} {expected[:300]!r}'
    first, second = (np.asarray(Image.open(io.BytesIO(body))).astype(int) for body in (found, expected))
    if first.shape != second.shape:
        return f'{first.shape} {second.shape}'
    places = np.argwhere(first != second)
    if not len(places):
        return ''
    some = [(*place.tolist(), int(first[tuple(place)]), int(second[tuple(place)])) for place in places[:8]]
    return f'{len(found)} and {len(expected)} bytes, {len(places)} values differ, {some}, to {places[-1:].tolist()}'


def copies_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the local copies in their folder, without the lock files and without what is being fetched."""
    files = sorted(folder.iterdir()) if folder.exists() else []
    return [path for path in files if path.suffix != '.lock' and not path.name.startswith('.')]


def parts_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return what is being fetched, or was when its process died."""
    return sorted(folder.glob('.part-*'))


def span(request: Request) -> tuple[int, int]:
    """Return the first and the last byte of the range that a request asked for."""
    first, _, last = request.range.removeprefix('bytes=').partition('-')
    return int(first), int(last)


def total_bytes(requests: list[Request]) -> int:
    """Return how many bytes requests of ranges asked for; one of them without a range fails the test."""
    gets = [request for request in requests if request.method == 'GET']
    assert all(request.range and request.status == 206 for request in gets), gets
    return sum(last - first + 1 for first, last in map(span, gets))


def block_bytes(path: Any, x: int, y: int) -> tuple[int, int]:
    """Return the first and the last byte of a block of a TIFF's full resolution."""
    from tests.reference import open_raster

    with open_raster(path) as dataset:
        start = int(dataset.get_tag_item(f'BLOCK_OFFSET_{x}_{y}', 'TIFF', bidx=1))
        size = int(dataset.get_tag_item(f'BLOCK_SIZE_{x}_{y}', 'TIFF', bidx=1))
    return start, start + size - 1


#: Loggers of others that show what they send; a project that sets them to DEBUG sees it.
THEIRS = ('botocore', 'boto3', 'urllib3', 's3transfer')


def no_secret_logged(caplog: pytest.LogCaptureFixture, *secrets: str) -> None:
    """Assert that no log line of Django, of ours or of the image libraries has a path, an address or a secret."""
    pattern = re.compile('|'.join([r'/vsi\w+/', r'AWS_SECRET', *map(re.escape, secrets)]))
    lines = [
        f'{record.name}: {record.getMessage()} {record.exc_text or ""}'
        for record in caplog.records
        if record.name.partition('.')[0] not in THEIRS
    ]
    assert not [line for line in lines if pattern.search(line)]
