"""Open handles of images: which reader opens one, and the pool that lends it."""

from django_large_image.caching import block_cache
from django_large_image.handles.lease import Lease
from django_large_image.handles.opening import borrow, check, forget_decisions
from django_large_image.handles.pool import handle_pool
from django_large_image.handles.registry import available_sources

__all__ = ['Lease', 'available_sources', 'borrow', 'check', 'clear', 'forget_decisions', 'handle_pool']


def clear() -> None:
    """Close every idle handle of this process, drop its decoded blocks, and forget which source reads which image."""
    handle_pool.clear()
    block_cache.clear()
    forget_decisions()
