"""The source of plain pictures: large-image's Pillow source, which leaves no file open when it raises."""

from __future__ import annotations

from typing import Any

from large_image_source_pil import PILFileTileSource
from PIL import ImageCms

from django_large_image.sources.closing import ClosedOnFailure


class PlainPictureSource(ClosedOnFailure, PILFileTileSource):  # type: ignore[misc]
    """Read what Pillow reads."""

    cacheName = 'tilesource'
    name = 'pil'

    def __init__(self, path: Any, **kwargs: Any) -> None:
        super().__init__(path, **kwargs)
        picture: Any = self.__dict__.get('_pilImage')
        if picture is not None and picture.mode == 'LAB':
            # Pillow converts it by profiles only; those of CIELab are of D50, as in TIFF and ICC files.
            lab, srgb = ImageCms.createProfile('LAB'), ImageCms.createProfile('sRGB')
            self._pilImage = ImageCms.profileToProfile(picture, lab, srgb, outputMode='RGB')
