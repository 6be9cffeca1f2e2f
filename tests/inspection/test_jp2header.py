"""The header of a JPEG 2000 file: what it says, in a box or bare, and the bounds on what a decoder makes of it."""

from __future__ import annotations

import pathlib
import struct
from typing import Any

import pytest

from django_large_image.exceptions import ImageRefused, ImageUnreadable
from django_large_image.inspection import jp2header

MOST = 3 * 2**20


def siz(
    width: int, height: int, tile: tuple[int, int], depths: bytes = b'\x07', left: int = 0, top: int = 0,
    tile_left: int = 0, tile_top: int = 0,
) -> bytes:  # fmt: skip
    """Return the segment with the sizes."""
    body = struct.pack('>H8IH', 0, width, height, left, top, *tile, tile_left, tile_top, len(depths))
    body += b''.join(bytes([depth, 1, 1]) for depth in depths)
    return b'\xff\x51' + struct.pack('>H', len(body) + 2) + body


def cod(layers: int = 1, levels: int = 5, block: tuple[int, int] = (4, 4), precincts: bytes = b'') -> bytes:
    """Return the segment with the style of coding."""
    body = struct.pack('>BBHBBBBBB', bool(precincts), 0, layers, 0, levels, *block, 0, 0) + precincts
    return b'\xff\x52' + struct.pack('>H', len(body) + 2) + body


def read(tmp_path: pathlib.Path, *segments: bytes, boxes: bytes = b'') -> Any:
    """Return what is read of a code stream of some segments."""
    path = tmp_path / 'a.jp2'
    path.write_bytes(boxes + b'\xff\x4f' + b''.join(segments) + b'\xff\x90')
    return jp2header.check(str(path))


def test_what_a_header_says(tmp_path: pathlib.Path) -> None:
    # 3 × 2 tiles, of which the first begins above and to the left of the image; 12 bits take two bytes, signed or not.
    sizes = siz(300, 200, (128, 128), b'\x07\x0b\x8f', left=10, top=20, tile_left=5, tile_top=3)
    found = read(tmp_path, sizes, cod())
    assert (found.width, found.height, found.components) == (290, 180, 3)
    assert found.bytes_per_pixel == 1 + 2 + 2
    assert found.table_bytes == 6 * (9216 + 3 * 1126)
    # Segments before and between the two are skipped.
    comment = b'\xff\x64\x00\x06abcd'
    assert read(tmp_path, comment, sizes, comment, cod(), comment) == found


def test_the_first_tile_may_be_cut(tmp_path: pathlib.Path) -> None:
    for width, tile, count in ((128, 64, 2), (129, 64, 3), (64, 64, 1)):
        found = read(tmp_path, siz(width, 64, (tile, 64)), cod())
        assert found.table_bytes == count * (9216 + 1126)


@pytest.mark.parametrize('long', [False, True])
def test_boxes_before_the_code_stream(tmp_path: pathlib.Path, long: bool) -> None:
    # The second one is empty.
    boxes = b'\0\0\0\x0cjP  \r\n\x87\n' + struct.pack('>I4s', 8, b'free')
    if long:
        boxes += struct.pack('>I4sQ', 1, b'free', 20) + b'abcd' + struct.pack('>I4sQ', 1, b'jp2c', 0)
    else:
        boxes += struct.pack('>I4s', 12, b'free') + b'abcd' + struct.pack('>I4s', 0, b'jp2c')
    assert read(tmp_path, siz(64, 32, (64, 32)), cod(), boxes=boxes).width == 64


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\xff\x4f',
        b'\xff\x4f\xff\x90',
        b'\0\0\0\x0cjP  \r\n\x87\n',
        # A box that is shorter than its head, and one that never ends.
        struct.pack('>I4s', 7, b'free') + b'jp2c' * 9,
        struct.pack('>I4s', 0, b'free') + b'jp2c' * 9,
        # One that would have the next begin in its middle.
        struct.pack('>I4s', 4, b'free') + b'jp2c\xff\x4f' + siz(64, 32, (64, 32)) + cod() + b'\xff\x90',
        b'\xff\x4f' + siz(0, 32, (64, 32)) + cod() + b'\xff\x90',
        b'\xff\x4f' + siz(64, 32, (64, 0)) + cod() + b'\xff\x90',
        b'\xff\x4f' + siz(64, 32, (64, 32))[:-3] + b'\xff\x90',
        # Fewer depths than components.
        b'\xff\x4f' + siz(64, 32, (64, 32)).replace(b'\0\1\7\1\1', b'\0\2\7\1\1') + b'\xff\x90',
    ],
)
def test_a_header_that_is_none(tmp_path: pathlib.Path, content: bytes) -> None:
    path = tmp_path / 'a.jp2'
    path.write_bytes(content)
    with pytest.raises(ImageUnreadable):
        jp2header.check(str(path))


