"""The numbers of those tags of a TIFF that matter here."""

from __future__ import annotations

#: Tags by their names in TIFF 6.0, with those of tiles, sub-images (SubIFDs), EXIF and Micro-Manager.
SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
DESCRIPTION, ORIENTATION, SAMPLES, ROWS = 270, 274, 277, 278
X_RESOLUTION, Y_RESOLUTION, PLANAR, RESOLUTION_UNIT, SOFTWARE = 282, 283, 284, 296, 305
TILE_WIDTH, TILE_HEIGHT, SUB_IFDS, EXTRA_SAMPLES, SAMPLE_FORMAT = 322, 323, 330, 338, 339
EXIF, ICC, MICROMANAGER = 34665, 34675, 51123
#: The tags that say where on earth an image is: tie points, a transformation, and the keys of GeoTIFF.
GEOREFERENCE = (33922, 34264, 34735)

#: What a directory says: by the number of a tag its first values, or the bytes of a text.
Tags = dict[int, tuple[int, ...] | bytes]
