"""A page with the elements that the query names, and viewsets that want a token or fail."""

from __future__ import annotations

import io
import json
from typing import Any

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import RequestContext, Template
from PIL import Image
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from django_large_image.rest import LargeImageFileDetailMixin
from tests.app.models import ImageFile
from tests.app.viewsets import ImageFileSerializer
from tests.browser.documented import blocks

TOKEN = 'Token only-for-tests'


def page(request: HttpRequest) -> HttpResponse:
    """Show elements: `element` (viewer or globe) and `attributes` (JSON), each as often as wanted."""
    elements = [
        {'name': f'large-image-{name}', 'attributes': json.loads(attributes)}
        for name, attributes in zip(
            request.GET.getlist('element'), request.GET.getlist('attributes'), strict=True
        )
    ]
    context = {'elements': elements, 'bundles': sorted({element['name'][12:] for element in elements})}
    return render(request, 'browser/page.html', context)


def documented(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the page of docs/viewers.md, whose template is read there."""
    template = Template(blocks()['html'])
    return HttpResponse(template.render(RequestContext(request, {'image': ImageFile.objects.get(pk=pk)})))


def chequers(request: HttpRequest, z: int, x: int, y: int) -> HttpResponse:
    """Answer with a tile of a base layer: green or yellow."""
    body = io.BytesIO()
    Image.new('RGB', (256, 256), (0, 160, 0) if (x + y) % 2 else (230, 200, 0)).save(body, 'PNG')
    return HttpResponse(body.getvalue(), content_type='image/png')


class TokenAuthentication(BaseAuthentication):
    """Take the header that the page's function returns, and nothing else."""

    def authenticate(self, request: Request) -> Any:
        """Return a user for the right token."""
        if request.headers.get('Authorization') != TOKEN:
            return None
        return get_user_model().objects.get_or_create(username='token')[0], None

    def authenticate_header(self, request: Request) -> str:
        """Make it a 401."""
        return 'Token'


class TokenImageViewSet(LargeImageFileDetailMixin, GenericViewSet):
    """Images for those who send a token with every request."""

    queryset = ImageFile.objects.all()
    serializer_class = ImageFileSerializer
    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    FILE_FIELD_NAME = 'file'


class FlakyImageViewSet(LargeImageFileDetailMixin, GenericViewSet):
    """Images whose tiles fail while the cache says so."""

    queryset = ImageFile.objects.all()
    serializer_class = ImageFileSerializer
    FILE_FIELD_NAME = 'file'

    def tile(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Answer 503 at first, and the tile from then on that `?mend=1` was asked for."""
        if not cache.get('mended'):
            return Response({'detail': 'The tiles are out.', 'code': 'busy'}, status=503)
        return super().tile(request, *args, **kwargs)

    def metadata(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Mend the tiles when the query says so."""
        if 'mend' in request.query_params:
            cache.set('mended', True)
        return super().metadata(request, *args, **kwargs)
