"""The form of an upload."""

from django import forms

from gallery.models import Image


class UploadForm(forms.ModelForm):
    """A file with a name. On S3 the field brings a widget that sends the file straight to the bucket."""

    class Meta:
        model = Image
        fields = ['name', 'description', 'file', 'public']
        widgets = {'description': forms.Textarea(attrs={'rows': 3})}
