"""The REST layer: the mixins that a project adds to its viewsets, and the project-wide views."""

from django_large_image.rest.listings import (
    CacheView,
    ColormapLegendView,
    ListAvailableFormatsView,
    ListColormapsView,
    ListTileSourcesView,
    SettingsView,
)
from django_large_image.rest.viewsets import (
    LargeImageDetailMixin,
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageVSIFileDetailMixin,
)

__all__ = [
    'CacheView',
    'ColormapLegendView',
    'LargeImageDetailMixin',
    'LargeImageFileDetailMixin',
    'LargeImageMixin',
    'LargeImageVSIFileDetailMixin',
    'ListAvailableFormatsView',
    'ListColormapsView',
    'ListTileSourcesView',
    'SettingsView',
]
