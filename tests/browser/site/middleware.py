"""The policy of a strict site; a page's query may ask for the one that its elements need."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

#: No inline script, no eval, nothing from elsewhere. Workers of the globe get the policy of their own file.
STRICT = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data: blob:",
    'connect-src': "'self'",
    'font-src': "'self'",
    'form-action': "'self'",
    'frame-ancestors': "'self'",
    'base-uri': "'none'",
}
#: What a globe needs besides: WebAssembly, workers, and the styles that Cesium writes into the page.
GLOBE = STRICT | {
    'script-src': "'self' 'wasm-unsafe-eval'",
    'style-src': "'self' 'unsafe-inline'",
    'worker-src': "'self'",
}


class ContentSecurityPolicy:
    """Send the header with every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        globe = (
            'globe' in request.path or 'globe' in request.GET.get('element', '') or '/cesium/' in request.path
        )
        policy = GLOBE if globe else STRICT
        response['Content-Security-Policy'] = '; '.join(f'{name} {value}' for name, value in policy.items())
        return response
