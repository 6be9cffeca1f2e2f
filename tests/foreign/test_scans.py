"""Whole-slide scans in TIFFs: levels as pages, pictures of label and slide; beside the writer's pixels and OpenSlide's."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from django_large_image import access, handles
from tests.images import content

pytestmark = pytest.mark.django_db

HEAD = b'Aperio Image Library v11.2.1\n'
ABOUT = HEAD + b'%dx%d [0,0 %dx%d] (%dx%d) JPEG/RGB Q=70|AppMag = 20|MPP = 0.4990'


def svs(
    path: pathlib.Path,
    size: tuple[int, int] = (2050, 1540),
    tile: int = 240,
    photometric: str = 'ycbcr',
    **options: Any,
) -> np.ndarray:
    """Write a scan as Aperio's scanners do; return its pixels (rows, columns, 3)."""
    pixels = np.ascontiguousarray(content.rgb(*size).transpose(1, 2, 0))
    width, height = size

    def stored(part: np.ndarray) -> np.ndarray:
        if photometric == 'rgb':
            return np.ascontiguousarray(part)
        return np.asarray(Image.fromarray(np.ascontiguousarray(part)).convert('YCbCr'))

    with tifffile.TiffWriter(path) as output:

        def page(part: np.ndarray, about: bytes, tiled: bool = True, subfile: int = 0) -> None:
            shape: dict[str, Any] = {'tile': (tile, tile)} if tiled else {'rowsperstrip': 16}
            output.write(
                stored(part), photometric=photometric, compression='jpeg', subfiletype=subfile, metadata=None,
                compressionargs={'level': 90, 'colorspace': photometric, 'outcolorspace': photometric},
                subsampling=(2, 2) if photometric == 'ycbcr' else None, description=about, software=False, **shape, **options,
            )  # fmt: skip

        about = ABOUT % (width, height, width, height, tile, tile)
        page(pixels, about)
        page(pixels[::16, ::16], HEAD + b'%dx%d -> 128x96 - ' % size, tiled=False)
        for factor in (4, 16):
            page(reduced(pixels, factor), about)
        page(pixels[:200, :300], HEAD + b'label 300x200', tiled=False, subfile=1)
        page(pixels[100:400, :600], HEAD + b'macro 600x300', tiled=False, subfile=9)
    return pixels


