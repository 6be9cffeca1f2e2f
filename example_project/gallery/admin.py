"""The gallery in Django's admin."""

from django.contrib import admin

from django_large_image.admin import LargeImageAdminMixin
from gallery.models import Image


@admin.register(Image)
class ImageAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    """Add, rename, hide and delete images; each is shown on its page, and small in the list."""

    list_display = ['large_image_thumbnail', 'name', 'public', 'owner', 'created']
    list_display_links = ['name']
    list_filter = ['public']
    search_fields = ['name', 'description']
