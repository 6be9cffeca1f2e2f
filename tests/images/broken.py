"""Files that are not what they say, or not whole."""

from __future__ import annotations

import pathlib
import struct
import tempfile

import numpy as np

from tests.images import content, geo

#: A TIFF field: its tag, its type (3 a 16-bit, 4 a 32-bit integer, 2 text) and its value.
Field = tuple[int, int, int | bytes]

SHORT, LONG, ASCII = 3, 4, 2


def make_empty(path: pathlib.Path) -> pathlib.Path:
    """Write a file of no bytes."""
    path.write_bytes(b'')
    return path


def make_random(path: pathlib.Path, size: int = 65_536) -> pathlib.Path:
    """Write random bytes."""
    path.write_bytes(np.random.default_rng(content.SEED).bytes(size))
    return path


def make_text(path: pathlib.Path) -> pathlib.Path:
    """Write a text."""
    path.write_text('This is no image.\n' * 100)
    return path


def make_headless(path: pathlib.Path, size: int = 1024, share: float = 0.6) -> pathlib.Path:
    """Write the first `share` of a TIFF whose directory is at its end: nothing of it can be read."""
    pixels = content.scaled(content.scene(size, size)[0], 0, 255, 'uint8').tobytes()
    path.write_bytes(tiff(_gray_fields(size, size, tile=None), pixels))
    return _cut(path, share)


def make_cut(path: pathlib.Path, share: float = 0.6) -> pathlib.Path:
    """Write the first `share` of a tiled TIFF with overviews: its first directory is whole, the next is lost."""
    return _cut(geo.make_no_crs(path), share)


def make_truncated(path: pathlib.Path, share: float = 0.6) -> pathlib.Path:
    """Write the first `share` of a COG: its header is whole, and the tiles at its end are missing."""
    return _cut(geo.make_rgb(path, 1024, 1024), share)


