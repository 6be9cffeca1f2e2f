"""Every parameter of every endpoint, declared once: a field has its type, default, bounds, help and OpenAPI text."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework import serializers

from django_large_image.imaging.style import RANGE_PATTERN, RESAMPLING, SCHEMES
from django_large_image.pixels import Json
from django_large_image.rest.fields import (
    BoundedIntegerField,
    CRSField,
    NumberField,
    PageProjectionField,
    Params,
    PatternField,
    SourceField,
    StyleField,
    TextOrNumberField,
    UnitsField,
)

#: The largest column or row of a tile: that of zoom level 30.
MAX_INDEX = 2**30 - 1


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


class DrawParams(ProjectionParams):
    """How an image is opened, shown and resampled."""

    resampling = serializers.ChoiceField(
        choices=RESAMPLING,
        required=False,
        help_text='How the pixels of a georeferenced image are made from those of the file; by default nearest for '
        'classes and palettes, and bilinear for everything else. All but nearest are averages where the image is '
        'made smaller.',
    )


class PictureParams(DrawParams):
    """How an image is opened, shown, resampled and encoded."""

    quality = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        help_text='The quality of JPEG, WebP and AVIF; other formats ignore it. By default it is that of the site, and '
        'a tile that is stored in the format is handed on with its own.',
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
        words='auto, min, max or full',
        pattern=RANGE_PATTERN,
        required=False,
        help_text='Short form: the value of the first colour; a number, auto, min, max or full.',
    )
    max = TextOrNumberField(
        words='auto, min, max or full',
        pattern=RANGE_PATTERN,
        required=False,
        help_text='Short form: the value of the last colour; a number, auto, min, max or full.',
    )
    palette = serializers.CharField(
        required=False,
        help_text='Short form: a name of api/large-image/colormaps or a colour. `cmap` means the same.',
    )
    cmap = serializers.CharField(required=False, help_text='Another name of `palette`.')
    nodata = TextOrNumberField(
        words='or auto',
        pattern='auto',
        required=False,
        help_text="Short form: a further value that is transparent; the file's own is in any case, and auto means just "
        'that.',
    )
    scheme = serializers.ChoiceField(
        choices=SCHEMES,
        required=False,
        help_text='Short form: whether colours between those of the palette are made.',
    )


class FrameTileParams(PictureParams, StyleParams):
    """The query of a tile whose path names the frame."""


class TileParams(PictureParams, FrameParams, StyleParams):
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


class ThumbnailParams(PictureParams, FrameParams, StyleParams):
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


class RegionParams(PictureParams, FrameParams, StyleParams):
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


class PageParams(FrameParams):
    """The query of a page that shows an image: the attributes that its element gets."""

    projection = PageProjectionField(
        required=False,
        help_text="The projection of the map: an EPSG code, or native for the file's own. By default EPSG:3857.",
    )
    style = StyleField(required=False, help_text='A style as JSON, the first that is shown.')  # type: ignore[assignment]
    resampling = serializers.ChoiceField(
        choices=RESAMPLING, required=False, help_text='The resampling of the tiles.'
    )
    tile_format = serializers.ChoiceField(
        choices=('png', 'jpg', 'webp', 'avif'),
        required=False,
        help_text="The format of the tiles; `format` is Django REST Framework's own parameter, and has no effect.",
    )
    base_layer = PatternField(
        pattern=r'^[^<>"]{1,100}$',
        words='the name of a base layer',
        required=False,
        help_text='The base layer that is shown: a name of LARGE_IMAGE_BASE_LAYERS, outline (of the map), '
        'natural-earth (of the globe), or none.',
    )
    controls = PatternField(
        pattern='^[a-z]+([ -][a-z]+)*$',
        words='names with spaces between them, or none',
        required=False,
        help_text='The controls that are shown, with spaces between their names, or none. By default all.',
    )
    state_in_url = PatternField(
        pattern=r'^[A-Za-z0-9_-]{1,50}$',
        words='a name of letters, digits, - and _',
        required=False,
        help_text="Keep the view in the page's address, under this name.",
    )

    @classmethod
    def read(cls, values: Mapping[str, object]) -> Json:
        """Return the parameters as `Params.read` does, but keep 'none' as a value of `base_layer` and `controls`."""
        none = {name: 'none' for name in ('base_layer', 'controls') if values.get(name) == 'none'}
        return super().read(values) | none
