"""Images in Django's admin: a viewer in the change form, thumbnails in the list, and a widget for file fields.

A ModelAdmin needs the mixin and no viewset: the endpoints are mounted below the admin's own addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten, flatten_fieldsets, quote
from django.core.checks import CheckMessage
from django.core.files import File
from django.db.models import FileField, Model, URLField
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_large_image import elements
from django_large_image.checks import pages
from django_large_image.pixels import Json
from django_large_image.rest.pages import admin_views
from django_large_image.rest.pages.addresses import ACTION, END, object_address

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldOpts, _FieldsetSpec, _ListDisplayT
    from django.forms.models import BaseInlineFormSet, ModelForm
    from django.utils.datastructures import _ListOrTuple
    from django_stubs_ext import StrOrPromise

    Fieldset = tuple[StrOrPromise | None, _FieldOpts]

    # Any, here and for objects: the model is that of the project's own class.
    _BaseModelAdmin = admin.options.BaseModelAdmin[Any]
    _ModelAdmin = admin.ModelAdmin[Any]
    _InlineModelAdmin = admin.options.InlineModelAdmin[Any, Any]
else:
    _BaseModelAdmin = _ModelAdmin = _InlineModelAdmin = object

#: The names of the columns.
PREVIEW, THUMBNAIL = 'large_image_preview', 'large_image_thumbnail'
# Any: the stubs know only texts in `Media`.
VIEWER: Any = forms.Script(elements.BUNDLES['viewer'], type='module')
#: The script that opens the viewers of inlines.
OPENER: Any = forms.Script('django_large_image/admin.js', defer=True)


def image_fields(model: type[Model]) -> list[str]:
    """Return the names of a model's fields that can hold an image: of files, of URLs, and rasters."""
    return [
        field.name
        for field in model._meta.get_fields()
        if isinstance(field, FileField | URLField)
        # By its name, because its module needs GeoDjango's libraries.
        or any(base.__name__ == 'RasterField' for base in type(field).__mro__)
    ]


class _Images(_BaseModelAdmin):
    """What the admin of a model and an inline have in common."""

    #: The name of the field with the image. It may be empty if only one field can hold an image.
    large_image_field: str = ''

    def get_large_image_field(self) -> str:
        """Return the name of the field with the image; '' if none is named and not exactly one can hold an image."""
        found = image_fields(self.model)
        return self.large_image_field or (found[0] if len(found) == 1 else '')

    def has_large_image(self, obj: Any) -> bool:
        """Return whether a saved object has an image to show."""
        field = self.get_large_image_field()
        return bool(field and obj is not None and not obj._state.adding and getattr(obj, field, None))

    def large_image_address(self, obj: Any) -> str:
        """Return the address of the object's endpoints in the admin; '' if the admin has none."""
        raise NotImplementedError

    def _address(self, model: type[Model], of_inline: bool, **keys: str) -> str:
        name = admin_views.route_name(
            model, getattr(admin_views.AdminImageViewSet, ACTION).url_name, of_inline
        )
        found = reverse(f'admin:{name}', kwargs=keys, current_app=self.admin_site.name)
        return found.removesuffix(f'/{END}')

    def _thumbnail(self, obj: Model, size: int) -> SafeString:
        return format_html(
            '<img class="large-image-thumbnail" src="{}/data/thumbnail.png?max_width={}&amp;max_height={}" alt="{}" '
            'width="{}" height="{}" loading="lazy" decoding="async">',
            self.large_image_address(obj), 2 * size, 2 * size, str(obj), size, size,
        )  # fmt: skip


