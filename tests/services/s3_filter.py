"""A WSGI filter, first in Swift's pipeline, that writes each request to the log named by its `log_path`.

It allows pages of any other origin to upload, as the CORS rules of a bucket do, which Swift's s3api does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.services.requestlog import Request, append

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def filter_factory(
    global_conf: dict[str, str], *, log_path: str, **local_conf: str
) -> Callable[..., Application]:
    """Return the filter, as PasteDeploy asks for it."""

    def wrap(application: Application) -> Application:
        def logged(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            method, path = environ['REQUEST_METHOD'], environ.get('PATH_INFO', '')
            query, wanted = environ.get('QUERY_STRING', ''), environ.get('HTTP_RANGE', '')

            origin = environ.get('HTTP_ORIGIN')

            def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                if origin:
                    headers = [*headers, *_shared(environ)]
                # Before the body is sent: who has the answer finds its request in the log.
                if path != '/healthcheck':
                    append(log_path, Request(method, path, query, wanted, int(status[:3])))
                return start_response(status, headers, *rest)

            if origin and method == 'OPTIONS':
                started('200 OK', [('Content-Length', '0')])
                return [b'']
            return application(environ, started)

        return logged

    return wrap


def _shared(environ: dict[str, Any]) -> list[tuple[str, str]]:
    asked = environ.get('HTTP_ACCESS_CONTROL_REQUEST_HEADERS', '*')
    return [
        ('Access-Control-Allow-Origin', '*'),
        ('Access-Control-Allow-Methods', 'GET, HEAD, PUT, POST, DELETE'),
        ('Access-Control-Allow-Headers', asked),
        # The client of a multipart upload has to see it.
        ('Access-Control-Expose-Headers', 'ETag'),
    ]
