"""System checks: each has an id and a hint, and says nothing where all is well."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks.registry import registry as registry_of_checks
from django.test import override_settings

from django_large_image.checks import setup
from django_large_image.handles import registry


def ids(messages: list[Any]) -> list[str]:
    """Return the ids of messages, after asserting that each has a hint."""
    assert all(message.hint for message in messages)
    return [message.id.removeprefix('django_large_image.') for message in messages]


def installed(monkeypatch: Any, *names: str) -> None:
    """Pretend that these sources are the installed ones."""
    monkeypatch.setattr(registry, 'installed_sources', lambda: {name: f'x:{name}' for name in names})


@pytest.mark.parametrize(
    ('names', 'expected'),
    [
        ((), ['E001']),
        (('multi', 'test'), ['E001']),
        (('gdal', 'rasterio', 'pil'), ['E002']),
        (('rasterio', 'pil'), []),
    ],
)
def test_sources(monkeypatch: Any, names: tuple[str, ...], expected: list[str]) -> None:
    installed(monkeypatch, *names)
    assert ids(setup.check_sources(None)) == expected


def test_two_gdals_where_one_is_left_out(monkeypatch: Any) -> None:
    installed(monkeypatch, 'gdal', 'rasterio')
    with override_settings(LARGE_IMAGE_SOURCES=('rasterio', 'pil')):
        assert setup.check_sources(None) == []


@override_settings(LARGE_IMAGE_CACHE_NAMES='x', LARGE_IMAGE_COMPLETELY_ELSE=1)
def test_unknown_settings() -> None:
    messages = setup.check_settings(None)
    assert ids(messages) == ['W003', 'W003']
    hints = {message.msg: message.hint for message in messages}
    assert 'LARGE_IMAGE_CACHE_NAME?' in hints['There is no setting LARGE_IMAGE_CACHE_NAMES.']


@override_settings(LARGE_IMAGE_CACHE_REDIS_URL='redis://127.0.0.1', LARGE_IMAGE_ALLOWED_HOSTS=['*'])
def test_settings_that_0_10_forwarded_are_known_and_open_hosts_are_not_well() -> None:
    assert ids(setup.check_settings(None)) == ['W008']


@override_settings(LARGE_IMAGE_CACHE_NAME='nowhere')
def test_a_missing_cache() -> None:
    assert ids(setup.check_cache(None)) == ['E004']
    assert setup.check_cache_deploy(None) == []


@pytest.mark.parametrize(
    ('variable', 'value', 'expected'),
    [('WEB_CONCURRENCY', '4', ['W005']), ('WEB_CONCURRENCY', '1', []), ('WEB_CONCURRENCY', 'x', []),
     ('GUNICORN_CMD_ARGS', '--workers=3 --threads=4', ['W005']), ('GUNICORN_CMD_ARGS', '-w 2', ['W005'])],
)  # fmt: skip
def test_a_cache_of_each_process(monkeypatch: Any, variable: str, value: str, expected: list[str]) -> None:
    monkeypatch.setenv(variable, value)
    assert ids(setup.check_cache(None)) == expected
    # Said once: by the plain check, or else by `check --deploy`.
    assert ids(setup.check_cache_deploy(None)) == ([] if expected else ['W005'])


def test_viewsets() -> None:
    import tests.app.urls  # noqa: F401

    found = ids(setup.check_viewsets(None))
    assert {'W006', 'W007'} <= set(found)
    with override_settings(LARGE_IMAGE_ALLOWED_HOSTS=['images.example.org']):
        assert 'W006' not in ids(setup.check_viewsets(None))


@pytest.mark.parametrize(
    ('missing', 'expected'),
    [((), []), (('cv2',), ['W009']), (('isal',), ['W010']), (('cv2', 'isal'), ['W009', 'W010'])],
)
def test_what_makes_tiles_slow(monkeypatch: Any, missing: tuple[str, ...], expected: list[str]) -> None:
    installed(monkeypatch, 'rasterio', 'pil')
    monkeypatch.setattr(setup, 'find_spec', lambda name: None if name in missing else object())
    messages = setup.check_speed(None)
    assert ids(messages) == expected
    assert all("'django-large-image[rasterio]'" in message.hint for message in messages)


@pytest.mark.parametrize('names', [('pil',), ('gdal', 'pil')])
def test_what_other_readers_do_not_need(monkeypatch: Any, names: tuple[str, ...]) -> None:
    installed(monkeypatch, *names)
    monkeypatch.setattr(setup, 'find_spec', lambda name: None)
    assert setup.check_speed(None) == []


def test_a_reader_that_is_left_out_needs_nothing(monkeypatch: Any) -> None:
    installed(monkeypatch, 'rasterio', 'pil')
    monkeypatch.setattr(setup, 'find_spec', lambda name: None)
    with override_settings(LARGE_IMAGE_SOURCES=('pil',)):
        assert setup.check_speed(None) == []


def test_every_check_is_registered() -> None:
    registered = {check.__name__ for check in registry_of_checks.get_checks(include_deployment_checks=True)}
    assert {name for name in vars(setup) if name.startswith('check_')} <= registered
