"""What large-image loads by the entry point of our source: nothing without rasterio, or outside a Django project."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

try:
    from django_large_image.sources.geo import GeoSource as _source
except (ImportError, ImproperlyConfigured, AppRegistryNotReady):
    # large-image would log the error at each start; it skips a source without a name.
    class _source:  # type: ignore[no-redef]
        name = None
        extensions: dict[Any, Any] = {}


source: Any = _source
