"""The project-wide views: sources, colormaps, formats, settings, cache."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_large_image.caching import block_cache, shared_blocks, tile_cache
from django_large_image.conf import DEFAULTS, settings
from django_large_image.exceptions import InvalidParameter, LargeImageError
from django_large_image.handles import available_sources, handle_pool
from django_large_image.handles.registry import source_class
from django_large_image.imaging import formats, palettes
from django_large_image.models import RuntimeSetting, change_runtime_settings, runtime_settings
from django_large_image.rest.dispatch import error_response
from django_large_image.rest.openapi import answers, description
from django_large_image.rest.params import LegendParams
from django_large_image.rest.renderers import ImageNegotiation

#: Settings that are not shown: a path on the server, and a token.
HIDDEN = frozenset({'LOCAL_COPY_DIR', 'CESIUM_ION_TOKEN'})


class LargeImageView(APIView):
    """A view that answers our errors as JSON."""

    cache_control = 'private, no-cache'

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        """Set Cache-Control, unless the view did."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.setdefault('Cache-Control', self.cache_control)
        return response

    def handle_exception(self, exc: Exception) -> Response:
        """Answer our errors in their own form and leave all others to DRF."""
        return (
            error_response(self, exc) if isinstance(exc, LargeImageError) else super().handle_exception(exc)
        )


class ListTileSourcesView(LargeImageView):
    """The sources that may be used here to read images."""

    @description.describe_view('The sources that may be used', answers.SOURCES)
    def get(self, request: Request) -> Response:
        """List the sources, with the extensions that each knows."""
        found = {}
        for name in available_sources():
            try:
                cls = source_class(name)
            except LargeImageError:
                continue  # installed without what it needs
            extensions = sorted(extension for extension in cls.extensions if extension)
            found[name] = {'class': f'{cls.__module__}.{cls.__qualname__}', 'extensions': extensions}
        return Response(found)


class ListColormapsView(LargeImageView):
    """The names of palettes."""

    @description.describe_view('The names of palettes', answers.COLORMAPS)
    def get(self, request: Request) -> Response:
        """List the names by library; each has a picture at `colormaps/{name}.png`."""
        return Response(palettes.names())


class ColormapLegendView(LargeImageView):
    """The picture of a palette."""

    content_negotiation_class = ImageNegotiation

    @description.describe_view(
        'The picture of a palette',
        query=LegendParams,
        image=True,
        part='legend',
        names={'name': 'A name of api/large-image/colormaps.'},
        statuses=(400, 403),
    )
    def get(self, request: Request, name: str, fmt: str) -> HttpResponse:
        """Return the palette from its first colour, at the left, to its last."""
        values = LegendParams.read(request.query_params)
        file_format = formats.parse_format(fmt)
        body = palettes.legend(name, values['width'], values['height'], file_format, values['scheme'])
        response = HttpResponse(body, content_type=file_format.media_type)
        response['Cache-Control'] = 'private, max-age=86400'
        return response


class ListAvailableFormatsView(LargeImageView):
    """The formats that tiles, thumbnails and regions can be had in."""

    @description.describe_view('The formats that can be written', answers.FORMATS)
    def get(self, request: Request) -> Response:
        """List the extensions with their media types."""
        return Response(
            {extension: member.media_type for extension, member in formats.by_extension().items()}
        )


class SettingsView(LargeImageView):
    """The settings in force; two of them can be changed here."""

    permission_classes = (IsAdminUser,)
    cache_control = 'no-store'

    @description.describe_view('The settings in force', answers.SETTINGS)
    def get(self, request: Request) -> Response:
        """Show the settings in force, and which of them can be changed."""
        values = {name.lower(): getattr(settings, name) for name in DEFAULTS if name not in HIDDEN}
        in_force = {name.lower(): value for name, value in runtime_settings().items()}
        changeable = {name.lower(): allowed for name, (_, allowed) in RuntimeSetting.CHANGEABLE.items()}
        return Response(values | in_force | {'changeable': changeable})

    @description.describe_view(
        'Change settings', answers.SETTINGS, body=answers.CHANGES, statuses=(400, 403, 415)
    )
    def patch(self, request: Request) -> Response:
        """Change settings: all that are sent, or none if one is wrong. They hold until they are changed again."""
        names = ' or '.join(RuntimeSetting.CHANGEABLE).lower()
        try:
            changes: object = request.data
        except RecursionError:  # DRF's parser leaves it to Django, which would answer 500
            changes = '(nested too deeply)'
        if not isinstance(changes, dict) or not changes:
            raise InvalidParameter('body', changes, f'a JSON object of settings to change: {names}')
        for name in changes:
            if (
                not isinstance(name, str)
                or name.upper() not in RuntimeSetting.CHANGEABLE
                or name != name.lower()
            ):
                raise InvalidParameter('name', name, names)
        change_runtime_settings({name.upper(): value for name, value in changes.items()})
        return self.get(request)

    put = patch


class CacheView(LargeImageView):
    """The tile cache, the open images and decoded blocks of this process, and the blocks that processes share."""

    permission_classes = (IsAdminUser,)
    cache_control = 'no-store'

    @description.describe_view('The tile cache and the open images', answers.CACHE, statuses=(403, 503))
    def get(self, request: Request) -> Response:
        """Show the tile cache, the open sources and decoded blocks of this process, and those that all share."""
        return Response(
            {
                'tiles': tile_cache.stats(),
                'sources': handle_pool.stats(),
                'blocks': block_cache.stats(),
                'shared_blocks': shared_blocks.stats(),
            }
        )

    @description.describe_view('Clear the tile cache', answers.CLEARED, statuses=(403, 503))
    def delete(self, request: Request) -> Response:
        """Clear our entries of the tile cache and the shared blocks, and this process's idle sources and blocks."""
        removed = tile_cache.clear()
        handle_pool.clear()
        block_cache.clear()
        shared_blocks.clear()
        return Response({'removed': removed})
