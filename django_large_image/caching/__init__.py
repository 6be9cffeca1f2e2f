"""Bytes that are kept: encoded answers, and the decoded blocks that threads and processes share."""

from django_large_image.caching.answers import tile_cache
from django_large_image.caching.blocks import block_cache
from django_large_image.caching.shared import shared_blocks

__all__ = ['block_cache', 'shared_blocks', 'tile_cache']
