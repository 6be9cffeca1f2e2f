"""The gallery application."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    """Images with a name and a description, and the pages that show them."""

    name = 'gallery'
