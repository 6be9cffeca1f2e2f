"""Routes of the site: the test app's, viewsets that refuse, and a page with any elements."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from tests.app.urls import urlpatterns as app_urlpatterns
from tests.browser.site import clients, views

router = SimpleRouter(trailing_slash=False)
router.register('token-images', views.TokenImageViewSet, basename='token-image')
router.register('flaky-images', views.FlakyImageViewSet, basename='flaky-image')

urlpatterns = [
    # The app's first: templates take the first viewset of a model.
    *app_urlpatterns,
    path('page', views.page, name='page'),
    path('documented/<int:pk>', views.documented),
    path('clients/<path:name>', clients.served),
    path('client', clients.page),
    path('chequers/<int:z>/<int:x>/<int:y>.png', views.chequers),
    path('', include(router.urls)),
]
