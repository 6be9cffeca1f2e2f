"""The gallery's pages."""

from django.urls import path

from gallery import views

app_name = 'gallery'
urlpatterns = [
    path('', views.ImageList.as_view(), name='list'),
    path('images/<int:pk>/', views.ImageDetail.as_view(), name='detail'),
    path('images/<int:pk>/globe/', views.ImageGlobe.as_view(), name='globe'),
    path('upload/', views.Upload.as_view(), name='upload'),
]
