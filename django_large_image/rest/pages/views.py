"""The pages of an image, its viewer and its globe, as HTML, with the permissions of the endpoints."""

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

#: The longest side of a poster in pixels. It is shown until the map is there, so it must be small.
POSTER_SIDE = 512
#: The templates of the pages.
TEMPLATES = {'viewer': 'django_large_image/viewer.html', 'globe': 'django_large_image/cesium_viewer.html'}
#: What a template raises in a project without settings for templates or static files.
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
    """A page is always HTML. Accept chooses only between HTML and JSON for its errors, and `?format=` has no effect."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer of errors; raises `Http404` for a page with a format suffix."""
        if format_suffix:
            raise Http404
        types = [JSONRenderer.media_type, ErrorPageRenderer.media_type]
        html = request._request.get_preferred_type(types) == ErrorPageRenderer.media_type
        # The answer to OPTIONS is data.
        chosen = ErrorPageRenderer if html and request.method != 'OPTIONS' else JSONRenderer
        return chosen(), chosen.media_type


#: The options of `@action` for a page. The first renderer is for errors that come before the negotiation.
PAGE_ACTION: ActionOptions = {
    'renderer_classes': [JSONRenderer, ErrorPageRenderer],
    'content_negotiation_class': PageNegotiation,
}


class Pages(LargeImageBase):
    """The pages of an image. `viewer = None` or `globe = None` in a viewset leaves one out."""

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
        """Return the page of an element. The image is not opened here: the element asks the endpoints for it."""
        request, values = session.request, dict(session.query.values)
        src = source_address(request._request)
        poster = self._poster(session, src, values) if kind == 'viewer' else None
        # The style as it was sent: the checked one has a list of colours for each palette, and is much longer.
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
        """Return the address of a thumbnail that is shown until the map has its first tile; None if it is not known.

        The map shows a georeferenced image in the web map's projection, and so must the thumbnail. The image is not
        opened to find out whether it is one: that is known if the answer of `tiles/metadata` is in the cache.
        """
        try:
            key = session.key('tiles', ImageQuery(ProjectionParams.read({})), None)
            body = key and tile_cache.get(tile_cache.key(key))
        except Exception:
            # The storage or the project's hooks may raise anything. The element will get the same error, and show it.
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
    """Return the address of the object whose page is asked for: that of the request without the last part of its path.

    It keeps a site's prefix, the keys of nested routes and a slash at the end. Of the query it leaves out the
    parameters of the page, and DRF's `format`, which would change the format of the API's answers to the element.
    """
    path = quote(request.path, safe="/!$&'()*+,;=:@~")
    slash = '/' if path.endswith('/') else ''
    # Two slashes at the start would name a host.
    address = '/' + path.rstrip('/').rpartition('/')[0].lstrip('/') + slash
    query = request.GET.copy()
    for name in (*PageParams._declared_fields, api_settings.URL_FORMAT_OVERRIDE):
        query.pop(name, None)
    return f'{address}?{query.urlencode()}' if query else address
