"""How a picture without georeference is turned: cameras store what their sensor saw, and say how it was held.

Orientation 1 is as stored, 2 to 8 are the other ways to turn and mirror it (EXIF 2.32 and TIFF 6.0, tag 274). What
says where on earth it is, is drawn there, whatever its orientation.
"""

from __future__ import annotations

import warnings

from PIL import Image

from django_large_image.exceptions import ImageUnreadable, NeedsConversion
from django_large_image.inspection import pngheader, tiffheader
from django_large_image.inspection.tiff import Tiff

ORIENTATION = 0x0112
#: The names of the kinds (`signatures.Kind`) whose pictures may be turned.
KINDS = frozenset({'jpeg', 'png', 'webp', 'tiff', 'avif'})
_TURNED = (
    'The picture is stored turned, and only the source pil turns it. Convert it, such as by: '
    'vips autorot IN OUT.tif[tile,pyramid,compression=deflate]'
)


def orientation(path: str, kind: str) -> int:
    """Return the orientation, 1 to 8, of a local file of the kind of this name; 1 where it says nothing valid."""
    if kind not in KINDS:
        return 1
    if kind == 'tiff':
        return tiffheader.orientation(path)
    found = _of_png(path) if kind == 'png' else _of_picture(path)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _of_png(path: str) -> object:
    exif = Image.Exif()
    try:
        exif.load(pngheader.read(path).exif)
        return exif.get(ORIENTATION)
    except (
        Exception
    ):  # broken EXIF says nothing, and Pillow raises SyntaxError and struct.error, among others
        return None


def _of_picture(path: str) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            with Image.open(path) as image:
                return image.getexif().get(ORIENTATION)
    except Exception:  # as above; whether the picture itself can be read is found out later
        return None


def check_as_stored(path: str, kind: str, tiff: Tiff | None = None) -> None:
    """Raise `ImageUnreadable` for a picture that is stored turned, which only `PlainPictureSource` shows upright.

    `tiff` are the directories of a TIFF, if they were read already.
    """
    if (orientation(path, kind) if tiff is None else tiff.orientation) != 1:
        raise ImageUnreadable(_TURNED)


def needs_conversion(width: int, height: int) -> NeedsConversion:
    """Return the error of a turned TIFF of so many pixels that it cannot be turned for each answer."""
    return NeedsConversion(
        f'The image of {width} × {height} pixels is stored turned and cannot be turned for each answer. Convert it: '
        'vips autorot IN.tif OUT.tif[tile,pyramid,compression=deflate]',
        width=width,
        height=height,
    )
