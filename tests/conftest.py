"""Fixtures that every test may use: generated images, rows of the test app, clients and clean caches."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.urls import reverse
from rest_framework.test import APIClient

from tests.app.models import ImageFile
from tests.images import IMAGES

Images = Callable[[str], pathlib.Path]
MakeImageFile = Callable[..., ImageFile]


@pytest.fixture(scope='session')
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Return a function from the name of a generated image to its file, made once in a whole test run.

    The files are shared between tests and between xdist's workers: copy one to change it.
    """
    folder = tmp_path_factory.getbasetemp()
    if os.environ.get('PYTEST_XDIST_WORKER'):
        # Each worker has a folder of its own inside the run's.
        folder = folder.parent
    # What runs the tests again and again names a folder, so that they are made once for all runs.
    folder = pathlib.Path(os.environ.get('DLI_TEST_IMAGES') or folder / 'images')
    folder.mkdir(exist_ok=True)

    def image(name: str) -> pathlib.Path:
        make, file_name = IMAGES[name]
        path = folder / file_name
        if not path.exists():
            with open(folder / f'{file_name}.lock', 'w') as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not path.exists():
                    draft = folder / uuid.uuid4().hex
                    draft.mkdir()
                    # Some images are several files; the one that says "made" moves last.
                    made = make(draft / file_name)
                    for file in sorted(draft.iterdir(), key=lambda file: file == made):
                        file.rename(folder / file.name)
                    draft.rmdir()
        return path

    return image


@pytest.fixture(autouse=True)
def clean_caches() -> Iterator[None]:
    """Leave nothing of one test in a cache of the next."""
    yield
    # Only the caches of this process: a Redis may be somebody's.
    for cache in caches.all(initialized_only=True):
        if isinstance(cache, LocMemCache):
            cache.clear()
    forget_package_state()


def forget_package_state() -> None:
    """Forget what the package remembers in this process."""
    from django_large_image import handles, models
    from django_large_image.access.versions import remote_versions

    models.forget_runtime_settings()
    remote_versions.clear()
    handles.clear()


@pytest.fixture
def media(settings: Any, tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a media folder of the test's own."""
    folder = tmp_path / 'media'
    folder.mkdir()
    settings.MEDIA_ROOT = str(folder)
    return folder


@pytest.fixture
def image_file(db: None, media: pathlib.Path, images: Images) -> MakeImageFile:
    """Return a function that stores a copy of a file as an `ImageFile`.

    It takes a path, or the name of a generated image, and the fields of the model.
    """

    def make(source: str | os.PathLike[str], **fields: Any) -> ImageFile:
        path = images(source) if isinstance(source, str) and source in IMAGES else pathlib.Path(source)
        folder = media / uuid.uuid4().hex[:8]
        folder.mkdir()
        # Not by `save()`, which may rename the file: a test may put a sidecar beside it.
        shutil.copyfile(path, folder / path.name)
        fields.setdefault('name', path.name)
        return ImageFile.objects.create(file=f'{folder.name}/{path.name}', **fields)

    return make


class ClosingClient(APIClient):
    """A client that sees a 500 where the default one raises, and closes every answer in the end."""

    def __init__(self) -> None:
        super().__init__(raise_request_exception=False)
        self.answers: list[Any] = []

    def request(self, **request: Any) -> Any:
        """Ask, and remember the answer: a streamed one holds a file until it is closed."""
        self.answers.append(super().request(**request))
        return self.answers[-1]


@pytest.fixture
def api() -> Iterator[APIClient]:
    """Return a client that nobody is signed in with."""
    client = ClosingClient()
    yield client
    for answer in client.answers:
        answer.close()


@pytest.fixture
def user(django_user_model: Any, db: None) -> Any:
    """Return a user without privileges."""
    return django_user_model.objects.create_user('user', password='user')


@pytest.fixture
def other_user(django_user_model: Any, db: None) -> Any:
    """Return another user without privileges."""
    return django_user_model.objects.create_user('other', password='other')


@pytest.fixture
def staff(django_user_model: Any, db: None) -> Any:
    """Return a member of staff."""
    return django_user_model.objects.create_user('staff', password='staff', is_staff=True)


@pytest.fixture
def get(api: APIClient) -> Callable[..., Any]:
    """Return a function that gets an endpoint by its name: `get('tile', image, z=0, x=0, y=0, fmt='png')`.

    `query` holds the parameters behind the question mark; `prefix` is the basename of the viewset.
    """

    def ask(
        endpoint: str,
        image: ImageFile | None = None,
        *,
        prefix: str = 'image',
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> Any:
        if image is not None:
            kwargs['pk'] = image.pk
        return api.get(reverse(f'{prefix}-{endpoint}', kwargs=kwargs), query or {}, headers=headers)

    return ask
