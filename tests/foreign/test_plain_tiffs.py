"""TIFFs of one image, without a place on Earth, by tifffile, libvips, Pillow and GDAL: shown as the writer holds them."""

from __future__ import annotations

import io
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests import reference
from tests.images import content

pytestmark = pytest.mark.django_db

tifffile = pytest.importorskip('tifffile')

Case = Callable[[pathlib.Path], Any]
SIDE = 120


def rgb() -> Any:
    """Return a picture, uint8 (height, width, 3)."""
    return np.ascontiguousarray(content.rgb(SIDE, SIDE).transpose(1, 2, 0))


def grey() -> Any:
    """Return a grey picture, uint8 (height, width)."""
    return rgb()[:, :, 1].copy()


def paper(cmyk: Any) -> Any:
    """Return the colours of CMYK, as inks that each take away their part of white."""
    ink = 255 - cmyk.astype(np.uint16)
    return (ink[:, :, :3] * ink[:, :, 3:] / 255).round().astype(np.uint8)


def inks() -> Any:
    """Return a picture in CMYK with some black."""
    return np.concatenate([255 - rgb(), (grey() // 3)[:, :, None]], axis=2)


def stretched(values: Any) -> Any:
    """Return values as bytes, spread from the least to the greatest."""
    values = values.astype(float)
    return ((values - values.min()) / np.ptp(values) * 255).astype(np.uint8)


def tifffile_kind(values: Any, expected: Any, **options: Any) -> Case:
    """Return a function that writes values by tifffile and returns what is expected."""

    def write(path: pathlib.Path) -> Any:
        tifffile.imwrite(path, values, metadata=None, **options)
        return expected

    return write


def vips_bits(bits: int, white: bool) -> Case:
    """Return a function that writes 1, 2 or 4 bits by libvips."""

    def write(path: pathlib.Path) -> Any:
        pyvips = pytest.importorskip('pyvips')
        levels = grey() // 2 ** (8 - bits) * (255 // (2**bits - 1))
        pyvips.Image.new_from_array(levels).tiffsave(str(path), bitdepth=bits, miniswhite=white)
        return levels

    return write


def pillow_kind(mode: str, **options: Any) -> Case:
    """Return a function that writes a mode of Pillow's."""

    def write(path: pathlib.Path) -> Any:
        picture = Image.fromarray(rgb()).convert(mode)
        picture.save(path, **options)
        return np.asarray(picture.convert('RGB'))

    return write


def pillow_lab(path: pathlib.Path) -> Any:
    """Write CIELab by Pillow."""
    profiles = ImageCms.createProfile('sRGB'), ImageCms.createProfile('LAB')
    lab = ImageCms.profileToProfile(Image.fromarray(rgb()), *profiles, outputMode='LAB')
    lab.save(path)
    return rgb()


def table(path: pathlib.Path) -> Any:
    """Write indices and a table of random colours by tifffile."""
    colours = np.random.default_rng(3).integers(0, 256, (256, 3))
    tifffile.imwrite(path, grey(), photometric='palette', colormap=(colours.T * 257).astype('uint16'))
    return colours[grey()].astype('uint8')


DEEP = (grey().astype('uint16') << 4) + 3
CASES: dict[str, tuple[Case, float]] = {
    'tifffile, white is zero': (tifffile_kind(255 - grey(), grey(), photometric='miniswhite'), 1),
    'tifffile, white is zero, 16 bits': (
        tifffile_kind(DEEP, 255 - stretched(DEEP), photometric='miniswhite'), 1,
    ),
    'tifffile, white is zero, tiles': (
        tifffile_kind(255 - grey(), grey(), photometric='miniswhite', tile=(64, 64)), 1,
    ),
    'tifffile, palette': (table, 1),
    'tifffile, CMYK': (tifffile_kind(inks(), paper(inks()), photometric='separated'), 1),
    'tifffile, CMYK in tiles': (
        tifffile_kind(inks(), paper(inks()), photometric='separated', tile=(64, 64)), 1,
    ),
    'tifffile, CMYK in planes': (
        tifffile_kind(
            inks().transpose(2, 0, 1).copy(), paper(inks()), photometric='separated', planarconfig='separate'
        ), 1,
    ),
    'tifffile, CMYK of 16 bits': (
        tifffile_kind(inks().astype('uint16') * 257, paper(inks()), photometric='separated'), 1,
    ),
    'tifffile, unspecified sample': (
        tifffile_kind(
            np.concatenate([rgb(), np.zeros((SIDE, SIDE, 1), 'uint8')], axis=2), rgb(),
            photometric='rgb', extrasamples=['unspecified'],
        ), 1,
    ),
    'tifffile, 12 bits in 16': (tifffile_kind(DEEP, stretched(DEEP), photometric='minisblack'), 1),
    'tifffile, float 0 to 1': (
        tifffile_kind((DEEP / 4095).astype('float32'), stretched(DEEP), photometric='minisblack'), 1,
    ),
    'tifffile, half floats': (
        tifffile_kind((grey() / 255).astype('float16'), stretched((grey() / 255).astype('float16'))), 1,
    ),
    'tifffile, signed': (
        tifffile_kind((DEEP.astype('int32') - 2000).astype('int16'), stretched(DEEP)), 1,
    ),
    'tifffile, RGB in planes': (
        tifffile_kind(
            rgb().transpose(2, 0, 1).copy(), rgb(), photometric='rgb', planarconfig='separate'
        ), 1,
    ),
    'Pillow, CIELab': (pillow_lab, 3),
    'Pillow, bilevel in CCITT 4': (pillow_kind('1', compression='group4'), 1),
    'Pillow, palette': (pillow_kind('P'), 1),
    'Pillow, YCbCr': (pillow_kind('YCbCr'), 3),
    'Pillow, CMYK': (pillow_kind('CMYK'), 1),
    'Pillow, CMYK in JPEG': (pillow_kind('CMYK', compression='jpeg', quality=95), 3),
    **{
        f'libvips, {bits} bits, {"white" if white else "black"} is zero': (vips_bits(bits, white), 1)
        for bits in (1, 2, 4)
        for white in (False, True)
    },
}  # fmt: skip


@pytest.mark.parametrize('name', CASES)
def test_what_the_writer_holds_is_shown(get: Any, image_file: Any, tmp_path: pathlib.Path, name: str) -> None:
    write, most = CASES[name]
    path = tmp_path / 'plain.tif'
    expected = write(path)
    image = image_file(path)
    response = get('thumbnail', image, fmt='png', query={'max_width': SIDE, 'max_height': SIDE})
    assert response.status_code == 200, response.content
    picture = Image.open(io.BytesIO(response.content))
    assert 'A' not in picture.getbands() or picture.getextrema()[-1] == (255, 255)
    got = reference.decoded(response.content, 'RGB').astype(int)
    expected = np.repeat(expected[:, :, None], 3, axis=2) if expected.ndim == 2 else expected
    difference = np.abs(got - expected.transpose(2, 0, 1))
    assert (difference.mean() if most > 1 else difference.max()) <= most
    assert get('metadata', image).json()['geospatial'] is False


def test_grey_and_alpha(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    alpha = np.where(content.disk(SIDE, SIDE), 255, 0).astype('uint8')
    path = tmp_path / 'la.tif'
    tifffile.imwrite(
        path, np.stack([grey(), alpha], axis=2), photometric='minisblack', extrasamples=['unassalpha']
    )
    query = {'max_width': SIDE, 'max_height': SIDE}
    got = reference.decoded(get('thumbnail', image_file(path), fmt='png', query=query).content, 'LA')
    assert (got[1] == alpha).all()
    assert np.abs(got[0].astype(int) - grey())[alpha > 0].max() <= 1


def test_the_range_of_a_deep_picture_is_stated_and_its_values_are_kept(
    get: Any, image_file: Any, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / 'deep.tif'
    tifffile.imwrite(path, DEEP, photometric='minisblack')
    image = image_file(path)
    found = get('metadata', image).json()['ranges']
    assert found == [{'band': 1, 'min': float(DEEP.min()), 'max': float(DEEP.max())}]
    pixel = get('pixel', image, query={'left': 5, 'top': 7}).json()
    assert pixel['bands'] == {'1': int(DEEP[7, 5])}
