"""The source of plain pictures: large-image's Pillow source, which leaves no file open when it raises."""

from __future__ import annotations

from large_image_source_pil import PILFileTileSource

from django_large_image.sources.closing import ClosedOnFailure


class PlainPictureSource(ClosedOnFailure, PILFileTileSource):  # type: ignore[misc]
    """Read what Pillow reads."""

    cacheName = 'tilesource'
    name = 'pil'
