"""A handle that failed is closed; one of a request that was only wrong is used again."""

from __future__ import annotations

from typing import Any

import pytest

from django_large_image import access, sources
from django_large_image.exceptions import (
    ImageUnreadable,
    InvalidParameter,
    LargeImageError,
    RemoteUnavailable,
)

#: What may be raised while a handle is lent, and whether it says something of the handle.
ERRORS = [
    (ValueError('broken'), True),
    (OSError('broken'), True),
    (ImageUnreadable(), True),
    (RemoteUnavailable(), True),
    (InvalidParameter('z', 99, '0 to 3'), False),
    (LargeImageError(), False),
]


@pytest.mark.django_db
@pytest.mark.parametrize(('error', 'failed'), ERRORS)
@pytest.mark.parametrize('name', ['rgb', 'png'])
def test_a_failed_handle_is_not_given_back(images: Any, name: str, error: Exception, failed: bool) -> None:
    ref = access.image_ref(images(name))
    with pytest.raises(type(error)), sources.lease(ref) as lease:
        lent = lease.source
        raise error
    kept = 0 if failed else 1
    stats = sources.pool.stats()
    assert (stats['handles'], stats['idle']) == (kept, kept)
    with sources.lease(ref) as lease:
        assert (lease.source is lent) == (not failed)
