"""Ways round the guards that were found once: each stays closed."""

from __future__ import annotations

import gc
import json
import pathlib
import struct
from typing import Any

import pytest
from django.db import OperationalError
from django.test import override_settings
from rest_framework import viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from django_large_image import access, handles, models
from django_large_image.exceptions import ImageRefused
from django_large_image.inspection.tiff import Tiff
from django_large_image.rest import LargeImageDetailMixin, LargeImageFileDetailMixin
from tests import images as generated
from tests.app.models import ImageFile

pytestmark = pytest.mark.django_db

TILE = {'z': '0', 'x': '0', 'y': '0', 'fmt': 'png'}


def tiff_of_descriptions(path: pathlib.Path, texts: list[bytes], directories: int = 1) -> pathlib.Path:
    """Write a TIFF of one pixel whose directories all have these descriptions."""
    body, places = b'', []
    for text in texts:
        places.append((8 + len(body), len(text)))
        body += text
    body += b'\0' * (len(body) % 2)
    entries = [(256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (273, 4, 1, 8), (277, 3, 1, 1), (279, 4, 1, 1)]
    entries += [(270, 1, length, place) for place, length in places]
    start, size = 8 + len(body), 2 + 12 * len(entries) + 4
    data = struct.pack('<2sHI', b'II', 42, start) + body
    for number in range(directories):
        following = start + (number + 1) * size if number + 1 < directories else 0
        data += struct.pack('<H', len(entries))
        data += b''.join(struct.pack('<HHII', *entry) for entry in sorted(entries))
        data += struct.pack('<I', following)
    path.write_bytes(data)
    return path


def test_two_descriptions_are_refused(tmp_path: pathlib.Path) -> None:
    path = tiff_of_descriptions(tmp_path / 'two.tif', [b'<OME/>' + b' ' * 100, b'harmless' * 20])
    with pytest.raises(ImageRefused):
        Tiff.read(str(path))


def test_descriptions_that_directories_share_are_bounded(tmp_path: pathlib.Path) -> None:
    path = tiff_of_descriptions(tmp_path / 'shared.tif', [b'x' * 100_000], directories=400)
    assert path.stat().st_size < 200_000
    with pytest.raises(ImageRefused):
        Tiff.read(str(path))


def test_xml_that_cannot_be_parsed_is_refused(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    path = tiff_of_descriptions(tmp_path / 'broken.ome.tif', [b'<OME><Image></OME>'.ljust(60)])
    response = get('metadata', image_file(path))
    assert (response.status_code, response.json()['code']) == (422, 'image_refused')


def test_an_ome_tiff_that_names_a_file_elsewhere(
    get: Any, image_file: Any, images: Any, tmp_path: pathlib.Path
) -> None:
    path = generated.make_other_file_ome(tmp_path / 'a.ome.tif', '../elsewhere/b.ome.tif')
    assert get('pixel', image_file(path), query={'left': 0, 'top': 0, 'frame': 1}).status_code == 422


def test_the_queryset_is_not_what_makes_get_object_count(image_file: Any) -> None:
    class Refusing(LargeImageDetailMixin, viewsets.GenericViewSet):
        def get_object(self) -> Any:
            raise PermissionDenied

        def get_path(self, request: Any, pk: Any = None) -> str:
            return str(image_file('rgb').file.path)

    view = Refusing.as_view({'get': 'metadata'}, detail=True)
    assert view(APIRequestFactory().get('/'), pk=1).status_code == 403


def test_a_database_that_stumbles_serves_nothing_that_was_turned_off(
    get: Any, image_file: Any, monkeypatch: Any
) -> None:
    image = image_file('rgb')
    models.change_runtime_settings({'AUTO_SERVE': False})
    assert get('metadata', image).status_code == 409

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError('database is locked')

    models.forget_runtime_settings()
    monkeypatch.setattr(models.RuntimeSetting.objects, 'values_list', fail)
    assert models.runtime_settings()['AUTO_SERVE'] is False


def test_answers_of_an_overridden_hook_are_not_mixed(image_file: Any, images: Any) -> None:
    class Chosen(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

        def open_tile_source(self, request: Any, path: Any, **kwargs: Any) -> Any:
            return super().open_tile_source(request, images(request.query_params['who']), **kwargs)

    class Keyed(Chosen):
        def get_cache_key(self, request: Any) -> str:
            return str(request.query_params['who'])

    image = image_file('rgb')
    for viewset, cached in ((Chosen, False), (Keyed, True)):
        view = viewset.as_view({'get': 'tile'}, detail=True)
        answers = [
            view(APIRequestFactory().get('/', {'who': who}), pk=image.pk, **TILE)
            for who in ('rgb', 'no-crs', 'rgb')
        ]
        assert answers[0].content == answers[2].content != answers[1].content
        assert [answer.has_header('ETag') for answer in answers] == [cached] * 3


@pytest.mark.parametrize(
    'style',
    [
        f'{{"band":1,"min":{"1" * 400}}}', json.dumps({'band': '1' * 5000}), '{"band":1,"min":"\\ud800"}', '{"\\ud800":1}',
        '{"palette":"\\ud800"}', '[' * 30_000, '{"a":' * 10_000, '{"band":1e400}', f'{{"band":{"1" * 5000}}}', f'{{"{"x" * 5000}":1}}',
    ],
)  # fmt: skip
def test_styles_that_break_parsers(get: Any, api: Any, image_file: Any, style: str) -> None:
    image = image_file('rgb')
    for response in (
        get('tile', image, z=0, x=0, y=0, fmt='png', query={'style': style}),
        api.post(f'/images/{image.pk}/tiles/0/0/0.png', style, content_type='application/json'),
    ):
        assert response.status_code == 400, style[:60]
        assert response.json()['code'] == 'invalid_parameter'
        assert len(response.content) < 2000


def test_a_long_body_is_refused_in_json(api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    for body in (b'{"band":1}' + b' ' * 4_000_000, b'\xff\xfe\x00'):
        response = api.post(f'/images/{image.pk}/tiles/0/0/0.png', body, content_type='application/json')
        assert (response.status_code, response.json()['parameter']) == (400, 'style')


def handler_of_nothing(exc: Any, context: Any) -> None:
    """Handle no exception."""


def handler_of_codes(exc: Any, context: Any) -> Response:
    """Handle an exception as projects do that have answers of their own form."""
    return Response({'codes': exc.get_codes(), 'full': exc.get_full_details()}, status=exc.status_code)


@pytest.mark.parametrize('name', ['handler_of_nothing', 'handler_of_codes'])
def test_a_project_s_exception_handler(get: Any, image_file: Any, name: str) -> None:
    with override_settings(REST_FRAMEWORK={'EXCEPTION_HANDLER': f'{__name__}.{name}'}):
        response = get('tile', image_file('rgb'), z=0, x=5, y=0, fmt='png')
        assert response.status_code == 404
        assert 'tile_outside_grid' in response.content.decode()


def test_an_endpoint_that_is_left_out_is_not_found(image_file: Any) -> None:
    class Without(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'
        tile = None
        region = None

    image = image_file('rgb')
    request = APIRequestFactory().get('/')
    assert Without.as_view({'get': 'tile_zxy'}, detail=True)(request, pk=image.pk, **TILE).status_code == 404
    plain = Without.as_view({'get': 'region_no_format'}, detail=True)
    assert plain(request, pk=image.pk).status_code == 404


def test_a_wrong_question_keeps_the_handle_open(get: Any, image_file: Any, monkeypatch: Any) -> None:
    import rasterio

    image = image_file('rgb')
    get('tile', image, z=0, x=0, y=0, fmt='png')
    opened: list[Any] = []
    real = rasterio.open
    monkeypatch.setattr(
        rasterio, 'open', lambda *args, **kwargs: opened.append(args) or real(*args, **kwargs)
    )
    for _ in range(3):
        assert get('tile', image, z=0, x=9, y=0, fmt='png').status_code == 404
        assert get('band', image, query={'band': 99}).status_code == 400
    assert opened == []


def test_garbage_is_collected_under_the_pool_s_lock(image_file: Any) -> None:
    ref = access.image_ref(image_file('rgb').file.path)
    cycle: list[Any] = [handles.borrow(ref).tile_source(None, 'PNG')]
    cycle.append(cycle)
    del cycle
    with handles.handle_pool._freed:
        gc.collect()
    assert handles.handle_pool.stats()['idle'] == 1


def test_storages_of_one_class_do_not_share_files(image_file: Any, images: Any) -> None:
    from django.core.files.base import File
    from django.core.files.storage import Storage

    class Bucket(Storage):
        def __init__(self, name: str) -> None:
            self.path_of = {'private': images('png'), 'public': images('jpeg')}[name]

        def exists(self, name: str) -> bool:
            return True

        def _open(self, name: str, mode: str = 'rb') -> Any:
            return File(self.path_of.open('rb'))

    found = []
    for name in ('private', 'public'):
        image = image_file('rgb')
        image.file.storage = Bucket(name)
        ref = access.local_ref(access.field_file_ref(image.file))
        assert ref.path is not None
        found.append(pathlib.Path(ref.path).read_bytes())
    assert found == [images('png').read_bytes(), images('jpeg').read_bytes()]


def test_only_our_copies_are_evicted(tmp_path: pathlib.Path) -> None:
    from django_large_image.access import localcopy

    (tmp_path / 'theirs.txt').write_bytes(b'x' * 100)
    (tmp_path / 'folder').mkdir()
    (tmp_path / ('a' * 64 + '.tif')).write_bytes(b'x' * 100)
    localcopy.evict(tmp_path, 10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['folder', 'theirs.txt']
