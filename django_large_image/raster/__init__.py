"""The engine: read, resample and colour rasters. It knows rasterio, NumPy and OpenCV."""
