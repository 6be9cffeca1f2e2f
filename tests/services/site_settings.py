"""The tests' settings for sites in processes of their own.

`DLI_TEST_FILE_CACHE` names a folder for a cache that the workers share; without it there is none.
"""

import os
from pathlib import Path
from typing import Any

from tests.settings import *  # noqa: F403

CACHES: dict[str, dict[str, Any]]
if _folder := os.environ.get('DLI_TEST_FILE_CACHE'):
    CACHES = {
        'default': {
            'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache',
            'LOCATION': str(Path(_folder)),
            'OPTIONS': {'MAX_ENTRIES': 100_000},
        }
    }
else:
    CACHES = {'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}

# As many sites have it: whatever fails inside a request must not break the request's transaction.
DATABASES['default']['ATOMIC_REQUESTS'] = True  # noqa: F405
