"""The source of plain pictures, which Pillow reads: upright, in tiles and levels that are cut out of a decoded picture.

In large-image 1.35.6's own source of Pillow the only tile is the whole picture, as it is stored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping
from typing import IO

from large_image.constants import TILE_FORMAT_NUMPY
from large_image.exceptions import TileSourceError
from large_image_source_pil import PILFileTileSource
from PIL import Image, UnidentifiedImageError

from django_large_image.caching.blocks import block_cache
from django_large_image.conf import settings
from django_large_image.inspection import orientation, pngheader
from django_large_image.pixels import Json, MaskedPixels
from django_large_image.raster.georef.tile_matrix import levels_for
from django_large_image.readers.sources.plainpixels import Pyramid, pyramid_of, smallest_first
from django_large_image.readers.sources.pooled import PooledSource

#: The side of a tile.
TILE = 256
#: The formats, by Pillow's names, whose frames are pages that may differ in size.
_PAGED = frozenset({'TIFF', 'MPO', 'ICO'})
#: The names of kinds (`inspection.signatures`) by Pillow's name of a format that may be turned.
_KINDS = {'JPEG': 'jpeg', 'MPO': 'jpeg', 'PNG': 'png', 'WEBP': 'webp', 'AVIF': 'avif'}
#: The most pages that are looked at.
_MOST_PAGES = 20_000


class _UprightSource(PILFileTileSource):  # type: ignore[misc]
    """Read what Pillow reads. A picture is decoded for its first tile, and kept in the block cache."""

    cacheName = 'tilesource'
    name = 'pil'

    def __init__(self, path: str, version: Hashable = None, **kwargs: object) -> None:
        """Open a picture. `version` names its bytes in the block cache, so that all handles share what is decoded.

        Raises `TileSourceError`.
        """
        # Skip the constructor of large-image's source, which decodes every frame to count them.
        super(PILFileTileSource, self).__init__(path, **kwargs)
        self.addKnownExtensions()
        self._version = (os.path.realpath(path), id(self)) if version is None else version
        self._maxSize = None
        self._kept: tuple[int, Pyramid] | None = None
        self._pilImage: Image.Image | None = None
        self._file: IO[bytes] = open(path, 'rb')  # noqa: SIM115 - closed by `close`
        try:
            image = self._at(0)
        except (OSError, ValueError, NotImplementedError, UnidentifiedImageError) as error:
            raise TileSourceError('File cannot be opened via PIL.') from error
        self._png = pngheader.read(path) if image.format == 'PNG' else None
        self._about = {
            'format': image.format,
            'mode': image.mode,
            'size': image.size,
            'width': image.width,
            'height': image.height,
            'info': {key: value for key, value in image.info.items() if key != 'icc_profile'},
        }
        kind = _KINDS.get(image.format or '', '')
        self._turn = orientation.orientation(path, kind)
        if image.format == 'TIFF' and orientation.orientation(path, 'tiff') >= 5:
            # Pillow turns TIFFs itself, but before 11.0 it knows the turned size only after decoding.
            try:
                image.load()
            except (OSError, ValueError, SyntaxError) as error:
                raise TileSourceError('PIL cannot load this file.') from error
        width, height = image.size if self._turn < 5 else image.size[::-1]
        if image.info.get('icc_profile'):
            self._iccprofiles = [image.info['icc_profile']]
        self._frames = self._frames_of(image)
        self._frameCount = len(self._frames)
        self.sizeX, self.sizeY = width, height
        self.tileWidth = self.tileHeight = TILE
        self.levels = levels_for(width, height, (TILE, TILE))
        if self._about['mode'] in ('I', 'F') or image.format == 'JPEG2000':
            # Decoded at once: modes I and F are scaled by all values, and a JPEG 2000 that Pillow cannot decode goes to
            # another reader.
            try:
                self._pyramid(0)
            except (OSError, ValueError, SyntaxError) as error:
                raise TileSourceError('PIL cannot load this file.') from error

    def _at(self, frame: int) -> Image.Image:
        """Return Pillow's image at a frame.

        The file is opened anew to go back to an earlier frame: with Pillow 13.0, frame 0 of an animated PNG with a
        palette is black after going back.
        """
        if self._pilImage is None or self._pilImage.tell() >= frame:
            self._file.seek(0)
            # From the open file: by now there may be another version at the path.
            self._pilImage = Image.open(self._file)
        if frame:
            self._pilImage.seek(frame)
        return self._pilImage

    def _frames_of(self, image: Image.Image) -> list[int]:
        count = min(_MOST_PAGES, int(getattr(image, 'n_frames', 1)))
        if count < 2 or image.format not in _PAGED:
            return list(range(count))
        size, mode, frames = image.size, image.mode, []
        for index in range(count):
            try:
                image.seek(index)
            except EOFError:
                break
            if (image.size, image.mode) == (size, mode):
                frames.append(index)
        self._pilImage = None
        return frames or [0]

    def _pyramid(self, frame: int) -> Pyramid:
        if self._kept is not None and self._kept[0] == frame:
            return self._kept[1]
        key: Hashable = (self._version, 'picture', frame)

        def load(keys: list[Hashable]) -> Mapping[Hashable, MaskedPixels]:
            image = self._at(self._frames[frame])
            image.load()
            found = pyramid_of(image, self.levels, self._turn, self._png)
            if self._frameCount == 1:
                self._pilImage = None
            return {key: found}

        found = block_cache.fetch([key], load)[key]
        assert isinstance(found, Pyramid)
        if found.values.shape[:2] != (self.sizeY, self.sizeX):
            raise TileSourceError('The picture has another size than its header says.')
        if found.nbytes > settings.BLOCK_CACHE_BYTES:
            self._kept = frame, found
        return found

    def getTile(
        self,
        x: int,
        y: int,
        z: int,
        pilImageAllowed: bool = False,
        numpyAllowed: bool | str = False,
        mayRedirect: bool = False,
        **kwargs: object,
    ) -> object:
        """Return a tile as large-image's sources do: encoded, or an array or a Pillow image where that is allowed."""
        frame = self._getFrame(**kwargs)
        self._xyzInRange(x, y, z, frame, self._frameCount)
        level = smallest_first(self._pyramid(frame), z)
        part = level[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE]
        return self._outputTile(part, TILE_FORMAT_NUMPY, x, y, z, pilImageAllowed, numpyAllowed, **kwargs)

    def getInternalMetadata(self, **kwargs: object) -> Json:
        """Return what Pillow says of the picture as it is stored."""
        return {'pil': self._about}


class PlainPictureSource(PooledSource, _UprightSource):
    """Read what Pillow reads, as the pool lends it."""

    cacheName = 'tilesource'
    name = 'pil'
    decodes_whole = True

    @property
    def held_bytes(self) -> int:
        """Return the bytes that a handle may hold: a frame inside Pillow, and a picture that is too large to cache."""
        size = 4 * self.sizeX * self.sizeY
        held = size if self._frameCount > 1 else 0
        return held + (size * 4 // 3 if size * 4 // 3 > settings.BLOCK_CACHE_BYTES else 0)

    def closers(self) -> tuple[Callable[[], object], ...]:
        """Return what closes the file."""
        return (lambda: self._file.close(),)
