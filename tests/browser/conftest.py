"""Fixtures: a site in a process of its own, Debian's Chromium, and a page that is looked at again after each test."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.browser import documented
from tests.browser.clients import Client
from tests.browser.pictures import PICTURES
from tests.browser.site.views import TOKEN
from tests.browser.snippets import bundle, lacking
from tests.services.process import Processes, free_ports, is_listening
from tests.services.skipping import missing

ROOT = pathlib.Path(__file__).resolve().parents[2]

PREPARE = """
import json, sys, django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from tests.app.models import ImageFile, UrlImage
call_command('migrate', verbosity=0)
call_command('collectstatic', interactive=False, verbosity=0)
get_user_model().objects.create_superuser('staff', password='secret')
keys = {name: ImageFile.objects.create(name=name, file=file).pk for name, file in json.loads(sys.argv[1]).items()}
keys['nowhere'] = UrlImage.objects.create(name='nowhere', url=sys.argv[2]).pk
print(json.dumps(keys))
"""
#: SwiftShader draws the globe where there is no GPU; nothing is asked of Google's servers.
CHROMIUM_FLAGS = [
    '--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run',
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    """The running site."""

    origin: str
    keys: dict[str, int]
    #: Of the site's database and media; what is in its `clients` is served below /site/clients/.
    folder: pathlib.Path
    #: Another origin, whose pages may read the site's answers.
    other: str

    def src(self, image: str, viewset: str = 'images') -> str:
        """Return the address of an image in the API."""
        return f'/site/{viewset}/{self.keys[image]}'

    def page(self, *elements: tuple[str, dict[str, Any]]) -> str:
        """Return the address of a page with elements: their names after `large-image-` and their attributes."""
        query = [
            pair
            for name, attributes in elements
            for pair in (('element', name), ('attributes', json.dumps(attributes)))
        ]
        return f'{self.origin}/site/page?{urlencode(query)}'


@pytest.fixture(scope='session')
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return the site, behind gunicorn."""
    if not find_spec('whitenoise'):
        missing('whitenoise is not installed')
    folder = tmp_path_factory.mktemp('site')
    media = folder / 'media'
    media.mkdir()
    for make, file_name in PICTURES.values():
        make(media / file_name)
    documented.write(folder / 'documented')
    (port, closed, other) = free_ports(3)
    environment = {
        **os.environ,
        'DJANGO_SETTINGS_MODULE': 'tests.browser.site.settings',
        'DLI_TEST_DIR': str(folder),
        'SCRIPT_NAME': '/site',
        'DLI_TEST_OTHER_ORIGIN': f'http://127.0.0.1:{other}',
    }
    names = json.dumps({name: file_name for name, (_, file_name) in PICTURES.items()})
    done = subprocess.run(
        [sys.executable, '-c', PREPARE, names, f'http://127.0.0.1:{closed}/image.tif'],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    processes = Processes(folder)
    command = [
        sys.executable, '-m', 'gunicorn', 'django.core.wsgi:get_wsgi_application()', '--workers=1', '--threads=12',
        '--worker-class=gthread', f'--bind=127.0.0.1:{port}', '--timeout=60', '--log-level=warning',
        '--config=/dev/null', f'--chdir={ROOT}',
    ]  # fmt: skip
    try:
        processes.start('gunicorn', command, environment)
        processes.wait(lambda: is_listening(port))
        keys = json.loads(done.stdout.splitlines()[-1])
        yield Site(f'http://127.0.0.1:{port}', keys, folder, environment['DLI_TEST_OTHER_ORIGIN'])
    finally:
        processes.stop()


@pytest.fixture(scope='module')
def chromium() -> Iterator[Any]:
    """Return a running Chromium of Playwright's.

    Not for the whole session: while Playwright's loop runs, Django refuses its database to the tests of other modules.
    """
    if not find_spec('playwright'):
        missing('playwright is not installed')
    program = os.environ.get('CHROMIUM') or shutil.which('chromium') or shutil.which('google-chrome')
    if program is None:
        missing('Chromium is not installed (CHROMIUM names another one)')
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page and what it said and asked; `expected` are parts of console errors that a test means to cause."""

    page: Any
    origin: str
    errors: list[str] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def heard(self, message: Any) -> None:
        """Keep what the console says of an error, with the address that it is about."""
        if message.type == 'error':
            self.errors.append(f'{message.text} {message.location.get("url", "")}')

    def open(self, url: str) -> Any:
        """Go to an address and return the page."""
        self.page.goto(url)
        return self.page

    def ready(self, selector: str, seconds: float = 60) -> None:
        """Wait until an element is there and shows its image; raises what it says if it cannot."""
        self.page.locator(selector).first.wait_for(state='attached')
        self.page.evaluate(
            """async ([selector, seconds]) => {
                const element = document.querySelector(selector);
                const late = new Promise((_, reject) => {
                    setTimeout(() => reject(new Error(`not ready: ${element.shadowRoot?.textContent}`)), seconds * 1000);
                });
                await Promise.race([customElements.whenDefined(element.localName), late]);
                await Promise.race([element.ready, late]);
            }""",
            [selector, seconds],
        )

    def wait(self, expression: str, seconds: float = 60) -> None:
        """Wait until an expression is true; Playwright's own way of waiting is an eval, which the policy forbids."""
        deadline = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, expression
            self.page.wait_for_timeout(50)

    def asked(self, part: str) -> list[Any]:
        """Return the requests whose address holds a text."""
        return [request for request in self.requests if part in request.url]

    def check(self) -> None:
        """Assert that nothing went wrong that was not meant to, and that no request left the machine."""
        foreign = [
            request.url
            for request in self.requests
            if not request.url.startswith((self.origin, 'data:', 'blob:'))
        ]
        assert not foreign, foreign
        unexpected = [text for text in self.errors if not any(part in text for part in self.expected)]
        assert not unexpected, unexpected
        with contextlib.suppress(Exception):
            self.page.wait_for_load_state()
        violations = self.page.evaluate('window.violations ?? []')
        assert not violations, violations


@pytest.fixture
def watched(chromium: Any, site: Site) -> Iterator[Callable[..., Watched]]:
    """Return a function that opens a new page, watched until the test ends."""
    opened: list[tuple[Any, Watched]] = []

    def new(width: int = 1280, height: int = 800, **options: Any) -> Watched:
        context = chromium.new_context(viewport={'width': width, 'height': height}, **options)
        page = context.new_page()
        page.set_default_timeout(30_000)
        watch = Watched(page, site.origin)
        page.on('console', watch.heard)
        page.on('pageerror', lambda error: watch.errors.append(str(error)))
        page.on('request', lambda request: watch.requests.append(request))
        opened.append((context, watch))
        return watch

    yield new
    try:
        for _, watch in opened:
            watch.check()
    finally:
        for context, _ in opened:
            context.close()


@pytest.fixture(scope='session')
def scripts(site: Site, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the folder of the bundles, which the site serves."""
    if packages := lacking():
        missing(f'frontend/node_modules lacks {", ".join(packages)} (make frontend)')
    bundle(site.folder / 'clients', tmp_path_factory.mktemp('snippets'))
    return site.folder / 'clients'


@pytest.fixture
def client(watched: Callable[..., Watched], site: Site, scripts: pathlib.Path) -> Callable[..., Client]:
    """Return a function that opens a new page for a map, with the token in the session's storage if wanted."""

    def new(token: bool = False) -> Client:
        watch = watched(1000, 700)
        if token:
            word = TOKEN.removeprefix('Token ')
            watch.page.add_init_script(f'sessionStorage.setItem("token", "{word}")')
        return Client(watch, site)

    return new
