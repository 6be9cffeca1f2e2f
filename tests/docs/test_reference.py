"""The reference of Python names has all that a project uses."""

from __future__ import annotations

import re

import pytest

from django_large_image import exceptions, rest, tilesource, utilities
from django_large_image.exceptions import LargeImageError
from django_large_image.templatetags.large_image import register
from tests.docs.conftest import PAGES

REFERENCE = {page: text for page, text in PAGES.items() if page.startswith('docs/api-')}
#: What mkdocstrings puts there; that each exists is what the build says, which is strict.
SHOWN = {name for text in REFERENCE.values() for name in re.findall(r'^::: (\S+)$', text, re.M)}
MIXIN = 'django_large_image.rest.LargeImageDetailMixin'


def names(text: str, start: str) -> set[str]:
    """Return the names in code in the first cell of table rows, those that go on with `start`."""
    return set(re.findall(rf'^\| `(\w+){start}', text, re.M))


def test_the_public_classes_are_shown() -> None:
    assert {f'django_large_image.rest.{name}' for name in rest.__all__} <= SHOWN


def test_the_hooks_are_shown() -> None:
    hooks = names(PAGES['docs/customizing.md'], r'\(request')
    assert len(hooks) > 5
    assert {f'{MIXIN}.{name}' for name in hooks} <= SHOWN


def test_the_endpoints_are_shown_as_methods() -> None:
    listed = re.search(r'Each endpoint is a method: (.*?)\. An', PAGES['docs/customizing.md'], re.S)
    assert listed is not None
    methods = re.findall(r'`(\w+)`', listed.group(1))
    assert len(methods) > 15
    assert {f'{MIXIN}.{name}' for name in methods} <= SHOWN


def test_the_tags_are_shown() -> None:
    start = 'django_large_image.templatetags.large_image.'
    assert {name.removeprefix(start) for name in SHOWN if name.startswith(start)} == set(register.tags)


@pytest.mark.parametrize('module', [utilities, tilesource], ids=lambda module: module.__name__)
def test_the_names_of_0_10_are_there(module: object) -> None:
    page = REFERENCE['docs/api-python.md']
    for name in module.__all__:  # type: ignore[attr-defined]
        assert f'{module.__name__}.{name}' in page  # type: ignore[attr-defined]


def test_the_table_of_errors_is_that_of_the_package() -> None:
    rows = re.findall(r'^\| `(\w+)` \| (\d+) \| `(\w+)` \|$', REFERENCE['docs/api-errors.md'], re.M)
    assert rows == [
        (name, str(cls.status), cls.code)
        for name, cls in vars(exceptions).items()
        if isinstance(cls, type) and issubclass(cls, LargeImageError) and cls is not LargeImageError
    ]
