"""What a file that would not be served gets on upload."""

from __future__ import annotations

import io
import pathlib
import tempfile
from typing import Any

import numpy as np
import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile
from django.db import models
from django.db.migrations.writer import MigrationWriter
from PIL import Image
from rest_framework import serializers

from django_large_image import handles
from django_large_image.access.localcopy import copies_folder
from django_large_image.validators import validate_image
from tests.app.models import ImageFile

pytestmark = pytest.mark.django_db


def png(width: int = 300, height: int = 200) -> bytes:
    output = io.BytesIO()
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(output, 'PNG')
    return output.getvalue()


def on_disk(name: str, body: bytes) -> TemporaryUploadedFile:
    upload = TemporaryUploadedFile(name, 'image/png', len(body), None)
    upload.write(body)
    upload.seek(0)
    upload.file.flush()
    return upload


def in_memory(name: str, body: bytes) -> InMemoryUploadedFile:
    return InMemoryUploadedFile(io.BytesIO(body), 'file', name, 'image/png', len(body), None)


BAD = {
    'text': (b'Dear all, this is no image.\n' * 40, 'image_unreadable'),
    'empty': (b'', 'image_unreadable'),
    'cut': (png()[:40], 'image_unreadable'),
    'vrt': (b'<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>', 'image_unreadable'),
    'large': (png(9000, 9000), 'needs_conversion'),
}


@pytest.fixture
def validated(monkeypatch: Any) -> type[models.Model]:
    """Return a model whose field has the validator."""
    field = ImageFile._meta.get_field('file')
    monkeypatch.setitem(field.__dict__, 'validators', [*field.validators, validate_image])
    return ImageFile


@pytest.mark.parametrize('upload', [on_disk, in_memory])
@pytest.mark.parametrize('name', BAD)
def test_what_is_not_served_is_refused(upload: Any, name: str) -> None:
    body, code = BAD[name]
    with pytest.raises(ValidationError) as raised, upload('a.png', body) as file:
        validate_image(file)
    assert raised.value.code == code
    assert tempfile.gettempdir() not in raised.value.message


@pytest.mark.parametrize('upload', [on_disk, in_memory])
@pytest.mark.parametrize('name', ['a.png', '../../a b.png', '.png', '', 'ä' * 300 + '.png'])
def test_an_image_is_accepted_and_nothing_of_it_stays(
    upload: Any, name: str, settings: Any, tmp_path: pathlib.Path
) -> None:
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(tmp_path)
    with upload('a.png', png()) as file:
        file._name = name
        validate_image(file)
        assert file.read() == png()
    assert handles.handle_pool.stats()['handles'] == 0
    assert not [entry for entry in copies_folder().iterdir() if entry.name.startswith(('region-', 'link-'))]


@pytest.mark.parametrize('name', ['rgb', 'dem', 'ome', 'gif', 'jpeg'])
def test_images_of_all_readers_are_accepted(images: Any, name: str) -> None:
    path: pathlib.Path = images(name)
    validate_image(SimpleUploadedFile(path.name, path.read_bytes()))
    assert handles.handle_pool.stats()['handles'] == 0


def test_a_form_says_so_before_anything_is_saved(validated: Any, media: pathlib.Path) -> None:
    form_class = forms.modelform_factory(validated, fields=['name', 'file'])
    by_admin = admin.ModelAdmin(validated, admin.site).get_form(None, fields=['name', 'file'])
    for cls in (form_class, by_admin):
        form = cls({'name': 'a'}, {'file': SimpleUploadedFile('a.png', BAD['text'][0])})
        assert not form.is_valid()
        assert form.errors == {'file': ['The file is of no image format that is served.']}
    assert not list(media.iterdir())
    form = form_class({'name': 'a'}, {'file': SimpleUploadedFile('a.png', png())})
    assert form.is_valid(), form.errors
    saved = form.save()
    assert saved.file.read() == png()
    saved.file.close()
    # What is stored is not looked at again.
    pathlib.Path(saved.file.path).write_text('no image any more')
    again = form_class({'name': 'b'}, {}, instance=validated.objects.get(pk=saved.pk))
    assert again.is_valid()


def test_a_serializer_says_so(validated: Any) -> None:
    class Serializer(serializers.ModelSerializer):
        class Meta:
            model = validated
            fields = ('name', 'file')

    serializer = Serializer(data={'name': 'a', 'file': SimpleUploadedFile('a.png', BAD['text'][0])})
    assert not serializer.is_valid()
    assert serializer.errors['file'] == ['The file is of no image format that is served.']


def test_it_stands_in_migrations_by_its_name() -> None:
    text, imports = MigrationWriter.serialize(models.FileField(validators=[validate_image]))
    assert 'django_large_image.validators.validate_image' in text
    assert 'import django_large_image.validators' in imports


def test_a_fault_of_the_server_is_not_the_users(monkeypatch: Any, caplog: Any) -> None:
    from django_large_image.exceptions import ServerFault

    def fail(*args: Any, **kwargs: Any) -> None:
        raise ServerFault()

    monkeypatch.setattr(handles, 'check', fail)
    validate_image(SimpleUploadedFile('a.png', png()))
    assert 'ServerFault' in caplog.text
