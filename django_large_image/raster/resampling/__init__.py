"""Resampling: from the pixels of a raster to those of an answer."""
