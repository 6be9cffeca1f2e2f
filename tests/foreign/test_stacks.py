"""Stacks of frames in TIFFs, read by the engine: frames and axes as large-image's source has them, pixels as written."""

from __future__ import annotations

import io
import os
import pathlib
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from django_large_image import access, handles
from django_large_image.exceptions import ImageChanged
from django_large_image.inspection import tiffheader
from django_large_image.inspection.tiff import Tiff
from django_large_image.readers.sources.multiframe import MultiFrameSource
from tests import reference
from tests.images import content

pytestmark = pytest.mark.django_db

#: What the metadata of a stack have in common with large-image's.
COMMON = (
    'levels', 'sizeX', 'sizeY', 'tileWidth', 'tileHeight', 'magnification', 'mm_x', 'mm_y', 'dtype', 'bandCount',
    'frames', 'IndexRange', 'IndexStride', 'channels', 'channelmap',
)  # fmt: skip
PALETTES = (['#000', '#f00'], ['#000', '#0f0'], ['#000', '#00f'])


def cells(*shape: int, dtype: str = 'uint16', seed: int = 5) -> np.ndarray:
    """Return smooth pixels with a little noise, and with a level of their own for each plane of a shape."""
    rng = np.random.default_rng(seed)
    height, width = shape[-2:]
    y, x = np.mgrid[0:height, 0:width]
    planes = int(np.prod(shape[:-2], dtype=int))
    found = [
        1000
        + 700 * np.sin(x / (9 + n))
        + 500 * np.cos(y / (7 + n))
        + 40 * n
        + rng.normal(0, 10, (height, width))
        for n in range(planes)
    ]
    scale = 1 / 16 if dtype == 'uint8' else 1
    return (np.stack(found) * scale).clip(0).astype(dtype).reshape(shape)


def pyramid(path: pathlib.Path, data: np.ndarray, levels: int = 2, **options: Any) -> None:
    """Write a stack whose smaller versions are sub-images; each pixel of them is a mean of four."""
    options = {'photometric': 'minisblack', 'tile': (256, 256), 'compression': 'zlib'} | options
    with tifffile.TiffWriter(path, ome=True) as output:
        output.write(data, subifds=levels, **options)
        options.pop('metadata', None)
        for level in range(1, levels + 1):
            output.write(halved(data, level), subfiletype=1, **options)


def halved(data: np.ndarray, times: int) -> np.ndarray:
    """Return planes (…, rows, columns) halved some times, by the means of four pixels."""
    for _ in range(times):
        rows, columns = data.shape[-2] // 2 * 2, data.shape[-1] // 2 * 2
        even = data[..., :rows, :columns].astype(float)
        fours = even[..., ::2, ::2] + even[..., 1::2, ::2] + even[..., ::2, 1::2] + even[..., 1::2, 1::2]
        data = (fours / 4).round().astype(data.dtype)
    return data


def plain(path: pathlib.Path, data: np.ndarray, **options: Any) -> None:
    """Write pages that say nothing of axes."""
    with tifffile.TiffWriter(path, ome=False) as output:
        for page in data:
            output.write(page, contiguous=False, metadata=None, **options)


def described(path: pathlib.Path, pages: list[np.ndarray], xml: str, **options: Any) -> None:
    """Write pages with OME-XML as other programs make it."""
    with tifffile.TiffWriter(path, ome=False) as output:
        for number, page in enumerate(pages):
            about = {'description': xml.encode(), 'metadata': None} if not number else {'metadata': None}
            output.write(page, contiguous=False, tile=(128, 128), **about, **options)


def ome_xml(order: str, sizes: dict[str, int], planes: str, channels: str = '', more: str = '') -> str:
    """Return OME-XML of one image of 200 × 150 pixels, as Bio-Formats writes it."""
    stated = ' '.join(f'Size{axis}="{size}"' for axis, size in sizes.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        'UUID="urn:uuid:1"><Image ID="Image:0" Name="cells.czi"><Pixels ID="Pixels:0" '
        f'DimensionOrder="{order}" Type="uint16" SizeX="200" SizeY="150" {stated} PhysicalSizeX="0.25" '
        f'PhysicalSizeY="0.5">{channels}{planes}</Pixels></Image>{more}</OME>'
    )


