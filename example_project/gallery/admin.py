"""The gallery in Django's admin."""

from django.contrib import admin

from gallery.models import Image


@admin.register(Image)
class ImageAdmin(admin.ModelAdmin):
    """Add, rename, hide and delete images."""

    list_display = ['name', 'public', 'owner', 'created']
    list_filter = ['public']
    search_fields = ['name', 'description']
