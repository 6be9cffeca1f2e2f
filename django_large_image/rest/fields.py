"""The kinds of parameters. Each checks a value and says what it allows.

A class of parameters is a DRF serializer, which OpenAPI generators can read. `read` runs its fields without making an
instance of it: that costs microseconds, where an instance costs a good part of a cached tile.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter, MissingParameter
from django_large_image.handles.crs import crs_from_code
from django_large_image.handles.registry import check_source
from django_large_image.imaging.style import load_style
from django_large_image.pixels import Json

#: Values by which clients, those of 0.10 too, mean that a parameter is not given.
ABSENT = frozenset({'', 'undefined', 'none', 'null'})
#: The pattern of a number, for the OpenAPI documents.
NUMBER = r'[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?'
#: The largest number that is allowed: no coordinate and no value is as large, and sums of it are still finite.
LARGEST = 1e300


if TYPE_CHECKING:
    # Any: of whatever values.
    Field = serializers.Field[Any, Any, Any, Any]
else:
    Field = serializers.Field


class Params(serializers.Serializer[object]):
    """Base of the parameters of an endpoint."""

    @classmethod
    def read(cls, values: Mapping[str, object]) -> Json:
        """Return the checked parameters in `values`, a query or the parts of a path, with the defaults of the others.

        Raises `InvalidParameter` or `MissingParameter` for the first one that is wrong.
        """
        found: Json = {}
        for name, field in cls._declared_fields.items():
            raw = values.get(name)
            if type(raw) is str and type(field) is serializers.IntegerField:
                # A short cut for the numbers in a tile's address: it takes a tenth of the time that a field does.
                number = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 12 else -1
                if (field.min_value or 0) <= number <= (field.max_value or number):
                    found[name] = number
                    continue
            if raw is None or (isinstance(raw, str) and raw.strip().lower() in ABSENT):
                if field.required:
                    raise MissingParameter(name, allowed(field))
                default = field.default
                found[name] = (
                    None if default is serializers.empty else default() if callable(default) else default
                )
                continue
            try:
                found[name] = field.run_validation(raw)
            except serializers.ValidationError:
                raise InvalidParameter(name, raw, allowed(field)) from None
        return found


def allowed(field: Field) -> str:
    """Return what a field allows, as a phrase for an error."""
    if hasattr(field, 'allowed'):
        return str(field.allowed)
    if isinstance(field, serializers.BooleanField):
        return 'true or false'
    if isinstance(field, serializers.ChoiceField):
        return 'one of ' + ', '.join(str(choice) for choice in field.choices)
    if isinstance(field, serializers.IntegerField):
        return f'an integer from {field.min_value} to {field.max_value}'
    return 'text'


class NumberField(serializers.FloatField):
    """A finite number."""

    allowed = 'a finite number'

    def to_internal_value(self, data: float | str) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value) or abs(value) > LARGEST:
            self.fail('invalid')
        return value


class BoundedIntegerField(serializers.IntegerField):
    """An integer whose upper bound is a setting, looked up at each use."""

    def __init__(self, *, setting: str, min_value: int, **kwargs: Any) -> None:
        self.setting = setting
        super().__init__(min_value=min_value, **kwargs)

    @property
    def allowed(self) -> str:
        return f'an integer from {self.min_value} to {getattr(settings, self.setting)}'

    def to_internal_value(self, data: float | str) -> int:
        value = super().to_internal_value(data)
        if value > getattr(settings, self.setting):
            self.fail('max_value', max_value=getattr(settings, self.setting))
        return value


class CRSField(serializers.CharField):
    """An EPSG code, as EPSG:n or n; the value is 'EPSG:n'."""

    allowed = 'an EPSG code, such as EPSG:3857'
    #: For the OpenAPI documents. Spaces around it are allowed, too.
    pattern = '^([Ee][Pp][Ss][Gg]:)?[0-9]{4,6}$'

    def to_internal_value(self, data: object) -> str:
        match = re.fullmatch(r'(?:epsg:)?([0-9]{4,6})', str(data).strip(), re.I | re.A)
        if not match:
            self.fail('invalid')
        code = f'EPSG:{int(match.group(1))}'
        try:
            crs_from_code(code)
        except ValueError:
            self.fail('invalid')
        return code


class PageProjectionField(CRSField):
    """An EPSG code, or the projection of the file."""

    allowed = f'{CRSField.allowed}, or native'
    pattern = f'^(native|{CRSField.pattern[1:-1]})$'

    def to_internal_value(self, data: object) -> str:
        if str(data).strip().lower() == 'native':
            return 'native'
        return super().to_internal_value(data)


class UnitsField(CRSField):
    """Pixels of the image, or an EPSG code."""

    allowed = 'pixels or an EPSG code, such as EPSG:4326'
    pattern = f'^(pixels|pixel|base_pixels|{CRSField.pattern[1:-1]})$'

    def to_internal_value(self, data: object) -> str:
        if str(data).strip().lower() in ('pixels', 'pixel', 'base_pixels'):
            return 'pixels'
        return super().to_internal_value(data)


class StyleField(serializers.CharField):
    """A style as JSON."""

    allowed = 'a JSON object'

    def run_validation(self, data: object = serializers.empty) -> object:
        return load_style(str(data))


class SourceField(serializers.CharField):
    """The name of an available source."""

    allowed = 'the name of an available source, see api/large-image/sources'

    def run_validation(self, data: object = serializers.empty) -> object:
        return check_source(str(data))


class TextOrNumberField(serializers.CharField):
    """A number or a word. The rules of styles decide about the words; `pattern` is for the OpenAPI documents."""

    def __init__(self, *, words: str, pattern: str, **kwargs: Any) -> None:
        self.allowed = f'a finite number, {words}'
        self.pattern = f'^({NUMBER}|{pattern.strip("^$")})$'
        super().__init__(**kwargs)


class PatternField(serializers.CharField):
    """A text that matches `pattern`; `words` say in an error what that is."""

    def __init__(self, *, words: str, pattern: str, **kwargs: Any) -> None:
        self.allowed = words
        self.pattern = pattern
        super().__init__(**kwargs)

    def to_internal_value(self, data: str) -> str:
        value = super().to_internal_value(data)
        if not re.fullmatch(self.pattern, value):
            self.fail('invalid')
        return value
