"""Pixels and numbers: thumbnail, region, pixel, histogram."""

from __future__ import annotations

from typing import IO

from django.http import HttpResponse, HttpResponseBase

from django_large_image.imaging import histogram, pixel, region, thumbnail
from django_large_image.readers.base import ImageReader
from django_large_image.rest.base import LargeImageBase
from django_large_image.rest.openapi import answers
from django_large_image.rest.params import HistogramParams, PixelParams, RegionParams, ThumbnailParams
from django_large_image.rest.renderers import IMAGE_ACTION
from django_large_image.rest.routing import endpoint
from django_large_image.rest.session import ImageSession
from django_large_image.rest.tiles import FMT, GET_POST

#: The parameters of a region, but for its units.
_SIDES = ('left', 'top', 'right', 'bottom', 'max_width', 'max_height')


class Data(LargeImageBase):
    """The endpoints below `data/`."""

    @endpoint(
        f'data/thumbnail{FMT}', name='thumbnail', summary='A thumbnail', query=ThumbnailParams, methods=GET_POST,
        image=True, default_format='png', **IMAGE_ACTION,
    )  # fmt: skip
    def thumbnail(self, session: ImageSession) -> HttpResponse:
        """The whole image in its own proportions, at most max_width × max_height pixels."""
        query = session.query
        return session.answer_image(
            'thumbnail',
            lambda reader: thumbnail.render(
                reader, query['max_width'], query['max_height'], query.frame, query.file_format, query.quality
            ),
        )

    @endpoint(
        f'data/region{FMT}', name='region', summary='A region', query=RegionParams, methods=GET_POST, image=True,
        default_format='tiff', **IMAGE_ACTION,
    )  # fmt: skip
    def region(self, session: ImageSession) -> HttpResponseBase:
        """A rectangle of the image at full resolution; as a TIFF of a georeferenced image it is georeferenced.

        Such a TIFF holds the file's own bands and values, unless a style is given.
        """
        query = session.query

        def render(reader: ImageReader, styled: bool) -> IO[bytes]:
            units = query['units'] or ('EPSG:4326' if reader.is_geospatial else 'pixels')
            sides = {name: query[name] for name in _SIDES}
            wanted = region.Region(units=units, **sides)
            return region.render(reader, wanted, styled, query.frame, query.file_format, query.quality)

        return session.answer_file('region', render)

    @endpoint(
        'data/pixel', name='pixel', summary='The values of one pixel', query=PixelParams, answer=answers.PIXEL
    )
    def pixel(self, session: ImageSession) -> HttpResponse:
        """The colour of one pixel (r, g, b, a: 0 to 255) and the file's own values of its bands."""
        query = session.query
        return session.answer_json(
            'pixel',
            lambda reader: pixel.read(reader, query['left'], query['top'], query['units'], query.frame),
            session.style,
        )

    @endpoint(
        'data/histogram',
        name='histogram',
        summary='Histograms of the bands',
        query=HistogramParams,
        answer=answers.HISTOGRAMS,
    )
    def histogram(self, session: ImageSession) -> HttpResponse:
        """One histogram a band, from the overview that has about a million pixels or, with `exact`, from all."""
        query = session.query
        return session.answer_json(
            'histogram',
            lambda reader: histogram.compute(
                reader, query['bins'], query['density'], query['exact'], query['onlyMinMax'], query.frame
            ),
        )

    @endpoint(
        'data/thumbnail', name='thumbnail-no-format', summary='', query=ThumbnailParams, methods=GET_POST, hidden=True,
        image=True, alias_of='thumbnail', **IMAGE_ACTION,
    )  # fmt: skip
    def thumbnail_no_format(self, session: ImageSession) -> HttpResponse:
        """Answer in the default format; a router with format suffixes has the format in `format`."""
        raise NotImplementedError

    @endpoint(
        'data/region', name='region-no-format', summary='', query=RegionParams, methods=GET_POST, hidden=True,
        image=True, alias_of='region', **IMAGE_ACTION,
    )  # fmt: skip
    def region_no_format(self, session: ImageSession) -> HttpResponseBase:
        """Answer in the default format, as the one of thumbnails."""
        raise NotImplementedError
