"""What each system check looks at, one by one: a source that is left out, a field that is none, every private host."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings
from rest_framework import viewsets

from django_large_image.checks import setup
from django_large_image.rest import LargeImageFileDetailMixin
from tests.app.models import ImageFile
from tests.test_checks import ids, installed


@pytest.mark.parametrize(
    ('names', 'allowed', 'expected'),
    [
        (('rasterio', 'pil'), ('tiff', 'openslide'), ['E001']),
        (('rasterio', 'pil'), ('pil',), []),
        # These are never used, whatever a project asks for.
        (('multi', 'test'), ('multi', 'test'), ['E001']),
        (('multi', 'pil'), ('multi', 'pil'), []),
        (('rasterio',), (), ['E001']),
    ],
)
def test_a_source_has_to_be_installed_and_allowed(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], allowed: tuple[str, ...], expected: list[str]
) -> None:
    installed(monkeypatch, *names)
    with override_settings(LARGE_IMAGE_SOURCES=allowed):
        assert ids(setup.check_sources(None)) == expected


@pytest.mark.parametrize(
    ('allowed', 'private', 'expected'),
    [
        (['*'], [], ['W008']),
        (['images.example.org'], ['*'], ['W008']),
        (['*'], ['*'], ['W008']),
        (['*.example.org', 'example.org'], ['10.0.0.1'], []),
        ([], [], []),
    ],
)
def test_every_host_is_a_warning(allowed: list[str], private: list[str], expected: list[str]) -> None:
    with override_settings(LARGE_IMAGE_ALLOWED_HOSTS=allowed, LARGE_IMAGE_PRIVATE_HOSTS=private):
        assert ids(setup.check_settings(None)) == expected


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('file', []),
        # Not a field: an attribute of the model, such as a property that returns a file.
        ('preview', []),
        ('picture', ['W007']),
        ('', ['W007']),
    ],
)
def test_the_field_of_the_image_has_to_be_there(
    monkeypatch: pytest.MonkeyPatch, name: str, expected: list[str]
) -> None:
    class Viewset(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = name

    def only(cls: type) -> list[Any]:
        assert Viewset in cls.__subclasses__()
        return [Viewset]

    monkeypatch.setattr(setup, '_subclasses', only)
    monkeypatch.setattr(ImageFile, 'preview', property(lambda self: self.file), raising=False)
    messages = setup.check_viewsets(None)
    assert ids(messages) == expected
    if expected:
        assert f'FILE_FIELD_NAME is {name!r}' in messages[0].msg
        assert messages[0].obj is ImageFile
