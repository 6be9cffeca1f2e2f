"""The headers and bodies that all endpoints share: of a copy that is current, of an error, and of a project's hooks."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from rest_framework import viewsets
from rest_framework.response import Response

from django_large_image import access, caching, exceptions
from django_large_image.access import ImageRef
from django_large_image.access.versions import RemoteVersion
from django_large_image.rest import LargeImageDetailMixin, LargeImageFileDetailMixin, conditional
from django_large_image.rest.base import identity_of
from tests.app.models import ImageFile

pytestmark = pytest.mark.django_db

TILE = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}
REGION = {'fmt': 'png', 'query': {'left': 0, 'top': 0, 'right': 9, 'bottom': 9, 'units': 'pixels'}}
#: Endpoints whose answers are kept by clients, with what they take.
KEPT: list[tuple[str, dict[str, Any]]] = [
    ('tile', TILE), ('tile-zxy', TILE), ('tile-fzxy', TILE | {'frame': 0}), ('tile-corners', {'z': 0, 'x': 0, 'y': 0}),
    ('tiles-metadata', {}), ('thumbnail', {'fmt': 'png'}), ('region', REGION), ('pixel', {'query': {'left': 1, 'top': 1}}),
    ('histogram', {}), ('metadata', {}), ('metadata-internal', {}), ('bands', {}), ('band', {'query': {'band': 1}}),
    ('frames', {}), ('tiffdump', {}),
]  # fmt: skip


@pytest.mark.parametrize(('endpoint', 'kwargs'), KEPT)
def test_a_copy_that_is_current_is_not_sent_again(
    get: Any, image_file: Any, endpoint: str, kwargs: dict[str, Any]
) -> None:
    image = image_file('rgb')
    first = get(endpoint, image, **kwargs)
    assert first.status_code == 200
    assert first['Cache-Control'] == 'private, no-cache'
    assert first['Last-Modified'].endswith('GMT')
    assert {'Cookie', 'Authorization'} <= {name.strip() for name in first['Vary'].split(',')}
    again = get(endpoint, image, headers={'If-None-Match': first['ETag']}, **kwargs)
    assert again.status_code == 304
    for name in ('ETag', 'Cache-Control', 'Last-Modified'):
        assert again[name] == first[name]
    os.utime(image.file.path, (5, 5))
    changed = get(endpoint, image, headers={'If-None-Match': first['ETag']}, **kwargs)
    assert (changed.status_code, changed['ETag'] != first['ETag']) == (200, True)


@pytest.mark.parametrize(('endpoint', 'kwargs'), KEPT)
def test_a_missing_file_is_said_by_every_endpoint(
    get: Any, image_file: Any, endpoint: str, kwargs: dict[str, Any]
) -> None:
    image = image_file('rgb')
    os.unlink(image.file.path)
    response = get(endpoint, image, **kwargs)
    assert (response.status_code, response.json()['code']) == (404, 'image_missing')
    assert response['Cache-Control'] == 'no-store'
    assert 'ETag' not in response


@pytest.mark.parametrize('endpoint', ['tile', 'thumbnail', 'region', 'bands', 'band', 'histogram', 'pixel'])
def test_a_frame_beyond_the_last_one(get: Any, image_file: Any, endpoint: str) -> None:
    kwargs = dict(KEPT)[endpoint]
    query = kwargs.get('query', {})
    for name, last in (('rgb', 0), ('gif', 2)):
        image = image_file(name)
        count = len(get('metadata', image).json()['frames'] or [1])
        response = get(endpoint, image, **(kwargs | {'query': query | {'frame': count}}))
        assert response.status_code == 400, response.content
        assert response.json()['parameter'] == 'frame'
        assert response.json()['allowed'] == f'an integer from 0 to {count - 1}'
        assert count > last


def test_a_style_whose_frames_are_not_there(get: Any, image_file: Any) -> None:
    image = image_file('gif')
    count = len(get('metadata', image).json()['frames'])
    for frame, delta, fine in ((0, count - 1, True), (1, count - 1, False), (1, -1, True), (0, -1, False)):
        query = {'frame': frame, 'style': f'{{"band": 1, "framedelta": {delta}}}'}
        response = get('tile', image, query=query, **TILE)
        assert response.status_code == (200 if fine else 400), (frame, delta)
        if not fine:
            assert response.json()['parameter'] == 'framedelta'


def test_only_tags_of_the_same_answer_are_current() -> None:
    tag, weak = conditional.etag_of('a'), conditional.etag_of('a', weak=True)
    assert (len(tag), weak) == (34, f'W/{tag}')
    assert conditional.etag_of('b') != tag
    factory = RequestFactory()
    for header, found in (
        (tag, True), (weak, True), (f'"x", {tag}', True), ('"x"', False), ('', False), ('*', False), (tag[:-2] + '"', False),
    ):  # fmt: skip
        for one in (tag, weak):
            request = factory.get('/', headers={'If-None-Match': header})
            assert conditional.not_modified(request, one) is found
    assert not conditional.not_modified(factory.get('/'), tag)
    assert conditional.not_modified(factory.head('/', headers={'If-None-Match': tag}), tag)
    assert not conditional.not_modified(factory.post('/', headers={'If-None-Match': tag}), tag)


def test_the_headers_of_an_answer_that_may_be_kept(settings: Any) -> None:
    known = ImageRef('k', 'v', None, 'a', modified=1_700_000_000.0)
    response = conditional.patch(HttpResponse(), '"a"', known)
    assert (response['ETag'], response['Last-Modified']) == ('"a"', 'Tue, 14 Nov 2023 22:13:20 GMT')
    # Of some storages nobody knows when a file changed.
    assert 'Last-Modified' not in conditional.patch(HttpResponse(), '"a"', ImageRef('k', 'v', None, 'a'))
    settings.LARGE_IMAGE_CACHE_CONTROL = 'public, max-age=5'
    response = conditional.patch(HttpResponse(), '"a"', known)
    assert (response['Cache-Control'], 'Vary' in response) == ('public, max-age=5', False)


def ask(viewset: type, image: Any, action: str, query: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    """Return the answer of an endpoint of a viewset that no router knows."""
    view = viewset.as_view({'get': action}, detail=True)  # type: ignore[attr-defined]
    return view(RequestFactory().get('/', query or {}), pk=image.pk, **kwargs)


def test_without_a_cache_key_of_a_hook_nothing_is_kept(image_file: Any) -> None:
    class Hooked(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'
        key: str | None = None

        def open_tile_source(self, request: Any, path: Any, **kwargs: Any) -> Any:
            return super().open_tile_source(request, path, **kwargs)

        def get_cache_key(self, request: Any) -> str | None:
            return self.key

    class Keyed(Hooked):
        key = 'one'

    class Other(Hooked):
        key = 'two'

    image = image_file('rgb')
    for action, kwargs in (
        ('tile', TILE),
        ('metadata', {}),
        ('region', {'fmt': 'png', 'query': REGION['query']}),
    ):
        response = ask(Hooked, image, action, **kwargs)
        assert response.status_code == 200
        assert response['Cache-Control'] == 'no-store'
        assert 'ETag' not in response
        first, second = (ask(viewset, image, action, **kwargs) for viewset in (Keyed, Other))
        assert first['ETag'] != second['ETag']
        assert first['Cache-Control'] == 'private, no-cache'
        for answer in (response, first, second):
            answer.close()
    caching.tile_cache.clear()
    ask(Hooked, image, 'tile', **TILE)
    assert caching.tile_cache.stats()['entries'] == 0
    ask(Keyed, image, 'tile', **TILE)
    assert caching.tile_cache.stats()['entries'] == 1


def test_a_hook_that_opens_sources_knows_a_path(image_file: Any) -> None:
    seen: list[Any] = []

    class Hooked(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

        def open_tile_source(self, request: Any, path: Any, **kwargs: Any) -> Any:
            seen.append((path, kwargs))
            return super().open_tile_source(request, path, **kwargs)

    image = image_file('rgb')
    query = {'projection': 'EPSG:3857', 'band': 2}
    assert ask(Hooked, image, 'tile', query, **TILE).status_code == 200
    assert seen == [(image.file.path, {'encoding': None, 'style': {'band': 2}, 'projection': 'EPSG:3857'})]
    # Numbers of an image have no style.
    assert ask(Hooked, image, 'metadata', query).status_code == 200
    assert seen[1][1]['style'] is None


def test_a_source_that_an_action_opens_itself(image_file: Any) -> None:
    class Own(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

        def sizes(self, request: Any, pk: Any = None) -> Response:
            source = self.get_tile_source(request, pk)
            plain = self.get_tile_source(request, pk, style=False)
            jpeg = self.get_tile_source(request, pk, encoding='JPEG', style={'band': 3})
            styles = [str(opened.style) for opened in (source, plain, jpeg)]
            return Response([source.sizeX, [source.encoding, jpeg.encoding], styles])

    Own.sizes.mapping = Own.sizes.kwargs = {}  # type: ignore[attr-defined]
    answer = ask(Own, image_file('rgb'), 'sizes', {'band': 2})
    width, encodings, styles = answer.data
    assert (width, encodings) == (2048, ['PNG', 'JPEG'])
    assert len(set(styles)) == 3


def test_the_palette_has_two_names(get: Any, image_file: Any) -> None:
    image = image_file('dem')
    first, second, third = (
        get('tile', image, query={'band': 1, 'min': 0, 'max': 1000} | more, **TILE)
        for more in ({'palette': 'viridis'}, {'cmap': 'viridis'}, {'palette': 'viridis', 'cmap': 'magma'})
    )
    assert first.content == second.content == third.content
    # One answer for all spellings, too.
    assert first['ETag'] == second['ETag'] == third['ETag']
    assert get('tile', image, query={'band': 1, 'cmap': 'magma'}, **TILE).content != first.content


def test_a_mixin_without_a_path_says_what_is_missing(image_file: Any) -> None:
    class Empty(LargeImageDetailMixin, viewsets.ViewSet):
        pass

    response = ask(Empty, image_file('rgb'), 'metadata')
    assert (response.status_code, response.data['code']) == (500, 'misconfigured')
    assert 'Empty must define get_path' in response.data['detail']


@pytest.mark.parametrize(
    ('error', 'status', 'wait'),
    [
        (exceptions.Busy(), 503, '1'), (exceptions.RemoteUnavailable(), 503, '5'), (exceptions.ServerFault(), 503, '5'),
        (exceptions.ImageChanged(), 503, '1'), (exceptions.NotLargeImage(), 409, None), (MemoryError(), 503, '5'),
        (exceptions.HostNotAllowed(), 403, None), (exceptions.InvalidParameter('a', 1, 'b'), 400, None),
    ],
)  # fmt: skip
def test_an_error_of_the_package_in_a_hook(
    image_file: Any, error: BaseException, status: int, wait: str | None
) -> None:
    class Failing(LargeImageDetailMixin, viewsets.ViewSet):
        def get_path(self, request: Any, pk: Any = None) -> Any:
            raise error

    response = ask(Failing, image_file('rgb'), 'metadata')
    assert (response.status_code, response['Cache-Control']) == (status, 'no-store')
    assert response.get('Retry-After') == wait
    if isinstance(error, exceptions.LargeImageError):
        assert response.data == error.body
    assert response.data['code'] == getattr(error, 'code', 'server_fault')


def test_other_errors_are_the_project_s(image_file: Any) -> None:
    class Failing(LargeImageDetailMixin, viewsets.ViewSet):
        def get_path(self, request: Any, pk: Any = None) -> Any:
            raise ImproperlyConfigured('theirs')

    with pytest.raises(ImproperlyConfigured, match='theirs'):
        ask(Failing, image_file('rgb'), 'metadata')


def test_a_project_s_handler_sees_an_exception_of_rest_framework(image_file: Any) -> None:
    seen: list[Any] = []

    class Handled(LargeImageDetailMixin, viewsets.ViewSet):
        def get_path(self, request: Any, pk: Any = None) -> Any:
            raise exceptions.Busy()

        def handle_exception(self, exc: Any) -> Any:
            seen.append((exc.get_codes(), exc.get_full_details(), exc.status_code, exc.wait, exc.code))
            return super().handle_exception(exc)

    ask(Handled, image_file('rgb'), 'metadata')
    assert seen == [('busy', exceptions.Busy().body, 503, 1, 'busy')]


def test_an_image_that_changes_once_is_read_again(image_file: Any) -> None:
    tries: list[int] = []

    class Changing(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'
        times = 1

        def get_image_ref(self, request: Any, pk: Any = None) -> Any:
            ref = super().get_image_ref(request, pk)
            tries.append(1)
            return ref

        def open_tile_source(self, request: Any, path: Any, **kwargs: Any) -> Any:
            if len(tries) <= self.times:
                raise exceptions.ImageChanged()
            return super().open_tile_source(request, path, **kwargs)

    class ChangingTwice(Changing):
        times = 2

    image = image_file('rgb')
    assert (ask(Changing, image, 'metadata').status_code, len(tries)) == (200, 2)
    tries.clear()
    response = ask(ChangingTwice, image, 'metadata')
    assert (response.status_code, response.data['code'], len(tries)) == (503, 'image_changed', 2)


def test_a_picture_is_no_page_and_says_what_it_is(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    for endpoint, kwargs in (('tile', TILE), ('thumbnail', {'fmt': 'png'})):
        response = get(endpoint, image, **kwargs)
        assert (response['X-Content-Type-Options'], response['Content-Type']) == ('nosniff', 'image/png')
    response = get('region', image, **REGION)
    assert (response['Content-Type'], response['Content-Disposition']) == (
        'image/png', 'inline; filename="region.png"',
    )  # fmt: skip


def test_the_format_has_a_default_where_the_address_has_none(get: Any, api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    assert get('thumbnail-no-format', image)['Content-Type'] == 'image/png'
    response = get('region-no-format', image, query=REGION['query'])
    assert response['Content-Type'] == 'image/tiff'
    # A region of a georeferenced image is one of degrees, of others of pixels.
    degrees = {'left': 9.0, 'right': 9.001, 'top': 46.0, 'bottom': 45.999}
    assert get('region', image, fmt='png', query=degrees).json()['parameter'] == 'region'
    plain = {name: value for name, value in REGION['query'].items() if name != 'units'}
    assert get('region', image_file('png'), fmt='png', query=plain).status_code == 200


def test_what_names_a_file(image_file: Any) -> None:
    image = image_file('rgb')
    ref = access.image_ref(image.file)
    assert identity_of(ref) == f'app.imagefile/{image.pk}/file'
    nameless = identity_of(access.image_ref(image.file.path))
    assert (nameless[:7], len(nameless)) == ('sha256:', 71)


def test_who_may_make_an_image_a_large_one(
    api: Any, get: Any, image_file: Any, user: Any, staff: Any, settings: Any
) -> None:
    from django.urls import reverse

    image = image_file('rgb')
    address = reverse('image-large-image', kwargs={'pk': image.pk})
    assert api.get(address).json() == {'large_image': False, 'served': True}
    for person in (None, user):
        api.force_authenticate(person)
        assert api.post(address).status_code in (401, 403)
        assert api.delete(address).status_code in (401, 403)
    api.force_authenticate(staff)
    settings.LARGE_IMAGE_AUTO_SERVE = False
    assert api.get(address).json() == {'large_image': False, 'served': False}
    assert get('tile', image, **TILE).json()['code'] == 'not_a_large_image'
    made = api.post(address)
    assert made.json() == {'large_image': True, 'served': True}
    assert made['Cache-Control'] == 'no-store'
    assert get('tile', image, **TILE).status_code == 200
    assert api.get(address).json() == {'large_image': True, 'served': True}
    assert api.delete(address).json() == {'large_image': False, 'served': False}
    assert get('tile', image, **TILE).status_code == 409


class Elsewhere(LargeImageDetailMixin, viewsets.ViewSet):
    """An image that is on this machine and says that it is not, and whose reader fails as often as a test wants."""

    ref: Any = None
    failures: list[Exception] = []

    def get_image_ref(self, request: Any, pk: Any = None) -> ImageRef:
        """Return the reference."""
        return self.ref

    def get_tile_source(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Fail, or open the image."""
        if self.failures:
            raise self.failures.pop(0)
        return super().get_tile_source(request, *args, **kwargs)


