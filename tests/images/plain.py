"""Images without a place on Earth: microscopy stacks and the pictures of everyday."""

from __future__ import annotations

import pathlib

import numpy as np
from PIL import Image

from tests.images import content

CHANNELS = ('DAPI', 'GFP', 'RFP')


def make_ome_tiff(path: pathlib.Path, width: int = 1024, height: int = 768, slices: int = 2) -> pathlib.Path:
    """Write a 16-bit OME-TIFF of three channels by `slices` planes in z, in tiles and with one pyramid level.

    Frame `c * slices + z` is made with the seed `content.SEED + c * slices + z`.
    """
    import tifffile

    seeds = range(content.SEED, content.SEED + len(CHANNELS) * slices)
    scenes = (content.scene(width, height, seed=seed)[0] for seed in seeds)
    planes = [content.scaled(scene, 100, 40_000, 'uint16') for scene in scenes]
    stack = np.stack(planes).reshape(len(CHANNELS), slices, height, width)
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(
            stack,
            metadata={
                'axes': 'CZYX',
                'Channel': {'Name': list(CHANNELS)},
                'PhysicalSizeX': 0.25,
                'PhysicalSizeXUnit': 'µm',
                'PhysicalSizeY': 0.25,
                'PhysicalSizeYUnit': 'µm',
            },
            subifds=1,
            tile=(256, 256),
            compression='zlib',
            photometric='minisblack',
        )
        halves = stack.reshape(*stack.shape[:2], height // 2, 2, width // 2, 2).mean(axis=(3, 5))
        writer.write(
            np.rint(halves).astype('uint16'),
            subfiletype=1,
            tile=(256, 256),
            compression='zlib',
            photometric='minisblack',
        )
    return path


def make_png(path: pathlib.Path, width: int = 640, height: int = 480) -> pathlib.Path:
    """Write a colour PNG."""
    _picture(width, height).save(path)
    return path


def make_png_alpha(path: pathlib.Path, width: int = 640, height: int = 480) -> pathlib.Path:
    """Write a PNG that is transparent outside a disk."""
    picture = _picture(width, height)
    picture.putalpha(Image.fromarray(np.where(content.disk(width, height), 255, 0).astype('uint8')))
    picture.save(path)
    return path


def make_png16(path: pathlib.Path, width: int = 640, height: int = 480) -> pathlib.Path:
    """Write a PNG of one 16-bit band."""
    Image.fromarray(content.scaled(content.scene(width, height)[0], 0, 65_535, 'uint16')).save(path)
    return path


def make_jpeg(path: pathlib.Path, width: int = 800, height: int = 600) -> pathlib.Path:
    """Write a colour JPEG."""
    _picture(width, height).save(path, quality=92)
    return path


def make_gif(path: pathlib.Path, frames: int = 4, width: int = 200, height: int = 120) -> pathlib.Path:
    """Write an animated GIF."""
    pictures = [_picture(width, height, content.SEED + frame).quantize(64) for frame in range(frames)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, loop=0)
    return path


def _picture(width: int, height: int, seed: int = content.SEED) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(content.rgb(width, height, seed).transpose(1, 2, 0)))