@pytest.mark.parametrize(
    ('sizes', 'style', 'parts'),
    [
        # Blocks of 4 × 4: the exponents in the header are two less.
        (siz(8192, 6144, (8192, 6144)), cod(block=(0, 0)), 2048 * 1536),
        (siz(8192, 6145, (8192, 6145)), cod(block=(0, 0)), 2048 * 1537),
        # A tile is no larger than the image, and what lies before the image is not in it.
        (siz(8192, 6144, (9000, 9000)), cod(block=(0, 0)), 2048 * 1536),
        (siz(8292, 6194, (9000, 9000), left=100, top=50), cod(block=(0, 0)), 2048 * 1536),
        # Blocks of 8 × 4, of three components.
        (siz(8192, 4096, (8192, 4096), b'\7\7\7'), cod(block=(1, 0)), 1024 * 1024 * 3),
        (siz(8193, 4096, (8193, 4096), b'\7\7\7'), cod(block=(1, 0)), 1025 * 1024 * 3),
        # Each layer has a packet of each precinct: without sizes there is one a resolution.
        (siz(64, 64, (64, 64), b'\7' * 128), cod(layers=4096, levels=5), 6 * 4096 * 128),
        (siz(64, 64, (64, 64), b'\7' * 128), cod(layers=4097, levels=5), 6 * 4097 * 128),
        # Such a one is of 2¹⁵ pixels a side.
        (siz(32768, 64, (32768, 64), b'\7' * 128), cod(layers=4096, levels=5), 6 * 4096 * 128),
        (siz(64, 32768, (64, 32768), b'\7' * 128), cod(layers=4096, levels=5), 6 * 4096 * 128),
        (siz(32769, 64, (32769, 64), b'\7' * 128), cod(layers=4096, levels=5), 7 * 4096 * 128),
        (siz(64, 32769, (64, 32769), b'\7' * 128), cod(layers=4096, levels=5), 7 * 4096 * 128),
        # Precincts of sizes of their own: 1 × 2 pixels of one resolution, 2 × 1 of the other.
        (siz(2048, 1536, (2048, 1536)), cod(levels=0, precincts=b'\x10'), 2048 * 768),
        (siz(2048, 1536, (2048, 1536)), cod(levels=1, precincts=b'\x10\x00'), 1024 * 384 + 2048 * 1536),
        (siz(2048, 3072, (2048, 3072)), cod(levels=1, precincts=b'\x10\x01'), 1024 * 768 + 1024 * 3072),
    ],
    ids=range(15),
)  # fmt: skip
def test_the_parts_of_a_tile_are_bounded(
    tmp_path: pathlib.Path, sizes: bytes, style: bytes, parts: int
) -> None:
    if parts <= MOST:
        read(tmp_path, sizes, style)
        return
    with pytest.raises(ImageRefused, match='A tile of the JPEG 2000 file'):
        read(tmp_path, sizes, style)


def test_the_tables_of_tiles_are_bounded(tmp_path: pathlib.Path) -> None:
    # 12 977 tiles of one component take a little less than 2²⁷ bytes.
    read(tmp_path, siz(12_977, 1, (1, 1)), cod())
    with pytest.raises(ImageRefused, match='12978 tiles of 1 components'):
        read(tmp_path, siz(12_978, 1, (1, 1)), cod())


