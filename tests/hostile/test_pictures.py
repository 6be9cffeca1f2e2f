"""The worst files of the other readers, on every endpoint."""

from __future__ import annotations

import pathlib

import pytest

from tests.hostile import cost
from tests.hostile.files import PICTURES

pytestmark = pytest.mark.slow

REFUSED = {
    'xml-elements': 'image_refused',
    'xml-bytes': 'image_refused',
    'gif': 'needs_conversion',
    'pages': 'needs_conversion',
    'jp2': 'image_refused',
}


@pytest.mark.parametrize('name', PICTURES)
def test_no_request_costs_too_much(name: str, tmp_path: pathlib.Path) -> None:
    tile = cost.measured(PICTURES[name], tmp_path)['tiles/0/0/0.png']
    if name in REFUSED:
        assert tile['code'] == REFUSED[name], tile
    else:
        assert tile['status'] == 200, tile
