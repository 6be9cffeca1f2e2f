"""What the server lacks is never answered as a mistake of the user."""

from __future__ import annotations

import errno
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from rasterio.errors import RasterioIOError

from django_large_image.exceptions import Misconfigured, ServerFault, fault_of
from django_large_image.handles import opening, ready, registry

pytestmark = pytest.mark.django_db


def test_without_proj_s_database_no_code_is_called_wrong(image_file: Any, tmp_path: pathlib.Path) -> None:
    code = (
        'import sys, django\n'
        'django.setup()\n'
        'from django_large_image.exceptions import LargeImageError\n'
        'from django_large_image.rest.params import ProjectionParams\n'
        'try:\n    print(ProjectionParams.read({"projection": "EPSG:3857"}))\n'
        'except LargeImageError as error:\n    print(error.status, error.code)\n'
    )
    for folder, expected in ((str(tmp_path), '500 misconfigured'), (None, "'projection': 'EPSG:3857'")):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('PROJ_')}
        if folder:
            environment |= {'PROJ_DATA': folder, 'PROJ_LIB': folder}
        environment |= {'DJANGO_SETTINGS_MODULE': 'tests.settings', 'PYTHONPATH': os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, '-c', code], env=environment, capture_output=True, text=True, check=False
        )
        assert expected in done.stdout, (done.stdout, done.stderr[-2000:])


def test_a_wrong_code_is_called_so(get: Any, image_file: Any) -> None:
    wrong = get('tile', image_file('rgb'), z=0, x=0, y=0, fmt='png', query={'projection': 'EPSG:999999'})
    assert (wrong.status_code, wrong.json()['parameter']) == (400, 'projection')


def test_a_reader_that_cannot_be_imported_is_named(monkeypatch: Any, get: Any, image_file: Any) -> None:
    def broken() -> None:
        raise OSError('libopenslide.so.0: cannot open shared object file')

    monkeypatch.setitem(ready._MAKERS, 'openslide', broken)
    monkeypatch.delitem(ready._made, 'openslide', raising=False)
    registry.source_class.cache_clear()
    with pytest.raises(Misconfigured, match='openslide'):
        ready.make_ready('openslide')
    try:
        # Others still read what they can.
        assert get('metadata', image_file('striped-plain')).status_code == 200
        asked = get('metadata', image_file('striped-plain'), query={'source': 'openslide'})
        assert (asked.status_code, asked.json()['code']) == (500, 'misconfigured')
    finally:
        ready._made.pop('openslide', None)
        registry.source_class.cache_clear()


@pytest.mark.parametrize(
    'error',
    [
        MemoryError(),
        ImportError('x'),
        OSError(errno.EMFILE, 'x'),
        RasterioIOError(f'a: {os.strerror(errno.EMFILE)}'),
    ],
)
def test_what_a_server_lacks(error: Exception, get: Any, image_file: Any, monkeypatch: Any) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ValueError('reader') from error

    assert isinstance(fault_of(error), ServerFault)
    monkeypatch.setattr(opening, '_open_raster', fail)
    for query in ({}, {'projection': 'EPSG:3857'}):
        response = get('tile', image_file('rgb'), z=0, x=0, y=0, fmt='png', query=query)
        assert (response.status_code, response.json()['code']) == (503, 'server_fault')
        assert response['Retry-After'] == '5'


@pytest.mark.parametrize(
    'error', [ValueError('x'), RasterioIOError('not a TIFF'), OSError(errno.EINVAL, 'x')]
)
def test_what_is_the_image_s_fault(error: Exception) -> None:
    assert fault_of(error) is None
