"""A page with somebody else's map, and the files that it needs."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.static import serve

from tests.browser.snippets import snippets


def page(request: HttpRequest) -> HttpResponse:
    """Show the map of `script`, under the policy of docs/clients.md; all else of the query is the element's data."""
    data = request.GET.dict()
    script = data.pop('script')
    policy = snippets()['policy'].strip()
    return render(request, 'browser/client.html', {'script': script, 'data': data, 'policy': policy})


def served(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with a file that the tests have made."""
    response: HttpResponse = serve(request, name, document_root=settings.DATA_DIR / 'clients')
    if name.endswith('.mjs'):
        response['Content-Type'] = 'text/javascript'
    return response
