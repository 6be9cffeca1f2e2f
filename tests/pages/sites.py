"""Admin sites as projects have them: a plain one, one of two, and one that lets in only some; and their addresses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import URLField
from django.urls import path

from django_large_image.admin import LargeImageAdminMixin, LargeImageInlineMixin, LargeImageWidget
from tests.app import models


class ImageAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    """One line, as in the docs."""


class UrlAdmin(ImageAdmin):
    """The same for addresses, whose forms ask a question in Django 5.2."""

    formfield_overrides = {URLField: {'assume_scheme': 'https'}}


class NamedAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    """Everything of the project's own, and rows that not everyone sees."""

    large_image_field = 'file'
    list_display = ('name', 'private')
    list_editable = ('private',)
    readonly_fields = ('owner',)
    fieldsets = (('Names', {'fields': (('name', 'owner'),)}), ('Bytes', {'fields': ('file', 'private')}))

    def get_queryset(self, request: Any) -> Any:
        """Return the rows that are not private."""
        return super().get_queryset(request).filter(private=False)


class PlacedAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    """The viewer and the picture where the project wants them."""

    list_display = ('large_image_thumbnail', 'name')
    list_display_links = ('name',)
    fieldsets = (
        ('Names', {'fields': ('name',)}),
        ('Look', {'fields': (('large_image_preview', 'private'),)}),
    )


class ImageInline(LargeImageInlineMixin, admin.TabularInline):
    """The images of a user, one a row."""

    model = models.ImageFile
    extra = 2
    fields = ('name', 'file')


class StackedInline(LargeImageInlineMixin, admin.StackedInline):
    """The same, one below the other."""

    model = models.ImageFile
    extra = 1


class UserAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    """A model without an image, whose inlines have some."""

    fields = ('username',)
    inlines = (ImageInline, StackedInline)


class PickySite(admin.AdminSite):
    """A site that lets in whom it likes."""

    def has_permission(self, request: Any) -> bool:
        """Return whether the user is the one."""
        return bool(super().has_permission(request) and request.user.username == 'staff')


class ImageForm(forms.ModelForm):
    """A form with the widget."""

    class Meta:
        model = models.ImageFile
        fields = ('name', 'file')
        widgets = {'file': LargeImageWidget(controls='zoom')}


first = admin.AdminSite(name='first')
first.register(models.ImageFile, ImageAdmin)
first.register(models.UrlImage, UrlAdmin)
first.register(get_user_model(), UserAdmin)
if hasattr(models, 'S3Image'):
    first.register(models.S3Image, ImageAdmin)
second = admin.AdminSite(name='second')
second.register(models.ImageFile, NamedAdmin)
picky = PickySite(name='picky')
picky.register(models.ImageFile, PlacedAdmin)

urlpatterns = [
    path('first/', first.urls),
    path('here/second/', second.urls),
    path('picky/', picky.urls),
]
