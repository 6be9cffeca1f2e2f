"""System checks of the pages, the elements and the admin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from django.apps import AppConfig
from django.conf import settings as project
from django.core.checks import CheckMessage, Error, Warning
from django.db.models import Model
from django.utils.functional import Promise

from django_large_image.conf import settings
from django_large_image.elements import BUNDLES, LAYER_KEYS

if TYPE_CHECKING:
    from django.contrib.admin.options import InlineModelAdmin

#: Where the package's static files are.
STATIC = Path(__file__).parent.parent / 'static'


def check_base_layers(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """E013: a base layer that the elements cannot show."""
    layers = settings.BASE_LAYERS
    if not isinstance(layers, list | tuple):
        return [_base_layers('is no list')]
    names: set[str] = set()
    for number, layer in enumerate(layers):
        wrong = _what_is_wrong(layer) or ('has the name of another one' if layer['name'] in names else '')
        if wrong:
            return [_base_layers(f'[{number}] {wrong}')]
        names.add(layer['name'])
    return []


def _what_is_wrong(layer: object) -> str:
    """Return what is wrong with a base layer; '' if nothing is."""
    if not isinstance(layer, dict):
        return 'is no dictionary'
    for key, needed in LAYER_KEYS.items():
        value = layer.get(key)
        if (needed and not value) or (value is not None and not isinstance(value, str | Promise)):
            return f'has no text as its {key}'
    if unknown := [str(key) for key in layer if key not in LAYER_KEYS]:
        return f'has the unknown key {unknown[0]}'
    if missing := [name for name in ('{z}', '{x}', '{y}') if name not in str(layer['url'])]:
        return f'has a URL without {missing[0]}'
    if layer['name'] in ('none', 'outline', 'natural-earth'):
        return f'has the name of a layer that is built in, {layer["name"]}'
    return ''


def _base_layers(wrong: str) -> CheckMessage:
    return Error(
        f'LARGE_IMAGE_BASE_LAYERS{"" if wrong.startswith("[") else " "}{wrong}.',
        hint="It is a list of dictionaries: {'name': 'Streets', 'url': 'https://…/{z}/{x}/{y}.png', "
        "'attribution': '© …'}; the attribution may be missing.",
        id='django_large_image.E013',
    )


def check_static(app_configs: list[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """W014: a setting removes files that the bundles load. W015: the bundles are missing."""
    messages: list[CheckMessage] = []
    if getattr(project, 'WHITENOISE_KEEP_ONLY_HASHED_FILES', False):
        messages.append(
            Warning(
                'WHITENOISE_KEEP_ONLY_HASHED_FILES removes files that the viewer and the globe load.',
                hint='The bundles know their neighbours by names without a hash. Leave the setting out.',
                id='django_large_image.W014',
            )
        )
    if missing := [name for name in BUNDLES.values() if not (STATIC / name).is_file()]:
        messages.append(
            Warning(
                f'{" and ".join(missing)} of the static files are missing: pages and the admin show no image.',
                hint='In a checkout they have to be built: make frontend. The package on PyPI has them.',
                id='django_large_image.W015',
            )
        )
    return messages


class ImageAdmin(Protocol):
    """What the admin of a model and an inline with images have in common."""

    large_image_field: str

    @property
    def model(self) -> type[Model]:
        """Return the model."""


def field_messages(model_admin: ImageAdmin, candidates: list[str], needed: bool = True) -> list[CheckMessage]:
    """E016: it is not known which field has the image. `needed` says that the model must have one."""
    named = model_admin.large_image_field
    model = model_admin.model
    if named and not hasattr(model, named) and named not in {f.name for f in model._meta.get_fields()}:
        wrong = f'is {named!r}, which {model._meta.label} does not have'
    elif not named and (len(candidates) > 1 or (needed and not candidates)):
        wrong = f'is not set, and {model._meta.label} has {len(candidates)} fields that can hold an image'
    else:
        return []
    return [
        Error(
            f'{type(model_admin).__name__}.large_image_field {wrong}.',
            hint='Set it to the name of the field that holds the image'
            + (f': {" or ".join(candidates)}.' if candidates else '.'),
            obj=type(model_admin),
            id='django_large_image.E016',
        )
    ]


def inline_messages(inline: InlineModelAdmin[Model, Model], mounted: bool) -> list[CheckMessage]:
    """E017: there are no endpoints for the viewers of an inline; `mounted` says whether there are."""
    if mounted:
        return []
    return [
        Error(
            f'{type(inline).__name__} shows images, and the admin of {inline.parent_model._meta.label} has no '
            'endpoints for them.',
            hint='Add LargeImageAdminMixin to it, before ModelAdmin.',
            obj=type(inline),
            id='django_large_image.E017',
        )
    ]