def coc(component: int, block: tuple[int, int] = (4, 4), precincts: bytes = b'', wide: bool = False) -> bytes:
    """Return the segment with the style of coding of one component, whose number has two bytes if there are many."""
    body = struct.pack('>H' if wide else '>B', component)
    body += struct.pack('>BBBBBB', bool(precincts), 0, *block, 0, 0) + precincts
    return b'\xff\x53' + struct.pack('>H', len(body) + 2) + body


def part(*segments: bytes, data: bytes = b'', length: int | None = None) -> bytes:
    """Return a part of a tile; its length is stated as it is if no other is given."""
    rest = b''.join(segments) + b'\xff\x93' + data
    stated = 12 + len(rest) if length is None else length
    return b'\xff\x90' + struct.pack('>HHIBB', 10, 0, stated, 0, 1) + rest


#: Of one component of a tile of this size blocks of 4 × 4 are as many as may be.
LARGE = (8192, 6144)
FINE = (0, 0)


@pytest.mark.parametrize(
    ('depths', 'segments', 'parts', 'refused'),
    [
        (b'\7', [coc(0, FINE)], [], False),
        (b'\7\7', [coc(0, FINE)], [], True),
        (b'\7\7', [coc(1, FINE)], [], True),
        (b'\7\7', [coc(1)], [], False),
        (b'\7' * 257, [coc(256, FINE, wide=True)], [], True),
        (b'\7\7', [coc(0, (1, 0)), coc(1, (1, 0))], [], False),
        (b'\7\7', [coc(0, (1, 0)), coc(1, FINE)], [], True),
        (b'\7\7', [coc(1, precincts=b'\x11')], [], True),
        # In the header of a part of a tile, whichever it is, and behind what is skipped.
        (b'\7\7', [], [part(coc(1, FINE))], True),
        (b'\7', [], [part(cod(block=FINE))], False),
        (b'\7\7', [], [part(cod(block=FINE))], True),
        (b'\7\7', [], [part(data=b'x' * 99), part(b'\xff\x64\0\4ab', coc(1, FINE))], True),
        # OpenJPEG takes 12 for the length of a part without data.
        (b'\7\7', [], [part(length=12), part(coc(1, FINE))], True),
        # What looks like a style in the data is none, and nothing is behind a part that takes all that is left.
        (b'\7\7', [], [part(data=coc(1, FINE))], False),
        (b'\7\7', [], [part(length=0), part(coc(1, FINE))], False),
        # A file may be cut off anywhere.
        (b'\7\7', [], [part(coc(1))[:9]], False),
        (b'\7\7', [], [part(coc(1))[:5]], False),
        (b'\7\7', [], [part()[:12] + b'\xff\x64\0\1'], False),
    ],
    ids=range(18),
)  # fmt: skip
def test_components_and_tiles_with_a_style_of_their_own(
    tmp_path: pathlib.Path, depths: bytes, segments: list[bytes], parts: list[bytes], refused: bool
) -> None:
    path = tmp_path / 'a.jp2'
    path.write_bytes(
        b'\xff\x4f'
        + b''.join([siz(*LARGE, LARGE, depths), cod(), *segments, *parts])
        + b'\xff\x90' * (not parts)
    )
    if not refused:
        assert jp2header.check(str(path)).components == len(depths)
        return
    with pytest.raises(ImageRefused, match='A tile of the JPEG 2000 file'):
        jp2header.check(str(path))


def test_the_headers_of_tiles_are_bounded(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'a.jp2'
    path.write_bytes(b'\xff\x4f' + siz(64, 64, (64, 64)) + cod() + part(b'\xff\x64\0\2' * 10))
    # The marker of the part, ten comments, and that of the data.
    monkeypatch.setattr(jp2header, 'MAX_SEGMENTS', 12)
    jp2header.check(str(path))
    monkeypatch.setattr(jp2header, 'MAX_SEGMENTS', 11)
    with pytest.raises(ImageRefused, match='more than 11 marker segments'):
        jp2header.check(str(path))