class LargeImageAdminMixin(_Images, _ModelAdmin):
    """Show the image of a model: `class ImageAdmin(LargeImageAdminMixin, admin.ModelAdmin)`.

    `large_image_preview = None` leaves the viewer out, `large_image_thumbnail = None` the column.
    """

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the admin, with the endpoints of the images before them."""
        return [*admin_views.patterns(self), *super().get_urls()]

    def large_image_address(self, obj: Any) -> str:
        """Return the address of the object's endpoints in the admin."""
        return self._address(self.model, False, pk=quote(obj.pk))

    @admin.display(description=_('Image'))
    def large_image_preview(self, obj: Any) -> str:
        """Return the HTML of an object's viewer, or the admin's value for empty fields."""
        if not self.has_large_image(obj):
            return self.get_empty_value_display()
        viewer = elements.element('viewer', self.large_image_address(obj))
        return format_html('<div class="large-image-preview">{}</div>', viewer)

    @admin.display(description=_('Image'))
    def large_image_thumbnail(self, obj: Any) -> str:
        """Return the HTML of an object's thumbnail, or the admin's value for empty fields."""
        return self._thumbnail(obj, 64) if self.has_large_image(obj) else self.get_empty_value_display()

    def get_list_display(self, request: HttpRequest) -> _ListDisplayT[Any]:
        """Return the columns of the list, with the thumbnail last."""
        found = super().get_list_display(request)
        shown = self.get_large_image_field() and self.large_image_thumbnail is not None
        return [*found, THUMBNAIL] if shown and THUMBNAIL not in found else found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> _ListOrTuple[str]:
        """Return the read-only fields, with the viewer among them."""
        return _with_preview(self, super().get_readonly_fields(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> _FieldsetSpec:
        """Return the fieldsets. If there is an image, the viewer is where the project has it, or else first."""
        found = super().get_fieldsets(request, obj)
        shown = PREVIEW in self.get_readonly_fields(request, obj) and self.has_large_image(obj)
        placed = PREVIEW in (
            flatten_fieldsets(self.fieldsets) if self.fieldsets else flatten(self.fields or ())
        )
        if shown and placed:
            return found
        first: list[Fieldset] = [(None, {'fields': [PREVIEW], 'classes': ['large-image']})] if shown else []
        return first + _without_preview(found)

    def render_change_form(
        self,
        request: HttpRequest,
        context: Json,
        add: bool = False,
        change: bool = False,
        form_url: str = '',
        obj: Any = None,
    ) -> HttpResponse:
        """Add the script of the viewer to a change form that has one."""
        if self.large_image_preview is not None and self.has_large_image(obj):
            context['media'] += forms.Media(js=[VIEWER])
        return super().render_change_form(request, context, add, change, form_url, obj)

    @property
    def media(self) -> forms.Media:
        """Return the admin's static files, with the style of viewers and thumbnails."""
        return super().media + forms.Media(css={'all': [elements.STYLE]})

    def check(self, **kwargs: object) -> list[CheckMessage]:
        """Check that the field with the image is known."""
        # A model without images may have inlines with images.
        inlines = any(issubclass(inline, LargeImageInlineMixin) for inline in self.inlines)
        found = pages.field_messages(self, image_fields(self.model), needed=not inlines)
        return [*super().check(**kwargs), *found]


class LargeImageInlineMixin(_Images, _InlineModelAdmin):
    """Show the images of an inline: in each row a thumbnail, and the viewer at the press of a button.

    The ModelAdmin of the parent needs `LargeImageAdminMixin`, which has the endpoints.
    """

    _parent: Model | None = None

    @property
    def large_image_key(self) -> str:
        """Return the name of the inline in addresses."""
        return f'{self.model._meta.label_lower}.{type(self).__name__}'

    def get_formset(
        self, request: HttpRequest, obj: Any = None, **kwargs: object
    ) -> type[BaseInlineFormSet[Any, Any, ModelForm[Any]]]:
        """Return the class of the formset, and remember the parent: Django makes an inline for one request."""
        self._parent = obj
        return super().get_formset(request, obj, **kwargs)

    def large_image_address(self, obj: Any) -> str:
        """Return the address of the row's endpoints in the admin; '' if its parent's admin has none."""
        if self._parent is None:
            return ''
        keys = {'parent': quote(self._parent.pk), 'inline': self.large_image_key, 'pk': quote(obj.pk)}
        try:
            return self._address(self.parent_model, True, **keys)
        except NoReverseMatch:
            return ''

    @admin.display(description=_('Image'))
    def large_image_preview(self, obj: Any) -> str:
        """Return the HTML of a thumbnail, and of a button that shows the viewer instead."""
        if not self.has_large_image(obj) or not self.large_image_address(obj):
            return self.get_empty_value_display()
        # In a <template>, so that the viewer loads nothing until the button is pressed.
        return format_html(
            '<span class="large-image-lazy">{} <button type="button" class="button" aria-expanded="false" '
            'data-other="{}">{}</button><template>{}</template></span>',
            self._thumbnail(obj, 64), _('Hide'), _('Show'),
            elements.element('viewer', self.large_image_address(obj)),
        )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> _ListOrTuple[str]:
        """Return the read-only fields, with the thumbnail among them."""
        return _with_preview(self, super().get_readonly_fields(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> _FieldsetSpec:
        """Return the fieldsets of a row. With a parent, the thumbnail is where the project has it, or else last."""
        found = super().get_fieldsets(request, obj)
        if obj is None or PREVIEW not in self.get_readonly_fields(request, obj):
            return _without_preview(found)
        if PREVIEW in flatten_fieldsets(found):
            return found
        *others, (name, options) = found
        return [*others, (name, {**options, 'fields': [*options['fields'], PREVIEW]})]

    @property
    def media(self) -> forms.Media:
        """Return the admin's static files, with the style; and with the scripts if there is a parent, and so rows."""
        scripts = [] if self._parent is None else [VIEWER, OPENER]
        return super().media + forms.Media(css={'all': [elements.STYLE]}, js=scripts)

    def check(self, *args: object, **kwargs: object) -> list[CheckMessage]:
        """Check that the field with the image is known, and that the parent has the endpoints."""
        registered = self.admin_site._registry.get(self.parent_model)
        mounted = registered is None or isinstance(registered, LargeImageAdminMixin)
        found = pages.field_messages(self, image_fields(self.model))
        return [*super().check(*args, **kwargs), *found, *pages.inline_messages(self, mounted)]


def _with_preview(
    model_admin: LargeImageAdminMixin | LargeImageInlineMixin, fields: _ListOrTuple[str]
) -> _ListOrTuple[str]:
    shown = model_admin.get_large_image_field() and model_admin.large_image_preview is not None
    return [*fields, PREVIEW] if shown and PREVIEW not in fields else fields


def _without_preview(fieldsets: _FieldsetSpec) -> list[Fieldset]:
    """Return fieldsets without the viewer, and without a fieldset that had nothing else."""
    found: list[Fieldset] = []
    for title, options in fieldsets:
        rows: list[str | list[str] | tuple[str, ...]] = [
            tuple(name for name in row if name != PREVIEW) if isinstance(row, list | tuple) else row
            for row in options['fields']
        ]
        rows = [row for row in rows if row and row != PREVIEW]
        if rows or not options['fields']:
            found.append((title, {**options, 'fields': rows}))
    return found


class LargeImageWidget(forms.ClearableFileInput):
    """The input of a file field, with a viewer of the saved file.

    `src` is the address of the object in the API, or a function that returns it for an object. Without `src` the
    address is that of the first viewset of the model in the URLconf, or of the viewset that `basename` names. Further
    keywords are attributes of the element.
    """

    template_name = 'django_large_image/widgets/large_image.html'

    def __init__(
        self,
        attrs: Json | None = None,
        *,
        src: str | Callable[[Any], str] | None = None,
        basename: str | None = None,
        **values: object,
    ) -> None:
        super().__init__(attrs)
        self.src, self.basename, self.values = src, basename, values

    def get_context(self, name: str, value: File[bytes] | str | None, attrs: Json | None) -> Json:
        """Return the context of the template, with the viewer if there is a saved file; raises `Misconfigured`."""
        context = super().get_context(name, value, attrs)
        instance = getattr(value, 'instance', None)
        if self.is_initial(value) and instance is not None and not instance._state.adding:
            src = self.src(instance) if callable(self.src) else self.src
            address = src or object_address(instance, self.basename)
            context['widget']['viewer'] = elements.element('viewer', address, **self.values)
        return context

    @property
    def media(self) -> forms.Media:
        """Return the style and the script of the viewer."""
        return forms.Media(css={'all': [elements.STYLE]}, js=[VIEWER])
