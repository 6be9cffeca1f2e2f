"""What the API says of an image."""

from rest_framework import serializers

from gallery.models import Image


class ImageSerializer(serializers.HyperlinkedModelSerializer):
    """An image without its file, which is not for download."""

    class Meta:
        model = Image
        fields = ['url', 'id', 'name', 'description', 'public', 'style', 'created']
        extra_kwargs = {'url': {'view_name': 'image-detail'}}
