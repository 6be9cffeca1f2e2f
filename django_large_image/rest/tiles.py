"""Tiles: the tile matrix, one tile, one tile of one frame, the bounds of a tile."""

from __future__ import annotations

from django.http import HttpResponse

from django_large_image.imaging import metadata, tile
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
from django_large_image.rest.routing import Method, endpoint
from django_large_image.rest.session import ImageSession

# Each part matches anything, so that a wrong one is answered by an error in JSON, and not by Django's page for 404.
ZX = r'(?P<z>[^/]+)/(?P<x>[^/]+)'
ZXY = rf'{ZX}/(?P<y>[^/.]+)'
FMT = r'\.(?P<fmt>[^/]+)'
GET_POST: tuple[Method, ...] = ('get', 'post')


class Tiles(LargeImageBase):
    """The endpoints below `tiles/`."""

    @endpoint(
        'tiles/metadata',
        name='tiles-metadata',
        summary='The tile matrix',
        query=ProjectionParams,
        answer=answers.TILES,
    )
    def tiles_metadata(self, session: ImageSession) -> HttpResponse:
        """Levels, size and tile size, and for a georeferenced image the CRS and the extent of the tile matrix."""
        ref, query = session.ref, session.query
        return session.answer_json('tiles', lambda reader: metadata.tiles(reader, ref, query.projection))

    @endpoint(
        f'tiles/{ZXY}{FMT}', name='tile', summary='One tile', query=TileParams, path=TilePath,
        frame_path=FrameTilePath, methods=GET_POST, image=True, **IMAGE_ACTION,
    )  # fmt: skip
    def tile(self, session: ImageSession) -> HttpResponse:
        """One tile of the image's own pyramid or, with `projection`, of the tile matrix of that projection."""
        query = session.query
        return session.answer_image(
            'tile',
            lambda reader: tile.render(
                reader, query['z'], query['x'], query['y'], query.frame, query.file_format, query.quality
            ),
        )

    @endpoint(
        f'tiles/zxy/{ZXY}{FMT}', name='tile-zxy', summary='One tile (long spelling)', query=TileParams,
        path=TilePath, methods=GET_POST, image=True, alias_of='tile', **IMAGE_ACTION,
    )  # fmt: skip
    def tile_zxy(self, session: ImageSession) -> HttpResponse:
        """The same tile under the address that Girder's clients know."""
        raise NotImplementedError

    @endpoint(
        f'tiles/fzxy/(?P<frame>[^/]+)/{ZXY}{FMT}', name='tile-fzxy', summary='One tile of one frame',
        query=FrameTileParams, path=FrameTilePath, methods=GET_POST, image=True, alias_of='tile',
        **IMAGE_ACTION,
    )  # fmt: skip
    def tile_fzxy(self, session: ImageSession) -> HttpResponse:
        """One tile of one frame of a multi-frame image."""
        raise NotImplementedError

    @endpoint(
        rf'tiles/{ZX}/(?P<y>[^/]+)/corners',
        name='tile-corners',
        summary='The bounds of a tile',
        query=ProjectionParams,
        path=TilePath,
        answer=answers.CORNERS,
    )
    def tile_corners(self, session: ImageSession) -> HttpResponse:
        """xmin, ymin, xmax, ymax: in the units of `projection`, or in pixels with y counted from the bottom."""
        query = session.query
        return session.answer_json(
            'corners', lambda reader: tile.corners(reader, query['z'], query['x'], query['y'])
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
    def tile_no_format(self, session: ImageSession) -> HttpResponse:
        """Answer with an error that names the missing format, or in the format that a router's suffix gives."""
        raise NotImplementedError
