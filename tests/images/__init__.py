"""Generated images: `make_…(path)` writes one and returns its path, `IMAGES` names those that tests share."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Callable

from tests.images.bombs import (
    make_apng_frames,
    make_giant_sparse,
    make_giant_tile,
    make_gif_frames,
    make_png_bomb,
    make_untiled_doubles,
)
from tests.images.broken import (
    make_corrupt_tiles,
    make_cut,
    make_cyclic,
    make_empty,
    make_frame_chain,
    make_headless,
    make_other_file_ome,
    make_other_file_overviews,
    make_partly_copied,
    make_random,
    make_text,
    make_truncated,
    make_vrt,
    make_wms,
)
from tests.images.geo import (
    LAND_COVER,
    make_dem,
    make_no_crs,
    make_palette,
    make_rgb,
    make_rgba,
    make_striped,
    make_striped_plain,
    make_uint16,
)
from tests.images.odd import (
    make_antimeridian,
    make_antimeridian_utm,
    make_conic,
    make_external_mask,
    make_gcps,
    make_internal_mask,
    make_nan_nodata,
    make_rotated,
    make_south_up,
)
from tests.images.plain import (
    CHANNELS,
    make_gif,
    make_jpeg,
    make_ome_tiff,
    make_png,
    make_png16,
    make_png_alpha,
)
from tests.images.writers import GeoTiff

__all__ = [
    'BROKEN', 'CHANNELS', 'GEOSPATIAL', 'IMAGES', 'LAND_COVER', 'ODD', 'PLAIN', 'GeoTiff',
    'make_antimeridian', 'make_antimeridian_utm', 'make_apng_frames', 'make_conic',
    'make_corrupt_tiles', 'make_cut', 'make_cyclic', 'make_dem', 'make_empty', 'make_external_mask',
    'make_frame_chain', 'make_gcps', 'make_giant_sparse', 'make_giant_tile', 'make_gif',
    'make_gif_frames', 'make_headless', 'make_internal_mask', 'make_jpeg', 'make_nan_nodata',
    'make_no_crs', 'make_ome_tiff', 'make_other_file_ome', 'make_other_file_overviews', 'make_palette',
    'make_partly_copied', 'make_png', 'make_png16', 'make_png_alpha', 'make_png_bomb', 'make_random',
    'make_rgb', 'make_rgba', 'make_rotated', 'make_south_up', 'make_striped', 'make_striped_plain',
    'make_text', 'make_truncated', 'make_uint16', 'make_untiled_doubles', 'make_vrt', 'make_wms',
]  # fmt: skip

Make = Callable[[pathlib.Path], pathlib.Path]

#: Common georeferenced images.
GEOSPATIAL: dict[str, tuple[Make, str]] = {
    'rgb': (make_rgb, 'rgb.tif'),
    'rgba': (make_rgba, 'rgba.tif'),
    'uint16': (make_uint16, 'uint16.tif'),
    'dem': (make_dem, 'dem.tif'),
    'palette': (make_palette, 'palette.tif'),
    'striped': (make_striped, 'striped.tif'),
}

#: Georeferenced images of the kinds that readers get wrong.
ODD: dict[str, tuple[Make, str]] = {
    'internal-mask': (make_internal_mask, 'internal-mask.tif'),
    'external-mask': (make_external_mask, 'external-mask.tif'),
    'nan-nodata': (make_nan_nodata, 'nan-nodata.tif'),
    'south-up': (make_south_up, 'south-up.tif'),
    'rotated': (make_rotated, 'rotated.tif'),
    'gcps': (make_gcps, 'gcps.tif'),
    'antimeridian': (make_antimeridian, 'antimeridian.tif'),
    'antimeridian-utm': (make_antimeridian_utm, 'antimeridian-utm.tif'),
    'conic': (make_conic, 'conic.tif'),
}

#: Images without a place on Earth.
PLAIN: dict[str, tuple[Make, str]] = {
    'no-crs': (make_no_crs, 'no-crs.tif'),
    'striped-plain': (make_striped_plain, 'striped-plain.tif'),
    'untiled-doubles': (make_untiled_doubles, 'untiled-doubles.tif'),
    'ome': (make_ome_tiff, 'cells.ome.tif'),
    'png': (make_png, 'picture.png'),
    'png-alpha': (make_png_alpha, 'alpha.png'),
    'png16': (make_png16, 'sixteen.png'),
    'png-wide': (functools.partial(make_png, width=5000, height=100), 'wide.png'),
    'jpeg': (make_jpeg, 'picture.jpg'),
    'gif': (make_gif, 'animated.gif'),
}

#: Files that are refused or cannot be read. Those that name another file or host need an argument: see above.
BROKEN: dict[str, tuple[Make, str]] = {
    'empty': (make_empty, 'empty.tif'),
    'random': (make_random, 'random.tif'),
    'text': (make_text, 'text.tif'),
    'headless': (make_headless, 'headless.tif'),
    'cut': (make_cut, 'cut.tif'),
    'truncated': (make_truncated, 'truncated.tif'),
    'corrupt-tiles': (make_corrupt_tiles, 'corrupt-tiles.tif'),
    'partly-copied': (make_partly_copied, 'partly-copied.tif'),
    'cyclic': (make_cyclic, 'cyclic.tif'),
    'frame-chain': (make_frame_chain, 'frame-chain.tif'),
    'giant-tile': (make_giant_tile, 'giant-tile.tif'),
    'giant-sparse': (make_giant_sparse, 'giant-sparse.tif'),
    'png-bomb': (make_png_bomb, 'bomb.png'),
    'gif-frames': (make_gif_frames, 'frames.gif'),
    'apng-frames': (make_apng_frames, 'frames.png'),
}

IMAGES: dict[str, tuple[Make, str]] = {**GEOSPATIAL, **ODD, **PLAIN, **BROKEN}
