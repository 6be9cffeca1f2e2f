"""What is drawn may come from blocks that processes share."""

from tests.caching.conftest import shared_folder

__all__ = ['shared_folder']
