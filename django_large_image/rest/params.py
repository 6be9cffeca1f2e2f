"""Every parameter of every endpoint, once: a field is its type, default, bounds, help and OpenAPI text.

A class of parameters is a DRF serializer, so that OpenAPI generators read it; `read` runs its fields without making an
instance, which costs microseconds where a serializer costs a good part of a cached tile.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter, MissingParameter
from django_large_image.imaging.style import SCHEMES, load_style

#: Values that clients send for "not given" (0.10's too).
ABSENT = frozenset({'', 'undefined', 'none', 'null'})
#: The largest number of a tile column or row, at zoom level 30.
MAX_INDEX = 2**30 - 1


class Params(serializers.Serializer[Any]):
    """Base of the parameters of an endpoint."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the checked parameters found in `values` (a query, or the parts of a path), with the defaults.

        Raises `InvalidParameter` or `MissingParameter` for the first that is wrong.
        """
        found: dict[str, Any] = {}
        for name, field in cls._declared_fields.items():
            raw = values.get(name)
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


def allowed(field: serializers.Field[Any, Any, Any, Any]) -> str:
    """Return what a field allows, as a phrase."""
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

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        # 1e300 is beyond every coordinate and value, and sums of it are still finite.
        if not math.isfinite(value) or abs(value) > 1e300:
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

    def to_internal_value(self, data: Any) -> int:
        value = super().to_internal_value(data)
        if value > getattr(settings, self.setting):
            self.fail('max_value', max_value=getattr(settings, self.setting))
        return value


class CRSField(serializers.CharField):
    """An EPSG code, as EPSG:n or n; the value is 'EPSG:n'."""

    allowed = 'an EPSG code, such as EPSG:3857'

    def to_internal_value(self, data: Any) -> str:
        match = re.fullmatch(r'(?:epsg:)?([0-9]{4,6})', str(data).strip(), re.I | re.A)
        if not match:
            self.fail('invalid')
        code = f'EPSG:{int(match.group(1))}'
        try:
            from django_large_image.imaging.image import crs_from_code

            crs_from_code(code)
        except ImportError:
            pass  # without rasterio the source itself decides
        except ValueError:
            self.fail('invalid')
        return code


class UnitsField(CRSField):
    """Pixels of the image, or an EPSG code."""

    allowed = 'pixels or an EPSG code, such as EPSG:4326'

    def to_internal_value(self, data: Any) -> str:
        if str(data).strip().lower() in ('pixels', 'pixel', 'base_pixels'):
            return 'pixels'
        return super().to_internal_value(data)


class StyleField(serializers.CharField):
    """A style as JSON."""

    allowed = 'a JSON object'

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return load_style(str(data))


class SourceField(serializers.CharField):
    """The name of a source that may be used."""

    allowed = 'the name of an available source, see api/large-image/sources'

    def run_validation(self, data: Any = serializers.empty) -> Any:
        from django_large_image.sources.registry import check_source

        return check_source(str(data))


class TextOrNumberField(serializers.CharField):
    """A number or a word; the style's own rules decide which words."""

    allowed = 'a finite number or one of auto, min, max, full'


class OpenParams(Params):
    """How an image is opened."""

    source = SourceField(  # type: ignore[assignment]
        required=False,
        help_text='The source that reads the image; by default the best one is found. See api/large-image/sources.',
    )


class ProjectionParams(OpenParams):
    """How an image is opened, and in which projection it is shown."""

    projection = CRSField(
        required=False,
        help_text='EPSG code of a projected CRS to show a georeferenced image in, such as EPSG:3857 for web maps. '
        "Without it everything is in the image's own pixels.",
    )


class FrameParams(Params):
    """Which frame of a multi-frame image."""

    frame = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=1_000_000,
        help_text='The frame of a multi-frame image, from 0.',
    )


