"""A process of its own on a PostgreSQL database with ATOMIC_REQUESTS: it does what the test names, and prints JSON."""

from __future__ import annotations

import json
import shutil
from typing import Any

TILE = 'tiles/0/0/0.png'


def main(what: str, path: str) -> None:
    """Do `what`: one of the functions below, after the migrations."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    assert connection.vendor == 'postgresql'
    assert connection.settings_dict['ATOMIC_REQUESTS'] is True
    call_command('migrate', verbosity=0)
    call_command('makemigrations', 'django_large_image', check=True, dry_run=True, verbosity=0)
    shutil.copy(path, f'{settings.MEDIA_ROOT}/image.tif')
    print(json.dumps(globals()[what]()))


def site() -> tuple[Any, Any, str]:
    """Return a client of a member of staff, one of nobody, and the prefix of an image."""
    from django.contrib.auth import get_user_model
    from rest_framework.test import APIClient

    from tests.app.models import ImageFile

    image = ImageFile.objects.create(name='image', file='image.tif')
    staff = APIClient(raise_request_exception=False)
    staff.force_authenticate(get_user_model().objects.create_user('staff', is_staff=True))
    return staff, APIClient(raise_request_exception=False), f'/images/{image.pk}'


def change_settings() -> dict[str, Any]:
    """Change the settings by the API, and say what is stored and what is served then."""
    from django_large_image.models import LargeImage, RuntimeSetting, forget_runtime_settings

    staff, anyone, image = site()
    address = '/api/large-image/settings'
    found: dict[str, Any] = {'before': anyone.get(f'{image}/{TILE}').status_code}
    found['refused'] = staff.patch(
        address, {'auto_serve': False, 'max_untiled_size': 1}, format='json'
    ).status_code
    found['rows after refusal'] = RuntimeSetting.objects.count()
    found['nobody'] = anyone.patch(address, {'auto_serve': False}, format='json').status_code
    changed = staff.patch(address, {'auto_serve': False, 'max_untiled_size': 512}, format='json')
    found['changed'] = [changed.status_code, changed.json()['auto_serve'], changed.json()['max_untiled_size']]
    found['rows'] = sorted(RuntimeSetting.objects.values_list('name', 'value'))
    # As another process, or this one after a restart, would read them.
    forget_runtime_settings()
    refused = anyone.get(f'{image}/{TILE}')
    found['not a large image'] = [refused.status_code, refused.json()['code']]
    LargeImage.objects.create(identity=f'app.imagefile/{image.rsplit("/", 1)[1]}/file')
    found['made one'] = anyone.get(f'{image}/{TILE}').status_code
    return found


def without_tables() -> dict[str, Any]:
    """Answer requests of a project that did not migrate this package."""
    from django.core.management import call_command
    from django.db import connection

    from django_large_image.models import forget_runtime_settings

    staff, anyone, image = site()
    call_command('migrate', 'django_large_image', 'zero', verbosity=0)
    found: dict[str, Any] = {
        'tables': [n for n in connection.introspection.table_names() if 'large_image' in n]
    }
    for name in (TILE, 'info/metadata', 'data/thumbnail.png', 'tiles/metadata', 'info/bands'):
        forget_runtime_settings()
        found[name] = anyone.get(f'{image}/{name}').status_code
    # The transaction of the request goes on: the list asks the database after nothing else did.
    found['list'] = anyone.get('/images').status_code
    shown = staff.get('/api/large-image/settings')
    found['settings'] = [shown.status_code, shown.json()['auto_serve'], shown.json()['max_untiled_size']]
    changed = staff.patch('/api/large-image/settings', {'auto_serve': False}, format='json')
    found['change'] = [changed.status_code, changed.headers['Content-Type']]
    return found
