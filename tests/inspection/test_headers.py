"""The headers of PNG, GIF and JPEG 2000, and XML: what they say, and what is refused by them alone."""

from __future__ import annotations

import io
import pathlib
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image.exceptions import ImageRefused, ImageUnreadable
from django_large_image.inspection import gifheader, jp2header, pngheader, xmlguard


def png(*chunks: tuple[bytes, bytes], depth: int = 8, colour: int = 0) -> bytes:
    """Return a PNG of 2 × 2 pixels with chunks behind IHDR."""
    header = (b'IHDR', struct.pack('>IIBBBBB', 2, 2, depth, colour, 0, 0, 0))
    parts = [
        struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
        for kind, body in (header, *chunks)
    ]
    return b'\x89PNG\r\n\x1a\n' + b''.join(parts)


def test_png(tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'a.png'
    # What stands behind the pixels counts; of two the first; and nothing behind the end.
    chunks = [(b'tRNS', b'\0\3'), (b'IDAT', bytes(9)), (b'acTL', struct.pack('>II', 7, 0)), (b'eXIf', b'one')]
    path.write_bytes(
        png(*chunks, (b'eXIf', b'two'), (b'IEND', b''), (b'acTL', struct.pack('>II', 9, 0)), depth=2)
    )
    assert pngheader.read(str(path)) == pngheader.PngHeader(2, 0, 7, b'one', 3)
    # Of colours the transparent value is another matter.
    path.write_bytes(png((b'tRNS', bytes(6)), depth=16, colour=2))
    assert pngheader.read(str(path)) == pngheader.PngHeader(16, 2, 1, b'', None)
    assert pngheader.is_deep(str(path))
    path.write_bytes(png((b'acTL', struct.pack('>II', 2, 0)), depth=16))
    assert not pngheader.is_deep(str(path))


@pytest.mark.parametrize(
    'content', [b'', b'\x89PNG\r\n\x1a\n', png()[:20], png()[:8] + bytes(40), png() + b'\0\0\0\x08acTL']
)
def test_a_broken_png(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / 'a.png').write_bytes(content)
    with pytest.raises(ImageUnreadable, match='broken'):
        pngheader.read(str(tmp_path / 'a.png'))


def gif(frames: int, left: int = 0) -> bytes:
    """Return a GIF of 4 × 3 pixels whose frames have 2 × 2 and no data, with a table of colours and a comment."""
    frame = b'\x2c' + struct.pack('<HHHHB', left, 0, 2, 2, 0x80) + bytes(6) + b'\2\1\0\0'
    return (
        b'GIF89a'
        + struct.pack('<HHBBB', 4, 3, 0x81, 0, 0)
        + bytes(12)
        + b'\x21\xfe\2hi\0'
        + frame * frames
        + b'\x3b'
    )


def test_gif(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'a.gif'
    path.write_bytes(gif(3))
    assert gifheader.screen(str(path)) == (4, 3, 3)
    # A frame may reach beyond the screen.
    path.write_bytes(gif(1, left=60_000))
    assert gifheader.screen(str(path)) == (60_002, 3, 1)
    monkeypatch.setattr(gifheader, 'MAX_FRAMES', 3)
    path.write_bytes(gif(3))
    assert gifheader.screen(str(path))[2] == 3
    path.write_bytes(gif(4))
    with pytest.raises(ImageRefused, match='more than 3 frames'):
        gifheader.screen(str(path))


@pytest.mark.parametrize('content', [b'', b'GIF89a', gif(1)[:35]])
def test_a_broken_gif(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / 'a.gif').write_bytes(content)
    with pytest.raises(ImageUnreadable, match='broken'):
        gifheader.screen(str(tmp_path / 'a.gif'))


def jp2(**options: Any) -> bytes:
    """Return a JPEG 2000 file of Pillow's, of 300 × 200 pixels in colours."""
    target = io.BytesIO()
    Image.fromarray(np.zeros((200, 300, 3), np.uint8)).save(target, 'JPEG2000', **options)
    return target.getvalue()


@pytest.mark.parametrize('boxes', [True, False])
def test_jpeg_2000(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, boxes: bool) -> None:
    path = tmp_path / 'a.jp2'
    path.write_bytes(jp2(tile_size=(128, 128), no_jp2=not boxes))
    found = jp2header.check(str(path))
    assert (found.width, found.height, found.components, found.bytes_per_pixel) == (300, 200, 3, 3)
    tables = found.table_bytes
    assert tables == 6 * (jp2header._TILE_BYTES + 3 * jp2header._COMPONENT_BYTES)
    monkeypatch.setattr(jp2header, 'MAX_TABLE_BYTES', tables)
    jp2header.check(str(path))
    monkeypatch.setattr(jp2header, 'MAX_TABLE_BYTES', tables - 1)
    with pytest.raises(ImageRefused, match='6 tiles of 3 components'):
        jp2header.check(str(path))
    # Two by two code blocks of 64 pixels a side, in three components.
    monkeypatch.setattr(jp2header, 'MAX_PARTS', 11)
    with pytest.raises(ImageRefused, match='128 × 128 pixels'):
        jp2header.check(str(path))


@pytest.mark.parametrize('length', [0, 1, 65_535])
def test_a_segment_that_says_a_wrong_length(tmp_path: pathlib.Path, length: int) -> None:
    path = tmp_path / 'a.jp2'
    path.write_bytes(b'\xff\x4f\xff\x51' + struct.pack('>H', length) + bytes(1000))
    with pytest.raises(ImageUnreadable, match='header of the JPEG 2000 file'):
        jp2header.check(str(path))


@pytest.mark.parametrize(
    'content', [b'', bytes(64), jp2()[:60], b'\0\0\0\x0cjP  \r\n\x87\n\0\0\0\1jp2h' + b'\xff' * 8]
)
def test_a_broken_jpeg_2000(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / 'a.jp2').write_bytes(content)
    with pytest.raises(ImageUnreadable):
        jp2header.check(str(tmp_path / 'a.jp2'))


def test_xml_has_bounds(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'<OME a="1"><Image/></OME>'
    settings.LARGE_IMAGE_MAX_XML_BYTES = len(text)
    monkeypatch.setattr(xmlguard, 'MAX_ELEMENTS', 2)
    monkeypatch.setattr(xmlguard, 'MAX_ATTRIBUTES', 1)
    xmlguard.check_xml(text)
    settings.LARGE_IMAGE_MAX_XML_BYTES = 1000
    for more, message in (
        (b'<OME><a/><b/></OME>', '3 elements'),
        (b'<OME a="1" b="2"/>', '1 elements'),
        (b'<!DOCTYPE OME>', 'document type'),
        (b' ' * 1001, '1001 bytes'),
    ):
        with pytest.raises(ImageRefused, match=message):
            xmlguard.check_xml(more)
