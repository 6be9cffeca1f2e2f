"""Every endpoint by large-image's gdal source, its pixels against those that osgeo reads and warps itself."""

from __future__ import annotations

import io
import json
import pathlib
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image

pytestmark = pytest.mark.django_db

WEB = {'projection': 'EPSG:3857'}
PIXELS = {'units': 'pixels'}


def decoded(body: bytes, mode: str) -> Any:
    """Return a picture as an array with the bands first."""
    with Image.open(io.BytesIO(body)) as picture:
        array = np.asarray(picture.convert(mode))
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def body_of(response: Any) -> bytes:
    """Return the body of a success."""
    assert response.status_code == 200, response.content
    body = b''.join(response.streaming_content) if response.streaming else response.content
    response.close()
    return bytes(body)


def psnr(a: Any, b: Any, mask: Any) -> float:
    """Return the peak signal-to-noise ratio in dB where `mask` is true."""
    error = float(((a.astype(float) - b.astype(float)) ** 2)[..., mask].mean())
    return float('inf') if error == 0 else 10 * np.log10(255**2 / error)


def test_checks_pass_and_gdal_is_the_reader(api: Any, staff: Any) -> None:
    # Some viewsets of the test app deserve their warnings.
    call_command('check', fail_level='ERROR')
    found = api.get('/api/large-image/sources').json()
    assert 'gdal' in found
    assert 'rasterio' not in found


@pytest.mark.parametrize('name', ['rgb', 'rgba', 'uint16', 'dem', 'palette', 'striped'])
def test_metadata_and_bands(get: Any, image_file: Any, images: Any, osgeo: Any, name: str) -> None:
    from osgeo import gdal

    dataset = gdal.Open(str(images(name)))
    image = image_file(name)
    found = get('metadata', image).json()
    assert (found['sourceSizeX'], found['sourceSizeY']) == (dataset.RasterXSize, dataset.RasterYSize)
    assert found['bandCount'] == dataset.RasterCount
    assert found['geospatial'] is True
    assert found['frames'] is False
    bounds = found['bounds']
    assert -180 <= bounds['xmin'] < bounds['xmax'] <= 180
    assert -90 <= bounds['ymin'] < bounds['ymax'] <= 90
    bands = get('bands', image).json()
    assert list(bands) == [str(number) for number in range(1, dataset.RasterCount + 1)]
    for number, band in bands.items():
        low, high, mean, deviation = dataset.GetRasterBand(int(number)).ComputeStatistics(True)
        if 'min' in band:
            assert (band['min'], band['max']) == pytest.approx((low, high), rel=0.1, abs=(high - low) * 0.1)
            assert band['mean'] == pytest.approx(mean, abs=max(0.1 * deviation, 0.5))
    assert get('band', image, query={'band': 1}).json() == bands['1']
    assert get('band', image, query={'band': 99}).status_code == 400
    for endpoint in ('metadata-internal', 'frames', 'tiffdump', 'tiles-metadata'):
        text = body_of(get(endpoint, image)).decode()
        json.loads(text)
        assert str(images(name).parent) not in text


@pytest.mark.parametrize('name', ['rgb', 'striped', 'rgba'])
@pytest.mark.parametrize('out', [0, 2])
def test_projected_tiles_are_those_of_gdalwarp(
    get: Any, image_file: Any, images: Any, osgeo: Any, name: str, out: int
) -> None:
    path, image = images(name), image_file(name)
    zoom = (13 if name == 'rgba' else 14) - out
    for z, x, y in osgeo.tiles_covering(path, zoom)[:4]:
        got = decoded(body_of(get('tile', image, z=z, x=x, y=y, fmt='png', query=WEB)), 'RGBA')
        expected, valid = osgeo.warped_tile(path, z, x, y)
        shown = got[3] > 0
        # The edge of the image may be a pixel off.
        assert (shown == valid).mean() > 0.99
        if out == 0:
            assert psnr(got[:3], expected[:3], valid & shown) > 45


