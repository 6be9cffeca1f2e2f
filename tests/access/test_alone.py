"""Nothing beside an image is read, also by drivers of GDAL that are not to be told so."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import pytest
from django.test import override_settings
from PIL import Image

from django_large_image.access import localcopy

pytestmark = pytest.mark.django_db

GRID = 'ncols 4\nnrows 4\nxllcorner 5\nyllcorner 45\ncellsize 1\nNODATA_value -9999\n' + '1 2 3 4\n' * 4
UTM = (
    'PROJCS["UTM 32N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],'
    'PARAMETER["central_meridian",9],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)


def test_a_projection_beside_a_grid(get: Any, image_file: Any, tmp_path: pathlib.Path, settings: Any) -> None:
    settings.LARGE_IMAGE_LOCAL_COPY_DIR = str(tmp_path / 'copies')
    (tmp_path / 'a.asc').write_text(GRID)
    for allowed, expected in ((False, 5.0), (True, 4.5)):
        image = image_file(tmp_path / 'a.asc')
        pathlib.Path(image.file.path).with_suffix('.prj').write_text(UTM)
        with override_settings(LARGE_IMAGE_SIDECAR_FILES=allowed):
            bounds = get('metadata', image).json()['bounds']
            # Degrees as they stand; or five metres from where UTM's false easting begins.
            assert bounds['xmin'] == pytest.approx(expected, abs=0.1)
    assert not [name for name in os.listdir(localcopy.copies_folder()) if name.startswith('link-')]


def test_a_world_file_beside_a_bitmap(get: Any, image_file: Any, tmp_path: pathlib.Path) -> None:
    Image.new('L', (40, 30), 9).save(tmp_path / 'a.bmp')
    image = image_file(tmp_path / 'a.bmp')
    for suffix in ('.bpw', '.bmpw', '.wld'):
        pathlib.Path(image.file.path).with_suffix(suffix).write_text('1\n0\n0\n-1\n5\n45\n')
    for query in ({}, {'source': 'rasterio'}):
        assert get('metadata', image, query=query).json()['geospatial'] is False
