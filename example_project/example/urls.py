"""The site's addresses: the gallery, the API with its documentation, and the admin."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from drf_yasg import openapi
from drf_yasg.views import get_schema_view
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter

from gallery.viewsets import ImageViewSet

router = SimpleRouter(trailing_slash=False)
router.register('api/images', ImageViewSet, basename='image')

schema = get_schema_view(
    openapi.Info(title='Example of django-large-image', default_version='v1'),
    public=True,
    permission_classes=[AllowAny],
)

urlpatterns = [
    path('', include('gallery.urls')),
    path('', include(router.urls)),
    path('', include('django_large_image.urls')),
    path('api/docs/', schema.with_ui('swagger', cache_timeout=0), name='docs'),
    path('api/redoc/', schema.with_ui('redoc', cache_timeout=0), name='redoc'),
    path('login', LoginView.as_view(), name='login'),
    path('logout', LogoutView.as_view(next_page='gallery:list'), name='logout'),
    path('admin/', admin.site.urls),
]
if apps.is_installed('s3_file_field'):
    urlpatterns.append(path('api/s3-upload/', include('s3_file_field.urls')))
