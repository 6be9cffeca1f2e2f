"""The worst rasters with a place, on every endpoint."""

from __future__ import annotations

import pathlib

import pytest

from tests.hostile import cost
from tests.hostile.files import RASTERS

pytestmark = pytest.mark.slow

#: Those of which nothing is served, with the code that says why.
REFUSED = {
    'one-block': 'image_refused',
    'sparse-doubles': 'needs_conversion',
    'too-many-bands': 'image_refused',
    'bands-of-large-blocks': 'needs_conversion',
}


@pytest.mark.parametrize('name', RASTERS)
def test_no_request_costs_too_much(name: str, tmp_path: pathlib.Path) -> None:
    found = cost.measured(RASTERS[name], tmp_path)
    tile = found['tiles/0/0/0.png']
    if name in REFUSED:
        assert tile['code'] == REFUSED[name]
    else:
        # It is large, and it is served.
        assert tile['status'] == 200, tile
        assert found['info/metadata']['status'] == 200