@pytest.mark.parametrize('name', ['rgb', 'striped', 'no-crs'])
def test_tiles_of_the_images_own_grid_are_its_pixels(
    get: Any, image_file: Any, images: Any, osgeo: Any, name: str
) -> None:
    image = image_file(name)
    levels = get('tiles-metadata', image).json()
    z, side = levels['levels'] - 1, levels['tile_size']
    for x, y in ((0, 0), (1, 1), (2, 1)):
        if (x + 1) * side > levels['size_x'] or (y + 1) * side > levels['size_y']:
            continue
        got = decoded(body_of(get('tile', image, z=z, x=x, y=y, fmt='png')), 'RGB')
        assert np.array_equal(got, osgeo.read(images(name), x * side, y * side, side, side))
    assert get('tile', image, z=z + 1, x=0, y=0, fmt='png').status_code == 404
    assert get('tile', image, z=z, x=999, y=0, fmt='png').status_code == 404


def test_styles(get: Any, image_file: Any, images: Any, osgeo: Any) -> None:
    sides = PIXELS | {'left': 256, 'top': 256, 'right': 512, 'bottom': 512}
    image = image_file('uint16')
    values = osgeo.read(images('uint16'), 256, 256, 256, 256)
    for band in (1, 4):
        query = sides | {'band': band, 'min': 0, 'max': 6000}
        got = decoded(body_of(get('region', image, fmt='png', query=query)), 'RGB')
        expected = np.clip(values[band - 1] / 6000 * 255, 0, 255)
        assert np.abs(got[0] - expected).max() <= 1
    style = {'bands': [{'band': 3, 'min': 0, 'max': 9000, 'palette': '#ff0000'}]}
    got = decoded(body_of(get('region', image, fmt='png', query=sides | {'style': json.dumps(style)})), 'RGB')
    assert np.abs(got[0] - np.clip(values[2] / 9000 * 255, 0, 255)).max() <= 1
    assert not got[1:].any()
    # Nodata is transparent in the tiles of a projection.
    dem = image_file('dem')
    query = WEB | {'band': 1, 'min': 0, 'max': 3000, 'nodata': 'auto'}
    for z, x, y in osgeo.tiles_covering(images('dem'), 10):
        got = decoded(body_of(get('tile', dem, z=z, x=x, y=y, fmt='png', query=query)), 'RGBA')
        heights, valid = osgeo.warped_tile(images('dem'), z, x, y)
        assert ((got[3] > 0) == (valid & (heights[0] != -9999))).mean() > 0.99


def test_thumbnail_pixel_and_histogram(get: Any, image_file: Any, images: Any, osgeo: Any) -> None:
    image = image_file('rgb')
    small = decoded(
        body_of(get('thumbnail', image, fmt='png', query={'max_width': 200, 'max_height': 200})), 'RGB'
    )
    assert small.shape == (3, 150, 200)
    whole = osgeo.read(images('rgb'), 0, 0, 2048, 1536)
    assert np.abs(small.mean(axis=(1, 2)) - whole.mean(axis=(1, 2))).max() < 2
    for left, top in ((0, 0), (2047, 1535), (700, 300)):
        pixel = get('pixel', image, query=PIXELS | {'left': left, 'top': top}).json()
        assert [pixel[c] for c in 'rgb'] == whole[:, top, left].tolist()
        assert list(pixel['bands'].values())[:3] == whole[:, top, left].tolist()
    assert get('pixel', image, query=PIXELS | {'left': 2048, 'top': 0}).status_code == 400
    for band, found in enumerate(get('histogram', image, query={'bins': 8, 'exact': 'true'}).json()):
        expected, edges = np.histogram(
            whole[band], bins=8, range=(found['bin_edges'][0], found['bin_edges'][-1])
        )
        assert found['hist'] == expected.tolist()
        assert found['bin_edges'] == pytest.approx(edges.tolist())


