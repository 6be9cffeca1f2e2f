"""The scans that are measured: stained tissue, fluorescent cells and a film of them, made with a fixed seed."""

from __future__ import annotations

import functools
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.config import SEED, scale

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Values = npt.NDArray[np.uint16]

#: The side of the windows that content is made in. Its fields are periodic, so that one window needs no other.
STEP = 1024
#: JPEG's quality in the file, as scanners write it.
STORED_QUALITY = 85
#: The scans with pages as levels, by the side of their tiles; OpenSlide takes them for Aperio's.
SLIDES = {256: 'slide-256.svs', 512: 'slide-512.svs'}
#: The same picture with its levels in SubIFDs.
SUBIFDS = 'slide-subifds.tif'
#: Three channels of uint16 with levels in SubIFDs, by the compression of the tiles.
CELLS = {'none': 'cells-none.ome.tif', 'zlib': 'cells-zlib.ome.tif'}
CELLS_TILE = 512
#: Many frames of two channels.
FILM = 'film.ome.tif'
#: The values that are shown black and full by the style of a channel, in the cells and in the film.
LOW, HIGH = 100, 3000


def names() -> list[str]:
    """Return the names of all files."""
    return [*SLIDES.values(), SUBIFDS, *CELLS.values(), FILM]


def field(kind: int, shortest: float, longest: float) -> Floats:
    """Return a periodic field with mean 0 and deviation 1 whose details are so many pixels large."""
    generator = np.random.default_rng([SEED, 7, kind])
    frequency = np.hypot(np.fft.rfftfreq(STEP)[None, :], np.fft.fftfreq(STEP)[:, None])
    passed = np.exp(-((frequency * shortest) ** 2)) - np.exp(-((frequency * longest) ** 2))
    values = np.fft.irfft2(np.fft.rfft2(generator.standard_normal((STEP, STEP))) * passed, (STEP, STEP))
    return np.asarray(values / values.std(), np.float32)


def step(values: Floats, low: float, high: float) -> Floats:
    """Return 0 below `low`, 1 above `high`, and a smooth way between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


@functools.cache
def _stain() -> Floats:
    """Return the colours of tissue in haematoxylin and eosin, (rows, columns, 3): fibres, nuclei, gaps."""
    wide, fibres, places = field(1, 60, 300), field(2, 10, 60), field(3, 20, 44)
    nuclei = step(places + 0.5 * wide, 1.2, 1.6)[:, :, None]
    gaps = step(wide + 0.3 * fibres, 1.4, 1.7)[:, :, None]
    glass, pale, deep, blue = (
        np.array(colour, np.float32)
        for colour in ((243, 241, 244), (226, 150, 190), (196, 98, 158), (96, 62, 140))
    )
    share = step(fibres, -1.5, 1.8)[:, :, None]
    colours = (1 - share) * pale + share * deep
    colours = (1 - nuclei) * colours + nuclei * (blue + 14 * field(4, 3, 10)[:, :, None])
    colours = (1 - gaps) * colours + gaps * glass
    return np.asarray(colours + 4 * field(5, 1.5, 4)[:, :, None], np.float32)


@functools.cache
def _glow() -> Floats:
    """Return the light of three fluorescent stains, (3, rows, columns): nuclei, the cell around them, spots."""
    wide, places, inside = field(11, 60, 300), field(12, 20, 44), field(13, 3, 10)
    nuclei = step(places + 0.5 * wide, 0.9, 1.4) * (2200 + 350 * inside)
    around = step(places + 0.5 * wide, -0.4, 1.2) * (900 + 420 * field(14, 6, 20))
    spots = step(field(15, 2.5, 7), 2.2, 3.2) * 3200 + 120 * step(wide, -1, 1)
    return np.maximum(np.stack([nuclei, around, spots]), 0)


def _moved(pattern: npt.NDArray[Any], generator: np.random.Generator, axes: tuple[int, int]) -> Any:
    return np.roll(pattern, tuple(generator.integers(0, STEP, 2)), axis=axes)


def tissue(left: int, top: int) -> Bytes:
    """Return the window of the slide that begins there, uint8 (rows, columns, 3): tissue on glass, a camera's noise."""
    generator = np.random.default_rng([SEED, 8, left, top])
    colours = _moved(_stain(), generator, (0, 1))
    # The section is round and does not fill the slide.
    side = scale().scan_side
    columns, rows = (np.arange(begin, begin + STEP, dtype=np.float32) / side - 0.5 for begin in (left, top))
    outside = step(np.hypot(columns[None, :], rows[:, None]), 0.6, 0.61)[:, :, None]
    colours = (1 - outside) * colours + outside * np.float32(242)
    colours += generator.standard_normal(colours.shape, np.float32) * np.float32(2)
    return np.asarray(np.clip(np.rint(colours), 0, 255), np.uint8)


def counts(light: Floats, generator: np.random.Generator) -> Values:
    """Return what a camera of 12 bits counts: light on an offset, with noise of its own and of the light."""
    noise = generator.standard_normal(light.shape, np.float32) * np.sqrt(9 + 0.6 * light)
    return np.asarray(np.clip(np.rint(light + 110 + noise), 0, 4095), np.uint16)


def cells(left: int, top: int) -> Values:
    """Return the window of the cells that begins there, uint16 (3, rows, columns)."""
    generator = np.random.default_rng([SEED, 9, left, top])
    return counts(_moved(_glow(), generator, (1, 2)), generator)


