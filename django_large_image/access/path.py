"""Paths that the project's code returned: of this machine, or of GDAL's virtual file systems."""

from __future__ import annotations

import os
import time

from django_large_image.access.ref import ImageRef, local_file_ref
from django_large_image.conf import settings
from django_large_image.exceptions import ImageUnreadable

#: Remote file systems of GDAL that a path may name. `/vsistdin/`, `/vsisubfile/` and the like have no use here.
VSI_PREFIXES = (
    '/vsis3/',
    '/vsigs/',
    '/vsiaz/',
    '/vsiadls/',
    '/vsioss/',
    '/vsiswift/',
    '/vsizip/',
    '/vsitar/',
)


def path_ref(path: str) -> ImageRef:
    """Return the `ImageRef` of a local path, or of a `/vsi…` path that begins like one of `VSI_PREFIXES`.

    For the latter GDAL finds credentials by its own means (the environment). Nothing tells cheaply whether such a file
    changed, so a version of it lasts `REMOTE_VERSION_SECONDS`. Raises `ImageMissing` and `ImageUnreadable`.
    """
    if not path.startswith('/vsi'):
        return local_file_ref(os.path.abspath(path))
    if not path.startswith(VSI_PREFIXES):
        raise ImageUnreadable('Paths of this virtual file system are not served.')
    period = max(1.0, settings.REMOTE_VERSION_SECONDS)
    return ImageRef(
        key=path,
        version=f'period-{int(time.time() // period)}',
        path=path,
        name=os.path.basename(path),
        remote=True,
        options=remote_options(),
    )


def remote_options() -> dict[str, str]:
    """Return GDAL's options for every read over a network."""
    return {
        # No listing of the folder and no look for files beside the image.
        'GDAL_DISABLE_READDIR_ON_OPEN': 'EMPTY_DIR',
        # The first request takes the header and the directories of tiles: those of a COG of 100 MB and more.
        'GDAL_INGESTED_BYTES_AT_OPEN': '131072',
        'GDAL_HTTP_MERGE_CONSECUTIVE_RANGES': 'YES',
        'GDAL_HTTP_MULTIPLEX': 'YES',
        'GDAL_HTTP_VERSION': '2TLS',
        'GDAL_HTTP_TIMEOUT': str(settings.REMOTE_TIMEOUT),
        # A host that lets bytes drip in.
        'GDAL_HTTP_LOW_SPEED_TIME': str(settings.REMOTE_TIMEOUT),
        'GDAL_HTTP_LOW_SPEED_LIMIT': '1024',
        'GDAL_HTTP_CONNECTTIMEOUT': str(min(10.0, settings.REMOTE_TIMEOUT)),
        # GDAL would go on serving the old bytes of a replaced object from its own cache.
        # (A URL needs it not: its path holds the version.)
        'CPL_VSIL_CURL_NON_CACHED': '/vsis3/:/vsigs/:/vsiaz/',
    }
