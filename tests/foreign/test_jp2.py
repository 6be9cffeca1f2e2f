"""JPEG 2000 of several writers and depths."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.foreign import whole
from tests.images import content

rasterio = pytest.importorskip('rasterio')

pytestmark = pytest.mark.django_db


def deep(bits: int, bands: int = 1) -> np.ndarray:
    """Return noise-free values of so many bits, (bands, height, width)."""
    scenes = (content.scene(500, 400, seed=seed)[0] for seed in range(bands))
    return np.stack([content.scaled(scene, 3, 2**bits - 9, 'uint16') for scene in scenes])


def write_gdal(path: pathlib.Path, values: np.ndarray, **options: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with rasterio.open(
            path, 'w', driver='JP2OpenJPEG', width=values.shape[2], height=values.shape[1], count=len(values),
            dtype=values.dtype, reversible='YES', quality=100, **options,
        ) as dataset:  # fmt: skip
            dataset.write(values)


def write_pillow(path: pathlib.Path, values: np.ndarray, **options: Any) -> None:
    picture = Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0))
    picture.save(path, irreversible=False, **options)


@pytest.mark.parametrize(('bits', 'bands'), [(10, 1), (12, 1), (16, 1), (16, 3)])
def test_gdal_deep(get: Any, image_file: Any, tmp_path: pathlib.Path, bits: int, bands: int) -> None:
    values = deep(bits, bands)
    write_gdal(tmp_path / 'deep.jp2', values, nbits=bits)
    check_stretched(get, image_file(tmp_path / 'deep.jp2'), values)


def test_pillow_deep(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    values = deep(16)
    write_pillow(tmp_path / 'deep.jp2', values)
    check_stretched(get, image_file(tmp_path / 'deep.jp2'), values)


def test_imagecodecs_deep(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    imagecodecs = pytest.importorskip('imagecodecs')
    values = deep(16)
    (tmp_path / 'deep.jp2').write_bytes(imagecodecs.jpeg2k_encode(values[0], level=0, reversible=True))
    check_stretched(get, image_file(tmp_path / 'deep.jp2'), values)


def check_stretched(get: Any, image: Any, values: np.ndarray) -> None:
    """Compare the picture with what spreads each band over 0 to 255, and a pixel with the file's values."""
    pixel = get('pixel', image, query={'left': 30, 'top': 40, 'units': 'pixels'}).json()
    found = list(pixel['bands'].values()) if 'bands' in pixel else pixel['value']
    assert found == values[:, 40, 30].tolist()
    got = whole.level(get, image, mode='RGB').astype(float)
    for channel in range(len(values)):
        low, high = values[channel].min(), values[channel].max()
        expected = (values[channel].astype(float) - low) * 255 / (high - low)
        assert np.corrcoef(got[channel].ravel(), expected.ravel())[0, 1] > 0.999
        assert got[channel].max() - got[channel].min() > 128


@pytest.mark.parametrize('mode', ['L', 'LA', 'RGB', 'RGBA'])
@pytest.mark.parametrize('suffix', ['jp2', 'j2k'])
def test_pillow_8_bits(get: Any, image_file: Any, tmp_path: pathlib.Path, mode: str, suffix: str) -> None:
    picture = Image.fromarray(np.ascontiguousarray(content.rgb(500, 400).transpose(1, 2, 0)))
    picture.putalpha(Image.linear_gradient('L').resize(picture.size))
    picture = picture.convert(mode)
    picture.save(tmp_path / f'p.{suffix}', irreversible=False)
    got = whole.level(get, image_file(tmp_path / f'p.{suffix}'))
    expected = np.asarray(picture.convert('RGBA')).transpose(2, 0, 1)
    if suffix == 'j2k' and 'A' in mode:
        got, expected = got[:3], expected[:3]  # a bare code stream does not say that a band is alpha
    if mode == 'LA' and suffix == 'j2k':
        return
    seen = expected[-1] > 0
    assert np.abs(got.astype(int) - expected)[:, seen].max() <= 1
