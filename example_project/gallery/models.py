"""The gallery's one model."""

import json
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models

from gallery.fields import image_file_field


class ImageQuerySet(models.QuerySet['Image']):
    """The images, and who may see them."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> 'ImageQuerySet':
        """Return the public images, the user's own and, for staff, all."""
        if getattr(user, 'is_staff', False):
            return self
        own = models.Q(owner=user) if user.is_authenticated else models.Q()
        return self.filter(models.Q(public=True) | own)


class Image(models.Model):
    """An image file with a name."""

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    file = image_file_field()
    public = models.BooleanField(
        default=True, help_text='Everybody sees a public image, else its owner and staff.'
    )
    style = models.JSONField(
        null=True, blank=True, help_text='How values become colours at first, as the API takes it.'
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ['pk']

    def __str__(self) -> str:
        return self.name

    @property
    def thumbnail_query(self) -> str:
        """Return what to ask a thumbnail of the gallery for: its size, and the style."""
        query = {'max_width': 480, 'max_height': 480}
        if self.style:
            query['style'] = json.dumps(self.style)
        return urlencode(query)
