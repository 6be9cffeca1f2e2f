"""System checks of the project's set-up: they report what is wrong at start, and not at the first request."""

from __future__ import annotations

import difflib
import os
import re
from importlib.util import find_spec
from typing import TypeVar

from django.apps import AppConfig
from django.conf import settings as project
from django.core.cache import InvalidCacheBackendError, caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Error, Tags, Warning, register as register_check
from django.db.models import URLField
from django.urls import get_resolver

from django_large_image.checks.pages import check_base_layers, check_static
from django_large_image.conf import DEFAULTS, FORWARDED, PREFIX, settings

Viewset = TypeVar('Viewset')


def register() -> None:
    """Register the checks with Django."""
    for check in (
        check_sources, check_speed, check_settings, check_cache, check_cache_timeout, check_viewsets,
        check_base_layers, check_static,
    ):  # fmt: skip
        register_check(check, Tags.compatibility)  # type: ignore[call-overload]
    register_check(check_cache_deploy, Tags.caches, deploy=True)  # type: ignore[call-overload]


def check_sources(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """E001: no image source is installed. E002: two are that must not be in one process."""
    from django_large_image.handles import registry

    installed = set(registry.installed_sources())
    if not installed & set(settings.SOURCES) - registry.FORBIDDEN:
        return [
            Error(
                'No image source that may be used is installed.',
                hint="Install one, such as pip install 'django-large-image[rasterio]', and see LARGE_IMAGE_SOURCES.",
                id='django_large_image.E001',
            )
        ]
    if {'gdal', 'rasterio'} <= installed & set(settings.SOURCES):
        return [
            Error(
                'large-image-source-gdal and large-image-source-rasterio are both installed.',
                hint='Each brings a libgdal of its own and the two crash under load in one process. Uninstall one of '
                'the two packages, or leave its name out of LARGE_IMAGE_SOURCES.',
                id='django_large_image.E002',
            )
        ]
    return []


def check_speed(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """W009: georeferenced tiles are drawn without OpenCV. W010: PNG is compressed without isal."""
    from django_large_image.handles import registry

    # Only the reader over rasterio uses the two packages.
    if 'rasterio' not in registry.available_sources():
        return []
    messages: list[CheckMessage] = []
    if find_spec('cv2') is None:
        messages.append(
            Warning(
                'OpenCV is not installed, so georeferenced tiles are drawn by NumPy: several times slower, with the '
                'same pixels.',
                hint="Install it: pip install 'django-large-image[rasterio]', or opencv-python-headless alone.",
                id='django_large_image.W009',
            )
        )
    if find_spec('isal') is None:
        messages.append(
            Warning(
                'isal is not installed, so PNG is compressed by zlib: about four times slower, with the same pictures.',
                hint="Install it: pip install 'django-large-image[rasterio]', or isal alone.",
                id='django_large_image.W010',
            )
        )
    return messages


def check_settings(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """W003: a setting that does not exist. E011: a wrong FILE_VERSION. W008: every host is allowed for image URLs."""
    known = {*DEFAULTS, *FORWARDED}
    messages: list[CheckMessage] = []
    for name in dir(project):
        short = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and short not in known:
            close = difflib.get_close_matches(short, known, n=1)
            messages.append(
                Warning(
                    f'There is no setting {name}.',
                    hint=f'Did you mean {PREFIX}{close[0]}?'
                    if close
                    else 'See the list of settings in the docs.',
                    id='django_large_image.W003',
                )
            )
    if settings.FILE_VERSION not in ('inode', 'mtime'):
        messages.append(
            Error(
                f"LARGE_IMAGE_FILE_VERSION is {settings.FILE_VERSION!r}; it has to be 'inode' or 'mtime'.",
                hint="Leave it out for 'inode'; 'mtime' is for copies of the files on several hosts.",
                id='django_large_image.E011',
            )
        )
    if '*' in settings.ALLOWED_HOSTS or '*' in settings.PRIVATE_HOSTS:
        messages.append(
            Warning(
                'Images may come from every host.',
                hint='Name the hosts in LARGE_IMAGE_ALLOWED_HOSTS; with "*" a user can make this server ask any.',
                id='django_large_image.W008',
            )
        )
    return messages


def check_cache(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """E004: the cache alias is missing. W005: each worker has a tile cache of its own."""
    try:
        caches[settings.CACHE_NAME]
    except InvalidCacheBackendError:
        return [
            Error(
                f'LARGE_IMAGE_CACHE_NAME is {settings.CACHE_NAME!r}, and CACHES has no such alias.',
                hint=f'Add it to CACHES or use one of: {", ".join(caches.settings)}.',
                id='django_large_image.E004',
            )
        ]
    return _per_process_cache() if _configured_workers() > 1 else []


def check_cache_timeout(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """W012: a Redis that hangs would hold up every tile."""
    about = caches.settings.get(settings.CACHE_NAME, {})
    options = {str(name).lower() for name in about.get('OPTIONS', {})}
    options |= {str(name).lower() for name in about.get('OPTIONS', {}).get('CONNECTION_POOL_KWARGS', {})}
    if 'redis' not in str(about.get('BACKEND', '')).lower() or 'socket_timeout' in options:
        return []
    if 'socket_timeout=' in str(about.get('LOCATION', '')):
        return []
    return [
        Warning(
            f'The Redis cache {settings.CACHE_NAME!r} has no socket timeout: if the server hangs, so does every tile.',
            hint="Add one to it in CACHES: 'OPTIONS': {'socket_timeout': 0.5, 'socket_connect_timeout': 0.5}.",
            id='django_large_image.W012',
        )
    ]


def check_cache_deploy(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """W005 for `check --deploy`, whatever the number of workers is: a site is rarely deployed with one."""
    return _per_process_cache() if _configured_workers() <= 1 else []


def _per_process_cache() -> list[CheckMessage]:
    try:
        backend = caches[settings.CACHE_NAME]
    except InvalidCacheBackendError:
        return []
    if not isinstance(backend, LocMemCache):
        return []
    return [
        Warning(
            f'The tile cache {settings.CACHE_NAME!r} is in the memory of each process.',
            hint='With several workers each renders and keeps its own tiles. Use a shared cache, such as Redis.',
            id='django_large_image.W005',
        )
    ]


def _configured_workers() -> int:
    """Return the number of workers that gunicorn's and uvicorn's environment variables ask for; 1 if none does."""
    match = re.search(r'(?:--workers|-w)[ =]?(\d+)', os.environ.get('GUNICORN_CMD_ARGS', ''))
    number = match.group(1) if match else os.environ.get('WEB_CONCURRENCY', '1')
    return int(number) if number.isdigit() else 1


def check_viewsets(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """W006: URL images without allowed hosts. W007: a viewset without FILE_FIELD_NAME, or with a wrong one."""
    try:
        # Import the URLconf, and with it the viewsets, as Django's own check of the URLs does.
        _ = get_resolver().url_patterns
    except Exception:
        # A project's modules may raise anything. Django reports that itself, with its traceback.
        return []
    from django_large_image.rest.viewsets import LargeImageFileDetailMixin

    messages: list[CheckMessage] = []
    for viewset in _subclasses(LargeImageFileDetailMixin):
        queryset = getattr(viewset, 'queryset', None)
        if queryset is None:
            continue
        name = viewset.FILE_FIELD_NAME
        fields = {field.name: field for field in queryset.model._meta.get_fields()}
        if name not in fields and not hasattr(queryset.model, name or ' '):
            messages.append(
                Warning(
                    f'{viewset.__module__}.{viewset.__qualname__}.FILE_FIELD_NAME is {name!r}, which '
                    f'{queryset.model._meta.label} does not have.',
                    hint='Set it to the name of the field that holds the image.',
                    obj=queryset.model,
                    id='django_large_image.W007',
                )
            )
        elif isinstance(fields.get(name), URLField) and not settings.ALLOWED_HOSTS:
            messages.append(
                Warning(
                    f'{queryset.model._meta.label}.{name} holds URLs of images, and no host is allowed.',
                    hint='Name the hosts in LARGE_IMAGE_ALLOWED_HOSTS.',
                    obj=queryset.model,
                    id='django_large_image.W006',
                )
            )
    return messages


def _subclasses(cls: type[Viewset]) -> list[type[Viewset]]:
    direct = cls.__subclasses__()
    found = [*direct, *(inner for outer in direct for inner in _subclasses(outer))]
    return [c for c in dict.fromkeys(found) if not c.__module__.startswith('django_large_image.')]
