"""The project-wide routes."""

from django.urls import path, re_path

from django_large_image import rest

urlpatterns = [
    path('api/large-image/sources', rest.ListTileSourcesView.as_view(), name='large-image-sources'),
    path('api/large-image/colormaps', rest.ListColormapsView.as_view(), name='large-image-colormaps'),
    re_path(
        r'^api/large-image/colormaps/(?P<name>[^/]+)\.(?P<fmt>[^./]+)$',
        rest.ColormapLegendView.as_view(),
        name='large-image-colormap-legend',
    ),
    path('api/large-image/formats', rest.ListAvailableFormatsView.as_view(), name='large-image-formats'),
    path('api/large-image/settings', rest.SettingsView.as_view(), name='large-image-settings'),
    path('api/large-image/cache', rest.CacheView.as_view(), name='large-image-cache'),
]
