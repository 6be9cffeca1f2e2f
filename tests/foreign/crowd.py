"""Three hundred files by six writers, drawn from a fixed seed, each with the picture that its writer holds."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import pyvips
import rasterio
import tifffile
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import ColorInterp
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles

Array = NDArray[Any]

SEED = 20_261_127
EACH = 50


@dataclass(frozen=True)
class Foreign:
    """One file: who wrote it and how, and the values that it holds, (height, width, bands)."""

    writer: str
    about: str
    path: pathlib.Path
    #: Of uint8 colours as they are seen: 1, 2 (grey and alpha), 3 or 4 bands. Anything else is spread over its range.
    values: Array
    lossy: bool = False
    #: Whether the smallest value is shown white.
    white: bool = False


class Draw:
    """Choices and pictures from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def of(self, *choices: Any) -> Any:
        return choices[int(self.random.integers(len(choices)))]

    def size(self) -> tuple[int, int]:
        """Return a height and a width, of one tile or several, with sides that are no multiples of anything."""
        return int(self.random.integers(5, 420)), int(self.random.integers(5, 420))

    def picture(self, bands: int, dtype: Any = 'uint8', top: float = 255, smooth: bool = False) -> Array:
        """Return (height, width, bands) of slopes, and noise on them unless they are to be smooth."""
        height, width = self.size()
        y, x = np.mgrid[0:height, 0:width]
        share = [(x / width * (band % 2 + 1) + y / height * (2 - band % 2)) / 3 for band in range(bands)]
        found = np.stack(share, axis=2)
        if not smooth:
            found = np.clip(found * 0.8 + self.random.random(found.shape) * 0.2, 0, 1)
        values = found * top
        return values.astype(dtype) if np.dtype(dtype).kind == 'f' else np.rint(values).astype(dtype)


def by_pillow(draw: Draw, path: pathlib.Path) -> Foreign:
    kind = draw.of('png', 'png', 'tiff', 'tiff', 'jpeg', 'webp', 'gif', 'bmp', 'avif', 'jp2')
    bands = draw.of(1, 3) if kind in ('jpeg', 'gif', 'bmp', 'jp2') else draw.of(1, 2, 3, 4)
    if kind in ('webp', 'avif', 'gif'):
        bands = max(3, bands)
    lossy = kind in ('jpeg', 'avif') or (kind == 'webp' and draw.of(True, False))
    values = draw.picture(bands, smooth=lossy)
    image = Image.fromarray(values[:, :, 0] if bands == 1 else values)
    options: dict[str, Any] = {}
    if kind == 'tiff':
        options['compression'] = draw.of('raw', 'tiff_lzw', 'tiff_adobe_deflate', 'packbits')
    elif kind == 'jpeg':
        options |= {'quality': 95, 'progressive': draw.of(True, False), 'subsampling': draw.of(0, 2)}
    elif kind == 'webp':
        options |= {'quality': 95} if lossy else {'lossless': True, 'exact': True}
    elif kind == 'avif':
        options['quality'] = 95
    elif kind == 'gif':
        image = image.quantize(draw.of(16, 256))
        values = np.asarray(image.convert('RGB'))
    elif kind == 'jp2':
        options['irreversible'] = False
    elif kind == 'png' and bands == 3 and draw.of(True, False):
        image = image.quantize(draw.of(4, 16, 256))
        values = np.asarray(image.convert('RGB'))
    if kind in ('jpeg', 'tiff', 'png', 'webp') and draw.of(True, False):
        turn = draw.of(3, 6, 8)
        exif = Image.Exif()
        exif[0x0112] = turn
        options['exif'] = exif
        values = np.rot90(values, {3: 2, 6: 3, 8: 1}[turn])
    image.save(path.with_suffix(f'.{kind}'), **options)
    about = f'{kind} {image.mode} {options.get("compression", "")}'
    return Foreign('Pillow', about, path.with_suffix(f'.{kind}'), values, lossy)