def test_regions_as_pictures(get: Any, image_file: Any, images: Any, osgeo: Any) -> None:
    image = image_file('rgb')
    sides = PIXELS | {'left': 333, 'top': 222, 'right': 1333, 'bottom': 922}
    got = decoded(body_of(get('region', image, fmt='png', query=sides)), 'RGB')
    assert np.array_equal(got, osgeo.read(images('rgb'), 333, 222, 1000, 700))
    small = decoded(body_of(get('region', image, fmt='webp', query=sides | {'max_width': 100})), 'RGB')
    assert small.shape == (3, 70, 100)


@pytest.mark.parametrize('units', ['pixels', 'EPSG:32633', 'EPSG:4326'])
def test_regions_as_tiff_are_georeferenced(
    get: Any, image_file: Any, images: Any, osgeo: Any, tmp_path: pathlib.Path, units: str
) -> None:
    from osgeo import gdal, osr

    sides = {
        'pixels': {'left': 300, 'top': 200, 'right': 700, 'bottom': 500},
        'EPSG:32633': {'left': 503_000, 'top': 5_598_000, 'right': 507_000, 'bottom': 5_595_000},
        # About the middle of the image: 15.0° to 15.3° east, 50.4° to 50.5° north.
        'EPSG:4326': {'left': 15.05, 'top': 50.52, 'right': 15.1, 'bottom': 50.5},
    }[units]
    body = body_of(get('region', image_file('rgb'), fmt='tif', query=sides | {'units': units}))
    path = tmp_path / 'region.tif'
    path.write_bytes(body)
    region = gdal.Open(str(path))
    assert osr.SpatialReference(region.GetProjection()).GetAuthorityCode(None) == '32633'
    x, width, _, y, _, height = region.GetGeoTransform()
    assert (width, height) == (10, -10)
    left, top = round((x - 500_000) / 10), round((5_600_000 - y) / 10)
    assert (x, y) == (500_000 + 10 * left, 5_600_000 - 10 * top)
    if units != 'EPSG:4326':
        assert (left, top, region.RasterXSize, region.RasterYSize) == (300, 200, 400, 300)
    expected = osgeo.read(images('rgb'), left, top, region.RasterXSize, region.RasterYSize)
    assert np.array_equal(region.ReadAsArray()[:3], expected)
    # Values of any type are kept, with their nodata.
    dem = image_file('dem')
    body = body_of(
        get('region', dem, fmt='tif', query=PIXELS | {'left': 50, 'top': 50, 'right': 450, 'bottom': 250})
    )
    path.write_bytes(body)
    region = gdal.Open(str(path))
    assert np.array_equal(region.ReadAsArray(), osgeo.read(images('dem'), 50, 50, 400, 200)[0])
    assert region.GetRasterBand(1).GetNoDataValue() == -9999


def test_corners_and_pixels_by_coordinates(get: Any, image_file: Any, images: Any, osgeo: Any) -> None:
    from tests.osgeo.conftest import HALF_WORLD

    image = image_file('rgb')
    z, x, y = osgeo.tiles_covering(images('rgb'), 13)[0]
    side = 2 * HALF_WORLD / 2**z
    corners = get('tile-corners', image, z=z, x=x, y=y, query=WEB).json()
    assert (corners['xmin'], corners['ymax']) == pytest.approx((x * side - HALF_WORLD, HALF_WORLD - y * side))
    place = {'left': 500_000 + 10 * 700.5, 'top': 5_600_000 - 10 * 300.5, 'units': 'EPSG:32633'}
    pixel = get('pixel', image, query=place).json()
    assert (pixel['left'], pixel['top']) == (700, 300)
    assert [pixel[c] for c in 'rgb'] == osgeo.read(images('rgb'), 700, 300, 1, 1).ravel().tolist()


def test_a_png_needs_no_gdal(get: Any, image_file: Any, images: Any, osgeo: Any) -> None:
    image = image_file('png')
    finest = get('metadata', image).json()['levels'] - 1
    got = decoded(body_of(get('tile', image, z=finest, x=1, y=0, fmt='png')), 'RGB')
    assert np.array_equal(got, decoded(images('png').read_bytes(), 'RGB')[:, :256, 256:512])
    assert get('tile', image, z=0, x=0, y=0, fmt='png', query=WEB).status_code == 400
