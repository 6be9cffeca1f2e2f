"""Rendering: style, tile, region, thumbnail, pixel, histogram, metadata and formats. It knows no HTTP."""
