"""The source of multi-frame TIFFs: large-image's tifffile source, made to work with zarr 3."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import zarr
from large_image_source_tifffile import TifffileFileTileSource

from django_large_image.sources.closing import ClosedOnFailure


class MultiFrameSource(ClosedOnFailure, TifffileFileTileSource):  # type: ignore[misc]
    """Read OME-TIFF and other TIFFs of several frames through tifffile.

    large-image-source-tifffile 1.35.6 takes the levels of a pyramid from a zarr group by number. zarr 3.1 wants text
    for that, raises TypeError, and the file is then refused as if its axes were wrong.
    """

    cacheName = 'tilesource'
    name = 'tifffile'

    def _getZarrArray(self, series: Any, sidx: int) -> tuple[Any, bool]:
        with self._zarrlock:
            if sidx not in self._zarrcache and len(series.levels) > 1:
                opened = zarr.open(series.aszarr(), mode='r')
                if isinstance(opened, zarr.Group):
                    self._zarrcache[sidx] = [opened[str(level)] for level in range(len(series.levels))], True
        found: tuple[Any, bool] = super()._getZarrArray(series, sidx)
        return found

    def getMetadata(self) -> dict[str, Any]:
        """Return large-image's metadata, with the names of an OME-TIFF's channels."""
        metadata: dict[str, Any] = super().getMetadata()
        names = self._channel_names()
        if names and 'channels' not in metadata:
            self._addMetadataFrameInformation(metadata, names)
        return metadata

    def _channel_names(self) -> list[str]:
        try:
            root = ElementTree.fromstring(self._tf.ome_metadata or '')  # noqa: S314 - expat bounds entities
        except (ElementTree.ParseError, ValueError):
            return []
        image = next((element for element in root if element.tag.endswith('Image')), None)
        if image is None:
            return []
        return [element.get('Name', '') for element in image.iter() if element.tag.endswith('}Channel')]
