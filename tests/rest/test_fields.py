"""Parameters by themselves: what is taken, what is refused, and what the refusal says is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory, override_settings
from rest_framework import serializers
from rest_framework.request import Request

from django_large_image.exceptions import InvalidParameter, MissingParameter
from django_large_image.rest import fields
from django_large_image.rest.fields import Params


class Everything(Params):
    """One parameter of each kind."""

    number = fields.NumberField(required=False)
    integer = serializers.IntegerField(required=False, min_value=1, max_value=20)
    open = serializers.IntegerField(required=False)
    bounded = fields.BoundedIntegerField(setting='MAX_THUMBNAIL_SIZE', min_value=2, required=False)
    truth = serializers.BooleanField(required=False)
    choice = serializers.ChoiceField(choices=['a', 'b'], default='b')
    made = serializers.CharField(default=lambda: 'made')
    crs = fields.CRSField(required=False)
    page = fields.PageProjectionField(required=False)
    units = fields.UnitsField(required=False)
    style = fields.StyleField(required=False)
    source = fields.SourceField(required=False)
    pattern = fields.PatternField(words='two letters', pattern='[a-z]{2}', required=False)
    word = fields.TextOrNumberField(words='or auto', pattern='^auto$', required=False)


class Needed(Params):
    """One that has to be there."""

    name = serializers.IntegerField(min_value=0, max_value=30)


def test_what_is_not_given_is_the_default() -> None:
    nothing = dict.fromkeys(Everything._declared_fields) | {'choice': 'b', 'made': 'made'}
    assert Everything.read({}) == nothing
    # So do clients say that something is not given.
    for absent in ('', ' ', 'undefined', 'None', 'NULL', ' null '):
        assert Everything.read(dict.fromkeys(nothing, absent)) == nothing
    for given in ({}, {'name': 'null'}, {'name': None}):
        with pytest.raises(MissingParameter) as raised:
            Needed.read(given)
        assert raised.value.details == {
            'parameter': 'name', 'value': None, 'allowed': 'an integer from 0 to 30',
        }  # fmt: skip


@pytest.mark.parametrize(
    ('name', 'raw', 'value'),
    [
        ('number', '1.5', 1.5), ('number', '-1e300', -1e300), ('number', 1e300, 1e300), ('integer', '1', 1),
        ('integer', '20', 20), ('integer', '007', 7), ('integer', 20, 20), ('integer', ' 5 ', 5), ('open', '-3', -3),
        ('open', '0', 0), ('open', '99999999999', 99_999_999_999), ('open', '999999999999', 999_999_999_999),
        ('bounded', '2', 2), ('bounded', '100', 100), ('truth', 'true', True), ('truth', '0', False), ('choice', 'a', 'a'),
        ('crs', '3857', 'EPSG:3857'), ('crs', ' epsg:04326 ', 'EPSG:4326'), ('crs', 'EPSG:32632', 'EPSG:32632'),
        ('page', 'Native ', 'native'), ('page', '3857', 'EPSG:3857'), ('units', 'pixel', 'pixels'),
        ('units', ' Base_Pixels', 'pixels'), ('units', 'PIXELS', 'pixels'), ('units', '4326', 'EPSG:4326'),
        ('style', '{"band": 2}', {'band': 2}), ('source', 'pil', 'pil'), ('pattern', 'ab', 'ab'), ('word', 'auto', 'auto'),
    ],
)  # fmt: skip
@override_settings(LARGE_IMAGE_MAX_THUMBNAIL_SIZE=100)
def test_what_is_taken(name: str, raw: Any, value: Any) -> None:
    found = Everything.read({name: raw})[name]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ('name', 'raw', 'allowed'),
    [
        ('number', 'nan', 'a finite number'), ('number', 'inf', 'a finite number'), ('number', '1.1e300', 'a finite number'),
        ('number', '-1.1e300', 'a finite number'), ('number', 'one', 'a finite number'),
        ('integer', '0', 'an integer from 1 to 20'), ('integer', '21', 'an integer from 1 to 20'), ('integer', 21, 'an integer from 1 to 20'),
        ('integer', '-1', 'an integer from 1 to 20'), ('integer', '1.5', 'an integer from 1 to 20'), ('integer', '', None),
        ('bounded', '1', 'an integer from 2 to 100'), ('bounded', '101', 'an integer from 2 to 100'),
        ('truth', 'perhaps', 'true or false'), ('choice', 'c', 'one of a, b'), ('crs', '999', 'an EPSG code'),
        ('crs', '1234567', 'an EPSG code'), ('crs', '9999', 'an EPSG code'), ('crs', 'native', 'an EPSG code'),
        ('crs', '+proj=utm', 'an EPSG code'), ('crs', '٣٨٥٧', 'an EPSG code'), ('page', 'pixels', 'or native'),
        ('units', 'native', 'pixels or an EPSG code'), ('style', '{', 'a JSON object'), ('source', 'other', ''),
        ('pattern', 'abc', 'two letters'), ('pattern', 'a', 'two letters'), ('made', 'a\0b', 'text'),
    ],
)  # fmt: skip
@override_settings(LARGE_IMAGE_MAX_THUMBNAIL_SIZE=100)
def test_what_is_refused(name: str, raw: Any, allowed: str | None) -> None:
    if allowed is None:
        assert Everything.read({name: raw})[name] is None
        return
    with pytest.raises(InvalidParameter) as raised:
        Everything.read({name: raw})
    assert not isinstance(raised.value, MissingParameter)
    assert raised.value.details['parameter'] == name
    assert allowed in raised.value.details['allowed']


def test_what_is_allowed_is_said_of_every_kind() -> None:
    allowed = {name: fields.allowed(field) for name, field in Everything._declared_fields.items()}
    assert allowed['word'] == 'a finite number, or auto'
    assert allowed['made'] == 'text'
    assert allowed['crs'] == 'an EPSG code, such as EPSG:3857'
    assert allowed['page'] == 'an EPSG code, such as EPSG:3857, or native'
    assert allowed['source'] == 'the name of an available source, see api/large-image/sources'


def test_a_query_is_that_of_the_address_unless_it_was_looked_at(settings: Any) -> None:
    http = RequestFactory().get('/', {'integer': '5', 'crs': 'EPSG:3857'})
    first = Everything.read(Request(http).query_params)
    assert (first['integer'], first['crs']) == (5, 'EPSG:3857')
    # Whoever changes what was read, changes it for himself.
    first['integer'] = 6
    assert Everything.read(Request(http).query_params)['integer'] == 5
    http.GET = http.GET.copy()
    http.GET['integer'] = '7'  # type: ignore[index]
    assert Everything.read(Request(http).query_params)['integer'] == 7


def test_a_setting_counts_at_once() -> None:
    http = RequestFactory().get('/', {'bounded': '5000'})
    with pytest.raises(InvalidParameter):
        Everything.read(Request(http).query_params)
    http = RequestFactory().get('/', {'bounded': '50'})
    assert Everything.read(Request(http).query_params)['bounded'] == 50
    with override_settings(LARGE_IMAGE_MAX_THUMBNAIL_SIZE=40), pytest.raises(InvalidParameter):
        Everything.read(Request(RequestFactory().get('/', {'bounded': '50'})).query_params)
    assert (
        Everything.read(Request(RequestFactory().get('/', {'bounded': '50'})).query_params)['bounded'] == 50
    )


@pytest.mark.parametrize('length', [400, 600, 5000])
def test_a_query_of_any_length_is_read(length: int) -> None:
    http = RequestFactory().get('/', {'made': 'x' * length, 'integer': '5'})
    for _ in range(2):
        found = Everything.read(Request(http).query_params)
        assert (len(found['made']), found['integer']) == (length, 5)
