"""Errors of the libraries that read files, turned into ours."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from django_large_image.exceptions import ImageUnreadable, LargeImageError, fault_of

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Turn the errors that a library raises in the block into `ImageUnreadable`, or `ServerFault`; ours pass."""
    try:
        yield
    except LargeImageError:
        raise
    except Exception as error:
        logger.warning('An image could not be read: %s', type(error).__name__)
        fault = fault_of(error)
        if fault is not None:
            raise fault from error
        raise ImageUnreadable('The pixels of the image cannot be read.') from error
