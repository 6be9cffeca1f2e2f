"""Rendering: style, tile, region, thumbnail, pixel, histogram, metadata and formats. Knows no HTTP."""
