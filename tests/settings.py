"""The settings that the tests run under, in pytest and in servers that a test starts.

`DLI_TEST_DIR` names the folder of the database and the media; a server process is handed the one of its test.
`DLI_TEST_DATABASE` names a PostgreSQL database as host:port/user/name instead of the SQLite file.
"""

from __future__ import annotations

import atexit
import os
import pathlib
import shutil
import tempfile
from importlib.util import find_spec
from typing import Any

if _given := os.environ.get('DLI_TEST_DIR'):
    DATA_DIR = pathlib.Path(_given)
else:
    DATA_DIR = pathlib.Path(tempfile.mkdtemp(prefix='dli-tests-'))
    atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

SECRET_KEY = 'only-for-tests'
# drf-yasg's renderers under the names that its next release has.
SWAGGER_USE_COMPAT_RENDERERS = False
DEBUG = False
ALLOWED_HOSTS = ['testserver', 'localhost', '127.0.0.1']
USE_TZ = True
ROOT_URLCONF = 'tests.app.urls'
STATIC_URL = '/static/'
MEDIA_URL = '/media/'
MEDIA_ROOT = str(DATA_DIR / 'media')
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
# Tests that use S3 choose its storage themselves.
SILENCED_SYSTEM_CHECKS = ['s3_file_field.W001']
# MD5 keeps the many users that tests create cheap.
PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']

#: Optional packages: the suite also runs where only the required ones are installed.
OPTIONAL_APPS = [name for name in ('drf_yasg', 's3_file_field') if find_spec(name)]

INSTALLED_APPS = [
    'django.contrib.contenttypes',
    'django.contrib.auth',
    'django.contrib.sessions',
    'django.contrib.messages',
    'django.contrib.admin',
    'django.contrib.staticfiles',
    'rest_framework',
    *OPTIONAL_APPS,
    'django_large_image',
    'tests.app',
]

MIDDLEWARE = [
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.contrib.messages.middleware.MessageMiddleware',
]

TEMPLATES = [
    {
        'BACKEND': 'django.template.backends.django.DjangoTemplates',
        'APP_DIRS': True,
        'OPTIONS': {
            'context_processors': [
                'django.template.context_processors.request',
                'django.contrib.auth.context_processors.auth',
                'django.contrib.messages.context_processors.messages',
            ],
        },
    },
]

DATABASES: dict[str, dict[str, Any]] = {
    'default': {
        'ENGINE': 'django.db.backends.sqlite3',
        'NAME': str(DATA_DIR / 'db.sqlite3'),
        'OPTIONS': {'timeout': 20},
    },
}
if _database := os.environ.get('DLI_TEST_DATABASE'):
    _address, _user, _name = _database.split('/')
    _host, _, _port = _address.partition(':')
    DATABASES['default'] = {
        'ENGINE': 'django.db.backends.postgresql',
        'HOST': _host,
        'PORT': _port,
        'USER': _user,
        'PASSWORD': os.environ.get('PGPASSWORD', ''),
        'NAME': _name,
    }

# Tests that count what is decoded must not find what another one decoded; those of sharing have a folder of their own.
LARGE_IMAGE_SHARED_BLOCK_BYTES = 0

CACHES: dict[str, dict[str, Any]] = {
    'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache', 'LOCATION': 'default'},
    'tiles': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache', 'LOCATION': 'tiles'},
}
if _redis := os.environ.get('DLI_TEST_REDIS_URL'):
    CACHES['default'] = {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': _redis}

REST_FRAMEWORK: dict[str, Any] = {
    'DEFAULT_AUTHENTICATION_CLASSES': [
        'rest_framework.authentication.SessionAuthentication',
        'rest_framework.authentication.BasicAuthentication',
    ],
    'TEST_REQUEST_DEFAULT_FORMAT': 'json',
}
if find_spec('drf_spectacular'):
    REST_FRAMEWORK['DEFAULT_SCHEMA_CLASS'] = 'drf_spectacular.openapi.AutoSchema'
