"""Samples from a microscope, and a photograph: in pixels, without a place on the earth."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import rasterio
import tifffile
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from gallery.earth import packaged, read_picture


def tissue() -> np.ndarray:
    """Return the microscopy image, bands × rows × columns."""
    return read_picture(packaged('skimage', 'data', 'ihc.png'))


def pyramid(path: Path) -> None:
    """A microscopy image as a pyramid of tiles, with no place on the earth."""
    pixels = tissue()
    bands, height, width = pixels.shape
    profile = {
        'driver': 'GTiff',
        'count': bands,
        'height': height,
        'width': width,
        'dtype': pixels.dtype,
        'photometric': 'rgb',
        'compress': 'deflate',
        'tiled': True,
        'blockxsize': 128,
        'blockysize': 128,
    }
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path, 'w', **profile) as dataset:
            dataset.write(pixels)
            dataset.build_overviews([2, 4], Resampling.average)


def separated(picture: np.ndarray) -> np.ndarray:
    """Return hematoxylin, DAB and what is left of a picture of stained tissue, as bands × rows × columns."""
    from skimage.color import hdx_from_rgb, separate_stains  # brings scipy, which takes a moment

    return np.moveaxis(separate_stains(np.moveaxis(picture, 0, -1), hdx_from_rgb), -1, 0)


def stretched(channels: np.ndarray) -> np.ndarray:
    """Return channels from 0 to 1; a few pixels at the ends would leave no contrast to the others."""
    low, high = np.percentile(channels, (1, 99.5), axis=(1, 2), keepdims=True)
    return np.clip((channels - low) / (high - low), 0, 1)


def stains(path: Path) -> None:
    """The stains of that image, taken apart: an OME-TIFF whose frames are channels."""
    picture = tissue()
    hematoxylin, dab, _ = separated(picture)
    scaled = np.round(stretched(np.stack([hematoxylin, dab, picture.mean(axis=0)])) * 255).astype('uint8')
    tifffile.imwrite(
        path,
        scaled,
        ome=True,
        tile=(128, 128),
        photometric='minisblack',
        compression='zlib',
        metadata={
            'axes': 'CYX',
            'UUID': '6f1a5a52-6b1e-4c0e-9d1e-0a5f3f1c2b4d',  # else a random one, and a new file each time
            'Channel': {'Name': ['Hematoxylin', 'DAB', 'Brightness']},
        },
    )


def fluorescence(path: Path) -> None:
    """Four channels in seven depths, made from the stains: out of focus above and below, as under a microscope."""
    from scipy.ndimage import gaussian_filter

    picture = tissue()
    hematoxylin, dab, rest = separated(picture)
    channels = stretched(np.stack([hematoxylin, dab, rest, -picture.mean(axis=0)]))
    noise = np.random.default_rng(1)
    depths = []
    for depth in range(-3, 4):
        blurred = gaussian_filter(channels, (0, 1.6 * abs(depth), 1.6 * abs(depth)))
        light = blurred * np.exp(-abs(depth) / 9)
        depths.append(np.clip(light + noise.normal(0, 0.012, light.shape), 0, 1))
    values = np.round(np.stack(depths, axis=1) * 65_535).astype('uint16')
    tifffile.imwrite(
        path,
        values,
        ome=True,
        tile=(256, 256),
        photometric='minisblack',
        compression='zlib',
        predictor=True,
        metadata={
            'axes': 'CZYX',
            'UUID': '6f1a5a52-6b1e-4c0e-9d1e-0a5f3f1c2b4f',
            'PhysicalSizeX': 0.5,
            'PhysicalSizeY': 0.5,
            'PhysicalSizeZ': 1.0,
            'Channel': {'Name': ['Nuclei', 'FHL2', 'Counterstain', 'Autofluorescence']},
        },
    )


def retina(path: Path) -> None:
    """A JPEG as it came from the camera, neither tiled nor georeferenced."""
    shutil.copyfile(packaged('skimage', 'data', 'retina.jpg'), path)


#: So many copies of the tissue lie beside and below each other on the slide.
COPIES = 41


def slide(path: Path) -> None:
    """A section of tissue of 20992 × 20992 pixels, as a slide scanner makes it: copies of the microscopy image.

    Each copy is the mirror of its neighbour, so that there are no seams, and outside of the section there is glass.
    """
    one = tissue()
    flipped = [one[:, ::vertical, ::across] for vertical in (1, -1) for across in (1, -1)]
    side = one.shape[1]
    size = side * COPIES
    profile = {
        'driver': 'GTiff', 'count': 3, 'height': size, 'width': size, 'dtype': 'uint8', 'photometric': 'ycbcr',
        'compress': 'jpeg', 'jpeg_quality': 80, 'tiled': True, 'blockxsize': 256, 'blockysize': 256,
        'bigtiff': 'if_safer',
    }  # fmt: skip
    columns = np.linspace(-1, 1, size, dtype='float32')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path, 'w', **profile) as dataset:
            # Half a micrometre a pixel.
            dataset.update_tags(
                TIFFTAG_XRESOLUTION=20_000, TIFFTAG_YRESOLUTION=20_000, TIFFTAG_RESOLUTIONUNIT='3 (pixels/cm)'
            )
            for row in range(COPIES):
                strip = np.concatenate(
                    [flipped[2 * (row % 2) + column % 2] for column in range(COPIES)], axis=2
                )
                down = np.linspace(-1, 1, size, dtype='float32')[row * side : (row + 1) * side, None]
                # An outline with a few lobes, as sections have.
                angle = np.arctan2(down, columns)
                edge = 0.82 + 0.06 * np.sin(3 * angle + 1) + 0.03 * np.sin(7 * angle)
                glass = (columns**2 + (1.25 * down) ** 2) > edge**2
                strip[:, glass] = 243
                dataset.write(strip, window=Window(0, row * side, size, side))
        with (
            rasterio.Env(COMPRESS_OVERVIEW='JPEG', PHOTOMETRIC_OVERVIEW='YCBCR', JPEG_QUALITY_OVERVIEW=80),
            rasterio.open(path, 'r+') as dataset,
        ):
            dataset.build_overviews([2, 4, 8, 16, 32, 64], Resampling.average)
