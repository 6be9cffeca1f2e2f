"""Each value of a style: what is at its bounds is taken, what is beyond them is refused by its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from django_large_image.exceptions import InvalidParameter
from django_large_image.imaging import style

TAKEN: list[tuple[str, Any, Any]] = [
    ('band', 1, 1), ('band', 65535, 65535), ('band', '12345', 12345), ('band', 'gray', 'gray'), ('band', 'alpha', 'alpha'),
    ('frame', 0, 0), ('frame', 1_000_000, 1_000_000), ('framedelta', -1_000_000, -1_000_000),
    ('framedelta', 1_000_000, 1_000_000), ('axis', 0, 0), ('axis', 3, 3), ('min', 0, 0), ('min', -1.5, -1.5),
    ('min', '2.5', 2.5), ('max', 'auto', 'auto'), ('max', 'min', 'min'), ('min', 'full', 'full'), ('max', 'max:0.02', 'max:0.02'),
    ('min', 'min:0', 'min:0'), ('min', 'auto:1', 'auto:1'), ('min', 'min:.5', 'min:.5'), ('nodata', 'auto', 'auto'),
    ('nodata', '-9999', -9999.0), ('nodata', 2**1023 - 1, 2**1023 - 1), ('scheme', 'linear', 'linear'),
    ('scheme', 'discrete', 'discrete'), ('composite', 'multiply', 'multiply'), ('clamp', False, False),
    ('clamp', True, True), ('dtype', 'source', 'source'), ('palette', 'colortable', 'colortable'),
]  # fmt: skip

REFUSED: list[tuple[str, Any]] = [
    ('band', 0), ('band', 65536), ('band', '123456'), ('band', True), ('band', 1.0), ('band', 'pink'), ('band', '-1'),
    ('band', '١'), ('band', []), ('frame', -1), ('frame', 1_000_001), ('frame', True), ('frame', '1'), ('frame', 1.0),
    ('framedelta', -1_000_001), ('framedelta', 1_000_001), ('axis', -1), ('axis', 4), ('min', True), ('min', 'nan'),
    ('min', 'inf'), ('min', 'min:2'), ('min', 'full:0.1'), ('min', 'max:'), ('max', []), ('max', 2**1023), ('min', -(2**1023)),
    ('nodata', 'min'), ('nodata', 'nan'), ('nodata', False), ('scheme', 'other'), ('scheme', 1), ('composite', 'add'),
    ('composite', None.__class__.__name__), ('clamp', 1), ('clamp', 'true'), ('dtype', 'int8'), ('dtype', ['uint8']),
]  # fmt: skip


@pytest.mark.parametrize(('key', 'value', 'parsed'), TAKEN)
def test_what_is_taken(key: str, value: Any, parsed: Any) -> None:
    found = style.parse_style({key: value})
    assert found == {key: parsed}
    assert found is not None
    assert type(found[key]) is type(parsed)
    assert style.parse_style({'bands': [{key: value}]}) == {'bands': [{key: parsed}]}


@pytest.mark.parametrize(('key', 'value'), REFUSED)
def test_what_is_refused(key: str, value: Any) -> None:
    with pytest.raises(InvalidParameter) as raised:
        style.parse_style({key: value})
    assert raised.value.details['parameter'] == f'style.{key}'
    with pytest.raises(InvalidParameter) as raised:
        style.parse_style({'bands': [{}, {key: value}]})
    assert raised.value.details['parameter'] == f'style.bands[1].{key}'


def test_beside_bands_there_are_few_keys() -> None:
    whole = {'dtype': 'uint8', 'axis': 1, 'icc': 'saturation', 'bands': []}
    assert style.parse_style(whole) == whole
    assert style.parse_style({'icc': True, 'band': 2}) == {'icc': True, 'band': 2}
    for wrong, place in (
        ({'bands': [], 'min': 1}, 'style.min'),
        ({'bands': [{'icc': True}]}, 'style.bands[0].icc'),
        ({'icc': 'other'}, 'style.icc'),
        ({'icc': 1}, 'style.icc'),
        ({'bands': {}}, 'style.bands'),
        ({'bands': [1]}, 'style.bands[0]'),
        ({'other': 1}, 'style.other'),
        ([], 'style'),
        ('text', 'style'),
    ):
        with pytest.raises(InvalidParameter) as raised:
            style.parse_style(wrong)
        assert raised.value.details['parameter'] == place
    # What is null is not given.
    assert style.parse_style({'min': None, 'band': 1}) == {'band': 1}
    assert style.parse_style({}) is style.parse_style(None) is None


def test_bands_are_bounded() -> None:
    assert len((style.parse_style({'bands': [{}] * 64}) or {})['bands']) == 64
    with pytest.raises(InvalidParameter, match='at most 64'):
        style.parse_style({'bands': [{}] * 65})


def test_functions_are_refused_wherever_they_are() -> None:
    for wrong, place in (
        ({'function': 'os.system'}, 'style.function'),
        ({'bands': [{}, {'FUNCTION': {}}]}, 'style.bands[1].function'),
        ({'a': [[{'b': {'function': 1}}]]}, 'style.a[0][0].b.function'),
    ):
        with pytest.raises(InvalidParameter) as raised:
            style.parse_style(wrong)
        assert raised.value.details['parameter'] == place


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    # The style itself is the first level; what is in the last is not looked at.
    for depth, message in ((17, 'one of the keys'), (18, 'nesting')):
        with pytest.raises(InvalidParameter) as raised:
            style.parse_style({'x': nested(depth - 1)})
        assert message in raised.value.details['allowed']
    # Dictionaries count as lists do, of lists in lists no more than of others.
    value: Any = {}
    for _ in range(17):
        value = {'x': value}
    with pytest.raises(InvalidParameter, match='16 levels'):
        style.parse_style(value)


def test_a_text_of_a_style(settings: Any) -> None:
    assert style.load_style('{"band": 2}') == {'band': 2}
    assert style.load_style('{"style": {"band": 2}}', wrapped=True) == {'band': 2}
    assert style.load_style('{"band": 2}', wrapped=True) == {'band': 2}
    assert style.load_style(' \n') is style.load_style('{}') is style.load_style('null') is None
    # Without being wrapped it is a key like any other; beside others, too.
    for text, wrapped in (('{"style": {"band": 2}}', False), ('{"style": {}, "band": 2}', True)):
        with pytest.raises(InvalidParameter) as raised:
            style.load_style(text, wrapped)
        assert raised.value.details['parameter'] == 'style.style'
    for text in ('{', 'NaN', '{"min": Infinity}', '[' * 100_000):
        settings.LARGE_IMAGE_MAX_STYLE_LENGTH = 200_000
        with pytest.raises(InvalidParameter, match='not valid JSON'):
            style.load_style(text)
    settings.LARGE_IMAGE_MAX_STYLE_LENGTH = len('{"band": 2}')
    assert style.load_style('{"band": 2}') == {'band': 2}
    with pytest.raises(InvalidParameter, match='at most 11 characters'):
        style.load_style('{"band": 2} ')


def test_long_keys_are_shown_shortened() -> None:
    with pytest.raises(InvalidParameter) as raised:
        style.parse_style({'k' * 50: 1})
    assert raised.value.details['parameter'] == 'style.' + 'k' * 40


def test_the_short_form() -> None:
    assert style.short_style({}) is None
    assert style.short_style({'band': None, 'min': None}) is None
    assert style.short_style({'min': 0}) == {'band': 1, 'min': 0}
    assert style.short_style({'band': 3, 'max': 'auto', 'other': 1}) == {'band': 3, 'max': 'auto'}
    with pytest.raises(InvalidParameter) as raised:
        style.short_style({'scheme': 'other'})
    assert raised.value.details['parameter'] == 'scheme'


def test_one_text_for_all_spellings() -> None:
    assert (
        style.canonical({'min': 1, 'band': 2})
        == style.canonical({'band': 2, 'min': 1})
        == '{"band":2,"min":1}'
    )
    assert json.loads(style.canonical(None)) is None


@pytest.mark.parametrize(
    ('given', 'parameter', 'allowed'),
    [
        ({'band': 3, 'frame': 1, 'framedelta': -1}, None, ''),
        ({'band': 'red'}, None, ''),
        ({'bands': [{'band': 3}, {'framedelta': 1}]}, None, ''),
        (None, None, ''),
        ({'band': 4}, 'band', '1 to 3'),
        ({'bands': [{}, {'band': 4}]}, 'band', '1 to 3'),
        ({'frame': 2}, 'frame', '0 to 1'),
        ({'framedelta': 2}, 'framedelta', '-1 to 1'),
        ({'framedelta': -2}, 'framedelta', '-1 to 1'),
    ],
)
def test_bands_and_frames_that_the_image_has(given: Any, parameter: str | None, allowed: str) -> None:
    if parameter is None:
        style.check_against(given, 3, 2)
        return
    with pytest.raises(InvalidParameter) as raised:
        style.check_against(given, 3, 2)
    assert raised.value.details['parameter'] == parameter
    assert raised.value.details['allowed'] == f'an integer from {allowed}'


def test_an_image_of_one_frame_has_no_others() -> None:
    style.check_against({'frame': 0, 'framedelta': 0}, 1, 1)
    for wrong in ({'frame': 1}, {'framedelta': 1}):
        with pytest.raises(InvalidParameter):
            style.check_against(wrong, 1, 1)