class StyleParams(Params):
    """How values become colours: a style, or the short form for one band."""

    style = StyleField(  # type: ignore[assignment]
        required=False,
        help_text='A style as JSON; it takes the place of the short form. A long one can be the body of a POST.',
    )
    band = serializers.IntegerField(
        required=False, min_value=1, max_value=65535, help_text='Short form: the band to show, from 1.'
    )
    min = TextOrNumberField(
        required=False,
        help_text='Short form: the value of the first colour; a number, auto, min, max or full.',
    )
    max = TextOrNumberField(
        required=False,
        help_text='Short form: the value of the last colour; a number, auto, min, max or full.',
    )
    palette = serializers.CharField(
        required=False,
        help_text='Short form: a name of api/large-image/colormaps or a colour. `cmap` means the same.',
    )
    cmap = serializers.CharField(required=False, help_text='Another name of `palette`.')
    nodata = TextOrNumberField(
        required=False,
        help_text="Short form: the value that is transparent; a number, or auto for the file's own.",
    )
    scheme = serializers.ChoiceField(
        choices=SCHEMES,
        required=False,
        help_text='Short form: whether colours between those of the palette are made.',
    )


class TileParams(ProjectionParams, FrameParams, StyleParams):
    """The query of a tile."""


class TilePath(Params):
    """The path of a tile."""

    z = serializers.IntegerField(
        min_value=0, max_value=30, help_text='Zoom level; 0 is the whole image (or world) in one tile.'
    )
    x = serializers.IntegerField(
        min_value=0, max_value=MAX_INDEX, help_text='Column of the tile, from 0 at the left.'
    )
    y = serializers.IntegerField(
        min_value=0, max_value=MAX_INDEX, help_text='Row of the tile, from 0 at the top.'
    )


class FrameTilePath(TilePath):
    """The path of a tile of one frame."""

    frame = serializers.IntegerField(min_value=0, max_value=1_000_000, help_text='The frame, from 0.')


class ThumbnailParams(ProjectionParams, FrameParams, StyleParams):
    """The query of a thumbnail."""

    max_width = BoundedIntegerField(
        setting='MAX_THUMBNAIL_SIZE',
        min_value=2,
        required=False,
        default=256,
        help_text='The largest width, in pixels.',
    )
    max_height = BoundedIntegerField(
        setting='MAX_THUMBNAIL_SIZE',
        min_value=2,
        required=False,
        default=256,
        help_text='The largest height, in pixels.',
    )


class RegionParams(ProjectionParams, FrameParams, StyleParams):
    """The query of a region."""

    left = NumberField(help_text='Left side, in `units`.')
    top = NumberField(help_text='Top side, in `units`: smaller than bottom in pixels, greater in a CRS.')
    right = NumberField(help_text='Right side, in `units`.')
    bottom = NumberField(help_text='Bottom side, in `units`.')
    units = UnitsField(
        required=False,
        help_text='What the sides are given in: pixels of the image, or an EPSG code. By default EPSG:4326 for a '
        'georeferenced image and pixels for others.',
    )
    max_width = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text='Make the answer smaller, to at most so many pixels across.',
    )
    max_height = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text='Make the answer smaller, to at most so many pixels down.',
    )


class PixelParams(OpenParams, FrameParams, StyleParams):
    """The query of a pixel."""

    left = NumberField(help_text='Column (or x), in `units`.')
    top = NumberField(help_text='Row (or y), in `units`.')
    units = UnitsField(required=False, default='pixels', help_text='pixels of the image, or an EPSG code.')


class HistogramParams(OpenParams, FrameParams):
    """The query of a histogram."""

    bins = BoundedIntegerField(
        setting='MAX_HISTOGRAM_BINS',
        min_value=1,
        required=False,
        default=256,
        help_text='The number of bins.',
    )
    density = serializers.BooleanField(
        required=False, default=False, help_text='Give each bin as a share of all samples instead of a count.'
    )
    onlyMinMax = serializers.BooleanField(
        required=False,
        default=False,
        help_text='Answer with the smallest and largest value of each band alone.',
    )
    exact = serializers.BooleanField(
        required=False, default=False, help_text='Read every pixel instead of an overview of about a million.'
    )


class BandsParams(OpenParams, FrameParams):
    """The query of what is known of the bands."""


class BandParams(BandsParams):
    """The query of what is known of one band."""

    band = serializers.IntegerField(
        required=False, default=1, min_value=1, max_value=65535, help_text='The band, from 1.'
    )


class LegendParams(Params):
    """The query of a palette's picture."""

    width = serializers.IntegerField(
        required=False, default=256, min_value=1, max_value=2048, help_text='Width in pixels.'
    )
    height = serializers.IntegerField(
        required=False, default=16, min_value=1, max_value=512, help_text='Height in pixels.'
    )
    scheme = serializers.ChoiceField(
        choices=SCHEMES,
        required=False,
        default='linear',
        help_text='Whether colours between those of the palette are made.',
    )
