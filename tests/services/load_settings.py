"""The tests' settings for a site under load: its cache is in files that the workers share, or there is none."""

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
