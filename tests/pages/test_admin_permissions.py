"""The admin's endpoints answer whom the admin answers, and tell nobody else that there is an image."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, include, path, reverse
from rest_framework.test import APIClient

from tests.app.models import ImageFile
from tests.pages import sites
from tests.pages.html import Page

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.pages.sites')]

ENDS = [
    'tiles/metadata', 'tiles/0/0/0.png', 'data/thumbnail.png', 'data/pixel?left=1&top=1', 'info/metadata', 'info/tiffdump',
    'viewer', 'globe',
]  # fmt: skip


def permit(user: Any, *names: str) -> None:
    """Give a user permissions."""
    user.user_permissions.set(Permission.objects.filter(codename__in=names))


def signed_in(user: Any) -> Client:
    """Return the client of a user."""
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize('end', ENDS)
def test_each_endpoint_asks_as_the_change_form_does(
    end: str, image_file: Any, staff: Any, user: Any, client: Client
) -> None:
    image = image_file('rgb')
    for key in (image.pk, image.pk + 1, 'nothing'):
        address, form = f'/first/app/imagefile/{key}/large-image/{end}', f'/first/app/imagefile/{key}/change/'
        for nobody in (client, signed_in(user)):
            answer = nobody.get(address)
            assert (answer.status_code, nobody.get(form).status_code) == (302, 302)
            assert answer['Location'].startswith('/first/login/?next=')
            assert 'ETag' not in answer
        permit(staff, 'change_user')
        refused = signed_in(staff).get(address)
        assert (refused.status_code, signed_in(staff).get(form).status_code) == (403, 403)
        assert 'ETag' not in refused
        for name in ('view_imagefile', 'change_imagefile'):
            permit(staff, name)
            expected = 200 if key == image.pk else 404
            assert signed_in(staff).get(address).status_code == expected


def test_rows_that_the_admin_hides_are_not_found(image_file: Any, staff: Any) -> None:
    permit(staff, 'view_imagefile')
    seen, hidden = image_file('rgb'), image_file('rgb', private=True)
    client = signed_in(staff)
    address = '/here/second/app/imagefile/{}/large-image/tiles/0/0/0.png'
    tile = client.get(address.format(seen.pk))
    assert tile.status_code == 200
    for headers in ({}, {'If-None-Match': tile['ETag']}, {'If-None-Match': '*'}):
        assert client.get(address.format(hidden.pk), headers=headers).status_code == 404
    # The other site shows it.
    assert client.get(f'/first/app/imagefile/{hidden.pk}/large-image/tiles/0/0/0.png').status_code == 200


def test_a_model_admin_decides_for_each_object(image_file: Any, staff: Any, monkeypatch: Any) -> None:
    permit(staff, 'view_imagefile')
    mine, other = image_file('rgb', owner=staff), image_file('rgb')

    def own(self: Any, request: Any, obj: Any = None) -> bool:
        return obj is None or obj.owner_id == request.user.pk

    monkeypatch.setattr(sites.ImageAdmin, 'has_view_permission', own)
    client = signed_in(staff)
    statuses = [
        client.get(f'/first/app/imagefile/{image.pk}/large-image/info/metadata').status_code
        for image in (mine, other)
    ]
    assert statuses == [200, 403]


def test_a_site_decides_who_comes_in(image_file: Any, staff: Any, django_user_model: Any) -> None:
    boss = django_user_model.objects.create_superuser('boss', password='boss')
    permit(staff, 'view_imagefile')
    address = f'/picky/app/imagefile/{image_file("rgb").pk}/large-image/data/thumbnail.png'
    assert signed_in(staff).get(address).status_code == 200
    assert signed_in(boss).get(address).status_code == 302


def test_rows_of_inlines_are_their_parent_s(
    image_file: Any, staff: Any, user: Any, other_user: Any, client: Client
) -> None:
    image, other = image_file('rgb', owner=user), image_file('rgb', owner=other_user)
    address = '/first/auth/user/{}/large-image/inlines/app.imagefile.{}/{}/tiles/0/0/0.png'
    right = address.format(user.pk, 'ImageInline', image.pk)
    assert client.get(right).status_code == 302
    # Both the parent and the rows have to be allowed.
    for names, expected in (
        ((), 403),
        (('view_imagefile',), 403),
        (('view_user',), 404),
        (('view_user', 'view_imagefile'), 200),
    ):
        permit(staff, *names)
        assert signed_in(staff).get(right).status_code == expected, names
    client = signed_in(staff)
    for wrong in (
        address.format(user.pk, 'ImageInline', other.pk),
        address.format(other_user.pk, 'ImageInline', image.pk),
        address.format(user.pk, 'OtherInline', image.pk),
        address.format(user.pk, 'ImageInline', 'nothing'),
        address.format(10**6, 'ImageInline', image.pk),
    ):
        assert client.get(wrong).status_code == 404, wrong


def test_no_shared_cache_keeps_what_the_admin_shows(image_file: Any, staff: Any, settings: Any) -> None:
    settings.LARGE_IMAGE_CACHE_CONTROL = 'public, max-age=86400'
    permit(staff, 'view_imagefile')
    client, address = signed_in(staff), f'/first/app/imagefile/{image_file("rgb").pk}/large-image'
    for end in (
        'tiles/0/0/0.png',
        'tiles/metadata',
        'data/region.tif?left=0&top=0&right=9&bottom=9&units=pixels',
    ):
        response = client.get(f'{address}/{end}')
        assert response['Cache-Control'] == 'private, no-cache'
        response.close()
        again = client.get(f'{address}/{end}', headers={'If-None-Match': response['ETag']})
        assert (again.status_code, again['Cache-Control']) == (304, 'private, no-cache')
    assert client.get(f'{address}/viewer')['Cache-Control'] == 'no-store'
    assert client.get(f'{address}/tiles/9/9/9.png')['Cache-Control'] == 'no-store'


def test_only_a_session_signs_in(image_file: Any, staff: Any) -> None:
    permit(staff, 'view_imagefile')
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION='Basic c3RhZmY6c3RhZmY=')
    address = f'/first/app/imagefile/{image_file("rgb").pk}/large-image/tiles/0/0/0.png'
    assert client.get(address).status_code == 302


def test_a_style_is_posted_with_the_token_of_the_session(image_file: Any, staff: Any) -> None:
    permit(staff, 'view_imagefile')
    image = image_file('rgb')
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    form = Page(client.get(f'/first/app/imagefile/{image.pk}/change/'))
    token = str(form.all('input', name='csrfmiddlewaretoken')[0]['value'])
    address = f'/first/app/imagefile/{image.pk}/large-image/tiles/0/0/0.png'
    post = {'data': '{"band": 2, "palette": "viridis"}', 'content_type': 'application/json'}
    assert client.post(address, **post).status_code == 403
    made = client.post(address, **post, headers={'X-CSRFToken': token})
    assert made.status_code == 200
    assert made.content == client.get(f'{address}?band=2&palette=viridis').content


def test_the_admin_makes_no_file_a_large_image() -> None:
    assert reverse('first:app_imagefile_large_image_tile-corners', args=(1, 0, 0, 0))
    with pytest.raises(NoReverseMatch):
        reverse('first:app_imagefile_large_image_large-image', args=(1,))


def test_keys_of_any_kind(image_file: Any, staff: Any, monkeypatch: Any) -> None:
    permit(staff, 'view_imagefile')
    key = 'a/b_c d"ö;%2F?&.<é>'
    image = image_file('rgb', name=key)
    stored = ImageFile.objects.get(pk=image.pk)
    asked = []

    def by_name(self: Any, request: Any, object_id: str, from_field: Any = None) -> Any:
        asked.append(object_id)
        return ImageFile.objects.filter(name=object_id).first()

    monkeypatch.setattr(sites.ImageAdmin, 'get_object', by_name)
    stored.pk = key  # as if its name were its key
    address = sites.first._registry[ImageFile].large_image_address(stored)
    response = signed_in(staff).get(f'{address}/data/thumbnail.png')
    assert (response.status_code, asked) == (200, [key])


def test_openapi_documents_do_not_have_them() -> None:
    pytest.importorskip('drf_spectacular')
    from drf_spectacular.generators import SchemaGenerator

    document = SchemaGenerator(urlconf='tests.pages.sites').get_schema(request=None, public=True)
    assert document['paths'] == {}


def test_swagger_documents_do_not_have_them(rf: Any) -> None:
    pytest.importorskip('drf_yasg')
    from drf_yasg import openapi
    from drf_yasg.generators import OpenAPISchemaGenerator

    generator = OpenAPISchemaGenerator(
        openapi.Info(title='x', default_version='v1'), urlconf='tests.pages.sites'
    )
    assert generator.get_schema(request=None, public=True)['paths'] == {}


def test_an_admin_of_a_site_below_a_namespace_has_its_addresses(rf: Any, settings: Any) -> None:
    from types import ModuleType

    settings.ROOT_URLCONF = ModuleType('urls')
    settings.ROOT_URLCONF.urlpatterns = [path('a/b/', include([path('c/', sites.second.urls)]))]
    address = sites.second._registry[ImageFile].large_image_address(ImageFile(pk=7))
    assert address == '/a/b/c/app/imagefile/7/large-image'
    assert isinstance(sites.second, admin.AdminSite)
