"""Scans in process, in a process of its own: `python -m benchmarks.scanloops FOLDER {name: key}`.

A request goes the whole way through the site, as its server would call it: middleware, addresses, viewset, answer.
The peers are only called for their picture. Each has its turn in each round, and what is compared is the time of the
processor: others may use the machine meanwhile.
"""

from __future__ import annotations

import gc
import io
import json
import math
import os
import pathlib
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks import scanfiles
from benchmarks.config import SEED, scale
from benchmarks.gate import ALLOWED_DB, decibels

Tile = tuple[int, int, int]
Pixels = npt.NDArray[Any]
#: How many levels out the tiles of a pyramid are compared with native ones.
OUT = 3
#: The tiles of each contest whose pictures are compared, which are not timed.
GATE_TILES = 3
#: The groups of rows, as the report and the progress name them.
GROUPS = {
    'handed': 'stored JPEG tile handed on', 'anew': 'encoded anew', 'composite': 'three channels',
    'out': f'{OUT} levels out', 'open': 'opening a film',
}  # fmt: skip
#: From when on a contest has no further round than its first, in seconds from the begin: the machine may be busy.
LATE = 130
#: What JPEGs that are encoded anew have, if the package can be asked for it; it differs from the file's.
OTHER_QUALITY = 75
BEGUN = time.monotonic()


class Site:
    """The measured site with this package, asked as a server asks it."""

    def __init__(self, folder: pathlib.Path, keys: dict[str, int]) -> None:
        from django.core.wsgi import get_wsgi_application

        self._folder = folder
        self._keys = keys
        self._application = get_wsgi_application()

    def get(self, file: str, end: str) -> bytes:
        """Return the body of an answer; raises RuntimeError for any but 200."""
        path, _, query = f'/images/{self._keys[file]}/{end}'.partition('?')
        answered: list[str] = []

        def start(
            status: str, headers: list[tuple[str, str]], error: Any = None, /
        ) -> Callable[[bytes], object]:
            answered.append(status)
            return len

        environ = {
            'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '', 'PATH_INFO': unquote(path), 'QUERY_STRING': query,
            'SERVER_NAME': '127.0.0.1', 'SERVER_PORT': '80', 'SERVER_PROTOCOL': 'HTTP/1.1', 'HTTP_HOST': '127.0.0.1',
            'HTTP_ACCEPT': '*/*', 'REMOTE_ADDR': '127.0.0.1', 'wsgi.version': (1, 0), 'wsgi.url_scheme': 'http',
            'wsgi.input': io.BytesIO(), 'wsgi.errors': sys.stderr, 'wsgi.multithread': True,
            'wsgi.multiprocess': True, 'wsgi.run_once': False,
        }  # fmt: skip
        answer = self._application(environ, start)
        try:
            body = b''.join(answer)
        finally:
            answer.close()
        if not answered[0].startswith('200'):
            raise RuntimeError(f'{path} answers {answered[0]}: {body[:300]!r}')
        return body

    def tile(self, file: str, fmt: str, query: dict[str, Any] | None = None) -> Callable[[Tile], bytes]:
        """Return what asks for a tile of a file."""
        more = f'?{urlencode(query)}' if query else ''
        return lambda tile: self.get(file, f'tiles/{tile[0]}/{tile[1]}/{tile[2]}.{fmt}{more}')

    def change(self, file: str) -> None:
        """Make the file another version: no block of it that was decoded before is used any more."""
        os.utime(self._folder / file)

    def forget(self, file: str) -> None:
        """Make the site know nothing of the file, not even which reader it needs."""
        from django_large_image import handles

        self.change(file)
        handles.clear()


@dataclass(frozen=True)
class Contender:
    """What is timed, with the tiles of each round."""

    work: Callable[[Tile], bytes]
    rounds: list[list[Tile]]
    #: What is done before each round and is not timed.
    prepare: Callable[[], object] = lambda: None


