"""The one model of the site."""

from django.db import models


class Image(models.Model):
    """An image and the name of its case."""

    name = models.CharField(max_length=100, unique=True)
    file = models.FileField(max_length=500)

    def __str__(self) -> str:
        return self.name