def reduced(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Return averages of whole blocks of pixels; what is left at the end is cut off."""
    rows, columns = (side // factor for side in pixels.shape[:2])
    blocks = pixels[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


def tile_of(get: Any, image: Any, z: int, x: int, y: int, fmt: str = 'png') -> np.ndarray:
    """Return the colours of a tile."""
    answer = get('tile', image, z=z, x=x, y=y, fmt=fmt)
    assert answer.status_code == 200, answer.content[:300]
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert('RGB')).astype(int)


@pytest.mark.parametrize('photometric', ['ycbcr', 'rgb'])
def test_a_scan_is_what_its_writer_holds(
    get: Any, image_file: Any, tmp_path: pathlib.Path, photometric: str
) -> None:
    pixels = svs(tmp_path / 'a.svs', photometric=photometric).astype(int)
    image = image_file(tmp_path / 'a.svs')
    found = get('metadata', image).json()
    assert (found['sizeX'], found['sizeY'], found['levels'], found['tileWidth']) == (2050, 1540, 5, 240)
    assert (found['magnification'], found['mm_x'], found['geospatial']) == (
        20,
        pytest.approx(0.000499),
        False,
    )
    worst = 2.5
    for x, y in ((0, 0), (3, 2), (7, 5)):
        own = pixels[y * 240 : (y + 1) * 240, x * 240 : (x + 1) * 240]
        assert np.abs(tile_of(get, image, 4, x, y) - own).mean() < worst
    # A level of the file, one between two of them, and one beyond the last.
    for z, factor, x, y in ((2, 4, 1, 0), (3, 2, 2, 1), (0, 16, 0, 0)):
        small = reduced(pixels, factor)
        own = small[y * 240 : (y + 1) * 240, x * 240 : (x + 1) * 240]
        shown = tile_of(get, image, z, x, y)[: own.shape[0], : own.shape[1]]
        # Colours at half the resolution are far from those of small things in the smallest level.
        most = worst + 1 if z or photometric == 'rgb' else 9
        assert np.abs(shown - own)[2:-2, 2:-2].mean() < most, z


def test_it_is_what_openslide_reads(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    openslide = pytest.importorskip('openslide')
    svs(tmp_path / 'a.svs')
    image = image_file(tmp_path / 'a.svs')
    with openslide.OpenSlide(tmp_path / 'a.svs') as slide:
        for x, y in ((0, 0), (5, 3)):
            own = np.asarray(slide.read_region((x * 240, y * 240), 0, (240, 240)).convert('RGB')).astype(int)
            assert np.abs(tile_of(get, image, 4, x, y) - own).mean() < 1
        small = np.asarray(slide.read_region((240 * 4, 0), 1, (240, 240)).convert('RGB')).astype(int)
        # Its libjpeg makes colours between those that are stored in another way.
        assert np.abs(tile_of(get, image, 2, 1, 0) - small).mean() < 2
        with handles.borrow(access.image_ref(image.file)) as lease:
            reader = lease.source
            assert reader.name == 'rasterio'
            assert (
                set(reader.associated_images())
                == set(slide.associated_images)
                == {'thumbnail', 'label', 'macro'}
            )
            for name, picture in slide.associated_images.items():
                found = reader.associated_image(name)
                assert found is not None
                assert np.abs(found.astype(int) - np.asarray(picture.convert('RGB'))).mean() < 6
            assert reader.associated_image('none') is None


@pytest.mark.parametrize('photometric', ['ycbcr', 'rgb'])
def test_a_stored_tile_is_handed_on(
    get: Any, image_file: Any, tmp_path: pathlib.Path, photometric: str
) -> None:
    svs(tmp_path / 'a.svs', photometric=photometric)
    data = (tmp_path / 'a.svs').read_bytes()
    image = image_file(tmp_path / 'a.svs')
    for z, x, y in ((4, 2, 3), (2, 0, 0)):
        answer = get('tile', image, z=z, x=x, y=y, fmt='jpg')
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.size == (240, 240)
        # The entropy-coded part is the file's own, and colours are what the drawn tile has.
        assert answer.content[-400:] in data
        drawn = tile_of(get, image, z, x, y)
        assert np.abs(tile_of(get, image, z, x, y, 'jpg') - drawn).mean() < 1.5
    # Not at the edge, where the block goes on, nor with a style, nor in a level that the file has not.
    for z, x, y, query in ((4, 8, 0, {}), (4, 2, 3, {'band': 1}), (3, 0, 0, {})):
        answer = get('tile', image, z=z, x=x, y=y, fmt='jpg', query=query)
        assert answer.status_code == 200
        assert answer.content[-400:] not in data


@pytest.mark.parametrize('why', ['ome', 'another size', 'jpeg 2000', 'georeference'])
def test_what_is_no_scan(tmp_path: pathlib.Path, why: str) -> None:
    from django_large_image.inspection.tiff import Tiff

    path = tmp_path / 'a.tif'
    pixels = np.zeros((1024, 1024, 3), np.uint8)
    options: dict[str, Any] = {'photometric': 'rgb', 'tile': (256, 256), 'metadata': None}
    if why == 'georeference':
        options['extratags'] = [(33922, 'd', 6, (0, 0, 0, 5, 50, 0)), (33550, 'd', 3, (1, 1, 0))]
    if why == 'jpeg 2000':
        options['compression'] = 'jpeg2000'
    with tifffile.TiffWriter(path) as output:
        output.write(pixels, description=b'<OME></OME>' if why == 'ome' else None, **options)
        output.write(pixels[::2, ::3] if why == 'another size' else pixels[::2, ::2], **options)
    assert Tiff.read(str(path)).scan is None


def test_a_pyramid_of_pages_that_nothing_flags(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    pixels = np.ascontiguousarray(content.rgb(1500, 1100).transpose(1, 2, 0))
    with tifffile.TiffWriter(tmp_path / 'a.tif') as output:
        for factor in (1, 2, 4):
            output.write(
                reduced(pixels, factor), photometric='rgb', tile=(512, 512), compression='deflate', metadata=None
            )  # fmt: skip
    image = image_file(tmp_path / 'a.tif')
    found = get('metadata', image).json()
    assert (found['levels'], found['tileWidth'], found['frames']) == (3, 512, False)
    for z, factor in ((2, 1), (1, 2), (0, 4)):
        own = reduced(pixels, factor)[:512, :512].astype(int)
        shown = tile_of(get, image, z, 0, 0)[: own.shape[0], : own.shape[1]]
        assert (shown == own).all()


@pytest.mark.parametrize('stated', [b'1.2.3', b'..', b'0', b'9' * 400, b'.5.'])
def test_a_scan_that_states_no_size_is_served_without(
    get: Any, image_file: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, stated: bytes
) -> None:
    monkeypatch.setattr(f'{__name__}.ABOUT', ABOUT.replace(b'0.4990', stated))
    svs(tmp_path / 'a.svs', size=(600, 500))
    image = image_file(tmp_path / 'a.svs')
    found = get('metadata', image).json()
    assert (found['mm_x'], found['mm_y'], found['magnification']) == (None, None, 20)
    assert get('tile', image, z=0, x=0, y=0, fmt='png').status_code == 200


def test_what_openslide_decodes_is_kept(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A scan in JPEG 2000 is OpenSlide's: each region is decoded once for all styles, formats and handles."""
    openslide = pytest.importorskip('openslide')
    pytest.importorskip('imagecodecs')
    settings.LARGE_IMAGE_SHARED_BLOCK_BYTES = 0
    path = tmp_path / 'a.svs'
    pixels = np.ascontiguousarray(content.rgb(1000, 700).transpose(1, 2, 0))
    with tifffile.TiffWriter(path) as output:
        for part in (pixels, reduced(pixels, 4)):
            output.write(
                part, photometric='rgb', compression='aperio_jp2000_rgb', tile=(256, 256), metadata=None,
                description=ABOUT % (1000, 700, 1000, 700, 256, 256), software=False,
            )  # fmt: skip
    read: list[Any] = []
    real = openslide.OpenSlide.read_region
    monkeypatch.setattr(
        openslide.OpenSlide,
        'read_region',
        lambda slide, *where: read.append(where) or real(slide, *where),
    )
    ref = access.image_ref(path)
    with handles.borrow(ref) as one, handles.borrow(ref) as another:
        assert one.handle is not another.handle
        assert one.source.name == 'openslide'
        before = len(read)
        z = one.source.matrix.levels - 1
        first = one.source.tile(z, 1, 1, 0, False)
        assert len(read) == before + 1
        for lease, style in (
            (one, {'band': 1, 'palette': ['#000', '#f00'], 'min': 0, 'max': 255}),
            (another, None),
        ):
            assert lease.view(style).tile(z, 1, 1, 0, False) is not None
        assert len(read) == before + 1
        assert first is not None
    with openslide.OpenSlide(path) as slide:
        own = np.asarray(real(slide, (256, 256), 0, (256, 256)).convert('RGB'))
    assert (first.array()[:, :, :3] == own).all()
    assert np.abs(own.astype(int) - pixels[256:512, 256:512]).mean() < 3


@pytest.mark.parametrize('jfif', [True, False])
@pytest.mark.parametrize('subsampling', [0, 2])
@pytest.mark.parametrize('scan', [True, False])
def test_colour_differences_under_a_tag_that_says_rgb(
    get: Any, image_file: Any, tmp_path: pathlib.Path, jfif: bool, subsampling: int, scan: bool
) -> None:
    """Their streams say what they are, by JFIF or by components of half the resolution: in PNG and handed on."""
    if not (jfif or subsampling):
        pytest.skip('nothing says that these are no red, green and blue')
    pixels = np.ascontiguousarray(content.rgb(512, 512).transpose(1, 2, 0))

    def stream(part: np.ndarray) -> bytes:
        output = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(part)).save(output, 'JPEG', quality=95, subsampling=subsampling)
        data = output.getvalue()
        assert data[6:10] == b'JFIF'
        return data if jfif else data[:2] + data[4 + int.from_bytes(data[4:6], 'big') :]

    path = tmp_path / 'a.tif'
    with tifffile.TiffWriter(path) as output:
        for level in (pixels, reduced(pixels, 2)) if scan else (pixels,):
            side = level.shape[0]
            parts = [
                level[y : y + 256, x : x + 256] for y in range(0, side, 256) for x in range(0, side, 256)
            ]
            output.write(
                iter([stream(part) for part in parts]), shape=level.shape, dtype='uint8', tile=(256, 256),
                compression='jpeg', photometric='rgb', metadata=None,
            )  # fmt: skip
    with tifffile.TiffFile(path, mode='r+b') as file:
        for page in file.pages:
            page.tags['PhotometricInterpretation'].overwrite(2)
    image = image_file(path)
    for z, level in ((1, pixels), (0, reduced(pixels, 2)))[: 2 if scan else 1]:
        for fmt in ('png', 'jpg', 'webp'):
            assert np.abs(tile_of(get, image, z, 0, 0, fmt) - level[:256, :256]).mean() < 3, (z, fmt)
        answer = get('tile', image, z=z, x=0, y=0, fmt='jpg')
        assert answer.content[-200:] in path.read_bytes()
