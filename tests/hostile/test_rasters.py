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
    make, file_name = RASTERS[name]
    found = cost.costs(make, file_name, tmp_path)
    cost.check(found)
    by_address = {one['address']: one for one in found}
    tile = by_address['tiles/0/0/0.png']
    if name in REFUSED:
        assert tile['code'] == REFUSED[name]
    else:
        # It is large, and it is served.
        assert tile['status'] == 200, tile
        assert by_address['info/metadata']['status'] == 200
