"""How an image is shown at first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the style."""

    dependencies = [('gallery', '0001_initial')]

    operations = [
        migrations.AddField(
            model_name='image',
            name='style',
            field=models.JSONField(
                blank=True, help_text='How values become colours at first, as the API takes it.', null=True
            ),
        ),
    ]
