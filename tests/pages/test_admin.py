"""The admin's pages: the viewer in the form, the pictures in the list and in inlines, and nothing where nothing is."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from PIL import Image

from django_large_image.admin import LargeImageAdminMixin, LargeImageInlineMixin, image_fields
from tests.app import models
from tests.app.models import ImageFile, UrlImage
from tests.pages import sites
from tests.pages.html import Element, Page

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.pages.sites')]

CSS, VIEWER, OPENER = (
    f'/static/django_large_image/{name}' for name in ('pages.css', 'viewer.js', 'admin.js')
)


@pytest.fixture
def boss(client: Client, django_user_model: Any) -> Client:
    """Return the client of a user who may everything."""
    client.force_login(django_user_model.objects.create_superuser('boss', password='boss'))
    return client


@pytest.fixture
def viewing(staff: Any) -> Client:
    """Return the client of a member of staff who may view images, and no more."""
    staff.user_permissions.add(Permission.objects.get(codename='view_imagefile'))
    client = Client()
    client.force_login(staff)
    return client


def ours(page: Page) -> list[Element]:
    """Return what of a page is ours."""
    return [e for e in page.elements if 'large-image' in f'{e.tag} {e.attributes.get("class")}']


def columns(page: Page) -> list[str]:
    """Return the names of a list's columns."""
    return re.findall(r'column-(\w+)', ' '.join(str(e.attributes.get('class')) for e in page.all('th')))


def test_one_line_shows_the_image(boss: Client, image_file: Any) -> None:
    image = image_file('rgb', name='A "b" <c>')
    page = Page(boss.get(f'/first/app/imagefile/{image.pk}/change/'))
    viewer = page.one('large-image-viewer')
    assert viewer.attributes == {'src': f'/first/app/imagefile/{image.pk}/large-image'}
    assert 'form' in viewer.inside
    assert CSS in page.styles()
    assert page.one('script', src=VIEWER)['type'] == 'module'
    # First of all fields.
    assert 'large-image' in str(page.all('fieldset')[0]['class'])
    address = str(viewer['src'])
    metadata = boss.get(f'{address}/tiles/metadata').json()
    assert (metadata['size_x'], metadata['geospatial']) == (metadata['additional_metadata']['sizeX'], True)
    tile = boss.get(f'{address}/tiles/0/0/0.png', {'projection': 'EPSG:3857'})
    assert tile.status_code == 200
    with Image.open(io.BytesIO(tile.content)) as picture:
        assert picture.size == (256, 256)
    again = {'query_params': {'projection': 'EPSG:3857'}, 'headers': {'If-None-Match': tile['ETag']}}
    assert boss.get(f'{address}/tiles/0/0/0.png', **again).status_code == 304


def test_the_list_has_small_pictures(boss: Client, image_file: Any) -> None:
    image = image_file('rgb', name='A "b" <c>')
    ImageFile.objects.create(name='No file')
    page = Page(boss.get('/first/app/imagefile/'))
    picture = page.one('img', class_='large-image-thumbnail')
    assert (picture['width'], picture['height'], picture['loading']) == ('64', '64', 'lazy')
    assert picture['alt'] == 'A "b" <c>'
    response = boss.get(str(picture['src']))
    with Image.open(io.BytesIO(response.content)) as made:
        assert max(made.size) == 128
    assert len(page.all('td', class_='field-large_image_thumbnail')) == 2
    # The link stays on the name, and the bundle out of the list.
    assert page.one('a', href=f'/first/app/imagefile/{image.pk}/change/').text == 'A "b" <c>'
    assert CSS in page.styles() and VIEWER not in page.scripts()


def test_what_a_project_defined_stays(boss: Client, image_file: Any) -> None:
    image = image_file('rgb')
    listed = Page(boss.get('/here/second/app/imagefile/'))
    assert columns(listed) == ['name', 'private', 'large_image_thumbnail']
    assert listed.one('input', name='form-0-private')
    form = Page(boss.get(f'/here/second/app/imagefile/{image.pk}/change/'))
    assert [e.text.strip() for e in form.all('h2') if 'fieldset' in e.inside] == ['Names', 'Bytes']
    assert form.one('large-image-viewer')['src'] == f'/here/second/app/imagefile/{image.pk}/large-image'
    data = {'name': 'New', 'private': 'on', 'file': ''}
    saved = boss.post(f'/here/second/app/imagefile/{image.pk}/change/', data)
    assert saved.status_code == 302
    image.refresh_from_db()
    assert (image.name, image.private, bool(image.file)) == ('New', True, True)