def in_turn(contenders: dict[str, Contender]) -> dict[str, Any]:
    """Return the seconds of the processor that a tile takes each contender, in each round, and the bytes of a tile."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    sizes: dict[str, list[int]] = {name: [] for name in contenders}
    order = list(contenders.items())
    for number in range(len(order[0][1].rounds)):
        if number and time.monotonic() - BEGUN > LATE:
            break
        # None is always the first.
        for name, contender in order if number % 2 else reversed(order):
            tiles = contender.rounds[number]
            contender.prepare()
            # Nobody pays for the garbage of another.
            gc.collect()
            begun = time.process_time()
            bodies = [contender.work(tile) for tile in tiles]
            times[name].append((time.process_time() - begun) / len(tiles))
            sizes[name] += [len(body) for body in bodies]
    return {
        name: {'seconds': statistics.median(found), 'each': found, 'bytes': statistics.mean(sizes[name])}
        for name, found in times.items()
    }


def over(above: dict[str, Any], below: dict[str, Any]) -> float:
    """Return the median of the rounds' ratios: what else the machine does meets both sides of a round alike."""
    return float(statistics.median(a / b for a, b in zip(above['each'], below['each'], strict=True)))


def tiles_of(side: int, tile: int, out: int, name: str) -> list[Tile]:
    """Return the tiles of a level in an order that the seed decides."""
    count = max(1, side // tile >> out)
    tiles = [(round(math.log2(count)), x, y) for y in range(count) for x in range(count)]
    random.Random(f'{SEED} {name} {tile} {out}').shuffle(tiles)
    return tiles


def dealt(tiles: list[Tile], share: int) -> tuple[list[Tile], list[list[Tile]]]:
    """Return tiles to compare and to begin with, and for each round others; a round has at most `share`."""
    rest = tiles[GATE_TILES + 1 :]
    share = min(share, len(rest) // scale().scan_rounds)
    return tiles[: GATE_TILES + 1], [rest[n * share : (n + 1) * share] for n in range(scale().scan_rounds)]


def pixels_of(body: bytes) -> Pixels:
    """Return the colours of an encoded picture, (rows, columns, 3)."""
    with Image.open(io.BytesIO(body)) as picture:
        return np.asarray(picture.convert('RGB'))


def psnr(pairs: Sequence[tuple[Pixels, Pixels]]) -> float:
    """Return how close pictures are to the truth, in dB."""
    squares = sum(float(((got.astype(float) - truth) ** 2).sum()) for got, truth in pairs)
    return decibels(squares, sum(truth.size for _, truth in pairs))


def row(
    group: str, title: str, found: tuple[dict[str, Any], dict[str, Any]], db: tuple[float, float],
    inverse: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Return what is reported of a contest between us and a peer.

    `db` is how close to the truth our picture is, and how close one has to be. The ratio is the peer's time over ours;
    `inverse` the other way round.
    """
    mine, peer = found
    result = {
        'group': group, 'title': title, 'ours': mine['seconds'], 'peer': peer['seconds'],
        'bytes': [mine['bytes'], peer['bytes']], 'ratio': over(mine, peer) if inverse else over(peer, mine),
        'db': db, 'ok': db[0] >= db[1] - ALLOWED_DB,
    }  # fmt: skip
    verdict = f'{db[0]:.1f} dB, {db[1]:.1f} dB' + ('' if result['ok'] else ', WRONG')
    print(
        f'    {GROUPS[group]}, {title}: {1000 * mine["seconds"]:.2f} ms and {1000 * peer["seconds"]:.2f} ms, '
        f'{result["ratio"]:.2f}× ({verdict})',
        flush=True,
    )
    return result


class Slides:
    """Stored JPEG tiles, beside OpenSlide and Pillow."""

    def __init__(self, site: Site, folder: pathlib.Path) -> None:
        self._site, self._folder = site, folder

    def contests(self) -> list[dict[str, Any]]:
        """Return the rows of both sizes of tiles."""
        from django_large_image.conf import settings

        rows = []
        for size, file in scanfiles.SLIDES.items():
            rows.append(
                self._one('handed', f'{size} px', file, size, 'jpeg', {}, scanfiles.STORED_QUALITY, True)
            )
            again, quality, how = self._anew(file, size, int(settings.QUALITY))
            rows.append(
                self._one('anew', f'{size} px, JPEG {quality}{how}', file, size, 'jpeg', again, quality)
            )
            rows.append(self._one('anew', f'{size} px, PNG', file, size, 'png', {}, 0))
        return rows

    def _anew(self, file: str, size: int, default: int) -> tuple[dict[str, Any], int, str]:
        """Return by which parameters a JPEG is encoded anew, its quality, and a note of how it was got."""
        tile = tiles_of(scale().scan_side, size, 0, file)[0]
        stored = self._site.tile(file, 'jpeg')(tile)
        asked: dict[str, Any] = {'quality': OTHER_QUALITY}
        try:
            if self._site.tile(file, 'jpeg', asked)(tile) != stored:
                return asked, OTHER_QUALITY, ''
        except RuntimeError:
            pass
        # Without such a parameter only a style, here one that changes nothing, keeps a tile from being handed on.
        bands = [
            {'band': band, 'min': 0, 'max': 255, 'palette': ['#000', colour]}
            for band, colour in enumerate(('#f00', '#0f0', '#00f'), 1)
        ]
        return {'style': json.dumps({'bands': bands}, separators=(',', ':'))}, default, ' by a style'

    def _one(
        self, group: str, title: str, file: str, size: int, fmt: str, query: dict[str, Any], quality: int,
        handed: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        import openslide

        compared, rounds = dealt(
            tiles_of(scale().scan_side, size, 0, file), scale().scan_tiles * 256**2 // size**2
        )
        mine = self._site.tile(file, fmt, query)
        options: dict[str, Any] = {'quality': quality} if fmt == 'jpeg' else {}

        def prepare() -> None:
            self._site.change(file)
            mine(compared[0])

        with openslide.OpenSlide(self._folder / file) as slide:
            # Each tile is a tile of the file and is asked for once, so a cache would only take time.
            slide.set_cache(openslide.OpenSlideCache(0))

            def theirs(tile: Tile) -> bytes:
                region = slide.read_region((tile[1] * size, tile[2] * size), 0, (size, size))
                output = io.BytesIO()
                region.convert('RGB').save(output, fmt, **options)
                return output.getvalue()

            theirs(compared[0])
            found = in_turn({'ours': Contender(mine, rounds, prepare), 'peer': Contender(theirs, rounds)})
            truth = {
                tile: scanfiles.tissue_part(tile[1] * size, tile[2] * size, size) for tile in compared[1:]
            }
            db = tuple(psnr([(pixels_of(one(t)), truth[t]) for t in truth]) for one in (mine, theirs))
        if handed:
            data = (self._folder / file).read_bytes()
            # The end of the entropy-coded part, with the marker behind it.
            if not all(mine(tile)[-200:] in data for tile in compared):
                title += ' (NOT handed on)'
        return row(group, title, (found['ours'], found['peer']), (db[0], db[1]))


def composite() -> dict[str, Any]:
    """Return the style of three channels in red, green and blue."""
    return {
        'bands': [
            {'frame': frame, 'palette': ['#000', colour], 'min': scanfiles.LOW, 'max': scanfiles.HIGH}
            for frame, colour in enumerate(('#f00', '#0f0', '#00f'))
        ]
    }


def coloured(values: Pixels) -> Pixels:
    """Return what the style makes of values (3, rows, columns): (rows, columns, 3), 0 to 255, not rounded."""
    share = (values.astype(float) - scanfiles.LOW) / (scanfiles.HIGH - scanfiles.LOW)
    return np.asarray(np.clip(share * 255, 0, 255).transpose(1, 2, 0))


def large_image_source(path: pathlib.Path, style: dict[str, Any], encoding: str, quality: int) -> Any:
    """Return large-image's tifffile source with a style, its JPEGs like ours; it has no tile cache."""
    import zarr
    from large_image_source_tifffile import TifffileFileTileSource

    class Source(TifffileFileTileSource):  # type: ignore[misc]
        cacheName = 'tilesource'
        name = 'bench'

        def _getZarrArray(self, series: Any, sidx: int) -> Any:
            # large-image 1.35.6 asks a group of levels by number, which zarr 3.1 refuses; this is all that is mended.
            if sidx not in self._zarrcache:
                group: Any = zarr.open(series.aszarr(), mode='r')
                self._zarrcache[sidx] = [group[str(level)] for level in range(len(series.levels))], True
            return self._zarrcache[sidx]

    # Not with `noCache`: with that and a style the source does not open (RecursionError).
    source = Source(
        str(path), style=json.dumps(style), encoding=encoding, jpegQuality=quality, jpegSubsampling=2
    )
    for one in (source, source._unstyledInstance):
        one.cache, one.cache_lock = {}, None
    return source


class Cells:
    """Channels of uint16 as one picture, beside large-image's source."""

    def __init__(self, site: Site, folder: pathlib.Path) -> None:
        self._site, self._folder = site, folder

    def contests(self) -> list[dict[str, Any]]:
        """Return the rows of both compressions in both formats."""
        return [
            self._one(compression, file, fmt)
            for compression, file in scanfiles.CELLS.items()
            for fmt in ('jpeg', 'png')
        ]

    def _one(self, compression: str, file: str, fmt: str) -> dict[str, Any]:
        from django_large_image.conf import settings

        size = scanfiles.CELLS_TILE
        # A peer's tile takes a tenth of a second.
        compared, rounds = dealt(tiles_of(scale().scan_side, size, 0, file), scale().scan_tiles // 8)
        query = {'style': json.dumps(composite(), separators=(',', ':'))}
        mine = self._site.tile(file, fmt, query)
        source = large_image_source(self._folder / file, composite(), fmt.upper(), int(settings.QUALITY))

        def theirs(tile: Tile) -> bytes:
            source.cache.clear()
            source._unstyledInstance.cache.clear()
            return bytes(source.getTile(tile[1], tile[2], tile[0]))

        def prepare() -> None:
            self._site.change(file)
            mine(compared[0])

        theirs(compared[0])
        found = in_turn({'ours': Contender(mine, rounds, prepare), 'peer': Contender(theirs, rounds)})
        truth = {
            tile: coloured(scanfiles.cells_part(tile[1] * size, tile[2] * size, size))
            for tile in compared[1:]
        }
        db = tuple(psnr([(pixels_of(one(t)), truth[t]) for t in truth]) for one in (mine, theirs))
        stored = 'uncompressed' if compression == 'none' else compression
        return row('composite', f'{stored}, {fmt.upper()}', (found['ours'], found['peer']), (db[0], db[1]))


class Pyramids:
    """Tiles of smaller levels in SubIFDs, beside our own tiles of the full resolution."""

    def __init__(self, site: Site, folder: pathlib.Path) -> None:
        self._site, self._folder = site, folder

    def contests(self) -> list[dict[str, Any]]:
        """Return the rows of the slide and of the cells."""
        style = {'style': json.dumps(composite(), separators=(',', ':'))}
        return [
            self._one('slide, JPEG', scanfiles.SUBIFDS, 256, 'jpeg', {}, self._tissue),
            self._one('slide, PNG', scanfiles.SUBIFDS, 256, 'png', {}, self._tissue),
            *(
                self._one(
                    f'three channels, {fmt.upper()}', scanfiles.CELLS['zlib'], 512, fmt, style, self._cells
                )
                for fmt in ('jpeg', 'png')
            ),
        ]

    def _one(
        self, title: str, file: str, size: int, fmt: str, query: dict[str, Any],
        reference: Callable[[Tile, int], tuple[Pixels, Pixels]],
    ) -> dict[str, Any]:  # fmt: skip
        side, mine = scale().scan_side, self._site.tile(file, fmt, query)
        far, near = tiles_of(side, size, OUT, file), tiles_of(side, size, 0, file)
        # The first tile of a level opens it, which is not what is compared. A quick run has only one so far out.
        first, far = (far[-1], far[:-1]) if len(far) > 1 else (near[0], far)
        # There are few, and each is asked for in each round, of another version of the file.
        _, rounds = dealt(near, min(len(far), scale().scan_tiles * 256**2 // size**2))

        def prepare() -> None:
            self._site.change(file)
            mine(near[0])
            mine(first)

        found = in_turn(
            {
                'ours': Contender(mine, [far[: len(tiles)] for tiles in rounds], prepare),
                'peer': Contender(mine, rounds, prepare),
            }
        )
        # As PNG: what JPEG loses says nothing about the level that was taken.
        exact, levels = self._site.tile(file, 'png', query), []
        for tile in far[:1]:
            truth, stored = reference(tile, size)
            levels.append((pixels_of(exact(tile)), stored, truth))
        db = (
            psnr([(got, truth) for got, _, truth in levels]),
            psnr([(own, truth) for _, own, truth in levels]),
        )
        return row('out', title, (found['ours'], found['peer']), db, inverse=True)

    def _level(self, file: str, tile: Tile, size: int) -> Pixels:
        """Return a tile of the level that the file has there, as tifffile reads it."""
        import tifffile

        with tifffile.TiffFile(self._folder / file) as opened:
            level = opened.series[0].levels[OUT].asarray()
        rows, columns = (
            slice(tile[2] * size, (tile[2] + 1) * size),
            slice(tile[1] * size, (tile[1] + 1) * size),
        )
        return np.asarray(level[:, rows, columns] if level.shape[0] == 3 else level[rows, columns])

    def _tissue(self, tile: Tile, size: int) -> tuple[Pixels, Pixels]:
        """Return the average of the full-resolution pixels under a tile's, and what the file's level has there."""
        full, factor = size << OUT, 1 << OUT
        pixels = scanfiles.tissue_part(tile[1] * full, tile[2] * full, full)
        average = pixels.reshape(size, factor, size, factor, 3).mean((1, 3))
        return average, self._level(scanfiles.SUBIFDS, tile, size)

    def _cells(self, tile: Tile, size: int) -> tuple[Pixels, Pixels]:
        full, factor = size << OUT, 1 << OUT
        values = scanfiles.cells_part(tile[1] * full, tile[2] * full, full)
        average = coloured(values.reshape(3, size, factor, size, factor).mean((2, 4)))
        # What is encoded is whole numbers, which large-image cuts off.
        return average, np.floor(coloured(self._level(scanfiles.CELLS['zlib'], tile, size)))


class Film:
    """Opening a file of many frames for its first tile, beside large-image's source."""

    def __init__(self, site: Site, folder: pathlib.Path) -> None:
        self._site, self._folder = site, folder

    def contests(self) -> list[dict[str, Any]]:
        """Return the rows without a style, in ranges that are found out, and with one."""
        from large_image_source_tifffile import TifffileFileTileSource

        file, tile = scanfiles.FILM, (1, 0, 0)
        style = {
            'bands': [{'frame': 0, 'palette': ['#000', '#fff'], 'min': scanfiles.LOW, 'max': scanfiles.HIGH}]
        }
        plain = self._site.tile(file, 'png')
        styled = self._site.tile(file, 'png', {'style': json.dumps(style, separators=(',', ':'))})
        opened: list[Any] = []

        def theirs(tile: Tile) -> bytes:
            source = TifffileFileTileSource(str(self._folder / file), noCache=True, encoding='PNG')
            opened.append(source)
            return bytes(source.getTile(tile[1], tile[2], tile[0]))

        def close() -> None:
            while opened:
                opened.pop()._tf.close()

        # A round takes seconds.
        rounds = [[tile]] * min(5, scale().scan_rounds)
        found = in_turn(
            {
                'plain': Contender(plain, rounds, lambda: self._site.forget(file)),
                'styled': Contender(styled, rounds, lambda: self._site.forget(file)),
                'peer': Contender(theirs, rounds, close),
            }
        )
        values = next(scanfiles.film())[:256, :256]
        # Without a style the ranges differ, so each picture is judged by how well its levels follow the values.
        fits = [fit(one(tile), values) for one in (plain, theirs)]
        close()
        exact = np.clip(
            (values.astype(float) - scanfiles.LOW) / (scanfiles.HIGH - scanfiles.LOW) * 255, 0, 255
        )
        best = psnr([(np.floor(exact), exact)])
        return [
            row('open', 'without a style', (found['plain'], found['peer']), (fits[0], fits[1])),
            row(
                'open', 'with a range of values', (found['styled'], found['peer']),
                (psnr([(pixels_of(styled(tile))[:, :, 0], exact)]), best),
            ),
        ]  # fmt: skip


def fit(body: bytes, values: Pixels) -> float:
    """Return how close a grey picture is to some linear function of values, in dB of the picture's own range."""
    with Image.open(io.BytesIO(body)) as picture:
        levels = np.asarray(picture).astype(float)
    levels = levels[:, :, :3].max(axis=2) if levels.ndim == 3 else levels
    slope, offset = np.polyfit(values.ravel().astype(float), levels.ravel(), 1)
    span = max(1.0, float(levels.max() - levels.min()))
    return psnr([(levels * 255 / span, (slope * values + offset) * 255 / span)])


def versions() -> dict[str, str]:
    """Return the versions of the peers."""
    from importlib.metadata import version

    import openslide

    found = {'OpenSlide': openslide.__library_version__}
    packages = ('large-image-source-tifffile', 'tifffile', 'zarr', 'imagecodecs', 'pyvips-binary')
    return found | {name: version(name) for name in packages}


def main() -> None:
    """Measure all contests and print their rows as JSON."""
    import django

    django.setup()
    folder, keys = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
    site = Site(folder, keys)
    rows = [found for part in (Slides, Cells, Pyramids, Film) for found in part(site, folder).contests()]
    print(json.dumps({'rows': rows, 'versions': versions()}))


if __name__ == '__main__':
    main()