def by_tifffile(draw: Draw, path: pathlib.Path) -> Foreign:
    dtype, top = draw.of(
        ('uint8', 255), ('uint8', 255), ('uint16', 65535), ('uint16', 4000), ('int16', 3000), ('float32', 1.0), ('float16', 9.0),
    )  # fmt: skip
    bands = draw.of(1, 1, 3, 4) if dtype == 'uint8' else draw.of(1, 1, 3)
    values = draw.picture(bands, dtype, top)
    compression = draw.of(None, 'zlib', 'lzma', 'zstd', 'packbits', 'lzw')
    planar = draw.of('contig', 'separate') if bands > 1 else 'contig'
    options: dict[str, Any] = {
        'compression': compression,
        'photometric': 'rgb' if bands > 2 else draw.of('minisblack', 'miniswhite'),
        'byteorder': draw.of('<', '>'),
        'bigtiff': draw.of(True, False),
    }
    if bands > 1:
        options['planarconfig'] = planar
    if bands == 4:
        options['extrasamples'] = ['unassalpha']
    if compression in ('zlib', 'lzma', 'zstd', 'lzw') and dtype != 'float16':
        options['predictor'] = draw.of(False, True)
    shape = draw.of(None, (64, 64), (128, 256))
    options |= {'tile': shape} if shape else {'rowsperstrip': draw.of(1, 7, 64)}
    target = path.with_suffix('.tif')
    stored = values[:, :, 0] if bands == 1 else values
    with tifffile.TiffWriter(
        target, bigtiff=options.pop('bigtiff'), byteorder=options.pop('byteorder')
    ) as writer:
        writer.write(np.moveaxis(stored, 2, 0) if planar == 'separate' else stored, metadata=None, **options)
    white = options['photometric'] == 'miniswhite'
    if white and dtype == 'uint8':
        values, white = 255 - values, False
    return Foreign('tifffile', f'{dtype} {bands} {options}', target, values, white=white)


def by_libvips(draw: Draw, path: pathlib.Path) -> Foreign:
    kind = draw.of('tif', 'tif', 'tif', 'png', 'jpg', 'webp')
    bands = draw.of(1, 3) if kind == 'jpg' else draw.of(3, 4) if kind == 'webp' else draw.of(1, 2, 3, 4)
    deep = kind in ('tif', 'png') and bands in (1, 3) and draw.of(True, False, False)
    lossy = kind == 'jpg'
    options: dict[str, Any] = {}
    if kind == 'tif':
        options['compression'] = draw.of('none', 'deflate', 'lzw', 'zstd', 'packbits', 'jpeg', 'webp')
        if options['compression'] in ('jpeg', 'webp') and (deep or bands in (1, 2, 4)):
            options['compression'] = 'deflate'
        if options['compression'] in ('jpeg', 'webp'):
            options['Q'] = 95
            lossy = True
        options |= {'tile': draw.of(True, False), 'bigtiff': draw.of(True, False)}
        if options['tile']:
            options |= {'tile_width': 128, 'tile_height': 128, 'pyramid': draw.of(True, False)}
            options['subifd'] = options['pyramid'] and draw.of(True, False)
        if options['compression'] in ('deflate', 'lzw', 'zstd'):
            options['predictor'] = draw.of('none', 'horizontal')
    elif kind == 'jpg':
        options |= {'Q': 95, 'interlace': draw.of(True, False)}
    elif kind == 'webp':
        options['lossless'] = True
        if bands == 4:
            # What is quite transparent loses its colour otherwise.
            options['exact'] = True
    elif kind == 'png':
        options |= {'interlace': draw.of(True, False), 'compression': 1}
    values = draw.picture(bands, 'uint16' if deep else 'uint8', 65535 if deep else 255, smooth=lossy)
    image = pyvips.Image.new_from_array(np.ascontiguousarray(values))
    image = image.copy(
        interpretation={1: 'b-w', 2: 'b-w'}.get(bands, 'srgb')
        if not deep
        else {1: 'grey16', 3: 'rgb16'}[bands]
    )
    target = path.with_suffix(f'.{kind}')
    image.write_to_file(str(target), **options)
    return Foreign('libvips', f'{kind} {values.dtype} {bands} {options}', target, values, lossy)