def test_a_project_s_place_for_it_is_kept(staff: Any, client: Client, image_file: Any) -> None:
    staff.user_permissions.set(Permission.objects.filter(codename__endswith='_imagefile'))
    client.force_login(staff)
    image = image_file('rgb')
    listed = Page(client.get('/picky/app/imagefile/'))
    assert columns(listed) == ['large_image_thumbnail', 'name']
    form = Page(client.get(f'/picky/app/imagefile/{image.pk}/change/'))
    assert form.one('large-image-viewer')
    assert not form.all('fieldset', class_='large-image')
    # Beside its neighbour, which stays in the form of a new object.
    added = Page(client.get('/picky/app/imagefile/add/'))
    assert added.one('input', name='private')
    assert not added.all('div', class_='field-large_image_preview')


@pytest.mark.parametrize('place', ['first', 'here/second'])
def test_the_form_of_a_new_object_shows_nothing(boss: Client, place: str) -> None:
    page = Page(boss.get(f'/{place}/app/imagefile/add/'))
    assert ours(page) == []
    assert not page.all('div', class_='field-large_image_preview')
    assert VIEWER not in page.scripts()
    assert page.one('input', type='file')


def test_an_object_without_a_file_shows_nothing(boss: Client) -> None:
    image = ImageFile.objects.create(name='No file')
    page = Page(boss.get(f'/first/app/imagefile/{image.pk}/change/'))
    assert ours(page) == []
    assert VIEWER not in page.scripts()
    assert boss.get(f'/first/app/imagefile/{image.pk}/large-image/tiles/metadata').status_code == 404


def test_who_may_only_view_sees_it(viewing: Client, image_file: Any) -> None:
    image = image_file('rgb')
    page = Page(viewing.get(f'/first/app/imagefile/{image.pk}/change/'))
    src = page.one('large-image-viewer')['src']
    assert not page.all('input', name='name')
    assert viewing.get(f'{src}/data/thumbnail.png').status_code == 200
    assert Page(viewing.get('/first/app/imagefile/')).one('img', class_='large-image-thumbnail')


def test_a_popup_shows_it(boss: Client, image_file: Any) -> None:
    image = image_file('rgb')
    page = Page(boss.get(f'/first/app/imagefile/{image.pk}/change/?_popup=1&_to_field=id'))
    assert page.one('input', name='_popup')
    assert page.one('large-image-viewer')['src'] == f'/first/app/imagefile/{image.pk}/large-image'
    assert VIEWER in page.scripts()
    assert ours(Page(boss.get('/first/app/imagefile/add/?_popup=1'))) == []


def test_url_fields(boss: Client, settings: Any) -> None:
    image = UrlImage.objects.create(name='Far', url='https://images.example.org/a.tif')
    src = Page(boss.get(f'/first/app/urlimage/{image.pk}/change/')).one('large-image-viewer')['src']
    assert src == f'/first/app/urlimage/{image.pk}/large-image'
    refused = boss.get(f'{src}/tiles/metadata')
    assert (refused.status_code, refused.json()['code']) == (403, 'host_not_allowed')


