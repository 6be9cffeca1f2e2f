"""JSON about an image: metadata, bands, frames, TIFF tags, and whether it was made a large image."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from django_large_image.imaging import metadata
from django_large_image.models import (
    is_large_image,
    make_large_image,
    runtime_settings,
    unmake_large_image,
)
from django_large_image.rest import conditional
from django_large_image.rest.base import LargeImageBase, checked, identity_of
from django_large_image.rest.fields import Params
from django_large_image.rest.openapi import answers
from django_large_image.rest.params import BandParams, BandsParams, OpenParams, ProjectionParams
from django_large_image.rest.routing import endpoint


class Metadata(LargeImageBase):
    """The endpoints below `info/`, and `large_image`."""

    @endpoint(
        'info/metadata', name='metadata', summary='Metadata', query=ProjectionParams, answer=answers.METADATA
    )
    def metadata(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """Sizes, levels, data type, magnification, bands, frames and, for a georeferenced image, bounds."""
        values = ProjectionParams.read_query(request)
        return self.answer_json(request, pk, 'metadata', values, metadata.metadata)

    @endpoint(
        'info/metadata_internal',
        name='metadata-internal',
        summary="The reader's own metadata",
        query=OpenParams,
        answer=answers.METADATA_INTERNAL,
    )
    def metadata_internal(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """What the reader knows beyond the common metadata; its form depends on the reader."""
        values = OpenParams.read_query(request)
        return self.answer_json(request, pk, 'metadata_internal', values, metadata.metadata_internal)

    @endpoint('info/bands', name='bands', summary='The bands', query=BandsParams, answer=answers.BANDS)
    def bands(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """Interpretation, nodata and statistics of each band, by its number."""
        values = BandsParams.read_query(request)
        return self.answer_json(
            request, pk, 'bands', values, lambda source, ref: metadata.bands(source, values['frame'])
        )

    @endpoint('info/band', name='band', summary='One band', query=BandParams, answer=answers.BAND)
    def band(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """Interpretation, nodata and statistics of one band."""
        values = BandParams.read_query(request)
        return self.answer_json(
            request,
            pk,
            'band',
            values,
            lambda source, ref: metadata.band(source, values['band'], values['frame']),
        )

    @endpoint(
        'info/frames',
        name='frames',
        summary='The frames and their bands',
        query=OpenParams,
        answer=answers.FRAMES,
    )
    def frames(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """The channels or bands of each frame, for building a control of what is shown."""
        values = OpenParams.read_query(request)
        return self.answer_json(request, pk, 'frames', values, lambda source, ref: metadata.frames(source))

    @endpoint(
        'info/tiffdump', name='tiffdump', summary='The tags of a TIFF', query=Params, answer=answers.TIFFDUMP
    )
    def tiffdump(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """Every tag of every directory of the file, which must be a TIFF."""
        ref = self.image_ref(request, pk)
        etag = conditional.etag_of(f'{ref.digest}\0tiffdump\0{request.accepted_media_type}')
        if conditional.not_modified(request, etag):
            return conditional.patch(HttpResponse(status=304), etag, ref)
        dump = checked(ref, lambda: metadata.tiff_dump(ref))
        return conditional.patch(Response(dump), etag, ref)

    @endpoint(
        'large_image', name='large-image', summary='Whether the file was made a large image', query=Params,
        methods=('get', 'post', 'delete'), answer=answers.MADE, about={
            'statuses': (403, 404, 422, 503),
            'summaries': {'post': 'Make the file a large image', 'delete': 'Make the file no large image any more'},
        },
    )  # fmt: skip
    def large_image(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """Show whether the file was made a large image; staff make it one by POST and unmake it by DELETE.

        It matters where the project serves only files that were made large images (the setting AUTO_SERVE is off).
        """
        identity = identity_of(self.find_ref(request, pk))
        if request.method in ('POST', 'DELETE') and not getattr(request.user, 'is_staff', False):
            raise PermissionDenied('Only staff make files large images.')
        if request.method == 'POST':
            make_large_image(identity)
        elif request.method == 'DELETE':
            unmake_large_image(identity)
        made = is_large_image(identity)
        answer = {'large_image': made, 'served': made or runtime_settings()['AUTO_SERVE']}
        return Response(answer, headers={'Cache-Control': 'no-store'})
