"""Tiles: their pixels against the references, their index, their formats and their two spellings."""

from __future__ import annotations

import io
import pathlib
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import override_settings
from django.urls import reverse
from PIL import Image

from django_large_image.imaging import tile
from tests import reference

pytestmark = pytest.mark.django_db

WEB = {'projection': 'EPSG:3857'}


#: The nearest pixel is what GDAL's warper shows by default.
NEAREST = WEB | {'resampling': 'nearest'}


def alike(got: Any, expected: Any, there: Any, level: float) -> int:
    """Check that two pictures are alike where `there` says, if anywhere; return how many pixels were compared."""
    if there.any():
        assert reference.psnr(got, expected, there, least=1) > level
    return int(there.sum())


@pytest.mark.parametrize('name', ['rgb', 'rgba', 'striped'])
def test_the_nearest_pixel_is_that_of_gdal(get: Any, image_file: Any, images: Any, name: str) -> None:
    path, image = images(name), image_file(name)
    tiles = reference.tiles_covering(path, reference.native_zoom(path))
    compared = 0
    # In the middle: the corners of the disk are transparent.
    for z, x, y in tiles[len(tiles) // 2 - 3 :][:6]:
        response = get('tile', image, z=z, x=x, y=y, fmt='png', query=NEAREST)
        assert response.status_code == 200, response.content
        got = reference.decoded(response.content, 'RGBA')
        expected, valid = reference.warped_tile(path, z, x, y)
        assert ((got[3] > 0) == valid).mean() > 0.995
        compared += alike(got[:3], expected[:3], valid & (got[3] > 0), 42)
    assert compared > 30_000


@pytest.mark.parametrize('name', ['rgb', 'rgba', 'striped'])
@pytest.mark.parametrize('out', [0, 1, 2])
def test_tiles_show_the_average_below_as_well_as_gdal(
    get: Any, image_file: Any, images: Any, name: str, out: int
) -> None:
    path, image = images(name), image_file(name)
    tiles = reference.tiles_covering(path, reference.native_zoom(path) - out)
    ours, gdals, compared = [], [], 0
    for z, x, y in tiles[len(tiles) // 16 :: max(1, len(tiles) // 4)]:
        got = reference.decoded(get('tile', image, z=z, x=x, y=y, fmt='png', query=WEB).content, 'RGBA')
        truth, share = reference.area_truth(path, z, x, y)
        warped, valid = reference.warped_tile(path, z, x, y, resampling='bilinear')
        assert ((got[3] > 0) == valid).mean() > 0.995
        both = valid & (got[3] > 0) & (share > 0)
        compared += int(both.sum())
        if both.any():
            ours.append(((got[:3] - truth[:3]) ** 2)[:, both].mean())
            gdals.append(((warped[:3] - truth[:3]) ** 2)[:, both].mean())
    assert compared > 10_000
    # One decibel is a factor of 1.26. Below half a level's square it is the rounding of the file's own overviews.
    assert np.mean(ours) <= max(0.5, 1.26 * np.mean(gdals))


def test_uint16_bands_are_shown_by_a_style(get: Any, image_file: Any, images: Any) -> None:
    path = images('uint16')
    image = image_file('uint16')
    z, x, y = reference.tiles_covering(path, reference.native_zoom(path))[0]
    for band in (1, 2, 3, 4):
        query = NEAREST | {'band': band, 'min': 0, 'max': 4095}
        got = reference.decoded(get('tile', image, z=z, x=x, y=y, fmt='png', query=query).content, 'RGBA')
        expected, valid = reference.warped_tile(path, z, x, y)
        gray = np.clip(expected[band - 1] / 4095 * 255, 0, 255)
        assert reference.psnr(got[0], gray, valid, least=5000) > 48
        assert ((got[3] > 0) == valid).mean() > 0.995


def test_float_nodata_is_transparent(get: Any, image_file: Any, images: Any) -> None:
    path = images('dem')
    image = image_file('dem')
    query = NEAREST | {'band': 1, 'min': 0, 'max': 3000, 'palette': '#ffffff', 'nodata': 'auto'}
    partly = compared = 0
    for z, x, y in reference.tiles_covering(path, reference.native_zoom(path)):
        got = reference.decoded(get('tile', image, z=z, x=x, y=y, fmt='png', query=query).content, 'RGBA')
        expected, valid = reference.warped_tile(path, z, x, y)
        assert ((got[3] > 0) == valid).mean() > 0.995
        partly += 0 < valid.sum() < valid.size
        gray = np.clip(expected[0] / 3000 * 255, 0, 255)
        compared += alike(got[1], gray, valid & (got[3] > 0), 48)
    assert partly
    assert compared > 500_000


def test_palette_colours_are_exact(get: Any, image_file: Any, images: Any) -> None:
    from tests.images import LAND_COVER

    path = images('palette')
    image = image_file('palette')
    tiles = reference.tiles_covering(path, reference.native_zoom(path))
    z, x, y = tiles[len(tiles) // 2]
    got = reference.decoded(get('tile', image, z=z, x=x, y=y, fmt='png', query=NEAREST).content, 'RGBA')
    classes, valid = reference.warped_tile(path, z, x, y)
    assert valid.sum() > 1000
    assert len(np.unique(classes[0][valid])) > 3
    for value in np.unique(classes[0][valid]):
        colour = LAND_COVER[int(value)]
        shown = got[:3, (classes[0] == value) & valid & (got[3] > 0)]
        assert shown.shape[1] >= 0.995 * np.count_nonzero(valid & (classes[0] == value)) > 0
        assert (shown == np.array(colour[:3])[:, None]).all()


def test_tiles_in_pixels_are_the_image_itself(get: Any, image_file: Any, images: Any) -> None:
    path = images('no-crs')
    image = image_file('no-crs')
    levels = get('tiles-metadata', image).json()['levels']
    size = get('tiles-metadata', image).json()['tile_size']
    got = reference.decoded(get('tile', image, z=levels - 1, x=1, y=1, fmt='png').content, 'RGB')
    expected = reference.read_window(path, size, size, size, size)
    height, width = expected.shape[1:]
    np.testing.assert_array_equal(got[:, :height, :width], expected[:3])


@pytest.mark.parametrize('file_name', ['cells.ome.tif', 'cells.tif'])
def test_each_frame_has_its_own_pixels(
    get: Any, image_file: Any, images: Any, tmp_path: pathlib.Path, file_name: str
) -> None:
    import tifffile

    from tests.images import CHANNELS

    path = images('ome')
    renamed = tmp_path / file_name
    shutil.copy(path, renamed)
    image = image_file(renamed)
    assert get('metadata', image).json()['channels'] == list(CHANNELS)
    assert get('frames', image).json()['frames'][1]['bands'][0]['name'] == CHANNELS[1]
    planes = tifffile.imread(path)
    planes = planes.reshape(-1, *planes.shape[-2:])
    frames, ranges = (get('metadata', image).json()[name] for name in ('frames', 'ranges'))
    assert len(frames) == len(planes) > 1
    bodies = set()
    levels = get('tiles-metadata', image).json()['levels']
    for frame in (0, len(planes) - 1):
        response = get('tile-fzxy', image, frame=frame, z=levels - 1, x=0, y=0, fmt='png')
        again = get('tile', image, z=levels - 1, x=0, y=0, fmt='png', query={'frame': frame})
        assert response.status_code == again.status_code == 200
        np.testing.assert_array_equal(reference.decoded(response.content), reference.decoded(again.content))
        got = reference.decoded(response.content, 'L')[0]
        # 16 bits are spread over the range of the channel, which all its frames have in common.
        low, high = next(
            (entry['min'], entry['max']) for entry in ranges if entry['channel'] == frames[frame]['IndexC']
        )
        values = planes[frame][: got.shape[0], : got.shape[1]].astype(float)
        expected = ((values - low) / (high - low) * 255).clip(0, 255)
        assert np.abs(got[: expected.shape[0], : expected.shape[1]] - expected).max() <= 1
        bodies.add(response.content)
    assert len(bodies) == 2


def test_corners_are_the_bounds_of_the_tile(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    corners = get('tile-corners', image, z=9, x=275, y=170, query=WEB).json()
    assert [corners[key] for key in ('xmin', 'ymin', 'xmax', 'ymax')] == pytest.approx(
        reference.tile_bounds(9, 275, 170)
    )
    pixels = get('tile-corners', image, z=0, x=0, y=0).json()
    assert pixels['xmin'] == 0
    assert pixels['xmax'] >= 512


@pytest.mark.parametrize(
    ('fmt', 'media_type'),
    [('png', 'image/png'), ('jpg', 'image/jpeg'), ('jpeg', 'image/jpeg'), ('webp', 'image/webp'), ('tif', 'image/tiff'), ('gif', 'image/gif')],
)  # fmt: skip
def test_every_format_holds_the_same_picture(
    get: Any, image_file: Any, images: Any, fmt: str, media_type: str
) -> None:
    path = images('rgb')
    z, x, y = reference.tiles_covering(path, reference.native_zoom(path))[0]
    image = image_file('rgb')
    png = reference.decoded(get('tile', image, z=z, x=x, y=y, fmt='png', query=WEB).content, 'RGBA')
    response = get('tile', image, z=z, x=x, y=y, fmt=fmt, query=WEB)
    assert response['Content-Type'] == media_type
    got = reference.decoded(response.content, 'RGB')
    assert reference.psnr(got, png[:3], png[3] > 0) > (60 if fmt in ('png', 'tif') else 25)


def test_jpeg_has_white_where_there_is_nothing(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    response = get('tile', image, z=5, x=0, y=0, fmt='jpeg', query=WEB)
    assert (reference.decoded(response.content, 'RGB') >= 254).all()
    with override_settings(LARGE_IMAGE_BACKGROUND='#000000'):
        response = get('tile', image, z=5, x=0, y=0, fmt='jpeg', query=WEB)
        assert (reference.decoded(response.content, 'RGB') <= 1).all()


def test_a_tile_beside_the_image_is_empty_or_missing(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    response = get('tile', image, z=3, x=0, y=0, fmt='png', query=WEB)
    assert response.status_code == 200
    assert not reference.decoded(response.content, 'RGBA').any()
    with override_settings(LARGE_IMAGE_EMPTY_TILE_STATUS=404):
        response = get('tile', image, z=3, x=0, y=0, fmt='png', query=WEB)
        assert (response.status_code, response.json()['code']) == (404, 'tile_empty')


@pytest.mark.parametrize(
    ('where', 'parameter', 'status'),
    [
        ((31, 0, 0), 'z', 400), ((-1, 0, 0), 'z', 400), ((25, 0, 0), 'z', 404), ((0, 1, 0), 'x', 404),
        ((0, 0, -1), 'y', 400), ((0, 10**12, 0), 'x', 400), ((0, 0, 2**29), 'y', 404),
    ],
)  # fmt: skip
def test_an_index_outside_the_grid_says_what_is_inside(
    get: Any, image_file: Any, where: tuple[int, int, int], parameter: str, status: int
) -> None:
    z, x, y = where
    response = get('tile', image_file('rgb'), z=z, x=x, y=y, fmt='png')
    assert response.status_code == status
    assert response['Cache-Control'] == 'no-store'
    assert response.json()['parameter'] == parameter
    assert '0 to' in response.json()['allowed'] or 'from 0' in response.json()['allowed']


def test_both_spellings_and_the_long_one(get: Any, api: Any, image_file: Any) -> None:
    image = image_file('rgb')
    short = get('tile', image, z=0, x=0, y=0, fmt='png')
    long = get('tile-zxy', image, z=0, x=0, y=0, fmt='png')
    assert short.content == long.content
    assert reverse('image-tile-zxy', kwargs={'pk': image.pk, 'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}).endswith(
        '/tiles/zxy/0/0/0.png'
    )


@pytest.mark.parametrize('end', ['0/0/0.xyz', '0/0/6Xpng', '0/0/0', '0/0/0.png.exe', '0/0/0.eps'])
def test_an_unknown_format_is_a_json_answer(api: Any, image_file: Any, end: str) -> None:
    image = image_file('rgb')
    response = api.get(f'/images/{image.pk}/tiles/{end}')
    assert response.status_code == 400
    assert response.json()['parameter'] in ('format', 'y')
    assert 'png' in response.json()['allowed'] or 'integer' in response.json()['allowed']


#: Where and how the pixels lie in unusual files; large-image 1.35.6 has the last four at the wrong place.
ODD = [
    *('internal-mask', 'external-mask', 'nan-nodata', 'south-up', 'rotated'),
    *('gcps', 'antimeridian', 'antimeridian-utm', 'conic'),
]


@pytest.mark.parametrize('name', ODD)
@override_settings(LARGE_IMAGE_SIDECAR_FILES=True)
def test_odd_kinds_are_where_and_what_gdal_says(get: Any, image_file: Any, images: Any, name: str) -> None:
    path = images(name)
    image = image_file(name)
    for sidecar in path.parent.glob(f'{path.name}.msk'):
        shutil.copy(sidecar, f'{image.file.path}.msk')
    # At a lower zoom the nearest pixel is an overview's.
    zoom = reference.native_zoom(path)
    tiles = reference.tiles_covering(path, zoom)
    compared = 0
    for z, x, y in tiles[:: max(1, len(tiles) // 12)]:
        query = NEAREST | ({'band': 1, 'min': 0, 'max': 3000} if name == 'nan-nodata' else {})
        got = reference.decoded(get('tile', image, z=z, x=x, y=y, fmt='png', query=query).content, 'RGBA')
        expected, valid = reference.warped_tile(path, z, x, y)
        assert ((got[3] > 0) == valid).mean() > 0.995
        if name == 'nan-nodata':
            expected = np.clip(expected / 3000 * 255, 0, 255)
        compared += alike(got[: len(expected)][:3], expected[:3], valid & (got[3] > 0), 48)
    assert compared > 50_000


@pytest.mark.django_db(transaction=True)
def test_requests_for_one_missing_tile_are_one_rendering(
    get: Any, image_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = image_file('rgb')
    rendered: list[int] = []
    together = threading.Barrier(6)
    real = tile.render

    def slowly(*args: Any) -> bytes:
        rendered.append(1)
        time.sleep(0.3)
        return real(*args)

    monkeypatch.setattr(tile, 'render', slowly)

    def ask(_: int) -> bytes:
        together.wait()
        try:
            return bytes(get('tile', image, z=0, x=0, y=0, fmt='png').content)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        bodies = set(threads.map(ask, range(6)))
    assert len(bodies) == 1
    assert next(iter(bodies)).startswith(b'\x89PNG')
    assert rendered == [1]


def test_a_picture_says_that_it_is_one(get: Any, image_file: Any) -> None:
    response = get('tile', image_file('rgb'), z=0, x=0, y=0, fmt='png')
    assert response['X-Content-Type-Options'] == 'nosniff'


@pytest.mark.parametrize(('choice', 'status'), [('nearest', 200), ('cubic', 200), ('lanczos', 400)])
def test_the_choices_of_resampling(get: Any, image_file: Any, choice: str, status: int) -> None:
    response = get('tile', image_file('rgb'), z=0, x=0, y=0, fmt='png', query={'resampling': choice})
    assert response.status_code == status
    if status == 400:
        assert response.json()['parameter'] == 'resampling'
        assert response.json()['allowed'] == 'one of nearest, bilinear, cubic'


def test_only_the_geospatial_source_has_a_choice_of_resampling(get: Any, image_file: Any) -> None:
    response = get('tile', image_file('png'), z=0, x=0, y=0, fmt='png', query={'resampling': 'nearest'})
    assert (response.status_code, response.json()['code']) == (400, 'not_supported')
    assert response.json()['parameter'] == 'resampling'


def test_a_smooth_palette_is_a_png_with_a_palette(get: Any, image_file: Any, images: Any) -> None:
    tiles = reference.tiles_covering(images('dem'), reference.native_zoom(images('dem')))
    z, x, y = tiles[len(tiles) // 2]
    query = WEB | {'band': 1, 'min': 0, 'max': 3000, 'palette': 'viridis'}
    response = get('tile', image_file('dem'), z=z, x=x, y=y, fmt='png', query=query)
    with Image.open(io.BytesIO(response.content)) as picture:
        assert picture.mode == 'P'


def test_large_image_opens_the_source_by_its_entry_point(images: Any) -> None:
    import large_image

    from django_large_image.readers.plugin import RasterTileSource

    source = large_image.open(images('rgb'), projection='EPSG:3857', style={'band': 1})
    assert isinstance(source, RasterTileSource)
    picture, _ = source.getThumbnail(format='numpy')
    assert picture.shape[2] == 4
    assert picture[:, :, 3].any()
    assert source.getTile(0, 0, 0).startswith((b'\xff\xd8', b'\x89PNG'))
