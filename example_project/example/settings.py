"""Settings of the example project.

As it is, it runs on one machine with no service: SQLite, a cache in memory, files on disk. The environment can change
each of these:

    DATA_DIR         where the database, the images and the secrets are; example_project/data
    DEBUG            1 or 0; 1
    ALLOWED_HOSTS    host names, separated by commas; localhost,127.0.0.1
    SECRET_KEY       else one is made and kept in DATA_DIR
    DATABASE_URL     postgresql://user:password@host:port/name instead of SQLite
    REDIS_URL        redis://host:port/number instead of the cache in memory (CACHE_URL is the same)
    S3_BUCKET        keep the images in this bucket; boto3's AWS_* variables and S3_ENDPOINT_URL say where it is
"""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.management.utils import get_random_secret_key

PROJECT_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get('DATA_DIR') or PROJECT_DIR / 'data')
DATA_DIR.mkdir(parents=True, exist_ok=True)


def secret_key() -> str:
    """Return the key of the environment, or one of our own that outlasts a restart."""
    if os.environ.get('SECRET_KEY'):
        return os.environ['SECRET_KEY']
    path = DATA_DIR / 'secret-key'
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(get_random_secret_key())
    return path.read_text()


SECRET_KEY = secret_key()
DEBUG = os.environ.get('DEBUG', '1') == '1'
ALLOWED_HOSTS = os.environ.get('ALLOWED_HOSTS', 'localhost,127.0.0.1').split(',')

INSTALLED_APPS = [
    'django.contrib.admin',
    'django.contrib.auth',
    'django.contrib.contenttypes',
    'django.contrib.sessions',
    'django.contrib.messages',
    'django.contrib.staticfiles',
    'rest_framework',
    'drf_yasg',
    'django_large_image',
    'gallery',
]

MIDDLEWARE = [
    'django.middleware.security.SecurityMiddleware',
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware',
    'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.contrib.messages.middleware.MessageMiddleware',
    'django.middleware.clickjacking.XFrameOptionsMiddleware',
]

ROOT_URLCONF = 'example.urls'
WSGI_APPLICATION = 'example.wsgi.application'
ASGI_APPLICATION = 'example.asgi.application'

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


def database() -> dict[str, object]:
    """Return the database of DATABASE_URL, or SQLite."""
    url = urlsplit(os.environ.get('DATABASE_URL', ''))
    if not url.scheme:
        return {'ENGINE': 'django.db.backends.sqlite3', 'NAME': DATA_DIR / 'db.sqlite3'}
    return {
        'ENGINE': 'django.db.backends.postgresql',
        'NAME': url.path.lstrip('/'),
        'USER': unquote(url.username or ''),
        'PASSWORD': unquote(url.password or ''),
        'HOST': url.hostname or '',
        'PORT': url.port or '',
    }


DATABASES = {'default': database()}

# Tiles have a cache of their own, so that they cannot push out sessions or whatever else a project caches. A cache in
# memory belongs to one process: with several workers, let them share Redis.
redis_url = os.environ.get('REDIS_URL') or os.environ.get('CACHE_URL')
if redis_url:
    tiles = {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': redis_url}
else:
    tiles = {
        'BACKEND': 'django.core.cache.backends.locmem.LocMemCache',
        'LOCATION': 'tiles',
        'OPTIONS': {'MAX_ENTRIES': 2000},
    }
CACHES = {
    'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'},
    'tiles': tiles,
}
LARGE_IMAGE_CACHE_NAME = 'tiles'

# There is no route to MEDIA_URL: the image files are reached through the API alone, which asks for permission.
MEDIA_ROOT = DATA_DIR / 'media'
STORAGES = {
    'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'},
    'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'},
}
if os.environ.get('S3_BUCKET'):
    STORAGES['default'] = {
        'BACKEND': 'storages.backends.s3.S3Storage',
        'OPTIONS': {
            'bucket_name': os.environ['S3_BUCKET'],
            'endpoint_url': os.environ.get('S3_ENDPOINT_URL'),
            'signature_version': 's3v4',
            'file_overwrite': False,
        },
    }
    # Uploads of the admin go from the browser straight to the bucket.
    INSTALLED_APPS.append('s3_file_field')

STATIC_URL = 'static/'
STATIC_ROOT = DATA_DIR / 'static'

REST_FRAMEWORK = {
    'DEFAULT_PAGINATION_CLASS': 'rest_framework.pagination.PageNumberPagination',
    'PAGE_SIZE': 20,
}
# The site's own session is enough to try the API out; nothing is asked of a validator elsewhere.
SWAGGER_SETTINGS = {'USE_SESSION_AUTH': False, 'SECURITY_DEFINITIONS': None, 'VALIDATOR_URL': None}

LOGIN_URL = 'login'
LOGIN_REDIRECT_URL = 'gallery:list'
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
LANGUAGE_CODE = 'en-us'
TIME_ZONE = 'UTC'
USE_TZ = True
