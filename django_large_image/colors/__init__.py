"""Palettes: names, colours and lists as colours, the same in every installation. Nothing here imports matplotlib."""

from django_large_image.colors.resolving import names, resolve
from django_large_image.colors.single import code
from django_large_image.colors.styles import bands_of, bounded, each_band, levels, with_colours

__all__ = ['bands_of', 'bounded', 'code', 'each_band', 'levels', 'names', 'resolve', 'with_colours']
