"""Fill the gallery with the sample images."""

import tempfile
import time
from pathlib import Path

from django.core.files import File
from django.core.management.base import BaseCommand, CommandParser

from gallery.models import Image
from gallery.samples import SAMPLES


class Command(BaseCommand):
    """Load the sample images that are not there yet; run it as often as you like."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--large`: those that take long, which are left out otherwise."""
        parser.add_argument('--large', action='store_true', help='make the large ones, and no others')

    def handle(self, *args, **options) -> None:
        """Write each missing file, store it and make its row."""
        samples = [sample for sample in SAMPLES if sample.large == options['large']]
        for number, sample in enumerate(samples, start=1):
            prefix = f'  {number}/{len(samples)} {sample.name}'
            image = Image.objects.filter(name=sample.name).first()
            if image and image.file and image.file.storage.exists(image.file.name):
                self.stdout.write(f'{prefix}: already there')
                continue
            started = time.monotonic()
            image = image or Image(name=sample.name)
            image.description = sample.description
            image.style = sample.style
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / sample.filename
                sample.write(path)
                with path.open('rb') as file:
                    image.file.save(sample.filename, File(file))
            megabytes = image.file.size / 1e6
            self.stdout.write(f'{prefix}: {megabytes:.1f} MB in {time.monotonic() - started:.1f} s')
