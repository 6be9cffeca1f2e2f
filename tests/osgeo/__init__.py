"""The package with osgeo's GDAL in place of rasterio: in an environment of its own, `tox -e gdal`."""
