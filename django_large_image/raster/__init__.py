"""The engine: reading, resampling and colouring rasters. Knows rasterio, NumPy and OpenCV."""
