"""Import every module of the installed package, look for the files that must come with it, and compare palettes.

Usage: DJANGO_SETTINGS_MODULE=minimal_settings check_package.py [--no-optional] [--without NAME] [--outside FOLDER]
`--no-optional` demands that no optional dependency is installed, `--without` that a module is not, `--outside` that the
package is not in FOLDER.
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import pkgutil
import sys
from pathlib import Path

import check_palettes
import django

OPTIONAL = {
    'affine', 'boto3', 'botocore', 'cv2', 'drf_spectacular', 'drf_yasg', 'isal', 'large_image_source_gdal',
    'large_image_source_openslide', 'large_image_source_rasterio', 'large_image_source_tifffile', 'openslide', 'osgeo',
    'rasterio', 'pyproj', 's3_file_field', 'storages', 'tifffile', 'tifftools', 'zarr',
}  # fmt: skip
MIXINS = [
    'LargeImageMixin',
    'LargeImageDetailMixin',
    'LargeImageFileDetailMixin',
    'LargeImageVSIFileDetailMixin',
]
FILES = ['py.typed', 'migrations/__init__.py']


def main() -> int:
    """Run the checks; return how many failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--no-optional', action='store_true')
    parser.add_argument('--without', action='append', default=[])
    parser.add_argument('--outside', type=Path)
    options = parser.parse_args()
    failures = []

    django.setup()
    package = importlib.import_module('django_large_image')
    root = Path(package.__file__).resolve().parent
    print(f'django-large-image {package.__version__} in {root}')
    if options.outside and root.is_relative_to(options.outside.resolve()):
        failures.append(f'the package comes from the checkout {options.outside}')
    if importlib.metadata.version('django-large-image') != package.__version__:
        failures.append("the distribution's version is not the package's")
    absent = {*options.without, *(OPTIONAL if options.no_optional else ())}
    failures += [f'{name} is installed' for name in sorted(absent) if importlib.util.find_spec(name)]

    imported = 0
    for module in pkgutil.walk_packages(package.__path__, 'django_large_image.', onerror=lambda name: None):
        try:
            importlib.import_module(module.name)
            imported += 1
        except ModuleNotFoundError as error:
            if (error.name or '').partition('.')[0] not in OPTIONAL:
                failures.append(f'{module.name}: {error}')
            else:
                print(f'  {module.name} needs {error.name}')
        except Exception as error:
            failures.append(f'{module.name}: {type(error).__name__}: {error}')
    print(f'{imported} modules imported')

    rest = importlib.import_module('django_large_image.rest')
    failures += [f'django_large_image.rest has no {name}' for name in MIXINS if not hasattr(rest, name)]
    failures += [f'{name} is missing' for name in FILES if not (root / name).is_file()]
    caches = importlib.metadata.entry_points(group='large_image.cache', name='django')
    if not caches:
        failures.append("large-image would not find the cache 'django'")
    for entry in caches:
        entry.load()

    failures += check_palettes.differences()

    for failure in failures:
        print(f'FAILED {failure}')
    return len(failures)


if __name__ == '__main__':
    sys.exit(1 if main() else 0)
