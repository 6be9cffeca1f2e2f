"""Import modules during requests: one thread at a time, so that no thread sees half a module.

If two threads import the same modules in different orders, Python 3.11 to 3.13 notice the deadlock and give one of them
the module as far as it is imported. That ends in an ImportError or a `_DeadlockError`.
"""

from __future__ import annotations

import functools
import threading
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

#: Held by the thread that imports something during a request.
lock = threading.RLock()


def load(name: str) -> ModuleType:
    """Return a module, and import it if necessary; raises what the import raises."""
    with lock:
        return import_module(name)


@functools.cache
def is_there(*names: str) -> bool:
    """Return whether all of these packages are installed, without importing them."""
    return all(find_spec(name) is not None for name in names)