@pytest.mark.parametrize(
    ('error', 'found', 'status', 'code', 'times'),
    [
        # The storage has another version now, so it is tried once more.
        (exceptions.ImageUnreadable(), 'other', 200, '', 1),
        (exceptions.RemoteUnavailable(), 'other', 200, '', 1),
        (exceptions.ImageUnreadable(), 'other', 503, 'image_changed', 2),
        # It has the same one: the file is broken, or the storage is away.
        (exceptions.ImageUnreadable(), 'same', 422, 'image_unreadable', 1),
        (exceptions.RemoteUnavailable(), 'same', 503, 'storage_unavailable', 1),
        # It says more itself.
        (exceptions.ImageUnreadable(), exceptions.ImageMissing(), 404, 'image_missing', 1),
        (exceptions.ImageUnreadable(), exceptions.RemoteUnavailable(), 503, 'storage_unavailable', 1),
        # About other errors nobody asks it.
        (exceptions.Busy(), 'other', 503, 'busy', 1),
        (exceptions.NotSupported(), exceptions.ImageMissing(), 400, 'not_supported', 1),
    ],
)
def test_a_remote_image_that_fails_is_asked_for_again(
    images: Any, error: Exception, found: Any, status: int, code: str, times: int
) -> None:
    local = access.image_ref(images('rgb'))

    def ask_storage() -> RemoteVersion:
        if isinstance(found, Exception):
            raise found
        return RemoteVersion('same' if found == 'same' else 'other')

    class View(Elsewhere):
        ref = ImageRef(local.key, 'same', local.path, local.name, ask=ask_storage)
        failures = [error] * times

    view = View.as_view({'get': 'metadata'}, detail=True)
    response = view(RequestFactory().get('/'), pk=1)
    assert response.status_code == status
    assert response.data.get('code', '') == code


