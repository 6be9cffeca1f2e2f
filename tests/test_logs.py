"""Log lines of the image libraries lose paths, URLs and secrets."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from django_large_image import logs


@pytest.mark.parametrize(
    ('text', 'gone'),
    [
        ("'/srv/media/a b/x.tif' not recognized", 'srv'),
        ('GET https://host/x.tif?X-Amz-Signature=abc failed', 'abc'),
        ('AWS_SECRET_ACCESS_KEY: hunter2', 'hunter2'),
        ("env {'AWS_SESSION_TOKEN': 'tok'}", "'tok'"),
        ('/vsis3/bucket/key.tif: 403', 'bucket'),
    ],
)
def test_what_goes(text: str, gone: str) -> None:
    assert gone not in logs.redact(text)


def test_what_stays() -> None:
    text = 'GDAL error 4: ZLib error at scanline 3, 1/8 done'
    assert logs.redact(text) == text


def test_gdal_s_own_messages(caplog: Any, tmp_path: Any) -> None:
    import rasterio

    path = tmp_path / 'secret-name' / 'x.tif'
    path.parent.mkdir()
    path.write_bytes(b'II*\0' + bytes(100))
    with caplog.at_level(logging.DEBUG), pytest.raises(rasterio.RasterioIOError), rasterio.Env():
        rasterio.open(path, driver='GTiff')
    assert 'secret-name' not in caplog.text


def test_a_record_with_an_error_keeps_its_kind_alone() -> None:
    record = logging.LogRecord(
        'rasterio', 40, 'f', 1, 'failed %s', ('/a/b/c',), (ValueError, ValueError('/a/b'), None)
    )
    assert logs.RedactingFilter().filter(record)
    assert (record.getMessage(), record.exc_info) == ('failed [path] (ValueError)', None)
    broken = logging.LogRecord('rasterio', 40, 'f', 1, 'failed %s %s', ('/a',), None)
    assert logs.RedactingFilter().filter(broken)
    assert broken.getMessage() == '[unreadable message]'
