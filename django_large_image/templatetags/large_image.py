"""The elements in templates: `{% load large_image %}{% large_image_viewer object %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Model
from django.template import Context, TemplateSyntaxError
from django.utils.functional import Promise
from django.utils.html import json_script
from django.utils.safestring import SafeString

from django_large_image import elements
from django_large_image.exceptions import Misconfigured
from django_large_image.pixels import Json
from django_large_image.rest.pages.addresses import object_address

register = template.Library()

#: The key under which a page remembers which static files it has.
_KEY = 'django_large_image.brought'


@register.simple_tag(takes_context=True)
def large_image_viewer(
    context: Context, src: object, basename: str | None = None, **values: object
) -> SafeString:
    """Return the viewer of an image, with its script and style if the page does not have them yet.

    `src` is an address in the API, or an object of a model, whose viewset `basename` may name. Further keywords are
    attributes of the element. Raises `TemplateSyntaxError` for an image without an address.
    """
    return _brought(context, 'viewer') + elements.element('viewer', address(src, basename), **values)


@register.simple_tag(takes_context=True)
def large_image_globe(
    context: Context, src: object, basename: str | None = None, **values: object
) -> SafeString:
    """Return the globe with an image, as `large_image_viewer` returns the viewer."""
    return _brought(context, 'globe') + elements.element('globe', address(src, basename), **values)


@register.simple_tag(takes_context=True)
def large_image_style(context: Context) -> SafeString:
    """Return the link to the style; nothing if the page has it already."""
    return elements.style() if _first(context, 'style') else SafeString()


@register.simple_tag(takes_context=True)
def large_image_script(context: Context, kind: str) -> SafeString:
    """Return the script of `viewer` or `globe`; nothing if the page has it already."""
    return elements.script(_known(kind)) if _first(context, kind) else SafeString()


@register.simple_tag
def large_image_attributes(
    src: object, values: Json | None = None, basename: str | None = None
) -> SafeString:
    """Return `src` and further attributes of an element, for a template that writes the element by itself."""
    # A variable that is missing in the context is an empty text here.
    return elements.attributes(
        {'src': address(src, basename), **(values if isinstance(values, dict) else {})}
    )


@register.simple_tag
def large_image_base_layer(
    kind: str, base_layer: str | None = None, ion_token: str | None = None
) -> SafeString:
    """Return the attributes of the base layers: those of the settings, and the layer that is shown."""
    given = {'base_layer': base_layer or None} | ({'ion_token': ion_token} if ion_token else {})
    return elements.attributes(elements.defaults(_known(kind)) | given)


@register.simple_tag
def large_image_controls(controls: str | None = None) -> SafeString:
    """Return the attribute that says which controls there are; nothing for all of them."""
    return elements.attributes({'controls': controls or None})


@register.simple_tag(takes_context=True)
def large_image_globals(context: Context) -> SafeString:
    """Return what the templates of django-large-image 0.10 had as globals of scripts, as JSON for legacy.js."""
    found = {name: context.get(name) for name in ('imageId', 'baseEndpoint', 'host')}
    if found['imageId'] is None:
        shown = context.get('original') or context.get('object')
        found['imageId'] = getattr(shown, 'pk', None)
    given = {name: value for name, value in found.items() if value not in (None, '')}
    return json_script(given, 'large-image-globals')


def address(src: object, basename: str | None = None) -> str:
    """Return the address of an image; raises `TemplateSyntaxError` if it has none."""
    if isinstance(src, Model):
        try:
            return object_address(src, basename)
        except Misconfigured as error:
            raise TemplateSyntaxError(error.message) from error
    if isinstance(src, str | Promise) and str(src).strip() and not basename:
        return str(src).strip()
    raise TemplateSyntaxError(
        'src has to be an address in the API or an object of a model, and basename= goes with an object; '
        f'it is {src!r}.'
    )


def _known(kind: str) -> str:
    if kind not in elements.ELEMENTS:
        raise TemplateSyntaxError(f'There is no element {kind!r}; there are: {", ".join(elements.ELEMENTS)}.')
    return kind


def _brought(context: Context, kind: str) -> SafeString:
    return large_image_style(context) + large_image_script(context, kind)


def _first(context: Context, name: str) -> bool:
    """Return whether a page does not have a static file yet, and remember that it has it now."""
    # An included template has a layer of its own on top. That of the page is the first above the built-in names.
    # Any: for the stubs the layers hold only texts.
    layers: Any = context.render_context.dicts
    brought: set[str] = layers[min(1, len(layers) - 1)].setdefault(_KEY, set())
    if name in brought:
        return False
    brought.add(name)
    return True