def single_planes(order: str, sizes: dict[str, int]) -> str:
    """Return an element for each plane, which names this file by its UUID."""
    found, number = [], 0
    slow, middle, fast = order[::-1][:3]
    for i in range(sizes[slow]):
        for j in range(sizes[middle]):
            for k in range(sizes[fast]):
                found.append(
                    f'<TiffData First{slow}="{i}" First{middle}="{j}" First{fast}="{k}" IFD="{number}" PlaneCount="1">'
                    '<UUID FileName="cells.ome.tif">urn:uuid:1</UUID></TiffData>'
                )
                number += 1
    return ''.join(found)


NAMES = ''.join(
    f'<Channel ID="Channel:0:{n}" Name="{name}"/>' for n, name in enumerate(('DAPI', 'GFP', 'Cy5'))
)
SIZES = {'C': 3, 'Z': 4, 'T': 2}


def write(path: pathlib.Path, case: str) -> np.ndarray:
    """Write a stack; return its planes in the order of its pages, (pages, rows, columns …)."""
    if case.startswith('XY'):
        data = cells(24, 150, 200)
        described(
            path,
            list(data),
            ome_xml(case, SIZES, single_planes(case, SIZES), NAMES),
            photometric='minisblack',
        )
        return data
    if case == 'all pages in one element':
        data = cells(6, 150, 200)
        sizes = {'C': 3, 'Z': 1, 'T': 2}
        described(path, list(data), ome_xml('XYCZT', sizes, '<TiffData/>', NAMES), photometric='minisblack')
        return data
    if case == 'channels, planes and times':
        data = cells(2, 3, 2, 300, 260)
        tifffile.imwrite(
            path, data, ome=True, photometric='minisblack', tile=(128, 128),
            metadata={'axes': 'TZCYX', 'Channel': {'Name': ['a', 'b']}, 'PhysicalSizeX': 0.3, 'PhysicalSizeY': 0.3},
        )  # fmt: skip
        return data.reshape(-1, 300, 260)
    if case == 'a pyramid of channels':
        data = cells(3, 600, 700)
        pyramid(path, data, metadata={'axes': 'CYX'})
        return data
    if case == 'one plane with a pyramid':
        data = cells(1, 600, 700, dtype='uint8')
        pyramid(path, data[0], metadata={'axes': 'YX'})
        return data
    if case == 'pages':
        data = cells(5, 90, 130, dtype='uint8')
        plain(path, data, photometric='minisblack')
        return data
    if case == 'tiled pages':
        data = cells(3, 600, 500)
        plain(path, data, photometric='minisblack', tile=(256, 256), compression='zlib', predictor=2)
        return data
    if case == 'pages of RGB':
        data = np.stack([np.moveaxis(content.rgb(200, 150, seed=n), 0, 2) for n in range(3)])
        plain(path, data, photometric='rgb')
        return data
    if case == 'RGB in planes':
        data = np.stack([np.moveaxis(content.rgb(200, 150, seed=n), 0, 2) for n in range(3)])
        plain(path, np.moveaxis(data, 3, 1), photometric='rgb', planarconfig='separate')
        return data
    if case == 'stated axes':
        data = cells(2, 3, 64, 80)
        tifffile.imwrite(path, data, ome=False, photometric='minisblack', metadata={'axes': 'TZYX'})
        return data.reshape(-1, 64, 80)
    if case == 'floats':
        data = cells(2, 64, 80, dtype='float32')
        tifffile.imwrite(path, data, ome=True, photometric='minisblack', metadata={'axes': 'ZYX'})
        return data
    if case == 'a shape without axes':
        data = cells(5, 200, 300)
        tifffile.imwrite(path, data, ome=False, photometric='minisblack', tile=(128, 128))
        return data
    if case == 'pages with a text':
        data = cells(3, 200, 300)
        plain(path, data, photometric='minisblack', tile=(128, 128), description='Slice of a scan')
        return data
    if case == 'RGB of 16 bits':
        data = np.stack([cells(3, 64, 80, seed=n) for n in range(2)])
        tifffile.imwrite(
            path, data, ome=True, photometric='rgb', planarconfig='separate', metadata={'axes': 'ZSYX'}
        )
        return np.moveaxis(data, 1, 3)
    if case == 'signed bytes':
        data = (cells(2, 64, 80, dtype='uint8').astype(int) - 128).astype('int8')
        plain(path, data, photometric='minisblack')
        return data
    assert case == 'big-endian'
    data = cells(4, 64, 80)
    tifffile.imwrite(path, data, ome=True, photometric='minisblack', metadata={'axes': 'ZYX'}, byteorder='>')
    return data


