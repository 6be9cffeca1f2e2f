"""The blocks of a raster: windows are read of them, and some of them are tiles as they are."""
