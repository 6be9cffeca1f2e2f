"""Routes of the test app, with each kind of router that projects use."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import DefaultRouter, SimpleRouter

from tests.app import models, viewsets

simple = SimpleRouter(trailing_slash=False)
simple.register('images', viewsets.ImageFileViewSet, basename='image')
simple.register('vsi-images', viewsets.VSIImageFileViewSet, basename='vsi-image')
simple.register('private-images', viewsets.PrivateImageFileViewSet, basename='private-image')
simple.register('override-images', viewsets.OverrideImageFileViewSet, basename='override-image')
simple.register('path-images', viewsets.PathImageViewSet, basename='path-image')
simple.register('unset-images', viewsets.UnsetFieldViewSet, basename='unset-image')
simple.register('url-images', viewsets.UrlImageViewSet, basename='url-image')
simple.register('any-url', viewsets.AnyUrlViewSet, basename='any-url')
simple.register('users', viewsets.UserViewSet, basename='user')

default = DefaultRouter()
default.register('images', viewsets.ReversedImageFileViewSet, basename='default-image')
default.register('chosen', viewsets.ChosenImageViewSet, basename='chosen')

urlpatterns: list[URLPattern | URLResolver] = [
    path('admin/', admin.site.urls),
    path('', include('django_large_image.urls')),
    path('', include(simple.urls)),
    path('default/', include(default.urls)),
]

if find_spec('rest_framework_nested'):
    from rest_framework_nested.routers import NestedSimpleRouter

    nested = NestedSimpleRouter(simple, 'users', lookup='user')
    nested.register('images', viewsets.NestedImageFileViewSet, basename='user-image')
    urlpatterns.append(path('', include(nested.urls)))

if hasattr(models, 'S3Image'):
    from tests.app.s3_viewsets import S3ImageViewSet

    s3 = SimpleRouter(trailing_slash=False)
    s3.register('s3-images', S3ImageViewSet, basename='s3-image')
    urlpatterns.append(path('', include(s3.urls)))

if find_spec('drf_yasg'):
    from drf_yasg import openapi
    from drf_yasg.views import get_schema_view

    schema_view = get_schema_view(openapi.Info(title='Tests', default_version='v1'), public=True)
    urlpatterns += [
        path('swagger/', schema_view.with_ui('swagger'), name='swagger'),
        path('swagger.json', schema_view.without_ui(), kwargs={'format': 'json'}, name='schema'),
    ]
