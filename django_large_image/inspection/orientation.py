"""How a picture without georeference is turned: cameras store what their sensor saw, and say how it was held.

Orientation 1 is as stored, 2 to 8 are the other ways to turn and mirror it (EXIF 2.32 and TIFF 6.0, tag 274). What
has a place on earth is drawn by that place, whatever its orientation.
"""

from __future__ import annotations

import warnings
from typing import Any

from PIL import Image

from django_large_image.exceptions import ImageUnreadable, NeedsConversion
from django_large_image.inspection import pngheader, tiffheader

ORIENTATION = 0x0112
#: The kinds of `guard` whose pictures may be turned.
KINDS = frozenset({'jpeg', 'png', 'webp', 'tiff', 'avif'})
_TURNED = (
    'The picture is stored turned, and only the source pil turns it. Convert it, such as by: '
    'vips autorot IN OUT.tif[tile,pyramid,compression=deflate]'
)


def orientation(path: str, kind: str) -> int:
    """Return the orientation, 1 to 8, of a local file of a kind of `guard`; 1 where it says nothing."""
    if kind not in KINDS:
        return 1
    found: Any
    if kind == 'tiff':
        found = tiffheader.orientation(path)
    elif kind == 'png':
        exif = Image.Exif()
        try:
            exif.load(pngheader.read(path).exif)
            found = exif.get(ORIENTATION)
        except (
            Exception
        ):  # broken EXIF says nothing, and Pillow raises SyntaxError and struct.error, among others
            found = 1
    else:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                with Image.open(path) as image:
                    found = image.getexif().get(ORIENTATION)
        except Exception:  # as above; whether the picture itself can be read is found out later
            found = 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def check_as_stored(path: str, kind: str) -> None:
    """Raise `ImageUnreadable` for a turned picture: only `PlainPictureSource` turns it."""
    if orientation(path, kind) != 1:
        raise ImageUnreadable(_TURNED)


def needs_conversion(width: int, height: int) -> NeedsConversion:
    """Return the error of a turned TIFF that cannot be turned for each answer."""
    return NeedsConversion(
        f'The image of {width} × {height} pixels is stored turned and cannot be turned for each answer. Convert it: '
        'vips autorot IN.tif OUT.tif[tile,pyramid,compression=deflate]',
        width=width,
        height=height,
    )
