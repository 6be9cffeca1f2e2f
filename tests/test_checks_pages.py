"""The system checks of the pages: base layers, and the files that the elements need."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from django.utils.functional import lazystr

from django_large_image.checks import pages
from tests.test_checks import ids

STREETS = {'name': 'Streets', 'url': 'https://tiles.example.org/{z}/{x}/{y}.png', 'attribution': '© Somebody'}
BARE = {'name': lazystr('Bare'), 'url': '/tiles/{z}/{y}/{x}.jpg'}


@pytest.mark.parametrize('layers', [(), [], [STREETS], (STREETS, BARE), [{**STREETS, 'attribution': None}]])
def test_base_layers_that_can_be_shown(settings: Any, layers: Any) -> None:
    settings.LARGE_IMAGE_BASE_LAYERS = layers
    assert pages.check_base_layers(None) == []


@pytest.mark.parametrize(
    ('layers', 'said'),
    [
        (None, ' is no list.'),
        ('streets', ' is no list.'),
        (STREETS, ' is no list.'),
        ([STREETS['url']], '[0] is no dictionary.'),
        ([STREETS, {}], '[1] has no text as its name.'),
        ([{**STREETS, 'name': ''}], '[0] has no text as its name.'),
        ([{**STREETS, 'name': 7}], '[0] has no text as its name.'),
        ([{'name': 'a'}], '[0] has no text as its url.'),
        ([{**STREETS, 'url': ['a']}], '[0] has no text as its url.'),
        ([{**STREETS, 'attribution': 7}], '[0] has no text as its attribution.'),
        ([{**STREETS, 'max_zoom': 7}], '[0] has the unknown key max_zoom.'),
        ([{**STREETS, 7: 7}], '[0] has the unknown key 7.'),
        ([{**STREETS, 'url': 'https://tiles.example.org/{z}/{x}.png'}], '[0] has a URL without {y}.'),
        ([STREETS, BARE, STREETS], '[2] has the name of another one.'),
        ([{**STREETS, 'name': 'none'}], '[0] has the name of a layer that is built in, none.'),
    ],
)
def test_base_layers_that_cannot(settings: Any, layers: Any, said: str) -> None:
    settings.LARGE_IMAGE_BASE_LAYERS = layers
    found = pages.check_base_layers(None)
    assert ids(found) == ['E013']
    assert found[0].msg == f'LARGE_IMAGE_BASE_LAYERS{said}'


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a folder of static files in which the bundles are."""
    monkeypatch.setattr(pages, 'STATIC', tmp_path)
    folder = tmp_path / 'django_large_image'
    folder.mkdir()
    for name in ('viewer.js', 'globe.js'):
        (folder / name).write_text('')
    return folder


def test_bundles_that_are_there(built: pathlib.Path) -> None:
    assert pages.check_static(None) == []


@pytest.mark.parametrize('missing', [('viewer.js',), ('globe.js',), ('viewer.js', 'globe.js')])
def test_bundles_that_are_not(built: pathlib.Path, missing: tuple[str, ...]) -> None:
    for name in missing:
        (built / name).unlink()
    found = pages.check_static(None)
    assert ids(found) == ['W015']
    assert all(f'django_large_image/{name}' in found[0].msg for name in missing)
    assert 'make frontend' in found[0].hint


def test_files_without_a_hash_have_to_stay(built: pathlib.Path, settings: Any) -> None:
    settings.WHITENOISE_KEEP_ONLY_HASHED_FILES = True
    assert ids(pages.check_static(None)) == ['W014']
    settings.WHITENOISE_KEEP_ONLY_HASHED_FILES = False
    assert pages.check_static(None) == []


def test_the_static_files_are_looked_for_where_they_are() -> None:
    assert (pages.STATIC / 'django_large_image' / 'pages.css').is_file()
