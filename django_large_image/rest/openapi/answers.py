"""JSON schemas of answers and bodies, for the OpenAPI documents.

They say what holds for every reader. What depends on the reader is an object of anything. A value that can be null has
'null' in a list of types, as in JSON Schema; `translated` spells it as each document needs it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django_large_image.imaging.style import (
    BAND_NAMES,
    COMPOSITES,
    DTYPES,
    MAX_BANDS,
    RANGE_PATTERN,
    SCHEMES,
)
from django_large_image.pixels import Json

Schema = Json


@dataclass(frozen=True)
class Shape:
    """A schema with its name in the documents. Inside another schema it stands for a reference to it."""

    name: str
    schema: Schema


def _object(
    properties: Schema, required: bool = True, optional: Schema | None = None, **more: object
) -> Schema:
    """Return the schema of an object with `properties`, which it must have if `required`, and perhaps `optional`."""
    needed = {'required': list(properties)} if required else {}
    return {'type': 'object', 'properties': properties | (optional or {}), **needed, **more}


def _each(schema: Schema | Shape) -> Schema:
    return {'type': 'object', 'additionalProperties': schema}


def _list(schema: Schema | Shape) -> Schema:
    return {'type': 'array', 'items': schema}


INTEGER: Schema = {'type': 'integer'}
NUMBER: Schema = {'type': 'number'}
NUMBER_OR_NULL: Schema = {'type': ['number', 'null']}
TEXT: Schema = {'type': 'string'}
TRUTH: Schema = {'type': 'boolean'}
ANYTHING: Schema = {'type': 'object'}

ERROR = Shape(
    'LargeImageError',
    {
        'type': 'object',
        'required': ['detail'],
        'properties': {
            'detail': TEXT | {'description': 'What is wrong, for people.'},
            'code': TEXT | {'description': 'What is wrong, for programs; not in errors of Django REST Framework.'},
            'parameter': TEXT | {'description': 'The parameter that is not allowed, or its place in a style.'},
            'value': {'description': 'What was sent, shortened: text, a number, true, false or null.'},
            'allowed': {'anyOf': [TEXT, INTEGER], 'description': 'What would be right, or how many pixels.'},
        },
        'additionalProperties': True,
    },
)  # fmt: skip

BOUNDS: Schema = {
    'type': ['object', 'null'],
    'properties': {'srs': TEXT, **dict.fromkeys(('xmin', 'xmax', 'ymin', 'ymax'), NUMBER)},
}
CRS: Schema = {
    'type': ['object', 'null'],
    'required': ['code', 'name', 'proj4', 'unit'],
    'properties': {'code': {'type': ['string', 'null']}, 'name': TEXT, 'proj4': TEXT, 'unit': TEXT},
}
BAND = Shape(
    'LargeImageBand',
    _object(
        {
            'interpretation': TEXT,
            **dict.fromkeys(('min', 'max', 'mean', 'stdev', 'nodata', 'offset', 'scale'), NUMBER_OR_NULL),
        },
        required=False,
    ),
)
BANDS = Shape('LargeImageBands', _each(BAND))
RANGE = {
    'type': 'object',
    'required': ['band', 'min', 'max'],
    'properties': {'band': INTEGER, 'channel': INTEGER, 'min': NUMBER, 'max': NUMBER},
}
METADATA = Shape(
    'LargeImageMetadata',
    {
        'type': 'object',
        'required': ['levels', 'sizeX', 'sizeY', 'tileWidth', 'tileHeight', 'geospatial', 'frames'],
        'properties': {
            **dict.fromkeys(('levels', 'sizeX', 'sizeY', 'tileWidth', 'tileHeight', 'bandCount'), INTEGER),
            **dict.fromkeys(('magnification', 'mm_x', 'mm_y'), NUMBER_OR_NULL),
            'dtype': TEXT,
            'geospatial': TRUTH | {'description': 'Whether the image has a place on the earth.'},
            'bounds': BOUNDS | {'description': 'Only of an image with a place on the earth.'},
            'bands': _each(BAND),
            'ranges': _list(RANGE)
            | {
                'description': 'What values of more than 8 bits are spread over without a style: by band, and by '
                'channel where there are several; the same for all frames. Empty for 8-bit data.'
            },
            'frames': {
                'oneOf': [_list(ANYTHING), {'type': 'boolean', 'enum': [False]}],
                'description': 'The frames, or false for an image of one.',
            },
        },
    },
)
METADATA_INTERNAL = Shape(
    'LargeImageInternalMetadata',
    _object({'geospatial': TRUTH}, description='The rest depends on the reader.'),
)
_MATRIX = dict.fromkeys(('levels', 'size_x', 'size_y', 'tile_size', 'tile_width', 'tile_height'), INTEGER)
TILES = Shape(
    'LargeImageTiles',
    _object(
        {
            **_MATRIX,
            'geospatial': TRUTH,
            'additional_metadata': METADATA,
        },
        optional={
            'crs': CRS
            | {'description': 'Of the projection, else of the file; only of a georeferenced image.'},
            'extent': _list(NUMBER)
            | {
                'description': 'With a projection: xmin, ymin, xmax, ymax of tile 0/0/0, in units of the CRS.'
            },
            'bounds': BOUNDS | {'description': 'With a projection: the image, in units of the CRS.'},
            'web_mercator': _object({**_MATRIX, 'crs': CRS, 'extent': _list(NUMBER), 'bounds': BOUNDS})
            | {
                'type': ['object', 'null'],
                'description': 'Without a projection, of a georeferenced image: what `projection=EPSG:3857` says.',
            },
        },
    ),
)
CORNERS = Shape('LargeImageCorners', _object(dict.fromkeys(('xmin', 'ymin', 'xmax', 'ymax'), NUMBER)))
FRAMES = Shape(
    'LargeImageFrames',
    _object(
        {
            'frames': _list(
                _object(
                    {
                        'frame': TEXT,
                        'bands': _list(
                            _object(
                                {
                                    'index': {'type': ['integer', 'null']},
                                    'frame': {'type': ['integer', 'null']},
                                    'name': TEXT,
                                }
                            )
                        ),
                    }
                )
            )
        }
    ),
)
TIFFDUMP = Shape('LargeImageTiffDump', ANYTHING | {'description': 'As tifftools writes it.'})
MADE = Shape(
    'LargeImageMade',
    _object(
        {
            'large_image': TRUTH | {'description': 'Whether the file was made a large image.'},
            'served': TRUTH | {'description': 'Whether the other endpoints answer.'},
        }
    ),
)
PIXEL = Shape(
    'LargeImagePixel',
    {
        'type': 'object',
        'required': ['left', 'top'],
        'properties': {
            'left': INTEGER | {'description': 'The column, in pixels.'},
            'top': INTEGER | {'description': 'The row, in pixels.'},
            'value': _list(NUMBER_OR_NULL),
            **dict.fromkeys('rgbal', NUMBER_OR_NULL),
            'bands': _each(NUMBER_OR_NULL) | {'description': "The file's own values."},
        },
    },
)
HISTOGRAM = Shape(
    'LargeImageHistogram',
    _object(
        {
            **dict.fromkeys(('min', 'max', 'mean', 'stdev'), NUMBER_OR_NULL),
            'range': {'type': ['array', 'null'], 'items': NUMBER},
            'hist': _list(NUMBER),
            'bin_edges': _list(NUMBER),
            'bins': INTEGER,
            'density': TRUTH,
            'samples': INTEGER,
        }
    ),
)
HISTOGRAMS = Shape(
    'LargeImageHistograms',
    {
        'oneOf': [
            _list(HISTOGRAM),
            _object({'min': _list(NUMBER_OR_NULL), 'max': _list(NUMBER_OR_NULL)}),
        ],
        'description': 'A list with one histogram a band; with `onlyMinMax` an object of two lists.',
    },
)

SOURCES = Shape('LargeImageSources', _each(_object({'class': TEXT, 'extensions': _list(TEXT)})))
COLORMAPS = Shape('LargeImageColormaps', _each(_list(TEXT)))
FORMATS = Shape('LargeImageFormats', _each(TEXT))
_CHANGEABLE: Schema = {
    'auto_serve': TRUTH,
    'max_untiled_size': INTEGER | {'minimum': 256, 'maximum': 65536},
}
SETTINGS = Shape('LargeImageSettings', _object(_CHANGEABLE | {'changeable': _each(TEXT)}))
CHANGES = Shape(
    'LargeImageChanges',
    _object(_CHANGEABLE, required=False, additionalProperties=False, minProperties=1),
)
_COUNTED: Schema = _object(dict.fromkeys(('blocks', 'bytes', 'limit'), INTEGER))
CACHE = Shape(
    'LargeImageCache',
    _object(
        {
            'tiles': _object(
                {
                    **dict.fromkeys(('hits', 'misses', 'entries', 'bytes'), INTEGER),
                    'exact': TRUTH,
                    'alias': TEXT,
                }
            ),
            'sources': _object(dict.fromkeys(('images', 'handles', 'idle', 'limit'), INTEGER)),
            'blocks': _COUNTED,
            'shared_blocks': _COUNTED,
        }
    ),
)
CLEARED = Shape('LargeImageCleared', _object({'removed': {'type': ['integer', 'null']}}))

_NUMBER_OR_WORD: Schema = {'anyOf': [NUMBER, TEXT | {'pattern': RANGE_PATTERN}]}
# Lists of words have names here, because drf-spectacular would give them names that a project may use for its own.
_SCHEME = Shape('LargeImageScheme', TEXT | {'enum': list(SCHEMES)})
_COMPOSITE = Shape('LargeImageComposite', TEXT | {'enum': list(COMPOSITES)})
_DTYPE = Shape('LargeImageDtype', TEXT | {'enum': list(DTYPES)})
_ONE_BAND: Schema = {
    'band': {
        'anyOf': [INTEGER | {'minimum': 1, 'maximum': 65535}, TEXT | {'enum': list(BAND_NAMES)}],
        'description': 'A number from 1, or the name of a colour.',
    },
    'frame': INTEGER | {'minimum': 0, 'maximum': 1_000_000},
    'framedelta': INTEGER | {'minimum': -1_000_000, 'maximum': 1_000_000},
    'min': _NUMBER_OR_WORD | {'description': 'A number, auto, min, max, full, or min:0.02.'},
    'max': _NUMBER_OR_WORD | {'description': 'A number, auto, min, max, full, or max:0.02.'},
    'palette': {'description': 'A name of api/large-image/colormaps, a colour, or a list of colours.'},
    'scheme': _SCHEME,
    'nodata': {'anyOf': [NUMBER, TEXT | {'enum': ['auto']}], 'description': 'A number or auto.'},
    'composite': _COMPOSITE,
    'clamp': TRUTH,
    'dtype': _DTYPE,
    'axis': INTEGER | {'minimum': 0, 'maximum': 3},
}
BAND_STYLE = Shape('LargeImageBandStyle', _object(_ONE_BAND, required=False, additionalProperties=False))
STYLE = Shape(
    'LargeImageStyle',
    {
        'type': 'object',
        'properties': {
            **_ONE_BAND,
            'icc': {'description': 'true, false, or a rendering intent.'},
            'bands': _list(BAND_STYLE) | {'maxItems': MAX_BANDS},
        },
        'additionalProperties': False,
        'description': 'A style, the same as the parameter `style`: the keys of one band, or `bands` with several and '
        'beside it only `dtype`, `axis` and `icc`.',
    },
)
