"""Serve large images from a Django project's own REST API.

A request goes one way, and so do the imports::

    rest      HTTP: parameters in, answers out
    imaging   pixels: tile, region, thumbnail, histogram; style and encoding
    sources   open sources: which reader, the pool of handles, the tile cache
    access    where the bytes are: file field, S3, URL, raster, path
    conf      the settings, and the errors that every layer raises
"""

__version__ = '1.0.0.dev0'
