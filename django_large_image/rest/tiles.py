"""Tiles: the tile matrix, one tile, one tile of one frame, the bounds of a tile."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from django_large_image.imaging import metadata, tile
from django_large_image.imaging.formats import parse_format
from django_large_image.rest.base import LargeImageBase
from django_large_image.rest.openapi import answers
from django_large_image.rest.params import (
    FrameTileParams,
    FrameTilePath,
    ProjectionParams,
    TileParams,
    TilePath,
)
from django_large_image.rest.renderers import IMAGE_ACTION
from django_large_image.rest.routing import endpoint

# Each part takes anything: what is wrong with it is answered in JSON, not by a page that says "not found".
ZX = r'(?P<z>[^/]+)/(?P<x>[^/]+)'
ZXY = rf'{ZX}/(?P<y>[^/.]+)'
FMT = r'\.(?P<fmt>[^/]+)'
GET_POST = ('get', 'post')


class Tiles(LargeImageBase):
    """The endpoints below `tiles/`."""

    @endpoint(
        'tiles/metadata',
        name='tiles-metadata',
        summary='The tile matrix',
        query=ProjectionParams,
        answer=answers.TILES,
    )
    def tiles_metadata(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """Levels, size, tile size, and for a georeferenced image the CRS of the tiles and where they begin."""
        values = ProjectionParams.read_query(request)
        return self.answer_json(
            request,
            pk,
            'tiles',
            values,
            lambda source, ref: metadata.tiles(source, ref, values['projection']),
        )

    @endpoint(
        f'tiles/{ZXY}{FMT}', name='tile', summary='One tile', query=TileParams, path=TilePath, methods=GET_POST,
        image=True, **IMAGE_ACTION,
    )  # fmt: skip
    def tile(self, request: Any, pk: Any = None, fmt: str | None = None, **kwargs: Any) -> HttpResponse:
        """One tile of the image's own pyramid or, with `projection`, of the tile matrix of that projection."""
        file_format = parse_format(fmt or kwargs.get('format'))
        path = (FrameTilePath if 'frame' in kwargs else TilePath).read(kwargs)
        values = TileParams.read_query(request) | path
        z, x, y = path['z'], path['x'], path['y']
        return self.answer_image(
            request, pk, 'tile', values, file_format,
            lambda source: tile.render(source, z, x, y, values['frame'], file_format),
        )  # fmt: skip

    @endpoint(
        f'tiles/zxy/{ZXY}{FMT}', name='tile-zxy', summary='One tile (long spelling)', query=TileParams,
        path=TilePath, methods=GET_POST, image=True, alias_of='tile', **IMAGE_ACTION,
    )  # fmt: skip
    def tile_zxy(self, request: Any, pk: Any = None, fmt: str | None = None, **kwargs: Any) -> HttpResponse:
        """The same tile under the address that Girder's clients know."""
        return self._delegate('tile', request, pk=pk, fmt=fmt, **kwargs)

    @endpoint(
        f'tiles/fzxy/(?P<frame>[^/]+)/{ZXY}{FMT}', name='tile-fzxy', summary='One tile of one frame',
        query=FrameTileParams, path=FrameTilePath, methods=GET_POST, image=True, alias_of='tile',
        **IMAGE_ACTION,
    )  # fmt: skip
    def tile_fzxy(self, request: Any, pk: Any = None, fmt: str | None = None, **kwargs: Any) -> HttpResponse:
        """One tile of one frame of a multi-frame image."""
        return self._delegate('tile', request, pk=pk, fmt=fmt, **kwargs)

    @endpoint(
        rf'tiles/{ZX}/(?P<y>[^/]+)/corners',
        name='tile-corners',
        summary='The bounds of a tile',
        query=ProjectionParams,
        path=TilePath,
        answer=answers.CORNERS,
    )
    def tile_corners(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """xmin, ymin, xmax, ymax: in the units of `projection`, or in pixels with y counted from the bottom."""
        path = TilePath.read(kwargs)
        values = ProjectionParams.read_query(request) | path
        return self.answer_json(
            request,
            pk,
            'corners',
            values,
            lambda source, ref: tile.corners(source, path['z'], path['x'], path['y']),
        )

    @endpoint(
        rf'tiles/(?:zxy/|fzxy/(?P<frame>[^/]+)/)?{ZXY}',
        name='tile-no-format',
        summary='',
        query=TileParams,
        methods=GET_POST,
        hidden=True,
        alias_of='tile',
        **IMAGE_ACTION,
    )
    def tile_no_format(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """Say what is missing of a tile's address; a router with format suffixes has the format in `format`."""
        if kwargs.get('frame') is None:
            kwargs.pop('frame', None)
        return self._delegate('tile', request, pk=pk, **kwargs)
