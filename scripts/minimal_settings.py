"""The least that Django needs to check the package: no optional application, no file, no service."""

SECRET_KEY = 'only-for-system-checks'  # noqa: S105 - signs nothing
INSTALLED_APPS = [
    'django.contrib.auth',
    'django.contrib.contenttypes',
    'rest_framework',
    'django_large_image',
]
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}
ROOT_URLCONF = 'django_large_image.urls'
USE_TZ = True