CASES = (
    'XYCZT', 'XYZCT', 'XYTZC', 'XYTCZ', 'all pages in one element', 'channels, planes and times',
    'a pyramid of channels', 'one plane with a pyramid', 'pages', 'tiled pages', 'pages of RGB', 'RGB in planes',
    'stated axes', 'floats', 'big-endian', 'a shape without axes', 'pages with a text', 'RGB of 16 bits', 'signed bytes',
)  # fmt: skip


@pytest.mark.parametrize('case', CASES)
def test_frames_are_those_of_large_image(tmp_path: pathlib.Path, case: str) -> None:
    path = tmp_path / 'cells.ome.tif'
    planes = write(path, case)
    assert Tiff.read(str(path)).reader == 'rasterio'
    source = MultiFrameSource(str(path))
    with handles.borrow(access.image_ref(path)) as lease:
        reader = lease.source
        assert reader.name == 'rasterio'
        theirs, ours = source.getMetadata(), reader.metadata()
        if not any(theirs.get('channels', ())):
            # large-image calls channels without a name ''.
            theirs.pop('channels', None), theirs.pop('channelmap', None)
            for entry in theirs.get('frames', ()):
                entry.pop('Channel', None)
        for key in COMMON:
            expected = theirs.get(key)
            if isinstance(expected, float):
                expected = pytest.approx(expected)
            assert ours.get(key) == expected, key
        assert reader.frame_count == source.frames == len(planes)
        assert list(reader.associated_images()) == source.getAssociatedImagesList()
        output = {'maxWidth': source.sizeX, 'maxHeight': source.sizeY}
        for frame in range(reader.frame_count):
            own = source.getRegion(format='numpy', frame=frame, output=output)[0]
            pieces = next(iter(reader.values(True, frame)))()
            values = np.concatenate([np.stack(piece) for piece in pieces], axis=1)
            assert (values.T.reshape(own.shape) == own).all()
    source.close()


@pytest.mark.parametrize(
    'case', ['channels, planes and times', 'a pyramid of channels', 'pages of RGB', 'floats']
)
def test_pixels_are_those_that_were_written(tmp_path: pathlib.Path, case: str) -> None:
    """Each frame, with the range of its channel over all frames, in full."""
    path = tmp_path / 'cells.ome.tif'
    planes = write(path, case)
    with handles.borrow(access.image_ref(path)) as lease:
        reader = lease.source
        frames = reader.metadata()['frames']
        # The pages are written with the last axis fastest, which is that of channels here.
        channel = [frame.get('IndexC', 0) for frame in frames]
        for frame, plane in enumerate(planes):
            shown = reader.window(reader.whole(4096, 4096), frame, False)[:, :, :3]
            if plane.ndim == 3:
                assert (shown == plane).all()
                continue
            alike = planes[[n for n, c in enumerate(channel) if c == channel[frame]]].astype(float)
            expected = (plane - alike.min()) / (alike.max() - alike.min()) * 255
            assert np.abs(shown - expected[:, :, None]).max() < 1.01


def tile(path: pathlib.Path, style: Any, z: int, x: int, y: int, frame: int = 0) -> np.ndarray:
    with handles.borrow(access.image_ref(path)) as lease:
        picture = lease.view(style).tile(z, x, y, frame, False)
        assert picture is not None
        found = picture.array()
        return found[:, :, :3] if found.shape[2] == 4 and (found[:, :, 3] == 255).all() else found


STYLES: dict[str, Any] = {
    'three channels': {
        'bands': [{'frame': n, 'palette': PALETTES[n], 'min': 200, 'max': 2400} for n in range(3)]
    },
    'mixed colours': {
        'bands': [
            {'framedelta': n, 'palette': ['#000', colour], 'min': 'auto', 'max': 'auto'}
            for n, colour in enumerate(('#ff0', '#0ff', '#f0f'))
        ]
    },
    'parts': {
        'bands': [
            {'frame': n, 'palette': PALETTES[n], 'min': 'min:0.02', 'max': 'max:0.02', 'clamp': n < 1}
            for n in range(2)
        ]
    },
    'one other frame': {'bands': [{'frame': 2, 'min': 0, 'max': 3000}]},
}