def make_corrupt_tiles(path: pathlib.Path) -> pathlib.Path:
    """Write a COG whose directories are whole and whose compressed tiles are nonsense."""
    geo.make_rgb(path, 1024, 1024)
    data = bytearray(path.read_bytes())
    for start in range(len(data) // 4, len(data) - 64, 4096):
        data[start : start + 64] = b'\xa5' * 64
    path.write_bytes(data)
    return path


def _cut(path: pathlib.Path, share: float) -> pathlib.Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def make_cyclic(path: pathlib.Path, size: int = 64) -> pathlib.Path:
    """Write a TIFF whose first directory names itself as the next one."""
    pixels = content.scaled(content.scene(size, size)[0], 0, 255, 'uint8').tobytes()
    path.write_bytes(tiff(_gray_fields(size, size, tile=None), pixels, cyclic=True))
    return path


def make_frame_chain(path: pathlib.Path, frames: int = 20_000) -> pathlib.Path:
    """Write a TIFF of very many directories, each of one pixel, that all share one strip."""
    entries = [(tag, kind, value) for tag, kind, value in _gray_fields(1, 1, tile=None)]
    entries.append((273, LONG, 8))
    entries.append((279, LONG, 1))
    entries.sort()
    length = 2 + 12 * len(entries) + 4
    body = struct.pack('<H', len(entries)) + b''.join(
        struct.pack('<HHIHH', tag, kind, 1, int(value), 0)
        if kind == SHORT
        else struct.pack('<HHII', tag, kind, 1, int(value))
        for tag, kind, value in entries
    )
    first = 10  # behind the header and the strip of one byte, on an even address
    offsets = [first + length * (frame + 1) for frame in range(frames - 1)] + [0]
    chain = b''.join(body + struct.pack('<I', offset) for offset in offsets)
    path.write_bytes(b'II*\0' + struct.pack('<I', first) + b'\x80\0' + chain)
    return path


def make_other_file_overviews(path: pathlib.Path, other: pathlib.Path | str) -> pathlib.Path:
    """Write a TIFF whose own metadata tag says that its overviews are in another file."""
    return _with_metadata(path, f'<Item name="OVERVIEW_FILE" domain="OVERVIEWS">{other}</Item>')


def _with_metadata(path: pathlib.Path, items: str) -> pathlib.Path:
    size = 1024
    xml = f'<GDALMetadata>{items}</GDALMetadata>'.encode() + b'\0'
    fields = [*_gray_fields(size, size, tile=None), (42112, ASCII, xml)]
    pixels = content.scaled(content.scene(size, size)[0], 0, 255, 'uint8').tobytes()
    path.write_bytes(tiff(fields, pixels))
    return path


def make_other_file_ome(path: pathlib.Path, other: str) -> pathlib.Path:
    """Write an OME-TIFF whose second plane is said to be in the file `other` beside it."""
    import tifffile

    size = 512
    own, others = (f'urn:uuid:00000000-0000-0000-0000-00000000000{digit}' for digit in '12')
    xml = f"""<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{own}">
 <Image ID="Image:0" Name="two">
  <Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="{size}" SizeY="{size}"
   SizeC="2" SizeZ="1" SizeT="1">
   <Channel ID="Channel:0:0" SamplesPerPixel="1"/><Channel ID="Channel:0:1" SamplesPerPixel="1"/>
   <TiffData FirstC="0" IFD="0" PlaneCount="1"><UUID FileName="{path.name}">{own}</UUID></TiffData>
   <TiffData FirstC="1" IFD="0" PlaneCount="1"><UUID FileName="{other}">{others}</UUID></TiffData>
  </Pixels></Image></OME>"""
    plane = content.scaled(content.scene(size, size)[0], 0, 255, 'uint8')
    tifffile.imwrite(path, plane, tile=(256, 256), photometric='minisblack', description=xml, metadata=None)
    return path


def make_vrt(path: pathlib.Path, target: pathlib.Path | str, size: int = 512) -> pathlib.Path:
    """Write a GDAL VRT, XML that makes GDAL read the file `target`."""
    path.write_text(
        f'<VRTDataset rasterXSize="{size}" rasterYSize="{size}">\n'
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{target}</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="{size}" ySize="{size}"/>'
        f'<DstRect xOff="0" yOff="0" xSize="{size}" ySize="{size}"/>'
        '</SimpleSource></VRTRasterBand></VRTDataset>\n'
    )
    return path


def make_wms(path: pathlib.Path, url: str) -> pathlib.Path:
    """Write a GDAL_WMS description, XML that makes GDAL ask the server at `url` for tiles."""
    path.write_text(
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service>'
        '<DataWindow><UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY>'
        '<LowerRightX>20037508.34</LowerRightX><LowerRightY>-20037508.34</LowerRightY>'
        '<TileLevel>5</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin>'
        '</DataWindow><Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX>'
        '<BlockSizeY>256</BlockSizeY><BandsCount>3</BandsCount></GDAL_WMS>\n'
    )
    return path


def make_partly_copied(path: pathlib.Path) -> pathlib.Path:
    """Write a COG as a copy in progress leaves it: the first half, then zeros up to the full size."""
    with tempfile.TemporaryDirectory() as folder:
        data = geo.make_rgb(pathlib.Path(folder, 'whole.tif'), 1024, 1024).read_bytes()
    half = len(data) // 2
    path.write_bytes(data[:half] + bytes(len(data) - half))
    return path


def _gray_fields(width: int, height: int, tile: int | None, compression: int = 1) -> list[Field]:
    """Return the fields of an image of one uint8 band, without where its pixels are."""
    fields: list[Field] = [
        (256, LONG, width),
        (257, LONG, height),
        (258, SHORT, 8),
        (259, SHORT, compression),
        (262, SHORT, 1),
        (277, SHORT, 1),
    ]
    fields += [(322, LONG, tile), (323, LONG, tile)] if tile else [(278, LONG, height)]
    return fields


def tiff(fields: list[Field], pixels: bytes, *, cyclic: bool = False) -> bytes:
    """Return a little-endian TIFF of one directory, whose pixels are one strip or one tile."""
    where, length = (324, 325) if any(tag == 322 for tag, _, _ in fields) else (273, 279)
    texts = b''.join(value for _, _, value in fields if isinstance(value, bytes))
    fields = sorted([*fields, (where, LONG, 8 + len(texts)), (length, LONG, len(pixels))])
    text_at = 8
    entries = []
    for tag, kind, value in fields:
        if isinstance(value, bytes):
            entries.append(struct.pack('<HHII', tag, kind, len(value), text_at))
            text_at += len(value)
        elif kind == SHORT:
            entries.append(struct.pack('<HHIHH', tag, kind, 1, value, 0))
        else:
            entries.append(struct.pack('<HHII', tag, kind, 1, value))
    padding = bytes((len(texts) + len(pixels)) % 2)
    directory = 8 + len(texts) + len(pixels) + len(padding)
    header = b'II*\0' + struct.pack('<I', directory)
    following = struct.pack('<I', directory if cyclic else 0)
    return b''.join([header, texts, pixels, padding, struct.pack('<H', len(entries)), *entries, following])
