"""The blocks of a raster: reading windows of them, and handing on those that are answers as they are."""
