"""Create the tables of the test app."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.db import migrations, models

KEY = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')


def create_s3_image() -> list[Any]:
    """Return the creation of S3Image where django-s3-file-field is installed, else nothing."""
    if not find_spec('s3_file_field'):
        return []
    from s3_file_field import S3FileField

    fields = [('id', KEY.clone()), ('name', models.CharField(max_length=255)), ('blob', S3FileField())]
    return [migrations.CreateModel(name='S3Image', fields=fields, options={'ordering': ['pk']})]


class Migration(migrations.Migration):
    """The first and only migration."""

    initial = True
    dependencies = (migrations.swappable_dependency(settings.AUTH_USER_MODEL),)
    operations = (
        migrations.CreateModel(
            name='ImageFile',
            fields=[
                ('id', KEY.clone()),
                ('name', models.CharField(max_length=255)),
                ('file', models.FileField(max_length=1024, upload_to='')),
                ('private', models.BooleanField(default=False)),
                (
                    'owner',
                    models.ForeignKey(
                        null=True,
                        on_delete=models.CASCADE,
                        related_name='images',
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={'ordering': ['pk']},
        ),
        migrations.CreateModel(
            name='UrlImage',
            fields=[
                ('id', KEY.clone()),
                ('name', models.CharField(max_length=255)),
                ('url', models.URLField(max_length=2048)),
            ],
            options={'ordering': ['pk']},
        ),
        *create_s3_image(),
    )
