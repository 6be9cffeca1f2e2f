"""Import modules while requests are answered: one thread at a time, so that none sees a module half imported.

Where two threads import the same modules in different orders, Python 3.11 to 3.13 notice the deadlock and give one of
them what is there of a module so far: ImportError, or `_DeadlockError`.
"""

from __future__ import annotations

import functools
import threading
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

#: Whoever imports something in a request holds it.
lock = threading.RLock()


def load(name: str) -> ModuleType:
    """Return a module, imported if need be."""
    with lock:
        return import_module(name)


@functools.cache
def is_there(*names: str) -> bool:
    """Return whether packages are installed, without importing them."""
    return all(find_spec(name) is not None for name in names)
