"""Create the images."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from gallery.fields import image_file_field


class Migration(migrations.Migration):
    """The model as it began; the field of the file is the one that fits the storage."""

    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name='Image',
            fields=[
                (
                    'id',
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name='ID'
                    ),
                ),
                ('name', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True)),
                ('file', image_file_field()),
                (
                    'public',
                    models.BooleanField(
                        default=True, help_text='Everybody sees a public image, else its owner and staff.'
                    ),
                ),
                ('created', models.DateTimeField(auto_now_add=True)),
                (
                    'owner',
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={'ordering': ['pk']},
        ),
    ]
