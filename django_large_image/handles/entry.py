"""large-image's entry point of our source: the plug-in; nothing without rasterio, or outside a Django project."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

from django_large_image.exceptions import Misconfigured
from django_large_image.handles.ready import NEEDS, make_ready
from django_large_image.loading import is_there, load


class _Nothing:
    """A source without a name, which large-image skips. It would log an exception at each start."""

    name = None
    extensions: ClassVar[dict[str | None, int]] = {}


def _find() -> type:
    if not is_there(*NEEDS['rasterio'], 'large_image_source_rasterio'):
        return _Nothing
    try:
        make_ready('rasterio')
    except (Misconfigured, ImproperlyConfigured, AppRegistryNotReady):
        return _Nothing
    found: type = load('django_large_image.readers.plugin').RasterTileSource
    return found


source = _find()
