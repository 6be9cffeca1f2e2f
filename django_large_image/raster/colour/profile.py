"""ICC profiles: the colours of a scanner or a camera, made those of a screen (sRGB)."""

from __future__ import annotations

import base64
import binascii
import io

import numpy as np
from PIL import Image, ImageCms
from rasterio.io import DatasetReader

from django_large_image.pixels import Array
from django_large_image.raster.info import RasterInfo

#: The longest profile that is read, in bytes. Those of scanners have up to a megabyte.
_MOST_BYTES = 8 * 2**20


def profile_of(dataset: DatasetReader, info: RasterInfo) -> bytes | None:
    """Return the ICC profile of a TIFF of 8-bit RGB or RGBA; None for other images, and without a profile."""
    if dataset.driver != 'GTiff' or not info.is_picture:
        return None
    try:
        found = base64.b64decode(dataset.tags(ns='COLOR_PROFILE').get('SOURCE_ICC_PROFILE', ''))
    except binascii.Error:
        return None
    return found if 0 < len(found) <= _MOST_BYTES else None


class Profile:
    """The ICC profile of a file, with what makes sRGB of its colours. For one thread at a time."""

    def __init__(self, profile: bytes) -> None:
        self._profile = profile
        self._transforms: dict[object, ProfileTransform | None] = {}

    def transform(self, icc: object) -> ProfileTransform | None:
        """Return the transform of a style's `icc`: False for none, or a rendering intent.

        None also for a broken profile and for that of sRGB itself.
        """
        if not icc:
            return None
        if icc not in self._transforms:
            try:
                found = ProfileTransform(self._profile, str(icc))
                self._transforms[icc] = found if found.changes else None
            except ImageCms.PyCMSError:
                self._transforms[icc] = None
        return self._transforms[icc]


class ProfileTransform:
    """Makes sRGB of colours. For one thread at a time."""

    def __init__(self, profile: bytes, intent: str) -> None:
        """Take a profile and a rendering intent, such as 'perceptual'; other words mean that, as in large-image.

        Raises `ImageCms.PyCMSError` for a profile that is broken or not one of RGB.
        """
        chosen = ImageCms.Intent.__members__.get(intent.upper(), ImageCms.Intent.PERCEPTUAL)
        self._transform = ImageCms.buildTransformFromOpenProfiles(
            ImageCms.getOpenProfile(io.BytesIO(profile)),
            ImageCms.createProfile('sRGB'),
            'RGB',
            'RGB',
            renderingIntent=chosen,
        )

    @property
    def changes(self) -> bool:
        """Return whether it changes a colour by more than a level: a profile of sRGB itself does not."""
        levels = np.linspace(0, 255, 9).round().astype(np.uint8)
        cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(9, 81, 3)
        return bool(np.abs(self.apply(cube).astype(np.int16) - cube).max() > 1)

    def apply(self, values: Array) -> Array:
        """Return colours, uint8 (rows, columns, 3), as sRGB."""
        picture = Image.fromarray(np.ascontiguousarray(values))
        ImageCms.applyTransform(picture, self._transform, inPlace=True)
        return np.asarray(picture)