def by_gdal(draw: Draw, path: pathlib.Path) -> Foreign:
    dtype, top = draw.of(
        ('uint8', 255), ('uint8', 255), ('uint16', 60000), ('int16', 3000), ('uint32', 1e6), ('float32', 1.0), ('float64', 900.0),
    )  # fmt: skip
    bands = draw.of(1, 3, 4) if dtype == 'uint8' else draw.of(1, 3)
    values = draw.picture(bands, dtype, top)
    options: dict[str, Any] = {
        'compress': draw.of('NONE', 'DEFLATE', 'LZW', 'ZSTD', 'PACKBITS', 'LZMA', 'LERC'),
        'interleave': draw.of('pixel', 'band'),
        'photometric': 'RGB' if bands > 2 else 'MINISBLACK',
    }
    if options['compress'] in ('DEFLATE', 'LZW', 'ZSTD'):
        options['predictor'] = draw.of(1, 3) if dtype.startswith('float') else draw.of(1, 2)
    if options['compress'] == 'LERC':
        options['max_z_error'] = 0
    if draw.of(True, False):
        options |= {'tiled': True, 'blockxsize': 128, 'blockysize': 64}
    if dtype == 'uint16' and bands == 1 and options['compress'] != 'LERC' and draw.of(True, False):
        values = (values >> 4).astype('uint16')
        options |= {'nbits': 12, 'predictor': 1}
    placed = draw.of(True, False)
    if placed:
        options |= {'crs': 'EPSG:32633', 'transform': Affine(10, 0, 4e5, 0, -10, 5.4e6)}
    target = path.with_suffix('.tif')
    with rasterio.open(
        target,
        'w',
        driver='GTiff',
        count=bands,
        dtype=dtype,
        height=values.shape[0],
        width=values.shape[1],
        **options,
    ) as dataset:
        if bands == 4:
            dataset.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
        dataset.write(np.moveaxis(values, 2, 0))
    return Foreign('GDAL', f'{dtype} {bands} {options}', target, values)


def by_imagecodecs(draw: Draw, path: pathlib.Path) -> Foreign:
    kind = draw.of('png', 'jpg', 'jp2', 'webp', 'png')
    deep = kind in ('png', 'jp2') and draw.of(True, False)
    bands = (
        1
        if kind == 'jp2' and deep
        else draw.of(1, 3)
        if kind in ('jpg', 'jp2')
        else draw.of(3, 4)
        if kind == 'webp'
        else draw.of(1, 3)
    )
    lossy = kind == 'jpg'
    values = draw.picture(bands, 'uint16' if deep else 'uint8', 65535 if deep else 255, smooth=lossy)
    stored = np.ascontiguousarray(values[:, :, 0] if bands == 1 else values)
    encode: dict[str, Callable[[], bytes]] = {
        'png': lambda: imagecodecs.png_encode(stored),
        'jpg': lambda: imagecodecs.jpeg8_encode(stored, level=96),
        'jp2': lambda: imagecodecs.jpeg2k_encode(stored, codecformat='JP2', reversible=True),
        'webp': lambda: imagecodecs.webp_encode(stored, lossless=True),
    }
    target = path.with_suffix(f'.{kind}')
    target.write_bytes(bytes(encode[kind]()))
    return Foreign('imagecodecs', f'{kind} {values.dtype} {bands}', target, values, lossy)


def by_rio_cogeo(draw: Draw, path: pathlib.Path) -> Foreign:
    profile = draw.of('deflate', 'lzw', 'zstd', 'raw', 'packbits', 'webp', 'jpeg')
    lossy = profile in ('webp', 'jpeg')
    dtype, top = ('uint8', 255) if lossy else draw.of(('uint8', 255), ('uint16', 9000), ('float32', 3.0))
    bands = 3 if lossy else draw.of(1, 3)
    values = draw.picture(bands, dtype, top, smooth=lossy)
    plain, target = path.with_suffix('.plain.tif'), path.with_suffix('.tif')
    with rasterio.open(
        plain, 'w', driver='GTiff', count=bands, dtype=dtype, height=values.shape[0], width=values.shape[1],
        crs='EPSG:32633', transform=Affine(10, 0, 4e5, 0, -10, 5.4e6), photometric='RGB' if bands == 3 else 'MINISBLACK',
    ) as dataset:  # fmt: skip
        dataset.write(np.moveaxis(values, 2, 0))
    options: dict[str, Any] = dict(cog_profiles.get(profile)) | {'blockxsize': 128, 'blockysize': 128}
    mask = draw.of(True, False)
    if profile == 'webp':
        options['WEBP_LEVEL'] = 95
    elif profile == 'jpeg':
        options['JPEG_QUALITY'] = 95
    cog_translate(
        plain, target, options, in_memory=True, quiet=True, add_mask=mask, overview_level=draw.of(1, 2)
    )
    plain.unlink()
    return Foreign('rio-cogeo', f'{profile} {dtype} {bands} mask={mask}', target, values, lossy)


WRITERS: tuple[Callable[[Draw, pathlib.Path], Foreign], ...] = (
    by_pillow, by_tifffile, by_libvips, by_gdal, by_imagecodecs, by_rio_cogeo,
)  # fmt: skip


def crowd(folder: pathlib.Path) -> Iterator[Foreign]:
    """Write the files, one after the other; each writer has a seed of its own, so that one more kind moves no other."""
    for number, write in enumerate(WRITERS):
        draw = Draw(SEED + number)
        for index in range(EACH):
            yield write(draw, folder / f'{write.__name__}-{index:02}')
