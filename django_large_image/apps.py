"""The Django app. It registers the cache with large-image, the system checks and the redaction of logs."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class LargeImageConfig(AppConfig):
    """Set up the package when Django starts. Of the image libraries only large-image is loaded here."""

    name = 'django_large_image'
    verbose_name = 'Large images'
    default_auto_field = 'django.db.models.BigAutoField'

    def ready(self) -> None:
        """Register what has to be there before the first request."""
        from django_large_image import logs
        from django_large_image.checks import setup

        setup.register()
        logs.install()
        _configure_large_image()
        # All modules of the package are imported now, in one thread. Later, the reloader's thread imports the URLconf
        # while another thread runs the system checks, and servers import views in several threads (see `loading`).
        import_module('django_large_image.rest')


def _configure_large_image() -> None:
    import large_image.config
    from django.conf import settings as project

    from django_large_image.conf import FORWARDED, PREFIX

    large_image.config.setConfig('cache_backend', 'django')
    for name in FORWARDED:
        if hasattr(project, PREFIX + name):
            large_image.config.setConfig(name.lower(), getattr(project, PREFIX + name))
