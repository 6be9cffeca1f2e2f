"""Settings of the measured site. Its environment says where its data is and whether answers are cached.

BENCH_SITE     the folder of the database and of temporary files
BENCH_MEDIA    the folder of the images
BENCH_CACHE    `none`, or `memory` for a cache in each worker
BENCH_STORAGE  the storage of the images as JSON, if not the folder
"""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ['BENCH_SITE'])
# Blocks that an earlier server decoded are those of another site.
SECRET_KEY = os.environ['BENCH_SECRET']
DEBUG = False
ALLOWED_HOSTS = ['127.0.0.1']
USE_TZ = True
ROOT_URLCONF = 'tileserver.urls'
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
MEDIA_ROOT = os.environ['BENCH_MEDIA']
DATA_TEMP_DIR = str(FOLDER / 'temp')

INSTALLED_APPS = [
    'django.contrib.auth',
    'django.contrib.contenttypes',
    'django.contrib.sessions',
    'django.contrib.messages',
    'rest_framework',
    'django_large_image',
    'tileserver',
]
# Those of `django-admin startproject`.
MIDDLEWARE = [
    'django.middleware.security.SecurityMiddleware',
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware',
    'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.contrib.messages.middleware.MessageMiddleware',
    'django.middleware.clickjacking.XFrameOptionsMiddleware',
]
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.sqlite3',
        'NAME': str(FOLDER / 'db.sqlite3'),
        # As sites do it that care for speed; without it each request opens the file anew.
        'CONN_MAX_AGE': None,
    }
}
CACHES: dict[str, dict[str, Any]] = {
    'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}
    if os.environ['BENCH_CACHE'] == 'none'
    else {
        'BACKEND': 'django.core.cache.backends.locmem.LocMemCache',
        'TIMEOUT': None,
        'OPTIONS': {'MAX_ENTRIES': 1_000_000},
    }
}
STORAGES: dict[str, Any] = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}}
if _storage := os.environ.get('BENCH_STORAGE'):
    STORAGES['default'] = json.loads(_storage)
