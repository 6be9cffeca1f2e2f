"""The pages of an image: its viewer and its globe, as HTML, under the permissions of the endpoints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist, loader
from django.utils.html import format_html
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.settings import api_settings

from django_large_image.caching import tile_cache
from django_large_image.exceptions import Misconfigured
from django_large_image.imaging import webmercator
from django_large_image.pixels import Json
from django_large_image.rest.base import LargeImageBase
from django_large_image.rest.params import PageParams, ProjectionParams
from django_large_image.rest.renderers import ActionOptions
from django_large_image.rest.routing import endpoint
from django_large_image.rest.session import ImageQuery, ImageSession

#: The longest side of a poster in pixels: it is seen for a moment, and is there before the map is.
POSTER_SIDE = 512
#: The templates of the pages.
TEMPLATES = {'viewer': 'django_large_image/viewer.html', 'globe': 'django_large_image/cesium_viewer.html'}
#: What a template raises in a project that has not set up templates, or static files.
UNPREPARED = (TemplateDoesNotExist, ImproperlyConfigured)


class ErrorPageRenderer(BaseRenderer):
    """An error as a small page."""

    media_type = 'text/html'
    format = 'html'
    charset = 'utf-8'

    def render(
        self, data: object, media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> str:
        """Return the page of the error in `data`."""
        assert renderer_context is not None
        response = renderer_context['response']
        response['Cache-Control'] = 'no-store'
        detail = data.get('detail', '') if isinstance(data, dict) else ''
        context = {'status': response.status_code, 'reason': response.reason_phrase, 'detail': detail}
        try:
            return loader.render_to_string(
                'django_large_image/error.html', context, renderer_context['request']._request
            )
        except (*UNPREPARED, ValueError):  # ValueError: the style is not in the manifest of static files
            return format_html(
                '<!doctype html><html lang="en"><title>{0}</title><h1>{0}</h1><p>{1}</p></html>',
                context['reason'],
                detail,
            )


class PageNegotiation(DefaultContentNegotiation):
    """A page is HTML whatever Accept and `?format=` say; they choose between HTML and JSON for its errors."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer of errors; a page with a format suffix does not exist."""
        if format_suffix:
            raise Http404
        types = [JSONRenderer.media_type, ErrorPageRenderer.media_type]
        html = request._request.get_preferred_type(types) == ErrorPageRenderer.media_type
        # The answer to OPTIONS is data.
        chosen = ErrorPageRenderer if html and request.method != 'OPTIONS' else JSONRenderer
        return chosen(), chosen.media_type


#: The options of `@action` for a page. The first renderer is that of errors before anything is negotiated.
PAGE_ACTION: ActionOptions = {
    'renderer_classes': [JSONRenderer, ErrorPageRenderer],
    'content_negotiation_class': PageNegotiation,
}


class Pages(LargeImageBase):
    """The pages; `viewer = None` or `globe = None` in a viewset leaves one out."""

    @endpoint(
        'viewer', name='viewer', summary='The viewer, a page', query=PageParams, hidden=True, **PAGE_ACTION
    )
    def viewer(self, session: ImageSession) -> HttpResponse:
        """The image in a viewer."""
        return self._page(session, 'viewer')

    @endpoint(
        'globe', name='globe', summary='The globe, a page', query=PageParams, hidden=True, **PAGE_ACTION
    )
    def globe(self, session: ImageSession) -> HttpResponse:
        """The image on a globe."""
        return self._page(session, 'globe')

    def _page(self, session: ImageSession, kind: str) -> HttpResponse:
        """Return the page of an element; the image is not opened, which the element asks for by itself."""
        request, values = session.request, dict(session.query.values)
        src = source_address(request._request)
        poster = self._poster(session, src, values) if kind == 'viewer' else None
        # As it was sent: the checked one has all colours of its palettes.
        style = None if values.pop('style') is None else request.query_params['style']
        context = {
            'src': src,
            'poster': poster,
            'base_layer': values.pop('base_layer'),
            'controls': values.pop('controls'),
            'attributes': {'style_json': style, 'format': values.pop('tile_format'), **values},
            'object': self._large_image_object,
        }
        try:
            html = loader.render_to_string(TEMPLATES[kind], context, request._request)
        except UNPREPARED:
            raise Misconfigured(
                'The page cannot be made: TEMPLATES needs the DjangoTemplates backend with APP_DIRS, INSTALLED_APPS '
                'django_large_image, and STATIC_URL a value.'
            ) from None
        return HttpResponse(html, status=HTTPStatus.OK, headers={'Cache-Control': 'no-store'})

    def _poster(self, session: ImageSession, src: str, values: Json) -> str | None:
        """Return the address of a thumbnail to be seen until the map's first tile is; None where it is not known.

        Whether the image is georeferenced, and so shown on the web map, is known if somebody asked `tiles/metadata`
        before: nothing is opened for it.
        """
        try:
            key = session.key('tiles', ImageQuery(ProjectionParams.read({})), None)
            body = key and tile_cache.get(tile_cache.key(key))
        except Exception:
            # Whatever the storage or the project's hooks raise: the element asks the same and says what is wrong.
            return None
        if not body or getattr(self, 'thumbnail', None) is None:
            return None
        known = json.loads(body)
        code = str(values['projection'] or webmercator.CODE)
        native = not known['geospatial'] or code.lower() == 'native'
        if not native and code == webmercator.CODE and not known.get('web_mercator'):
            return None
        names = ('frame', 'style', 'resampling')
        query = {
            **{name: session.request.query_params[name] for name in names if values[name] is not None},
            **({} if native else {'projection': code}),
            'max_width': POSTER_SIDE,
            'max_height': POSTER_SIDE,
        }
        path, _, own = src.partition('?')
        slash = '/' if path.endswith('/') else ''
        return f'{path.rstrip("/")}/data/thumbnail.png{slash}?{own and own + "&"}{urlencode(query)}'


def source_address(request: HttpRequest) -> str:
    """Return the address of the object whose page is asked for: the request's own, without its last part.

    It keeps a site's prefix, the keys of nested routes, a slash at the end, and what the query says beside the
    parameters of the page (and DRF's `format`, with which the API would answer the element in another format).
    """
    path = quote(request.path, safe="/!$&'()*+,;=:@~")
    slash = '/' if path.endswith('/') else ''
    # Two slashes at the start would name a host.
    address = '/' + path.rstrip('/').rpartition('/')[0].lstrip('/') + slash
    query = request.GET.copy()
    for name in (*PageParams._declared_fields, api_settings.URL_FORMAT_OVERRIDE):
        query.pop(name, None)
    return f'{address}?{query.urlencode()}' if query else address