@pytest.mark.skipif(not hasattr(models, 'S3Image'), reason='needs django-s3-file-field')
def test_files_in_s3(boss: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr('django.core.files.storage.FileSystemStorage.url', lambda self, name: f'/x/{name}')
    image = models.S3Image.objects.create(name='Far', blob='a.tif')
    picture = Page(boss.get('/first/app/s3image/')).one('img', class_='large-image-thumbnail')
    assert str(picture['src']).startswith(f'/first/app/s3image/{image.pk}/large-image/')


def test_rasters_are_known_by_name() -> None:
    class RasterField:
        name = 'raster'

    class Model:
        class _meta:
            @staticmethod
            def get_fields() -> list[Any]:
                return [ImageFile._meta.get_field('name'), RasterField()]

    assert image_fields(Model) == ['raster']  # type: ignore[arg-type]


# -- inlines


def test_the_rows_of_an_inline(boss: Client, image_file: Any, user: Any) -> None:
    image = image_file('rgb', owner=user, name='A "b"')
    page = Page(boss.get(f'/first/auth/user/{user.pk}/change/'))
    page_ours = page.all('span', class_='large-image-lazy')
    assert len(page_ours) == 2  # one row in each inline, none in the empty forms
    for picture, key in zip(
        page.all('img', class_='large-image-thumbnail'), ('ImageInline', 'StackedInline'), strict=True
    ):
        base = f'/first/auth/user/{user.pk}/large-image/inlines/app.imagefile.{key}/{image.pk}'
        assert picture['src'] == f'{base}/data/thumbnail.png?max_width=128&max_height=128'
        assert picture['alt'] == 'A "b"'
        assert boss.get(str(picture['src'])).status_code == 200
        viewer = page.one('large-image-viewer', src=base)
        # Asleep until the button is pressed.
        assert viewer.inside[-1] == 'template'
        assert boss.get(f'{base}/tiles/metadata').json()['geospatial'] is True
    assert all(
        b['type'] == 'button' and b['aria-expanded'] == 'false' for b in page.all('button', class_='button')
    )
    assert page.scripts().count(VIEWER) == page.scripts().count(OPENER) == 1


def test_an_inline_keeps_what_is_saved(boss: Client, image_file: Any, user: Any) -> None:
    image = image_file('rgb', owner=user)
    data = {'username': 'renamed'}
    for prefix in ('images', 'images-2'):
        data |= {f'{prefix}-TOTAL_FORMS': '1', f'{prefix}-INITIAL_FORMS': '1', f'{prefix}-0-id': str(image.pk),
                 f'{prefix}-0-owner': str(user.pk), f'{prefix}-0-name': 'New'}  # fmt: skip
    assert boss.post(f'/first/auth/user/{user.pk}/change/', data).status_code == 302
    image.refresh_from_db()
    assert (image.name, bool(image.file)) == ('New', True)


def test_the_form_of_a_new_parent_shows_nothing(boss: Client) -> None:
    page = Page(boss.get('/first/auth/user/add/'))
    assert ours(page) == []
    assert not [e for e in page.elements if 'large_image_preview' in str(e.attributes.get('class'))]
    assert VIEWER not in page.scripts()
    assert page.all('input', name='images-0-name')


# -- choices


def test_none_leaves_the_viewer_or_the_column_out(boss: Client, image_file: Any, rf: Any) -> None:
    class Bare(LargeImageAdminMixin, admin.ModelAdmin):
        large_image_preview = None
        large_image_thumbnail = None

    image = image_file('rgb')
    request = rf.get('/')
    request.user = type('Boss', (), {'has_perm': lambda self, name: True})()
    bare = Bare(ImageFile, sites.first)
    assert bare.get_list_display(request) == ('__str__',)
    assert bare.get_readonly_fields(request, image) == ()
    assert bare.get_fieldsets(request, image) == [(None, {'fields': ['name', 'file', 'owner', 'private']})]


def test_a_project_that_answers_without_super_is_left_alone(image_file: Any, rf: Any) -> None:
    class Own(LargeImageAdminMixin, admin.ModelAdmin):
        def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
            return ('owner',)

        def get_list_display(self, request: Any) -> Any:
            return ('name',)

    request = rf.get('/')
    request.user = type('Boss', (), {'has_perm': lambda self, name: True})()
    own = Own(ImageFile, sites.first)
    assert own.get_fieldsets(request, image_file('rgb')) == [
        (None, {'fields': ['name', 'file', 'private', 'owner']})
    ]
    assert own.get_list_display(request) == ('name',)


class Two(LargeImageAdminMixin, admin.ModelAdmin):
    """An admin that does not say which field."""


class Misnamed(LargeImageAdminMixin, admin.ModelAdmin):
    """An admin that names a field that is not there."""

    large_image_field = 'picture'


class Orphan(LargeImageInlineMixin, admin.TabularInline):
    """An inline whose parent has no endpoints."""

    model = ImageFile


class Parent(admin.ModelAdmin):
    """A parent without the mixin."""

    inlines = (Orphan,)


def test_the_sites_of_the_tests_are_right() -> None:
    assert sites.first.check(None) == sites.second.check(None) == sites.picky.check(None) == []


@pytest.mark.parametrize(('cls', 'said'), [(Two, 'has 0 fields'), (Misnamed, "is 'picture'")])
def test_a_field_that_is_not_known_is_an_error(cls: Any, said: str, django_user_model: Any) -> None:
    model = django_user_model if cls is Two else ImageFile
    (message,) = cls(model, admin.AdminSite()).check()
    assert (message.id, said in message.msg, bool(message.hint)) == ('django_large_image.E016', True, True)
    assert cls(django_user_model, admin.AdminSite()).get_large_image_field() in ('', 'picture')


def test_of_two_fields_one_has_to_be_named(monkeypatch: Any) -> None:
    monkeypatch.setattr('django_large_image.admin.image_fields', lambda model: ['file', 'scan'])
    (message,) = Two(ImageFile, admin.AdminSite()).check()
    assert message.id == 'django_large_image.E016'
    assert 'file or scan' in message.hint


def test_an_inline_needs_the_endpoints_of_its_parent(
    monkeypatch: Any, image_file: Any, user: Any, django_user_model: Any
) -> None:
    site = admin.AdminSite()
    site.register(django_user_model, Parent)
    (message,) = site._registry[django_user_model].check()
    assert (message.id, 'LargeImageAdminMixin' in message.hint) == ('django_large_image.E017', True)
    inline = Orphan(django_user_model, site)
    monkeypatch.setattr(Orphan, '_parent', user)
    assert inline.large_image_preview(image_file('rgb', owner=user)) == '-'
