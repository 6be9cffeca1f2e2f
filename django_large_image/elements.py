"""The custom elements as HTML: their attributes, and the files that they need."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.core.serializers.json import DjangoJSONEncoder
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from django_large_image.conf import settings

#: The names of the elements, and the bundles that define them.
ELEMENTS = {'viewer': 'large-image-viewer', 'globe': 'large-image-globe'}
BUNDLES = {'viewer': 'django_large_image/viewer.js', 'globe': 'django_large_image/globe.js'}
#: The style of our pages, and of what is around the elements in other pages.
STYLE = 'django_large_image/pages.css'
#: The keys of a base layer in the setting `BASE_LAYERS`, and whether they are required.
LAYER_KEYS = {'name': True, 'url': True, 'attribution': False}


def attributes(values: Mapping[str, object]) -> SafeString:
    """Return HTML attributes, each with a space before it.

    Underscores in names become dashes. Dictionaries and lists become JSON, and other values text. None and False leave
    an attribute out, and True is an attribute without a value. Everything is escaped, even a text that the project
    marked as safe: that is safe between tags, but not in an attribute.
    """
    return format_html_join(
        '',
        '{}',
        (
            (format_html(' {}' if value is True else ' {}="{}"', name.replace('_', '-'), _text(value)),)
            for name, value in values.items()
            if value is not None and value is not False
        ),
    )


def _text(value: object) -> SafeString:
    if isinstance(value, dict | list | tuple):
        value = json.dumps(value, cls=DjangoJSONEncoder)
    return escape(str(value))


def defaults(kind: str) -> dict[str, object]:
    """Return the attributes of an element that come from the settings."""
    found: dict[str, object] = {'base_layers': settings.BASE_LAYERS or None}
    if kind == 'globe':
        found['ion_token'] = settings.CESIUM_ION_TOKEN or None
    else:
        found['colormaps'] = _colormaps()
    return found


def _colormaps() -> str | None:
    """Return the address below which pictures of palettes are, for legends; None if the URLconf does not have it."""
    try:
        return reverse('large-image-colormaps')
    except NoReverseMatch:
        return None


def element(kind: str, src: str, **values: object) -> SafeString:
    """Return an element that shows the image at the address `src`."""
    given = attributes({'src': src, **defaults(kind), **values})
    return format_html('<{0}{1}></{0}>', ELEMENTS[kind], given)


def style() -> SafeString:
    """Return the link to the style."""
    return format_html('<link rel="stylesheet" href="{}">', static(STYLE))


def script(kind: str) -> SafeString:
    """Return the script that defines an element."""
    return format_html('<script type="module" src="{}"></script>', static(BUNDLES[kind]))
