"""The Django app: it registers the cache with large-image, the system checks and the redaction of logs."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class LargeImageConfig(AppConfig):
    """Set up the package when Django starts; no image library but large-image itself is loaded here."""

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
        # The reloader's thread imports the URLconf while another one runs the system checks, and servers import views
        # in their threads. The modules of the package are all there by then, in an order that no thread decides.
        import_module('django_large_image.rest')


def _configure_large_image() -> None:
    import large_image.config
    from django.conf import settings as project

    from django_large_image.conf import FORWARDED, PREFIX

    large_image.config.setConfig('cache_backend', 'django')
    for name in FORWARDED:
        if hasattr(project, PREFIX + name):
            large_image.config.setConfig(name.lower(), getattr(project, PREFIX + name))
