"""What large-image loads by the entry point of our source: nothing without rasterio, or outside a Django project."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

from django_large_image.exceptions import Misconfigured
from django_large_image.handles.ready import NEEDS, make_ready
from django_large_image.loading import is_there, load


class _Nothing:
    """A source without a name, which large-image passes over; an error would be logged at each start."""

    name = None
    extensions: dict[Any, Any] = {}


def _find() -> Any:
    if not is_there(*NEEDS['rasterio'], 'large_image_source_rasterio'):
        return _Nothing
    try:
        make_ready('rasterio')
    except (Misconfigured, ImproperlyConfigured, AppRegistryNotReady):
        return _Nothing
    return load('django_large_image.readers.plugin').RasterTileSource


source: Any = _find()
