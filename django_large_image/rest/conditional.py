"""Conditional requests: ETags, Last-Modified, Cache-Control, and 304 before anything is opened (RFC 9110)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_etags

from django_large_image.access import ImageRef
from django_large_image.conf import settings

Response = TypeVar('Response', bound=HttpResponseBase)


def etag_of(key: str, weak: bool = False) -> str:
    """Return the ETag of a text that names everything that the answer depends on.

    A strong ETag promises the same bytes, and a weak one the same picture (RFC 9110, 8.8.1).
    """
    tag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
    return f'W/{tag}' if weak else tag


def not_modified(request: HttpRequest, etag: str) -> bool:
    """Return whether the client's copy is current, by the header If-None-Match of a GET or a HEAD."""
    if request.method not in ('GET', 'HEAD'):
        return False
    header = request.META.get('HTTP_IF_NONE_MATCH')
    if header is None:
        # If-Modified-Since alone is ignored: a date has whole seconds, and a file can change twice within one.
        return False
    tags = parse_etags(header)
    # The comparison is weak: a proxy may have weakened the ETag when it compressed the answer. `*` is no match: it
    # would be one for a tile that does not exist, which only rendering it shows.
    return any(tag.removeprefix('W/') == etag.removeprefix('W/') for tag in tags)


def answer(
    request: HttpRequest, ref: ImageRef, etag: str | None, make: Callable[[], Response]
) -> Response | HttpResponse:
    """Answer with 304 if the client's copy is current, else with what `make` returns, and set the caching headers.

    `etag` is None if it is not known what the answer depends on: then it is `no-store`.
    """
    if etag is None:
        response = make()
        response['Cache-Control'] = 'no-store'
        return response
    if not_modified(request, etag):
        return patch(HttpResponse(status=304), etag, ref)
    return patch(make(), etag, ref)


def patch(response: Response, etag: str, ref: ImageRef) -> Response:
    """Set the caching headers of a successful answer, and return it."""
    response['ETag'] = etag
    response['Cache-Control'] = settings.CACHE_CONTROL
    if ref.modified:
        response['Last-Modified'] = http_date(ref.modified)
    if 'private' in settings.CACHE_CONTROL:
        patch_vary_headers(response, ('Cookie', 'Authorization'))
    return response
