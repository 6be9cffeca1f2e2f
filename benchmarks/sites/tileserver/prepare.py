"""Make the site's database with an image for each name, and print their keys: `python -m tileserver.prepare NAME…`."""

import json
import sys

import django


def main() -> None:
    """Migrate, add the rows, and print {name: key} as JSON."""
    django.setup()
    from django.core.management import call_command

    from tileserver.models import Image

    call_command('migrate', verbosity=0, run_syncdb=True)
    for name in sys.argv[1:]:
        Image.objects.get_or_create(name=name, defaults={'file': name})
    print(json.dumps(dict(Image.objects.values_list('name', 'pk'))))


if __name__ == '__main__':
    main()
