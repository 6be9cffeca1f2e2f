"""What staff decide at run time: the value of two settings, and which files were made large images."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import ClassVar

from django.core.signals import setting_changed
from django.db import DatabaseError, models, transaction

from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter, Misconfigured
from django_large_image.pixels import Json

#: How long a process trusts the values it has read, in seconds.
REFRESH_SECONDS = 1.0


class RuntimeSetting(models.Model):
    """A setting that staff changed. Without a row the project's settings hold."""

    name = models.CharField(max_length=64, primary_key=True)
    value = models.JSONField()
    changed = models.DateTimeField(auto_now=True)

    #: The settings that can be changed at run time: the type of the value, and what is allowed, in words.
    CHANGEABLE: ClassVar[dict[str, tuple[type, str]]] = {
        'AUTO_SERVE': (bool, 'true or false'),
        'MAX_UNTILED_SIZE': (int, 'an integer from 256 to 65536'),
    }

    class Meta:
        verbose_name = 'large image setting'

    def __str__(self) -> str:
        return f'{self.name} = {self.value!r}'


class LargeImage(models.Model):
    """A file that was made a large image. `identity` names the file, whatever its bytes are (`session.identity_of`)."""

    identity = models.CharField(max_length=255, unique=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.identity


_cached: Json = {}
_read_at = float('-inf')


def runtime_settings() -> Json:
    """Return the run-time settings in force, by name. They are at most `REFRESH_SECONDS` old.

    Without the table, before the project migrated, they are the project's settings.
    """
    global _cached, _read_at
    now = time.monotonic()
    if now - _read_at > REFRESH_SECONDS:
        values = {name: getattr(settings, name) for name in RuntimeSetting.CHANGEABLE}
        try:
            # In a savepoint: a missing table must not break the transaction of the request (ATOMIC_REQUESTS).
            with transaction.atomic():
                rows = dict(RuntimeSetting.objects.values_list('name', 'value'))
        except DatabaseError:
            if _cached:
                # The last values stay, so that a passing error does not serve what staff turned off. The time is set,
                # so that a missing table is not queried each time.
                _read_at = now
                return _cached
            rows = {}
        values.update((name, value) for name, value in rows.items() if name in values)
        _cached, _read_at = values, now
    return _cached


def change_runtime_settings(changes: Json) -> Json:
    """Check and store `changes`, all or none, and return the settings in force.

    Raises `InvalidParameter` for a name that cannot be changed and for a value of the wrong type or range, and
    `Misconfigured` without the table.
    """
    for name, value in changes.items():
        if name not in RuntimeSetting.CHANGEABLE:
            raise InvalidParameter('name', name.lower(), ' or '.join(RuntimeSetting.CHANGEABLE).lower())
        kind, allowed = RuntimeSetting.CHANGEABLE[name]
        if type(value) is not kind or (type(value) is int and not 256 <= value <= 65536):
            raise InvalidParameter(name.lower(), value, allowed)
    with _tables():
        for name, value in changes.items():
            RuntimeSetting.objects.update_or_create(name=name, defaults={'value': value})
    forget_runtime_settings()
    return runtime_settings()


def is_large_image(identity: str) -> bool:
    """Return whether a file was made a large image; raises `Misconfigured` without the table."""
    with _tables():
        return bool(LargeImage.objects.filter(identity=identity).exists())


def make_large_image(identity: str) -> None:
    """Make a file a large image, if it is not one; raises `Misconfigured` without the table."""
    with _tables():
        LargeImage.objects.get_or_create(identity=identity)


def unmake_large_image(identity: str) -> None:
    """Undo `make_large_image`, if the file is a large image; raises `Misconfigured` without the table."""
    with _tables():
        LargeImage.objects.filter(identity=identity).delete()


@contextlib.contextmanager
def _tables() -> Iterator[None]:
    """Run the block in a savepoint; raises `Misconfigured` if the database has an error, most likely missing tables."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError:
        raise Misconfigured('The tables of django_large_image are missing; run manage.py migrate.') from None


def forget_runtime_settings() -> None:
    """Forget the values read, so that the next look-up asks the database."""
    global _read_at
    _read_at = float('-inf')


def _on_setting_changed(**kwargs: object) -> None:
    forget_runtime_settings()


setting_changed.connect(_on_setting_changed)
