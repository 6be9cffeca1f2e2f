"""`LargeImageWidget`: the input of a file, and the viewer of the one that is saved."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.renderers import TemplatesSetting

from django_large_image.admin import LargeImageWidget
from django_large_image.exceptions import Misconfigured
from tests.app.models import ImageFile
from tests.pages.html import Page
from tests.pages.sites import ImageForm

pytestmark = pytest.mark.django_db


def test_a_saved_file_is_shown(image_file: Any) -> None:
    image = image_file('rgb')
    form = ImageForm(instance=image)
    page = Page(form.as_p())
    assert page.one('large-image-viewer').given == {'src': f'/images/{image.pk}', 'controls': 'zoom'}
    assert page.one('input', type='file')['name'] == 'file'
    media = Page(str(form.media))
    media.assert_strict()
    assert media.scripts() == ['/static/django_large_image/viewer.js']
    assert media.one('script')['type'] == 'module'
    assert media.styles() == ['/static/django_large_image/pages.css']


def test_without_a_saved_file_there_is_the_input_alone(image_file: Any) -> None:
    unsaved = ImageFile(file='a.tif')
    upload = {'file': SimpleUploadedFile('new.tif', b'x')}
    for form in (ImageForm(), ImageForm(instance=unsaved), ImageForm({'name': ''}, upload)):
        page = Page(form.as_p())
        assert not page.all('large-image-viewer')
        assert page.one('input', type='file')


def test_a_form_with_errors_shows_the_file_that_is_there(image_file: Any) -> None:
    form = ImageForm({'name': ''}, instance=image_file('rgb'))
    assert not form.is_valid()
    assert Page(form.as_p()).one('large-image-viewer')


def test_it_works_with_the_templates_of_the_project(image_file: Any, settings: Any) -> None:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, 'django.forms']
    form = ImageForm(instance=image_file('rgb'), renderer=TemplatesSetting())
    assert Page(form.as_p()).one('large-image-viewer')


def shown(image: ImageFile, **options: Any) -> dict[str, str | None]:
    """Return the attributes of the viewer in a form whose widget has these options."""
    fields = {'file': forms.FileField(widget=LargeImageWidget(**options))}
    form = type('Form', (forms.Form,), fields)(initial={'file': image.file})
    return Page(form.as_p()).one('large-image-viewer').given


def test_where_the_image_is_may_be_said(image_file: Any) -> None:
    image = image_file('rgb')
    assert shown(image, src='/x"y') == {'src': '/x"y'}
    assert shown(image, src=lambda instance: f'/own/{instance.pk}') == {'src': f'/own/{image.pk}'}
    assert shown(image, basename='default-image', frame=2) == {
        'src': f'/default/images/{image.pk}/',
        'frame': '2',
    }
    with pytest.raises(Misconfigured, match="'nowhere'"):
        shown(image, basename='nowhere')


def test_what_the_input_takes_stays(image_file: Any) -> None:
    form = type(
        'Form',
        (forms.Form,),
        {'file': forms.FileField(required=False, widget=LargeImageWidget({'accept': '.tif'}))},
    )
    image = image_file('rgb')
    page = Page(form(initial={'file': image.file}).as_p())
    assert page.one('input', type='file')['accept'] == '.tif'
    assert page.one('input', type='checkbox')['name'] == 'file-clear'
    cleared = form({'file-clear': 'on'}, initial={'file': image.file})
    assert cleared.is_valid() and cleared.cleaned_data['file'] is False
