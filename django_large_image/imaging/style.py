"""Styles: large-image's style JSON, checked before large-image sees it.

The keys are those of https://girder.github.io/large_image/tilesource_options.html#style, except `function`, which would
import and call any Python callable.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import TypeGuard

from django_large_image.colors import bands_of
from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter
from django_large_image.imaging import palettes
from django_large_image.pixels import Json

MAX_BANDS = 64
BAND_NAMES = ('red', 'green', 'blue', 'gray', 'alpha')
RANGE_WORDS = ('auto', 'min', 'max', 'full')
#: The words that `min` and `max` of a style may be, instead of a number.
RANGE_PATTERN = rf'^(?:{"|".join(RANGE_WORDS)}|(?:auto|min|max):(?:0|1|0?\.[0-9]+))$'
DTYPES = ('uint8', 'uint16', 'float', 'source')
SCHEMES = ('linear', 'discrete')
#: The methods of resampling. Only the engine has a choice.
RESAMPLING = ('nearest', 'bilinear', 'cubic')
COMPOSITES = ('lighten', 'multiply')


def load_style(text: str, wrapped: bool = False) -> Json | None:
    """Return the checked style of a JSON text; None for an empty text or an empty style. Raises `InvalidParameter`.

    With `wrapped` the style may also be the value of a single key `style`, named as the parameter of a GET.
    """
    if len(text) > settings.MAX_STYLE_LENGTH:
        raise InvalidParameter('style', text, f'at most {settings.MAX_STYLE_LENGTH} characters of JSON')
    if not text.strip():
        return None
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidParameter('style', text, 'a JSON object', 'style is not valid JSON.') from None
    if wrapped and isinstance(value, dict) and set(value) == {'style'}:
        value = value['style']
    return parse_style(value)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def parse_style(value: object) -> Json | None:
    """Return a style as large-image takes it, with every palette as a list of #rrggbbaa; None for an empty one.

    Raises `InvalidParameter`, whose `parameter` is the path of what is wrong, such as `style.bands[1].min`.
    """
    _refuse_functions(value, 'style')
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        raise InvalidParameter('style', value, 'a JSON object')
    if 'bands' not in value:
        return _parse(value, 'style', {**BAND_KEYS, 'icc': _boolean_or_text})
    bands = value['bands']
    if not isinstance(bands, list) or len(bands) > MAX_BANDS:
        raise InvalidParameter('style.bands', bands, f'a list of at most {MAX_BANDS} objects')
    parsed = _parse({key: entry for key, entry in value.items() if key != 'bands'}, 'style', TOP_KEYS)
    return parsed | {
        'bands': [_parse(band, f'style.bands[{index}]', BAND_KEYS) for index, band in enumerate(bands)]
    }


def _refuse_functions(value: object, path: str, depth: int = 0) -> None:
    if depth > 16:
        raise InvalidParameter(path, '…', 'at most 16 levels of nesting')
    if isinstance(value, dict):
        for key, entry in value.items():
            if str(key).lower() == 'function':
                raise InvalidParameter(f'{path}.function', entry, 'nothing: functions are not run')
            _refuse_functions(entry, f'{path}.{str(key)[:40]}', depth + 1)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            if isinstance(entry, dict | list):
                _refuse_functions(entry, f'{path}[{index}]', depth + 1)


Parser = Callable[[object, str], object]


def _parse(value: object, path: str, keys: dict[str, Parser]) -> Json:
    if not isinstance(value, dict):
        raise InvalidParameter(path, value, 'a JSON object')
    parsed = {}
    for key, entry in value.items():
        if key not in keys:
            raise InvalidParameter(f'{path}.{key[:40]}', entry, f'one of the keys {", ".join(keys)}')
        if entry is not None:
            parsed[key] = keys[key](entry, f'{path}.{key}')
    return parsed


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 2**1023
    return isinstance(value, float) and math.isfinite(value)


def _band(value: object, path: str) -> int | str:
    if isinstance(value, str) and len(value) <= 5 and value.isascii() and value.isdigit():
        value = int(value)
    if (
        isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535
    ) or value in BAND_NAMES:
        return value
    raise InvalidParameter(path, value, f'a band number from 1 or one of {", ".join(BAND_NAMES)}')


def _number(text: object) -> object:
    """Return a text as a number if it is one, else the value itself: 0.10's clients send numbers as texts."""
    if isinstance(text, str):
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _range(value: object, path: str) -> float | str:
    number = _number(value)
    if _is_number(number):
        return number
    if isinstance(value, str) and re.fullmatch(RANGE_PATTERN, value):
        return value
    raise InvalidParameter(path, value, f'a finite number, one of {", ".join(RANGE_WORDS)}, or min:0.02')


