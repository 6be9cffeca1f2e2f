"""Passthrough: answers that are pixels of a level, or a block of a TIFF in JPEG or WebP, as they are."""

from __future__ import annotations

from affine import Affine

from django_large_image.raster.blocks.blockreader import BlockReader
from django_large_image.raster.georef.geobox import GeoBox
from django_large_image.raster.georef.georeference import Georeference

#: How much the scale of a level may differ from that of an answer whose pixels are those of the level, and how far the
#: answer's pixels may lie beside them, in pixels.
_SCALE, _BESIDE = 1e-9, 1 / 128


def stored_window(blocks: BlockReader, geobox: GeoBox) -> tuple[int, tuple[int, int, int, int]] | None:
    """Return the level and the window (left, top, right, bottom) whose pixels are those of a GeoBox; None if none are.

    So it is with the tiles of an image's own pixels. It saves finding out the place of each pixel.
    """
    affine = geobox.affine
    if geobox.target is not None or affine.a <= 0 or affine.a != affine.e:
        return None
    index = blocks.info.level_for(affine.a)
    if any(abs(factor / affine.a - 1) > _SCALE for factor in blocks.factors(index)):
        return None
    level = blocks.level(index)
    column, row = affine.c / affine.a, affine.f / affine.a
    left, top = round(column), round(row)
    right, bottom = left + geobox.width, top + geobox.height
    if max(abs(column - left), abs(row - top)) > _BESIDE:
        return None
    inside = min(left, top) >= 0 and right <= level.width and bottom <= level.height
    return (index, (left, top, right, bottom)) if inside else None


def block_of(blocks: BlockReader, georeference: Georeference, geobox: GeoBox) -> tuple[int, int, int] | None:
    """Return level, column and row of the block that a geobox is, None if it is none.

    The block has to lie in the image as a whole and be valid all over.
    """
    here, there = geobox.affine, georeference.affine
    if geobox.target is None:
        there = Affine.identity()
    elif not georeference.is_native(geobox.target) or georeference.has_points or there.b or there.d:
        return None
    scale_x, scale_y = here.a / there.a, here.e / there.e
    if not (scale_x > 0.999 and abs(scale_y / scale_x - 1) < 1e-6):
        return None
    index = blocks.info.level_for(scale_x)
    level = blocks.level(index)
    across, down = blocks.factors(index)
    if abs(across / scale_x - 1) > 1e-6 or abs(down / scale_y - 1) > 1e-6:
        return None
    size = (geobox.width, geobox.height)
    if (level.block_width, level.block_height) != size:
        return None
    column = (here.c - there.c) / there.a / scale_x / size[0]
    row = (here.f - there.f) / there.e / scale_y / size[1]
    left, top = round(column), round(row)
    # Nobody sees a sixteenth of a pixel.
    if abs(column - left) * size[0] > 1 / 16 or abs(row - top) * size[1] > 1 / 16:
        return None
    inside = (
        left >= 0 and top >= 0 and (left + 1) * size[0] <= level.width and (top + 1) * size[1] <= level.height
    )
    if not inside or not blocks.all_valid(index, left * size[0], top * size[1], *size):
        return None
    return index, left, top
