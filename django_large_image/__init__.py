"""Serve large images from a Django project's own REST API.

A request goes down through these layers, and so do the imports::

    rest         HTTP: parameters in, answers out
    imaging      tile, region, thumbnail, pixel, histogram; style and encoding
    handles      which reader opens an image, and the pool of open handles
    readers      one interface of open images, whatever library reads them
    raster       the engine: georeference, blocks, resampling, colour
    caching      encoded answers and decoded blocks
    inspection   what a file is, before a library opens it
    access       where the bytes are: file field, S3, URL, raster, path
    colors       what the name of a palette means
    conf         the settings, beside the errors and values that all layers know
"""

__version__ = '1.0.0.dev0'