def _nodata(value: object, path: str) -> float | str:
    number = _number(value)
    if _is_number(number):
        return number
    if number == 'auto':
        return 'auto'
    raise InvalidParameter(path, value, 'a finite number or auto')


def _integer(low: int, high: int) -> Parser:
    def parse(value: object, path: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise InvalidParameter(path, value, f'an integer from {low} to {high}')

    return parse


def _one_of(choices: tuple[str, ...]) -> Parser:
    def parse(value: object, path: str) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise InvalidParameter(path, value, f'one of {", ".join(choices)}')

    return parse


def _boolean(value: object, path: str) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidParameter(path, value, 'true or false')


def _boolean_or_text(value: object, path: str) -> bool | str:
    return (
        value
        if isinstance(value, bool)
        else str(
            _one_of(('perceptual', 'relative_colorimetric', 'saturation', 'absolute_colorimetric'))(
                value, path
            )
        )
    )


def _palette(value: object, path: str) -> list[str] | str:
    # `colortable` means the colours of the file. The reader fills them in.
    return 'colortable' if value == 'colortable' else palettes.resolve(value, path)


BAND_KEYS: dict[str, Parser] = {
    'band': _band,
    'frame': _integer(0, 1_000_000),
    'framedelta': _integer(-1_000_000, 1_000_000),
    'min': _range,
    'max': _range,
    'palette': _palette,
    'scheme': _one_of(SCHEMES),
    'nodata': _nodata,
    'composite': _one_of(COMPOSITES),
    'clamp': _boolean,
    'dtype': _one_of(DTYPES),
    'axis': _integer(0, 3),
}
TOP_KEYS: dict[str, Parser] = {
    'dtype': _one_of(DTYPES),
    'axis': _integer(0, 3),
    'icc': _boolean_or_text,
}


def short_style(values: Json) -> Json | None:
    """Return the style of the short form for one band; None if `values` has none of its parameters.

    Raises `InvalidParameter`.
    """
    names = ('band', 'min', 'max', 'palette', 'nodata', 'scheme')
    given = {name: values[name] for name in names if values.get(name) is not None}
    if not given:
        return None
    parsed = {name: BAND_KEYS[name](value, name) for name, value in given.items()}
    return {'band': 1} | parsed


def canonical(style: Json | None) -> str:
    """Return a style as JSON with sorted keys, for cache keys."""
    return json.dumps(style, sort_keys=True, separators=(',', ':'))


def check_against(style: Json | None, bands: int, frames: int) -> None:
    """Raise `InvalidParameter` for a band or a frame that an image with so many bands and frames does not have."""
    for entry in bands_of(style):
        band, frame = entry.get('band'), entry.get('frame')
        if isinstance(band, int) and band > bands:
            raise InvalidParameter('band', band, f'an integer from 1 to {bands}')
        delta = entry.get('framedelta') or 0
        if abs(delta) >= frames:
            raise InvalidParameter('framedelta', delta, f'an integer from {1 - frames} to {frames - 1}')
        if frame is not None and frame >= frames:
            raise InvalidParameter('frame', frame, f'an integer from 0 to {frames - 1}')