@pytest.mark.parametrize('style', STYLES)
def test_composites_are_those_of_large_image(tmp_path: pathlib.Path, style: str) -> None:
    path = tmp_path / 'cells.ome.tif'
    write(path, 'a pyramid of channels')
    source = MultiFrameSource(str(path))
    theirs = source.styled(STYLES[style], 'PNG')
    with handles.borrow(access.image_ref(path)) as lease:
        assert lease._raster_reader(STYLES[style], None).view.can_paint(0)
    for z, x, y in ((2, 0, 0), (2, 1, 1), (1, 0, 0)):
        expected = theirs.getTile(x, y, z, numpyAllowed='always')
        expected = np.asarray(expected)[:, :, :3].clip(0, 255).astype(np.uint8).astype(int)
        shown = tile(path, STYLES[style], z, x, y).astype(int)
        assert shown.shape[:2] == expected.shape[:2]
        # Half-resolution tiles come from the level of the file in both.
        assert np.abs(shown[:200, :170] - expected[:200, :170]).max() <= (
            1 if ':' not in str(STYLES[style]) else 4
        )
    source.close()


def test_a_frame_that_is_not_there(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    write(tmp_path / 'cells.ome.tif', 'a pyramid of channels')
    image = image_file(tmp_path / 'cells.ome.tif')
    for query in (
        {'frame': 3},
        {'style': '{"bands": [{"frame": 3}]}'},
        {'style': '{"bands": [{"framedelta": -1}]}'},
    ):
        answer = get('tile', image, z=0, x=0, y=0, fmt='png', query=query)
        assert answer.status_code == 400, query
        assert answer.json()['parameter'] in ('frame', 'framedelta')
        assert 'to 2' in answer.json()['allowed'] or 'to 3' in answer.json()['allowed']


def test_levels_are_those_of_the_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'cells.ome.tif'
    data = cells(3, 1000, 1100, dtype='uint8')
    pyramid(path, data, levels=3, metadata={'axes': 'CYX'})
    for frame in range(3):
        for z, times in ((3, 0), (2, 1), (1, 2)):
            own = halved(data[frame], times)[:256, :256].astype(int)
            shown = tile(path, None, z, 0, 0, frame)[: own.shape[0], : own.shape[1], :1]
            assert (shown[:, :, 0] == own).all()


def test_a_thousand_frames(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directories are read once, whatever opens the file next, and the last frame is the last page."""
    path = tmp_path / 'cells.ome.tif'
    data = (np.arange(1000)[:, None, None] + np.zeros((1, 64, 64))).astype(np.uint16)
    tifffile.imwrite(
        path, data.reshape(100, 5, 2, 64, 64), ome=True, photometric='minisblack', metadata={'axes': 'TZCYX'}
    )
    real, read = tiffheader._walk, []
    monkeypatch.setattr(tiffheader, '_walk', lambda file: read.append(file) or real(file))
    ref = access.image_ref(path)
    with handles.borrow(ref) as one, handles.borrow(ref) as another:
        assert one.handle is not another.handle
        assert one.source.frame_count == 1000
        assert one.source.pixel(5, 5, 999)['bands'] == {1: 999}
        assert another.source.pixel(5, 5, 500)['bands'] == {1: 500}
        ranges = one.source.ranges()
        assert ranges is not None
        assert [entry['channel'] for entry in ranges] == [0, 1]
        assert ranges[0]['min'] == 0
    assert len(read) == 1


@pytest.mark.parametrize(
    'case',
    ['a plane is missing', 'another file', 'modulo', 'other samples', 'words', 'no planes', 'too many'],
)
def test_what_is_left_to_another_reader(tmp_path: pathlib.Path, case: str) -> None:
    planes = single_planes('XYCZT', SIZES)
    channels, sizes, more = NAMES, SIZES, ''
    if case == 'a plane is missing':
        planes = planes.replace('IFD="7"', 'IFD="8"', 1).replace('FirstC="1" IFD="8"', 'FirstC="2" IFD="8"')
    if case == 'another file':
        planes = planes.replace('urn:uuid:1', 'urn:uuid:2', 1)
    if case == 'modulo':
        more = '<StructuredAnnotations><XMLAnnotation><Value><Modulo><ModuloAlongT/></Modulo></Value></XMLAnnotation></StructuredAnnotations>'
    if case == 'other samples':
        channels = NAMES.replace('Name="GFP"', 'Name="GFP" SamplesPerPixel="3"')
    if case == 'words':
        sizes = SIZES | {'T': 'two'}  # type: ignore[dict-item]
    if case == 'no planes':
        planes = ''
    if case == 'too many':
        sizes = SIZES | {'T': 3}
    described(
        tmp_path / 'cells.ome.tif', list(cells(24, 150, 200)), ome_xml('XYCZT', sizes, planes, channels, more),
        photometric='minisblack',
    )  # fmt: skip
    assert Tiff.read(str(tmp_path / 'cells.ome.tif')).stack is None


def test_pictures_beside_an_image(tmp_path: pathlib.Path) -> None:
    """As Bio-Formats writes a scan: the slide's label and its macro are images of their own."""
    path = tmp_path / 'cells.ome.tif'
    beside = ''.join(
        f'<Image ID="Image:{n}" Name="{name}"><Pixels ID="Pixels:{n}" DimensionOrder="XYCZT" Type="uint8" '
        f'SizeX="{width}" SizeY="100" SizeC="3" SizeZ="1" SizeT="1"><Channel ID="Channel:{n}:0" SamplesPerPixel="3"/>'
        f'<TiffData IFD="{n}" PlaneCount="1"/></Pixels></Image>'
        for n, name, width in ((1, 'label', 120), (2, 'Macro', 300))
    )
    channel = '<Channel ID="Channel:0:0" SamplesPerPixel="3"/>'
    one = {'C': 3, 'Z': 1, 'T': 1}
    xml = ome_xml('XYCZT', one, '<TiffData IFD="0" PlaneCount="1"/>', channel, beside).replace(
        'uint16', 'uint8'
    )
    pictures = [
        np.ascontiguousarray(np.moveaxis(content.rgb(*size, seed=n), 0, 2))
        for n, size in enumerate(((200, 150), (120, 100), (300, 100)))
    ]
    described(path, pictures, xml, photometric='rgb')
    source = MultiFrameSource(str(path))
    assert source.getAssociatedImagesList() == ['label', 'macro']
    with handles.borrow(access.image_ref(path)) as lease:
        reader = lease.source
        assert reader.internal_metadata()['xml'] == source.getInternalMetadata()['xml']
        assert (reader.name, reader.associated_images()) == ('rasterio', ('label', 'macro'))
        for name, picture in zip(('label', 'macro'), pictures[1:], strict=True):
            found = reader.associated_image(name)
            assert found is not None
            assert (found == picture).all()
        assert reader.associated_image('map') is None
    source.close()


def profile() -> bytes:
    """Return an ICC profile whose red and blue are exchanged: what heeds it cannot be overlooked."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes())
    for index in range(int.from_bytes(data[128:132], 'big')):
        entry = 132 + 12 * index
        if data[entry : entry + 4] in (b'rXYZ', b'bXYZ'):
            data[entry] ^= ord('r') ^ ord('b')
    return bytes(data)


@pytest.mark.parametrize('kind', ['page', 'stack', 'scan'])
def test_a_colour_profile_is_heeded(get: Any, image_file: Any, tmp_path: pathlib.Path, kind: str) -> None:
    pixels = np.ascontiguousarray(np.moveaxis(content.rgb(600, 500), 0, 2))
    path = tmp_path / 'a.tif'
    options: dict[str, Any] = {
        'photometric': 'rgb', 'tile': (256, 256), 'compression': 'jpeg', 'metadata': None, 'iccprofile': profile(),
    }  # fmt: skip
    with tifffile.TiffWriter(path) as output:
        output.write(pixels, **options)
        if kind == 'stack':
            output.write(pixels, **options)
        if kind == 'scan':
            output.write(np.ascontiguousarray(pixels[::2, ::2]), **options)
    stored = tifffile.imread(path, key=0)[:256, :256]
    with Image.fromarray(stored) as picture:
        expected = np.asarray(
            ImageCms.profileToProfile(
                picture, ImageCms.ImageCmsProfile(io.BytesIO(profile())), ImageCms.createProfile('sRGB')
            )
        ).astype(int)
    assert np.abs(expected - stored).max() > 50
    image = image_file(path)

    def drawn(fmt: str = 'png', **query: Any) -> np.ndarray:
        answer = get(
            'tile', image, z=get('metadata', image).json()['levels'] - 1, x=0, y=0, fmt=fmt, query=query
        )
        assert answer.status_code == 200, answer.content
        with Image.open(io.BytesIO(answer.content)) as picture:
            return np.asarray(picture.convert('RGB')).astype(int)

    assert np.abs(drawn() - expected).mean() < 2
    assert np.abs(drawn('jpg') - expected).mean() < 3
    assert np.abs(drawn(style='{"icc": false}') - stored).mean() < 1
    assert np.abs(drawn(style='{"icc": "relative_colorimetric"}') - expected).mean() < 4
    red = drawn(style='{"band": 1, "palette": ["#000", "#f00"]}')
    assert np.abs(red[:, :, 0] - expected[:, :, 0]).mean() < 2
    # Only without the profile is a stored tile what is to be seen.
    data = path.read_bytes()
    for style, handed_on in (('', False), ('{"icc": false}', True)):
        query = {'style': style} if style else {}
        answer = get(
            'tile', image, z=get('metadata', image).json()['levels'] - 1, x=0, y=0, fmt='jpg', query=query
        )
        assert (answer.content[-200:] in data) == handed_on


def test_a_broken_profile_is_left_out(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    pixels = np.ascontiguousarray(np.moveaxis(content.rgb(300, 200), 0, 2))
    tifffile.imwrite(tmp_path / 'a.tif', pixels, photometric='rgb', tile=(128, 128), iccprofile=b'\0' * 200)
    answer = get(
        'thumbnail', image_file(tmp_path / 'a.tif'), fmt='png', query={'max_width': 300, 'max_height': 200}
    )
    assert (reference.decoded(answer.content, 'RGB').transpose(1, 2, 0) == pixels).all()


def test_a_giant_with_few_tiles(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    """100 000 × 100 000 pixels of two channels, of which one or two tiles a level are in the file."""
    side, levels, path = 100_000, 7, tmp_path / 'giant.ome.tif'
    block = cells(512, 512)
    options: dict[str, Any] = {
        'dtype': 'uint16', 'tile': (512, 512), 'compression': 'zlib', 'photometric': 'minisblack',
    }  # fmt: skip

    def tiles(size: int, there: int) -> Any:
        for _ in range(2):
            for number in range((-(-size // 512)) ** 2):
                yield block[:, :, None] if number in (0, there) else None

    with tifffile.TiffWriter(path, ome=True, bigtiff=True) as output:
        output.write(
            tiles(side, 5 * 196 + 7),
            shape=(2, side, side),
            subifds=levels,
            metadata={'axes': 'CYX'},
            **options,
        )
        for level in range(1, levels + 1):
            size = side >> level
            output.write(tiles(size, 0), shape=(2, size, size), subfiletype=1, **options)
    assert path.stat().st_size < 16 * 2**20
    image = image_file(path)
    found = get('metadata', image).json()
    assert (found['sizeX'], found['levels'], len(found['frames'])) == (side, 9, 2)
    style = '{"bands": [{"frame": 0, "min": 0, "max": 2550}]}'
    answer = get('tile', image, z=8, x=7, y=5, fmt='png', query={'style': style})
    shown = reference.decoded(answer.content, 'L')[0].astype(float)
    assert np.abs(shown - block / 10).max() <= 1
    for z, x, y in ((8, 100, 100), (8, 195, 195), (3, 0, 0), (0, 0, 0)):
        assert get('tile', image, z=z, x=x, y=y, fmt='jpg', query={'style': style}).status_code == 200
    assert get('thumbnail', image, fmt='png').status_code == 200


@pytest.mark.parametrize('compression', ['jpeg', 'webp'])
@pytest.mark.parametrize('subifd', [True, False])
def test_the_recommended_file_of_libvips(
    get: Any, image_file: Any, tmp_path: pathlib.Path, compression: str, subifd: bool
) -> None:
    """docs/formats.md says how to make it: its tiles are handed on at each level, also with a profile of sRGB."""
    pyvips = pytest.importorskip('pyvips')
    pixels = np.ascontiguousarray(np.moveaxis(content.rgb(1024, 1024), 0, 2))
    path = tmp_path / 'a.tif'
    picture = pyvips.Image.new_from_array(pixels).copy(interpretation='srgb')
    picture.set_type(
        pyvips.GValue.blob_type,
        'icc-profile-data',
        ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes(),
    )
    picture.tiffsave(
        str(path),
        compression=compression,
        Q=85,
        tile=True,
        tile_width=256,
        tile_height=256,
        pyramid=True,
        subifd=subifd,
    )
    image, data = image_file(path), path.read_bytes()
    found = get('metadata', image).json()
    assert (found['levels'], found['tileWidth'], found['frames']) == (3, 256, False)
    for z, factor in ((2, 1), (1, 2), (0, 4)):
        answer = get('tile', image, z=z, x=0, y=0, fmt='jpg' if compression == 'jpeg' else 'webp')
        assert answer.content[-100:] in data
        with Image.open(io.BytesIO(answer.content)) as stored:
            shown = np.asarray(stored.convert('RGB')).astype(int)
        own = pixels.reshape(1024 // factor, factor, 1024 // factor, factor, 3).mean(axis=(1, 3))[:256, :256]
        assert np.abs(shown - own).mean() < 6


def test_planes_in_any_order(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    """The first plane need not be the first page."""
    data, order = cells(4, 150, 200), (2, 0, 3, 1)
    planes = ''.join(f'<TiffData FirstZ="{z}" IFD="{page}" PlaneCount="1"/>' for z, page in enumerate(order))
    described(
        tmp_path / 'cells.ome.tif', list(data), ome_xml('XYCZT', {'C': 1, 'Z': 4, 'T': 1}, planes),
        photometric='minisblack',
    )  # fmt: skip
    image = image_file(tmp_path / 'cells.ome.tif')
    for frame, page in enumerate(order):
        found = get('pixel', image, query={'left': 9, 'top': 4, 'frame': frame}).json()
        assert found['value'] == [int(data[page, 4, 9])]


def test_pages_that_libvips_writes(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    pyvips = pytest.importorskip('pyvips')
    pages = np.stack([np.moveaxis(content.rgb(300, 200, seed=n), 0, 2) for n in range(4)])
    picture = pyvips.Image.new_from_array(pages.reshape(800, 300, 3), interpretation='srgb').copy()
    picture.set_type(pyvips.GValue.gint_type, 'page-height', 200)
    picture.tiffsave(
        str(tmp_path / 'a.tif'), tile=True, tile_width=128, tile_height=128, pyramid=True, subifd=True
    )
    image = image_file(tmp_path / 'a.tif')
    found = get('metadata', image).json()
    assert (len(found['frames']), found['bandCount'], found['dtype']) == (4, 3, 'uint8')
    for frame, page in enumerate(pages):
        query = {'max_width': 300, 'max_height': 300, 'frame': frame}
        answer = get('thumbnail', image, fmt='png', query=query)
        assert (reference.decoded(answer.content, 'RGB').transpose(1, 2, 0) == page).all()


def test_tiled_pages_of_several_kinds_keep_their_values(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    """OpenSlide opens any tiled TIFF, and would show one page in 8 bits."""
    pytest.importorskip('openslide')
    with tifffile.TiffWriter(tmp_path / 'a.tif') as output:
        for number, page in enumerate(cells(3, 200, 300)):
            output.write(
                page, contiguous=False, tile=(128, 128), metadata=None, compression='zlib' if number else None
            )
    found = get('metadata', image_file(tmp_path / 'a.tif')).json()
    assert (found['dtype'], found['bandCount']) == ('uint16', 1)


def test_a_profile_of_another_page_is_not_that_of_all(tmp_path: pathlib.Path) -> None:
    pixels = np.ascontiguousarray(np.moveaxis(content.rgb(200, 150), 0, 2))
    for own in ((True, False), (False, True)):
        with tifffile.TiffWriter(tmp_path / 'a.tif') as output:
            for with_profile in own:
                more: dict[str, Any] = {'iccprofile': profile()} if with_profile else {}
                output.write(pixels, photometric='rgb', metadata=None, contiguous=False, **more)
        assert Tiff.read(str(tmp_path / 'a.tif')).stack is None


def test_a_stack_that_is_cut_off(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'cells.tif'
    plain(path, cells(3, 600, 800), photometric='minisblack', compression='zlib', tile=(128, 128))
    whole = path.read_bytes()
    for share in (0.3, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        image = image_file(path)
        sides = {'left': 0, 'top': 0, 'right': 20, 'bottom': 20}
        for frame in (0, 1, 2):
            for place, query in (('region', sides), ('pixel', {'left': 1, 'top': 1}), ('thumbnail', {})):
                where = {} if place == 'pixel' else {'fmt': 'png'}
                answer = get(place, image, query=query | {'frame': frame}, **where)
                assert answer.status_code in (200, 400, 422), (share, place, frame)


def test_levels_of_another_frame_that_have_larger_tiles(tmp_path: pathlib.Path) -> None:
    """What a tile costs is counted by the blocks of the first frame."""
    data = cells(2, 600, 700)
    with tifffile.TiffWriter(tmp_path / 'a.tif', ome=False) as output:
        for page, tile in zip(data, (64, 256), strict=True):
            options: dict[str, Any] = {'photometric': 'minisblack', 'metadata': None, 'contiguous': False}
            output.write(page, subifds=1, tile=(128, 128), **options)
            output.write(halved(page, 1), subfiletype=1, tile=(tile, tile), **options)
    assert Tiff.read(str(tmp_path / 'a.tif')).stack is None


def test_files_of_many_stacks_are_not_kept_open(tmp_path: pathlib.Path, settings: Any) -> None:
    """A handle keeps the files of frames and levels; all that are idle together no more than some a handle."""
    settings.LARGE_IMAGE_MAX_OPEN_HANDLES = 8
    first = tmp_path / '0.ome.tif'
    pyramid(first, cells(6, 300, 260, dtype='uint8'), tile=(128, 128), metadata={'axes': 'CYX'})
    opened = []
    for number in range(8):
        path = tmp_path / f'{number}.ome.tif'
        if number:
            path.write_bytes(first.read_bytes())
        for frame in range(6):
            with handles.borrow(access.image_ref(path)) as lease:
                for z in range(lease.source.matrix.levels):
                    assert lease.source.tile(z, 0, 0, frame, False) is not None
        opened.append(sum(str(tmp_path) in os.readlink(link) for link in _links()))
    # 8 first files, and four times as many of others.
    assert max(opened) <= 8 + 4 * 8
    handles.clear()
    assert not any(str(tmp_path) in os.readlink(link) for link in _links())


def _links() -> list[pathlib.Path]:
    """Return the links of the open files of this process, without the one of the listing itself."""
    return [
        link
        for link in pathlib.Path('/proc/self/fd').iterdir()
        if link.is_symlink() and os.path.lexists(link)
    ]


@pytest.mark.parametrize('other', ['another stack', 'a picture', 'nothing of a TIFF'])
def test_a_stack_that_is_replaced_while_it_is_read(tmp_path: pathlib.Path, other: str) -> None:
    """Frames are opened when they are asked for: then another file may be there."""
    path, new = tmp_path / 'cells.ome.tif', tmp_path / 'new.tif'
    write(path, 'a pyramid of channels')
    if other == 'another stack':
        plain(new, cells(3, 64, 80, dtype='uint8'), photometric='minisblack')
    elif other == 'a picture':
        tifffile.imwrite(new, np.zeros((90, 70, 3), 'uint8'), photometric='rgb')
    else:
        new.write_bytes(bytes(1000))
    with pytest.raises(ImageChanged), handles.borrow(access.image_ref(path)) as lease:
        reader = lease.source
        assert reader.tile(reader.matrix.levels - 1, 0, 0, 0, False) is not None
        os.replace(new, path)
        reader.tile(reader.matrix.levels - 1, 0, 0, 2, False)


def test_ranges_are_those_of_corrected_colours(tmp_path: pathlib.Path) -> None:
    pixels = np.ascontiguousarray(np.moveaxis(content.rgb(300, 200), 0, 2))
    pixels[:, :, 0] = pixels[:, :, 0] // 2 + 20
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, pixels, photometric='rgb', tile=(256, 256), iccprofile=profile(), metadata=None)
    for icc in (True, False):
        with handles.borrow(access.image_ref(path)) as lease:
            whole = lease.source.whole(300, 200)
            colours = lease.view({'icc': icc}).window(whole, 0, False)
            for band in (0, 1, 2):
                shown = lease.view(
                    {
                        'icc': icc,
                        'bands': [
                            {'band': band + 1, 'min': 'min', 'max': 'max', 'palette': ['#000', '#fff']}
                        ],
                    }
                ).window(whole, 0, False)[:, :, 0]
                own = colours[:, :, band].astype(float)
                expected = (own - own.min()) / (own.max() - own.min()) * 255
                assert np.abs(shown - expected).max() <= 1, (icc, band)
                # The engine of large-image, for what the tables do not know, has the same colours and ranges.
                other = lease.view(
                    {'icc': icc, 'dtype': 'uint8',
                     'bands': [{'band': band + 1, 'min': 'min', 'max': 'max', 'palette': ['#000', '#fff'], 'axis': 0}]}
                ).window(whole, 0, False)[:, :, 0]  # fmt: skip
                assert np.abs(other - expected).max() <= 1, (icc, band)
