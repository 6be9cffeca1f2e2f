"""JSON about an image: metadata, bands, frames, TIFF tags, and whether it was made a large image."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from django_large_image.imaging import metadata
from django_large_image.models import (
    is_large_image,
    make_large_image,
    runtime_settings,
    unmake_large_image,
)
from django_large_image.rest.base import LargeImageBase
from django_large_image.rest.fields import Params
from django_large_image.rest.openapi import answers
from django_large_image.rest.params import BandParams, BandsParams, OpenParams, ProjectionParams
from django_large_image.rest.routing import endpoint
from django_large_image.rest.session import ImageSession, identity_of


class Metadata(LargeImageBase):
    """The endpoints below `info/`, and `large_image`."""

    @endpoint(
        'info/metadata', name='metadata', summary='Metadata', query=ProjectionParams, answer=answers.METADATA
    )
    def metadata(self, session: ImageSession) -> HttpResponse:
        """Sizes, levels, data type, magnification, bands, frames and, for a georeferenced image, bounds."""
        ref = session.ref
        return session.answer_json('metadata', lambda reader: metadata.metadata(reader, ref))

    @endpoint(
        'info/metadata_internal',
        name='metadata-internal',
        summary="The reader's own metadata",
        query=OpenParams,
        answer=answers.METADATA_INTERNAL,
    )
    def metadata_internal(self, session: ImageSession) -> HttpResponse:
        """What the reader knows beyond the common metadata; its form depends on the reader."""
        ref = session.ref
        return session.answer_json(
            'metadata_internal', lambda reader: metadata.metadata_internal(reader, ref)
        )

    @endpoint('info/bands', name='bands', summary='The bands', query=BandsParams, answer=answers.BANDS)
    def bands(self, session: ImageSession) -> HttpResponse:
        """Interpretation, nodata and statistics of each band, by its number."""
        query = session.query
        return session.answer_json('bands', lambda reader: metadata.bands(reader, query.frame))

    @endpoint('info/band', name='band', summary='One band', query=BandParams, answer=answers.BAND)
    def band(self, session: ImageSession) -> HttpResponse:
        """Interpretation, nodata and statistics of one band."""
        query = session.query
        return session.answer_json('band', lambda reader: metadata.band(reader, query['band'], query.frame))

    @endpoint(
        'info/frames',
        name='frames',
        summary='The frames and their bands',
        query=OpenParams,
        answer=answers.FRAMES,
    )
    def frames(self, session: ImageSession) -> HttpResponse:
        """The channels or bands of each frame, from which a client can build a control of what is shown."""
        return session.answer_json('frames', metadata.frames)

    @endpoint(
        'info/tiffdump', name='tiffdump', summary='The tags of a TIFF', query=Params, answer=answers.TIFFDUMP
    )
    def tiffdump(self, session: ImageSession) -> HttpResponseBase:
        """Every tag of every directory of the file, which must be a TIFF."""
        return session.answer_dump('tiffdump', metadata.tiff_dump)

    @endpoint(
        'large_image', name='large-image', summary='Whether the file was made a large image', query=Params,
        methods=('get', 'post', 'delete'), answer=answers.MADE, about={
            'statuses': (403, 404, 422, 503),
            'summaries': {'post': 'Make the file a large image', 'delete': 'Make the file no large image any more'},
        },
    )  # fmt: skip
    def large_image(self, session: ImageSession) -> Response:
        """Show whether the file was made a large image. Staff make it one by POST, and undo that by DELETE.

        This only matters in a project that serves nothing but such files (the setting AUTO_SERVE is off).
        """
        request = session.request
        identity = identity_of(self.find_ref(request, session.pk))
        if request.method in ('POST', 'DELETE') and not getattr(request.user, 'is_staff', False):
            raise PermissionDenied('Only staff make files large images.')
        if request.method == 'POST':
            make_large_image(identity)
        elif request.method == 'DELETE':
            unmake_large_image(identity)
        made = is_large_image(identity)
        answer = {'large_image': made, 'served': made or runtime_settings()['AUTO_SERVE']}
        return Response(answer, headers={'Cache-Control': 'no-store'})
