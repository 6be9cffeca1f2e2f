"""Names that projects import to read images without HTTP. See docs/customizing.md, "From Python"."""

from django_large_image.caching import block_cache, shared_blocks, tile_cache
from django_large_image.handles import (
    Lease,
    available_sources,
    borrow as lease,
    check,
    clear,
    forget_decisions,
)
from django_large_image.handles.pool import handle_pool as pool

__all__ = [
    'Lease', 'available_sources', 'block_cache', 'check', 'clear', 'forget_decisions', 'lease', 'pool', 'shared_blocks',
    'tile_cache',
]  # fmt: skip
