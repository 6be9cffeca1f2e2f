"""The example project by hand: upload, look, globe, admin; files on disk, and on S3 straight from the browser."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import Watched
from tests.browser.gallery import Gallery
from tests.browser.pictures import BLUE, GREEN, RED, YELLOW, make_slide, make_square
from tests.browser.seeing import picture, share_like
from tests.services.conftest import s3 as s3  # the fixture of the S3 server
from tests.services.s3 import S3Server

COLOURS = (RED, GREEN, BLUE, YELLOW)


@pytest.fixture(scope='module')
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Return the gallery with its files on disk."""
    with Gallery(tmp_path_factory.mktemp('gallery')) as site:
        yield site


@pytest.fixture(scope='module')
def square(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the file that is uploaded."""
    return make_square(tmp_path_factory.mktemp('upload') / 'square.tif')


@pytest.fixture
def at_home(watched: Callable[..., Watched], gallery: Gallery) -> Watched:
    """Return a page of the gallery, signed in."""
    watch = watched()
    watch.origin = gallery.origin
    return signed_in(watch, gallery)


def signed_in(watch: Watched, gallery: Gallery) -> Watched:
    """Sign the page's user in, by the site's own form."""
    page = watch.open(f'{gallery.origin}/')
    page.get_by_role('link', name='Sign in').click()
    page.get_by_label('Username').fill('demo')
    page.get_by_label('Password').fill(gallery.password)
    page.get_by_role('button', name='Sign in').click()
    page.get_by_role('button', name='Sign out demo').wait_for()
    return watch


def shows_the_picture(watch: Watched, selector: str = 'large-image-viewer') -> None:
    """Assert that a viewer shows the four colours."""
    watch.ready(selector)
    watch.page.evaluate(f'document.querySelector("{selector}").drawn()')
    pixels = picture(watch.page.locator(f'{selector} .map'))
    assert min(share_like(pixels, colour) for colour in COLOURS) > 0.03


def upload(watch: Watched, path: pathlib.Path, name: str, sent_at_once: bool = False) -> None:
    """Fill the form in and send it."""
    watch.page.get_by_role('link', name='Upload', exact=True).click()
    watch.page.get_by_label('Name').fill(name)
    watch.page.locator('input[type=file]').set_input_files(path)
    if sent_at_once:
        # The field of S3 sends the file when it is chosen.
        watch.page.locator('.field').get_by_text(path.name, exact=True).wait_for()
    watch.page.get_by_role('button', name='Upload', exact=True).click()


def test_from_an_upload_to_the_globe(at_home: Watched, square: pathlib.Path) -> None:
    page = at_home.page
    page.get_by_role('link', name='Upload', exact=True).click()
    # What is missing is said, and nothing is lost.
    page.get_by_label('Name').fill('By hand')
    page.locator('input[type=file]').evaluate('(field) => field.removeAttribute("required")')
    at_home.expected.append('status of 400')
    page.get_by_role('button', name='Upload', exact=True).click()
    page.get_by_text('This field is required.').wait_for()
    assert page.get_by_label('Name').input_value() == 'By hand'
    progress: list[Any] = []
    page.expose_function('progressed', lambda value: progress.append(value))
    page.evaluate(
        """() => { const bar = document.querySelector('#progress');
            new MutationObserver(() => window.progressed(bar.value)).observe(bar, {attributes: true}); }"""
    )
    page.locator('input[type=file]').set_input_files(square)
    page.get_by_role('button', name='Upload', exact=True).click()
    page.wait_for_url(re.compile(r'/images/\d+/'))
    assert max(progress, default=0) == 1
    shows_the_picture(at_home)
    assert page.get_by_role('cell', name='1024 × 1024 pixels').count()
    page.get_by_role('link', name='See it on the globe').click()
    at_home.ready('large-image-globe')
    at_home.wait('document.querySelector("large-image-globe").tilesLoaded')
    page.wait_for_timeout(500)
    pixels = picture(page.locator('large-image-globe .scene'))
    assert min(share_like(pixels, colour, 40) for colour in COLOURS) > 0.02
    page.get_by_role('link', name='Gallery', exact=True).click()
    card = page.get_by_role('link', name='By hand')
    assert card.locator('img').evaluate('(image) => image.decode().then(() => image.naturalWidth)') > 100
    # Every page of the API that the site links to is there.
    page.get_by_role('link', name='API', exact=True).click()
    page.locator('.swagger-ui .opblock').first.wait_for()
    at_home.expected.append('validator')


def test_the_admin(at_home: Watched, gallery: Gallery, tmp_path: pathlib.Path) -> None:
    page = at_home.page
    # The admin names no icon.
    at_home.expected.append('favicon.ico')
    page.goto(f'{gallery.origin}/admin/gallery/image/add/')
    assert not page.locator('large-image-viewer').count()
    page.get_by_label('Name').fill('In the admin')
    page.locator('input[type=file]').set_input_files(make_slide(tmp_path / 'slide.tif'))
    page.get_by_role('button', name='Save and continue editing').click()
    page.wait_for_url(re.compile(r'/change/'))
    shows_the_picture(at_home)
    page.goto(f'{gallery.origin}/admin/gallery/image/')
    small = page.get_by_role('row', name='In the admin').locator('img[loading=lazy]')
    assert small.get_attribute('alt')
    assert small.evaluate('(image) => image.decode().then(() => image.naturalWidth)') >= 32
    # Dark, as the admin's own button makes it.
    page.get_by_role('link', name='In the admin').click()
    at_home.ready('large-image-viewer')
    bright = page.locator('large-image-viewer').evaluate(
        '(viewer) => getComputedStyle(viewer.shadowRoot.querySelector(".root")).backgroundColor'
    )
    page.evaluate('document.documentElement.dataset.theme = "dark"')
    page.wait_for_timeout(200)
    dark = page.locator('large-image-viewer').evaluate(
        '(viewer) => getComputedStyle(viewer.shadowRoot.querySelector(".root")).backgroundColor'
    )
    assert bright != dark


def test_who_may_only_view(
    watched: Callable[..., Watched], gallery: Gallery, at_home: Watched, square: pathlib.Path
) -> None:
    upload(at_home, square, 'To be viewed')
    at_home.page.wait_for_url(re.compile(r'/images/\d+/'))
    key = re.search(r'/images/(\d+)/', at_home.page.url)
    assert key
    gallery.manage(
        'shell', '-c',
        'from django.contrib.auth.models import Permission, User; '
        "user = User.objects.create_user('viewer', password='only-looks', is_staff=True); "
        "user.user_permissions.add(Permission.objects.get(codename='view_image'))",
    )  # fmt: skip
    watch = watched()
    watch.origin = gallery.origin
    page = watch.open(f'{gallery.origin}/admin/login/?next=/admin/gallery/image/{key[1]}/change/')
    page.get_by_label('Username').fill('viewer')
    page.get_by_label('Password').fill('only-looks')
    watch.expected.append('favicon.ico')
    page.get_by_role('button', name='Log in').click()
    page.wait_for_url(re.compile(r'/change/$'))
    shows_the_picture(watch)
    assert not page.get_by_role('button', name='Save').count()


def test_an_upload_straight_to_s3(
    watched: Callable[..., Watched], s3: S3Server, tmp_path: pathlib.Path, square: pathlib.Path
) -> None:
    s3.client().create_bucket(Bucket='gallery')
    settings = {
        'S3_BUCKET': 'gallery', 'S3_ENDPOINT_URL': s3.endpoint, 'AWS_ACCESS_KEY_ID': s3.access_key,
        'AWS_SECRET_ACCESS_KEY': s3.secret_key, 'AWS_DEFAULT_REGION': s3.region, 'AWS_S3_REGION_NAME': s3.region,
    }  # fmt: skip
    with Gallery(tmp_path, **settings) as gallery:
        watch = watched()
        # The page and the bucket are two origins, as on S3.
        watch.origin = 'http://127.0.0.1:'
        signed_in(watch, gallery)
        upload(watch, square, 'In a bucket', sent_at_once=True)
        watch.page.wait_for_url(re.compile(r'/images/\d+/'))
        sent = [request for request in watch.asked(s3.endpoint) if request.method == 'PUT']
        assert sent
        # None of its bytes went through the site.
        posted = [request for request in watch.asked(gallery.origin) if request.method == 'POST']
        assert all(len(request.post_data_buffer or b'') < 10_000 for request in posted)
        shows_the_picture(watch)
        assert not watch.asked('X-Amz-Signature') or all(
            request.method != 'GET' for request in watch.asked('X-Amz-Signature')
        )
