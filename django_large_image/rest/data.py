"""Pixels and numbers: thumbnail, region, pixel, histogram."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpResponse, HttpResponseBase

from django_large_image.imaging import histogram, image, pixel, region, thumbnail
from django_large_image.imaging.formats import parse_format
from django_large_image.rest import conditional
from django_large_image.rest.base import LargeImageBase, checked
from django_large_image.rest.openapi import answers
from django_large_image.rest.params import HistogramParams, PixelParams, RegionParams, ThumbnailParams
from django_large_image.rest.renderers import IMAGE_ACTION
from django_large_image.rest.routing import endpoint
from django_large_image.rest.tiles import FMT, GET_POST


class Data(LargeImageBase):
    """The endpoints below `data/`."""

    @endpoint(
        f'data/thumbnail{FMT}', name='thumbnail', summary='A thumbnail', query=ThumbnailParams, methods=GET_POST,
        image=True, **IMAGE_ACTION,
    )  # fmt: skip
    def thumbnail(self, request: Any, pk: Any = None, fmt: str | None = None, **kwargs: Any) -> HttpResponse:
        """The whole image in its own proportions, at most max_width × max_height pixels."""
        file_format = parse_format(fmt or kwargs.get('format') or 'png')
        values = ThumbnailParams.read_query(request)
        return self.answer_image(
            request, pk, 'thumbnail', values, file_format,
            lambda source: thumbnail.render(
                source, values['max_width'], values['max_height'], values['frame'], file_format
            ),
        )  # fmt: skip

    @endpoint(
        f'data/region{FMT}', name='region', summary='A region', query=RegionParams, methods=GET_POST, image=True,
        **IMAGE_ACTION,
    )  # fmt: skip
    def region(self, request: Any, pk: Any = None, fmt: str | None = None, **kwargs: Any) -> HttpResponseBase:
        """A rectangle of the image at full resolution; as a TIFF of a georeferenced image it is georeferenced.

        Such a TIFF holds the file's own bands and values, unless a style is given.
        """
        file_format = parse_format(fmt or kwargs.get('format') or 'tiff')
        values = RegionParams.read_query(request)
        ref = self.image_ref(request, pk)
        style = self.get_style(request)
        key = self._key(request, ref, f'region.{file_format.name}', values, style)
        etag = conditional.etag_of(key, not file_format.same_bytes) if key else ''
        if key and conditional.not_modified(request, etag):
            return conditional.patch(HttpResponse(status=304), etag, ref)
        source = self.open_checked(request, pk, style, values['frame'])
        units = values['units'] or ('EPSG:4326' if image.is_geospatial(source) else 'pixels')
        sides = {name: values[name] for name in ('left', 'top', 'right', 'bottom', 'max_width', 'max_height')}
        wanted = region.Region(units=units, **sides)
        file = checked(ref, lambda: region.render(source, wanted, bool(style), values['frame'], file_format))
        response = FileResponse(
            file, content_type=file_format.media_type, filename=f'region.{file_format.extensions[0]}'
        )
        if not key:
            response['Cache-Control'] = 'no-store'
            return response
        return conditional.patch(response, etag, ref)

    @endpoint(
        'data/pixel', name='pixel', summary='The values of one pixel', query=PixelParams, answer=answers.PIXEL
    )
    def pixel(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """The colour of one pixel (r, g, b, a: 0 to 255) and the file's own values of its bands."""
        values = PixelParams.read_query(request)
        style = self.get_style(request)
        return self.answer_json(
            request, pk, 'pixel', values,
            lambda source, ref: pixel.read(source, values['left'], values['top'], values['units'], values['frame']),
            style,
        )  # fmt: skip

    @endpoint(
        'data/histogram',
        name='histogram',
        summary='Histograms of the bands',
        query=HistogramParams,
        answer=answers.HISTOGRAMS,
    )
    def histogram(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponse:
        """One histogram a band, from the overview that has about a million pixels or, with `exact`, from all."""
        values = HistogramParams.read_query(request)
        return self.answer_json(
            request, pk, 'histogram', values,
            lambda source, ref: histogram.compute(
                source, values['bins'], values['density'], values['exact'], values['onlyMinMax'], values['frame']
            ),
        )  # fmt: skip

    @endpoint(
        'data/thumbnail', name='thumbnail-no-format', summary='', query=ThumbnailParams, methods=GET_POST, hidden=True,
        alias_of='thumbnail', **IMAGE_ACTION,
    )  # fmt: skip
    def thumbnail_no_format(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponseBase:
        """Answer in the default format; a router with format suffixes has the format in `format`."""
        return self._delegate('thumbnail', request, pk=pk, **kwargs)

    @endpoint(
        'data/region', name='region-no-format', summary='', query=RegionParams, methods=GET_POST, hidden=True,
        alias_of='region', **IMAGE_ACTION,
    )  # fmt: skip
    def region_no_format(self, request: Any, pk: Any = None, **kwargs: Any) -> HttpResponseBase:
        """Answer in the default format, as the one of thumbnails."""
        return self._delegate('region', request, pk=pk, **kwargs)