def film() -> Iterator[Values]:
    """Yield the frames of the film, uint16 (512, 512): cells that wander, in planes, in two channels."""
    times, planes, channels = scale().scan_frames
    for time in range(times):
        for plane in range(planes):
            for channel in range(channels):
                generator = np.random.default_rng([SEED, 10, time, plane, channel])
                light = np.roll(_glow()[channel], (3 * time, 2 * time), axis=(0, 1))[:512, :512]
                # Planes beside the focus are darker.
                yield counts(light * np.float32(1 - 0.2 * abs(plane - planes // 2)), generator)


def whole(make: Callable[[int, int], npt.NDArray[Any]], axes: tuple[int, int]) -> npt.NDArray[Any]:
    """Return all windows of an image as one array."""
    starts = range(0, scale().scan_side, STEP)
    rows = [np.concatenate([make(left, top) for left in starts], axis=axes[1]) for top in starts]
    return np.concatenate(rows, axis=axes[0])


def part(
    make: Callable[[int, int], npt.NDArray[Any]], axes: tuple[int, int], left: int, top: int, side: int
) -> npt.NDArray[Any]:
    """Return the square of an image that begins there; it lies in one window, or consists of whole ones."""
    starts = [range(begin // STEP * STEP, begin + side, STEP) for begin in (left, top)]
    rows = [np.concatenate([make(x, y) for x in starts[0]], axis=axes[1]) for y in starts[1]]
    found = np.concatenate(rows, axis=axes[0])
    for axis, begin in ((axes[1], left % STEP), (axes[0], top % STEP)):
        found = found.take(range(begin, begin + side), axis)
    return found


def tissue_part(left: int, top: int, side: int) -> Bytes:
    """Return a square of the slide as it was before JPEG."""
    return np.asarray(part(tissue, (0, 1), left, top, side))


def cells_part(left: int, top: int, side: int) -> Values:
    """Return a square of the cells."""
    return np.asarray(part(cells, (1, 2), left, top, side))


def _write_slides(folder: pathlib.Path) -> None:
    import pyvips  # type: ignore[import-untyped]

    side = scale().scan_side
    picture = pyvips.Image.new_from_array(whole(tissue, (0, 1))).copy(interpretation='srgb')

    def write(path: pathlib.Path, tile: int, subifds: bool) -> None:
        picture.tiffsave(
            str(path), compression='jpeg', Q=STORED_QUALITY, tile=True, tile_width=tile, tile_height=tile,
            pyramid=True, subifd=subifds,
        )  # fmt: skip

    _replace(folder / SUBIFDS, lambda path: write(path, 256, True))
    for tile, name in SLIDES.items():
        # OpenSlide knows the vendor by the first words, and the microscope by the rest.
        about = (
            f'Aperio Image Library v12.0.15 \r\n{side}x{side} [0,0 {side}x{side}] ({tile}x{tile}) '
            f'JPEG/RGB Q={STORED_QUALITY}|AppMag = 20|MPP = 0.499'
        )
        picture.set_type(pyvips.GValue.gstr_type, 'image-description', about)
        _replace(folder / name, functools.partial(write, tile=tile, subifds=False))


def _write_cells(folder: pathlib.Path) -> None:
    import tifffile

    level: Values = whole(cells, (1, 2))
    levels = [level]
    while level.shape[2] > CELLS_TILE:
        rows, columns = level.shape[1] // 2, level.shape[2] // 2
        level = level.reshape(3, rows, 2, columns, 2).mean((2, 4), np.float32).round().astype(np.uint16)
        levels.append(level)

    def write(path: pathlib.Path, compression: str) -> None:
        options: dict[str, Any] = {
            'tile': (CELLS_TILE, CELLS_TILE), 'compression': None if compression == 'none' else compression,
            'photometric': 'minisblack', 'maxworkers': 2,
        }  # fmt: skip
        names = {'Name': ['nuclei', 'cytoplasm', 'spots']}
        with tifffile.TiffWriter(path, bigtiff=True, ome=True) as output:
            about = {'axes': 'CYX', 'Channel': names, 'PhysicalSizeX': 0.325, 'PhysicalSizeY': 0.325}
            output.write(levels[0], subifds=len(levels) - 1, metadata=about, **options)
            for smaller in levels[1:]:
                output.write(smaller, subfiletype=1, metadata=None, **options)

    for compression, name in CELLS.items():
        _replace(folder / name, functools.partial(write, compression=compression))


def _write_film(path: pathlib.Path) -> None:
    import tifffile

    frames = np.stack(list(film())).reshape(*scale().scan_frames, 512, 512)
    tifffile.imwrite(
        path, frames, ome=True, tile=(256, 256), compression='zlib', photometric='minisblack', maxworkers=2,
        metadata={'axes': 'TZCYX', 'PhysicalSizeX': 0.65},
    )  # fmt: skip


def _replace(path: pathlib.Path, write: Callable[[pathlib.Path], object]) -> None:
    """Write a file under another name first: one that is there is whole."""
    unfinished = path.with_name(f'part-{path.name}')
    try:
        write(unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def make(folder: pathlib.Path) -> None:
    """Make what is missing of the scans."""
    side, frames = scale().scan_side, int(np.prod(scale().scan_frames))
    for wanted, about, write in (
        ([*SLIDES.values(), SUBIFDS], f'the slides, {side} × {side} pixels', _write_slides),
        (list(CELLS.values()), f'the cells, 3 × {side} × {side} pixels', _write_cells),
        ([FILM], f'the film, {frames} frames', lambda folder: _replace(folder / FILM, _write_film)),
    ):
        if not all((folder / name).exists() for name in wanted):
            print(f'==> Making {about}', flush=True)
            write(folder)
