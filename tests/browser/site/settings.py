"""The tests' settings as a deployed site has them: a prefix, hashed static files served by whitenoise, a strict CSP."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from tests.browser.snippets import snippets
from tests.settings import *  # noqa: F403
from tests.settings import DATA_DIR, INSTALLED_APPS, MIDDLEWARE

DEBUG = False
ROOT_URLCONF = 'tests.browser.site.urls'
INSTALLED_APPS = [*INSTALLED_APPS, 'tests.browser.site']
MIDDLEWARE = [
    'tests.browser.site.middleware.ContentSecurityPolicy',
    'whitenoise.middleware.WhiteNoiseMiddleware',
    *MIDDLEWARE,
    'django.middleware.csrf.CsrfViewMiddleware',
    'django.middleware.clickjacking.XFrameOptionsMiddleware',
]
FORCE_SCRIPT_NAME = '/site'
# Not relative: whitenoise asks for it before the first request says the prefix.
STATIC_URL = '/site/static/'
STATIC_ROOT = str(DATA_DIR / 'static')
STORAGES: dict[str, Any] = {
    'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'},
    'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'},
}
# What the documentation shows of a page of a project's own.
STATICFILES_DIRS = [str(DATA_DIR / 'documented')]
LARGE_IMAGE_ALLOWED_HOSTS = ['127.0.0.1']
LARGE_IMAGE_PRIVATE_HOSTS = ['127.0.0.1']
LARGE_IMAGE_REMOTE_TIMEOUT = 5
LARGE_IMAGE_BASE_LAYERS = [
    {'name': 'Chequers', 'url': '/site/chequers/{z}/{x}/{y}.png', 'attribution': '© <Chequers> & sons'}
]

if find_spec('corsheaders'):
    # As docs/clients.md says.
    _origin = os.environ.get('DLI_TEST_OTHER_ORIGIN', 'http://127.0.0.1:1')
    exec(snippets()['cors'].replace('https://maps.example.org', _origin))
