"""Anything at all in any parameter is answered, and never by a 5xx."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.django_db

NASTY = [
    '', ' ', '0', '1', '-1', '2', '3', '1.5', '1e400', '-1e308', '1e-400', 'nan', 'Infinity', '0x10', '１２', '٣', 'true', 'null', '[]', '{}',
    '"', "'", '\\', '%00', '\0', '\n', '../..', '/etc/passwd', 'EPSG:3857', 'EPSG:4326', 'EPSG:2193', 'EPSG:3031', 'EPSG:32661',
    'EPSG:3395', '4326', 'epsg:3857 ', 'viridis', 'red', '#fff', '#ggg', 'auto', 'min:0.02', 'max', 'colortable', 'rasterio', 'pil', 'discrete',
    '9' * 400, 'a' * 5000, '🙂', '<script>', 'pixels', 'base_pixels', 'gray', '{"band":1}', '{"bands":[]}', '{"band":1,"min":"max"}',
    '{"bands":[{"band":1,"framedelta":-3}]}', '{"band":1,"axis":3,"dtype":"uint16"}', '{"icc":false}', '{"dtype":"float"}',
]  # fmt: skip
NAMES = [
    'projection', 'source', 'frame', 'style', 'band', 'min', 'max', 'palette', 'cmap', 'nodata', 'scheme', 'left', 'top', 'right', 'bottom',
    'units', 'max_width', 'max_height', 'bins', 'density', 'onlyMinMax', 'exact', 'format', 'page', 'version', 'base_layer',
    'controls', 'state_in_url', 'tile_format', 'resampling',
]  # fmt: skip
ENDS = [
    'info/metadata', 'info/metadata_internal', 'info/bands', 'info/band', 'info/frames', 'info/tiffdump', 'tiles/metadata', 'data/pixel',
    'data/histogram', 'data/thumbnail.png', 'data/thumbnail.jpg', 'data/region.tif', 'data/region.png', 'data/region.webp', 'tiles/1/0/0.png',
    'tiles/{}/{}/{}.png', 'tiles/{}/0/0.jpg', 'tiles/fzxy/{}/0/0/0.webp', 'tiles/zxy/0/{}/0.gif', 'tiles/{}/{}/{}/corners', 'tiles/0/0/0.{}',
    'data/thumbnail.{}', 'data/region.{}', 'tiles/{}', 'data/{}', 'viewer', 'globe',
]  # fmt: skip


@pytest.mark.parametrize(
    'name', ['rgb', 'dem', 'palette', 'uint16', 'ome', 'png-alpha', 'gif', 'gcps', 'antimeridian', 'conic']
)
def test_random_questions(api: Any, image_file: Any, name: str) -> None:
    image = image_file(name)
    chance = random.Random(name)
    statuses = set()
    for _ in range(150):
        end = chance.choice(ENDS)
        end = end.format(*(quote(chance.choice(NASTY), safe='') for _ in range(3)))
        query = {key: chance.choice(NASTY) for key in chance.sample(NAMES, chance.randrange(5))}
        if end.startswith(('data/region', 'data/pixel')) and chance.random() < 0.8:
            left, top = chance.uniform(-100, 500), chance.uniform(-100, 500)
            query = {
                'left': left,
                'top': top,
                'right': left + 200,
                'bottom': top + 200,
                'units': 'pixels',
            } | query
        if chance.random() < 0.15:
            address = f'/images/{image.pk}/{end}'
            response = api.post(address, chance.choice(NASTY), content_type='application/json')
        else:
            response = api.get(f'/images/{image.pk}/{end}', query)
        content = response.getvalue()
        assert response.status_code < 500, (end, query, content[:300])
        statuses.add(response.status_code)
        assert b'Traceback' not in content[:10_000]
        assert image.file.path.encode() not in content
        if response['Content-Type'] == 'application/json' and response.status_code == 200:
            json.loads(content, parse_constant=lambda constant: pytest.fail(constant))
    assert {200, 400} <= statuses
