"""What a source of large-image holds open is closed at once, not whenever it happens to be garbage."""

from __future__ import annotations

import contextlib
from typing import Any


def close(source: Any) -> None:
    """Close what a source of large-image holds open; most have no method for it."""
    for opened in (source, *(getattr(source, name, None) for name in _OPENED)):
        if hasattr(opened, 'close'):
            with contextlib.suppress(Exception):
                opened.close()


_OPENED = ('dataset', '_pilImage', '_frameImage', '_tf', '_openslide')


class ClosedOnFailure:
    """A source that closes its file if it cannot be opened as an image after all.

    Those of large-image 1.35.6 open the file, look at it, and leave it open when they raise.
    """

    def __init__(self, path: Any, **kwargs: Any) -> None:
        try:
            super().__init__(path, **kwargs)  # type: ignore[call-arg]
        except Exception:
            close(self)
            raise
