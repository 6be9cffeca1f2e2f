"""The cases: an image, the picture that is asked for, and how each server is asked for it."""

from __future__ import annotations

import json
import pathlib
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from benchmarks.config import SEED, scale
from benchmarks.data import NODATA
from benchmarks.servers import DjangoServer, Server, TiTiler
from tests import reference

Tile = tuple[int, int, int]
#: Levels beyond the native one that are timed.
TIMED = (0, 2)


@dataclass(frozen=True)
class Case:
    """One picture of one image, asked from three servers."""

    name: str
    title: str
    file: str
    fmt: str
    #: large-image's style, which both Django servers take.
    style: dict[str, Any] | None = None
    #: The same for TiTiler.
    titiler: dict[str, Any] = field(default_factory=dict)
    #: The style of pictures that are compared with the truth, if it is another: one whose pixels are the values.
    gate_style: dict[str, Any] | None = None
    gate_titiler: dict[str, Any] | None = None
    #: The bands that are shown, from 1, and the values that are black and white.
    bands: tuple[int, ...] = (1, 2, 3)
    low: float = 0
    high: float = 255
    #: Whether the file is lossless, so that pictures of it are judged.
    lossless: bool = True

    def address(self, server: Server, tile: Tile, gate: bool = False) -> str:
        """Return where a server has a tile; with `gate` the picture that is compared with the truth, as PNG."""
        z, x, y = tile
        fmt = 'png' if gate else self.fmt
        if isinstance(server, DjangoServer):
            style = self.gate_style if gate and self.gate_style else self.style
            query: dict[str, Any] = {'projection': 'EPSG:3857'}
            if style:
                query['style'] = json.dumps(style, separators=(',', ':'))
            return f'{server.image(self.file)}/tiles/{z}/{x}/{y}.{fmt}?{urlencode(query)}'
        assert isinstance(server, TiTiler)
        options = self.gate_titiler if gate and self.gate_titiler is not None else self.titiler
        # By default TiTiler takes the nearest pixel; a picture with the quality that the gate asks for is bilinear.
        query = {
            'url': str(server.media / self.file),
            'resampling': 'bilinear',
            'reproject': 'bilinear',
        } | options
        return f'/cog/tiles/WebMercatorQuad/{z}/{x}/{y}.{fmt}?{urlencode(query, doseq=True, quote_via=quote)}'


def _band(band: int, low: float, high: float, palette: Any, **more: Any) -> dict[str, Any]:
    return {'band': band, 'min': low, 'max': high, 'palette': palette, **more}


DEM = (0, 3000)
UINT16 = (0, 4095)

CASES = (
    Case('rgb', 'RGB, deflate, UTM, as PNG', 'rgb.tif', 'png'),
    Case('web', 'RGB, JPEG, web-aligned, as JPEG', 'web.tif', 'jpeg', lossless=False),
    Case(
        'dem', 'float32 DEM with nodata, UTM, viridis, as PNG', 'dem.tif', 'png',
        style={'bands': [_band(1, *DEM, 'viridis', nodata=NODATA)]},
        titiler={'rescale': '0,3000', 'colormap_name': 'viridis'},
        gate_style={'bands': [_band(1, *DEM, ['#000000', '#ffffff'], nodata=NODATA)]},
        gate_titiler={'rescale': '0,3000'}, bands=(1,), low=DEM[0], high=DEM[1],
    ),
    Case(
        'uint16', '4-band uint16, three bands, UTM, as PNG', 'uint16.tif', 'png',
        style={
            'bands': [_band(n, *UINT16, ['#000000', colour]) for n, colour in enumerate(('#f00', '#0f0', '#00f'), 1)]
        },
        titiler={'bidx': [1, 2, 3], 'rescale': '0,4095'}, low=UINT16[0], high=UINT16[1],
    ),
    Case('world', 'World in EPSG:4326, as PNG', 'world.tif', 'png'),
    Case('large', '20 000² JPEG COG, UTM, as WebP', 'large.tif', 'webp', lossless=False),
)  # fmt: skip


def tile_list(case: Case, folder: pathlib.Path, out: int, most: int) -> list[Tile]:
    """Return tiles that the image touches, `out` levels out of its native one, in an order that the seed decides."""
    path = folder / case.file
    tiles = reference.tiles_covering(path, max(0, reference.native_zoom(path) - out))
    random.Random(f'{SEED} {case.name} {out}').shuffle(tiles)
    return tiles[:most]


def lists(case: Case, folder: pathlib.Path) -> dict[int, list[Tile]]:
    """Return the timed lists of a case by levels out."""
    return {out: tile_list(case, folder, out, scale().tiles) for out in TIMED}
