"""Create the user of the demonstration."""

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

NAME = 'demo'


class Command(BaseCommand):
    """Create a superuser and print its name and password; the password is kept in DATA_DIR."""

    help = __doc__

    def handle(self, *args, **options) -> None:
        """Make the user, or say its password again."""
        users = get_user_model().objects
        path = settings.DATA_DIR / 'demo-password'
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(9))
        password = path.read_text()
        if not users.filter(username=NAME).exists():
            users.create_superuser(NAME, password=password)
        self.stdout.write(f'  name {NAME}, password {password}')