def test_a_local_image_that_fails_is_asked_for_by_nobody(images: Any) -> None:
    class View(Elsewhere):
        ref = access.image_ref(images('rgb'))
        failures = [exceptions.ImageUnreadable()]

    assert View.as_view({'get': 'metadata'}, detail=True)(RequestFactory().get('/'), pk=1).status_code == 422


@pytest.mark.parametrize('given', ['queryset', 'get_queryset', 'get_object', 'nothing'])
def test_whoever_may_not_see_the_object_sees_no_image(image_file: Any, given: str) -> None:
    image = image_file('rgb', private=True)

    def public(self: Any) -> Any:
        return ImageFile.objects.filter(private=False)

    def refuse(self: Any) -> Any:
        raise Http404

    own: dict[str, Any] = {
        'queryset': {'queryset': ImageFile.objects.filter(private=False)},
        'get_queryset': {'get_queryset': public},
        'get_object': {'get_object': refuse},
        'nothing': {},
    }[given]
    own['get_path'] = lambda self, request, pk=None: image.file.path
    view = type('View', (LargeImageDetailMixin, viewsets.GenericViewSet), own)
    for action, kwargs in (('metadata', {}), ('tile', TILE), ('tiffdump', {})):
        assert ask(view, image, action, **kwargs).status_code == (200 if given == 'nothing' else 404)


def test_a_reference_is_opened_as_it_is() -> None:
    """A project's own `get_image_ref` may name what its paths would not be allowed to."""

    class View(Elsewhere):
        # Nobody listens there.
        ref = ImageRef('k', 'v', '/vsicurl/http://127.0.0.1:9/a.tif', 'a.tif', remote=True)

    response = View.as_view({'get': 'metadata'}, detail=True)(RequestFactory().get('/'), pk=1)
    assert (response.status_code, response.data['code']) == (422, 'image_unreadable')
