"""A WSGI filter, first in Swift's pipeline, that writes each request to the log named by its `log_path`."""

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

            def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                # Before the body is sent: who has the answer finds its request in the log.
                if path != '/healthcheck':
                    append(log_path, Request(method, path, query, wanted, int(status[:3])))
                return start_response(status, headers, *rest)

            return application(environ, started)

        return logged

    return wrap
