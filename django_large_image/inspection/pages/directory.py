"""One directory of a TIFF, which is one image or one page."""

from __future__ import annotations

from dataclasses import dataclass

from django_large_image.inspection.pages import tags
from django_large_image.inspection.pages.tags import Tags

#: The tags in which a smaller version is like its image.
_ALIKE = (tags.BITS, tags.SAMPLES, tags.PHOTOMETRIC, tags.PLANAR)


@dataclass(frozen=True, slots=True)
class SubImage:
    """An image beside the first: its size in pixels, and where its directory begins in the file, in bytes."""

    width: int
    height: int
    offset: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: the values of those tags that matter here, and where it stands among the others."""

    #: By the number of a tag: its first values, or the bytes of a text.
    tags: Tags
    #: Whether it is in the chain that begins with the file's first one, and not in a sub-image or tags.EXIF.
    main: bool
    #: The bytes of the values of all its tags, those included that are not read.
    value_bytes: int = 0
    #: Where it begins in the file, in bytes.
    offset: int = 0
    #: The offsets of the directories that it leads to: its sub-images, its tags.EXIF, and the next one of its chain.
    leads_to: tuple[int, ...] = ()
    #: Whether it has private tags that only some programs write.
    has_own_tags: bool = False

    def number(self, tag: int) -> int:
        """Return the first value of a tag, 0 without the tag."""
        values = self.tags.get(tag)
        return int(values[0]) if values else 0

    @property
    def block(self) -> tuple[int, int]:
        """Return the width and height of its tiles, or of its strips, in pixels."""
        if self.number(tags.TILE_WIDTH):
            return self.number(tags.TILE_WIDTH), self.number(tags.TILE_HEIGHT)
        height = self.number(tags.HEIGHT)
        return self.number(tags.WIDTH), min(height, self.number(tags.ROWS) or height)

    @property
    def image(self) -> SubImage:
        """Return the size of its image, and where it is in the file."""
        return SubImage(self.number(tags.WIDTH), self.number(tags.HEIGHT), self.offset)

    def is_smaller_version_of(self, image: Directory) -> bool:
        """Return whether its image differs from another one in nothing but its size, which is smaller."""
        return (
            0 < self.number(tags.WIDTH) < image.number(tags.WIDTH)
            and 0 < self.number(tags.HEIGHT) <= image.number(tags.HEIGHT)
            and all(self.tags.get(tag) == image.tags.get(tag) for tag in _ALIKE)
        )

    @property
    def is_overview(self) -> bool:
        """Return whether it is a smaller version of another image (bit 0 of NewSubfileType)."""
        return bool(self.number(tags.SUBFILE) & 1)

    @property
    def description(self) -> bytes:
        """Return its description, empty without one."""
        described = self.tags.get(tags.DESCRIPTION, b'')
        return described if isinstance(described, bytes) else b''

    @property
    def text(self) -> bytes:
        """Return its description without what some programs put round it."""
        return self.description.strip(b'\0 \r\n\t')

    @property
    def is_ome(self) -> bool:
        """Return whether it is described by OME-XML."""
        return self.text.endswith(b'OME>')

    @property
    def is_placed(self) -> bool:
        """Return whether it says where on earth its image is."""
        return bool(self.tags.keys() & set(tags.GEOREFERENCE))

    @property
    def samples(self) -> int:
        """Return the samples of a pixel."""
        return self.number(tags.SAMPLES) or 1

    @property
    def orientation(self) -> int:
        """Return how its image is turned, 1 to 8; 1 for one that says where on earth it is, or says nothing."""
        found = 1 if self.is_placed else self.number(tags.ORIENTATION)
        return found if 1 <= found <= 8 else 1

    @property
    def bits(self) -> int:
        """Return the bits of the deepest of its samples."""
        return max(self.tags.get(tags.BITS) or (1,))

    @property
    def bytes_per_pixel(self) -> int:
        """Return the bytes of a pixel in a decoded block: of all samples, or of one where each has its own blocks."""
        samples = 1 if self.number(tags.PLANAR) == 2 else self.samples
        return max(1, samples * self.bits // 8)

    @property
    def bytes_of_all_samples(self) -> float:
        """Return the bytes of a decoded pixel with all its samples, wherever their blocks are."""
        return self.nbytes / max(1, self.number(tags.WIDTH) * self.number(tags.HEIGHT))

    @property
    def nbytes(self) -> int:
        """Return the bytes of all its pixels with all their samples, decoded."""
        return self.number(tags.WIDTH) * self.number(tags.HEIGHT) * max(1, self.samples * self.bits // 8)
