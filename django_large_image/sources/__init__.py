"""Open sources: which reader opens an image, the pool of open handles, and the cache of encoded tiles."""

from django_large_image.sources.blocks import block_cache
from django_large_image.sources.cache import tile_cache
from django_large_image.sources.lease import Lease
from django_large_image.sources.opening import check, forget_decisions, lease
from django_large_image.sources.pool import pool
from django_large_image.sources.registry import available_sources
from django_large_image.sources.shared import shared_blocks

__all__ = [
    'Lease', 'available_sources', 'block_cache', 'check', 'clear', 'lease', 'pool', 'shared_blocks', 'tile_cache',
]  # fmt: skip


def clear() -> None:
    """Close every idle handle of this process and forget which source reads which image."""
    pool.clear()
    block_cache.clear()
    forget_decisions()
