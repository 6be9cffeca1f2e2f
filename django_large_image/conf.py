"""Every setting of the package: its name, its default and its meaning.

A setting ``NAME`` of this table is ``LARGE_IMAGE_NAME`` in the settings of the project. Staff can change two of them
(``AUTO_SERVE`` and ``MAX_UNTILED_SIZE``) at run time, see `django_large_image.models`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

PREFIX = 'LARGE_IMAGE_'

DEFAULTS: dict[str, object] = {
    # -- what is served
    #: Serve every file that can be read; if false, only files that were made large images.
    'AUTO_SERVE': True,
    #: The largest side, in pixels, of an image with neither tiles nor overviews that is served directly.
    'MAX_UNTILED_SIZE': 4096,
    #: The readers that may open an image, in the names of large-image's sources.
    'SOURCES': ('rasterio', 'gdal', 'openslide', 'tiff', 'ometiff', 'tifffile', 'pil'),
    #: The GDAL raster drivers that may open a file; all of them are single-file formats.
    'DRIVERS': (
        'GTiff',
        'JP2OpenJPEG',
        'PNG',
        'JPEG',
        'WEBP',
        'GIF',
        'BMP',
        'NITF',
        'DTED',
        'SRTMHGT',
        'AAIGrid',
    ),
    #: Let GDAL read files beside the image (.ovr, .msk, .aux.xml, .tfw). Only for folders nobody can upload to.
    'SIDECAR_FILES': False,
    #: The status of a tile inside the tile matrix that the image does not touch: 200 (an empty tile) or 404.
    'EMPTY_TILE_STATUS': 200,
    #: What is put behind transparent pixels in formats without transparency (JPEG), as #rrggbb.
    'BACKGROUND': '#ffffff',
    #: The quality, 1 to 100, of JPEG, WebP and AVIF.
    'QUALITY': 90,
    # -- bounds
    #: The largest side of a thumbnail, in pixels.
    'MAX_THUMBNAIL_SIZE': 4096,
    #: The most output pixels of a region.
    'MAX_REGION_PIXELS': 33_554_432,
    #: The most bins of a histogram.
    'MAX_HISTOGRAM_BINS': 65_536,
    #: The most pixels, all bands together, that `exact=true` reads for a histogram.
    'MAX_EXACT_PIXELS': 33_554_432,
    #: The longest style, in characters of JSON.
    'MAX_STYLE_LENGTH': 65_536,
    #: The most bytes that one compressed block of a file may take when decoded.
    'MAX_BLOCK_BYTES': 67_108_864,
    #: The most pixels of the smallest level of an image; more than that makes zoomed-out tiles too slow.
    'MAX_BASE_PIXELS': 134_217_728,
    #: The most bytes of a file that are decoded for an answer. Bytes of slow compressions count several times.
    'MAX_DECODED_BYTES': 268_435_456,
    #: The most bytes of XML in a file.
    'MAX_XML_BYTES': 4_194_304,
    #: The most directories (pages, frames, levels) of a TIFF.
    'MAX_DIRECTORIES': 8192,
    # -- open images
    #: The most open handles of one image; a further request waits for one of them.
    'HANDLES_PER_IMAGE': 4,
    #: The most open handles of all images of one process.
    'MAX_OPEN_HANDLES': 64,
    #: The longest wait for a handle, in seconds.
    'HANDLE_TIMEOUT': 30.0,
    #: The most memory that open images are estimated to hold in one process, in bytes.
    'MAX_OPEN_BYTES': 268_435_456,
    #: GDAL's block cache of one process, in bytes.
    'GDAL_CACHE_BYTES': 33_554_432,
    #: The decoded blocks that all threads of one process share, in bytes.
    'BLOCK_CACHE_BYTES': 100_663_296,
    #: The decoded blocks that all processes on one machine share, in bytes (at most half of /dev/shm); 0 for none.
    'SHARED_BLOCK_BYTES': 536_870_912,
    # -- caches
    #: The Django cache (an alias of CACHES) that holds encoded tiles.
    'CACHE_NAME': 'default',
    #: How long an encoded tile is kept, in seconds; None for as long as the cache likes.
    'CACHE_TIMEOUT': 7 * 24 * 3600,
    #: The largest answer that is put into the tile cache, in bytes.
    'CACHE_MAX_ENTRY_BYTES': 1_048_576,
    #: The Cache-Control header of successful answers. `no-cache` keeps a copy but asks each time (304).
    'CACHE_CONTROL': 'private, no-cache',
    # -- storages
    #: The hosts that image URLs may name, as Django's ALLOWED_HOSTS; empty refuses every URL.
    'ALLOWED_HOSTS': (),
    #: Hosts (of ALLOWED_HOSTS) that may resolve to private, loopback or link-local addresses.
    'PRIVATE_HOSTS': (),
    #: By what a change of a file on disk is noticed: 'inode' (size, times of change, inode), or 'mtime' (size and time
    #: of change) for copies of the files on several hosts.
    'FILE_VERSION': 'inode',
    #: How long the version (ETag) of a remote image is trusted, in seconds.
    'REMOTE_VERSION_SECONDS': 30.0,
    #: The timeout of one request to a remote image, in seconds.
    'REMOTE_TIMEOUT': 30.0,
    #: The folder of local copies of files that cannot be read in place; None for one in the temp folder.
    'LOCAL_COPY_DIR': None,
    #: The most bytes that local copies may take together; the least recently used go first.
    'LOCAL_COPY_MAX_BYTES': 10 * 2**30,
    # -- pages
    #: The base layers that maps and globes offer beside their own: dictionaries of name, url and attribution.
    'BASE_LAYERS': (),
    #: The token with which the globe asks Cesium ion for terrain and imagery. Without a token it asks nobody.
    'CESIUM_ION_TOKEN': '',
}

#: large-image's own options that are forwarded from the project's settings, as in 0.10.
FORWARDED = (
    'CACHE_BACKEND', 'CACHE_PYTHON_MEMORY_PORTION', 'CACHE_MEMCACHED_URL', 'CACHE_MEMCACHED_USERNAME',
    'CACHE_MEMCACHED_PASSWORD', 'CACHE_REDIS_URL', 'CACHE_REDIS_USERNAME', 'CACHE_REDIS_PASSWORD',
    'CACHE_TILESOURCE_MEMORY_PORTION', 'CACHE_TILESOURCE_MAXIMUM', 'CACHE_SOURCES', 'FORCE_GDAL_VSIS3',
)  # fmt: skip


class Settings:
    """The settings as attributes. A value is looked up once, and again after settings changed."""

    def __init__(self) -> None:
        self._known: dict[str, object] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self._known[name]
        except KeyError:
            pass
        if name not in DEFAULTS:
            raise AttributeError(f'unknown setting {PREFIX}{name}')
        value = self._known[name] = getattr(django_settings, PREFIX + name, DEFAULTS[name])
        return value

    def reload(self) -> None:
        """Forget every value, so that the next look-up asks the project's settings again."""
        self._known.clear()


settings = Settings()


def _on_setting_changed(*, setting: str, **kwargs: object) -> None:
    if setting.startswith(PREFIX):
        settings.reload()


setting_changed.connect(_on_setting_changed)
