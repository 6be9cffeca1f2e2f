"""Statistics of bands: of which values, in which bins, and how large a pixel is on the ground."""

from __future__ import annotations

import math
import pathlib
import types
from typing import Any

import numpy as np
import pytest

from django_large_image.raster import statistics
from django_large_image.raster.georef.bounds import Bounds
from django_large_image.raster.georef.georeference import Extent
from django_large_image.raster.georef.projected import pixel_metres
from tests.images import GeoTiff
from tests.raster import opened


def test_a_sample_has_about_a_million_pixels() -> None:
    assert statistics.sample_shape(1000, 1000) == (1000, 1000)
    assert statistics.sample_shape(2000, 1000) == (707, 1414)
    assert statistics.sample_shape(4000, 4000) == (1000, 1000)
    assert statistics.sample_shape(30, 20) == (20, 30)
    # However thin the image is.
    assert statistics.sample_shape(100_000_000, 1) == (1, 10_000_000)
    assert statistics.sample_shape(1, 100_000_000) == (10_000_000, 1)
    assert statistics.sample_shape(100, 100, 400) == (20, 20)


def layout(**what: Any) -> Any:
    """Return a layout of which only some things are asked."""
    return types.SimpleNamespace(**({'nodata': [None, None], 'alpha': None, 'masked': False} | what))


def test_only_valid_values_count() -> None:
    values = np.array([[1, 2], [3, 4]], np.uint8)
    mask = np.array([[255, 0], [0, 1]], np.uint8)
    # Without nodata an alpha or a mask decides, with nodata that does, unless the file has a mask of its own.
    for about, band, shown, expected in (
        (layout(), 0, None, [1, 2, 3, 4]),
        (layout(), 0, mask, [1, 4]),
        (layout(nodata=[4, 1]), 0, None, [1, 2, 3]),
        (layout(nodata=[4, 1]), 1, mask, [2, 3, 4]),
        (layout(nodata=[4, 1], masked=True), 0, mask, [1, 4]),
        (layout(nodata=[4, 1], masked=True), 0, None, [1, 2, 3]),
        (layout(nodata=[math.nan, 1]), 0, mask, [1, 4]),
        (layout(alpha=1), 1, mask, [1, 2, 3, 4]),
        (layout(alpha=1), 0, mask, [1, 4]),
        (layout(nodata=[3.5, 1]), 0, None, [1, 2, 3, 4]),
    ):
        assert statistics.valid_values(about, band, values, shown).tolist() == expected
    floats = np.array([[1.5, np.nan], [np.inf, np.float32(0.1)]], np.float32)
    # A nodata is one of the file's type.
    assert statistics.valid_values(layout(nodata=[0.1]), 0, floats, None).tolist() == [1.5]
    assert statistics.valid_values(layout(), 0, floats[:0], None).size == 0


def test_statistics_of_a_band() -> None:
    assert statistics.band_statistics(np.array([], np.uint8)) == {}
    found = statistics.band_statistics(np.array([250, 250, 251, 253], np.uint8))
    assert found == {'min': 250.0, 'max': 253.0, 'mean': 251.0, 'stdev': pytest.approx(math.sqrt(1.5))}


def test_the_histogram_reaches_one_beyond_the_largest_value() -> None:
    counts, edges = statistics.band_histogram(np.arange(256, dtype=np.uint8))
    assert counts.tolist() == [1] * 256
    assert (len(edges), edges[0], edges[-1]) == (257, 0, 256)
    counts, edges = statistics.band_histogram(np.array([], np.uint8))
    assert (len(counts), counts.sum(), len(edges), edges[0], edges[-1]) == (256, 0, 257, 0, 1)


@pytest.mark.parametrize(
    ('share', 'low', 'high'),
    [
        (0.0, None, None), (0.09, None, None), (0.1, 1, None), (0.29, 1, None), (0.3, 2, 3), (0.69, 2, 3), (0.7, 3, 2),
        (0.95, 3, 1),
    ],
)  # fmt: skip
def test_the_edge_beyond_which_a_share_lies(share: float, low: float | None, high: float | None) -> None:
    # From the start they are 1, 3 and 7 tenths, seen from the end 3, 7 and 9.
    histogram = np.array([1, 2, 4, 3]), np.array([0.0, 1, 2, 3, 4])
    assert statistics.edge_excluding(histogram, share, 'min') == low
    assert statistics.edge_excluding(histogram, share, 'max') == high
    assert statistics.edge_excluding((np.zeros(4, int), histogram[1]), share, 'min') is None
    # What is empty at an end is left out at once.
    assert statistics.edge_excluding((np.array([0, 0, 5, 5]), histogram[1]), share / 2, 'min') == 2
    assert statistics.edge_excluding((np.array([5, 5, 0, 0]), histogram[1]), share / 2, 'max') == 2


def metres(ring: list[tuple[float, float]], width: int, height: int) -> tuple[float, float] | None:
    """Return the sides of a pixel of an image with these corners, upper left first and round to the right."""
    image: Any = types.SimpleNamespace(width=width, height=height)
    upper_left, upper_right, lower_right, lower_left = ring
    extent = Extent(0, 0, 0, 0)
    bounds = Bounds(extent, upper_left, lower_left, upper_right, lower_right, 'EPSG:4326')
    return pixel_metres(image, bounds)


def test_a_pixel_in_metres() -> None:
    degree = math.radians(1) * 6_371_008.8
    # A degree at the equator.
    width, height = metres([(10.0, 0.5), (11.0, 0.5), (11.0, -0.5), (10.0, -0.5)], 100, 50) or (0, 0)
    assert width == pytest.approx(degree / 100, rel=1e-4)
    assert height == pytest.approx(degree / 50, rel=1e-9)
    # At 60° a degree of longitude is half of one; the upper side is longer in the south.
    width, height = metres([(10.0, 60.0), (12.0, 60.0), (12.0, 0.0), (10.0, 0.0)], 1, 1) or (0, 0)
    assert width == pytest.approx((1 + 2) * degree / 2, rel=1e-3)
    assert height == pytest.approx(60 * degree)
    # Over the pole.
    width, height = metres([(0.0, 80.0), (180.0, 80.0), (180.0, 70.0), (0.0, 70.0)], 2, 1) or (0, 0)
    assert width == pytest.approx((20 + 40) * degree / 4)
    assert height == pytest.approx(10 * degree)
    # No pixel is so low.
    assert metres([(0.0, 80.0), (180.0, 80.0), (180.0, 80.0), (0.0, 80.0)], 2, 1) is None


@pytest.mark.parametrize(
    ('driver', 'tags', 'metres'),
    [
        ('GTiff', {'UNIT': '2 (pixels/inch)', 'X': '254', 'Y': '508'}, (1e-4, 5e-5)),
        ('GTiff', {'UNIT': '3 (pixels/cm)', 'X': '100', 'Y': '99.9'}, (1e-4, None)),
        ('GTiff', {'UNIT': '1 (unitless)', 'X': '254', 'Y': '508'}, (None, None)),
        ('GTiff', {'X': '254', 'Y': '508'}, (None, None)),
        ('GTiff', {'UNIT': '3', 'X': 'inf', 'Y': 'many'}, (None, None)),
        ('GTiff', {'UNIT': '3', 'Y': '1000'}, (None, 1e-5)),
        ('PNG', {'UNIT': '3', 'X': '1000', 'Y': '1000'}, (None, None)),
    ],
)
def test_the_resolution_that_a_tiff_states(driver: str, tags: dict[str, str], metres: Any) -> None:
    names = {'UNIT': 'TIFFTAG_RESOLUTIONUNIT', 'X': 'TIFFTAG_XRESOLUTION', 'Y': 'TIFFTAG_YRESOLUTION'}
    named = {names[name]: value for name, value in tags.items()}
    dataset = types.SimpleNamespace(driver=driver, tags=lambda: named)
    assert statistics.stated_metres(dataset) == tuple(m if m is None else pytest.approx(m) for m in metres)


@pytest.mark.parametrize(
    ('values', 'alpha', 'uses'),
    [((0, 0, 0), False, False), ((1, 1, 1), False, False), ((0, 2, 0), False, True), ((0, 0, 2), False, True), ((0, 0, 255), True, False)],
)  # fmt: skip
@pytest.mark.parametrize('overviews', [True, False])
def test_whether_bytes_are_more_than_truths(
    tmp_path: pathlib.Path, values: Any, alpha: bool, uses: bool, overviews: bool
) -> None:
    array = np.zeros((3, 600, 600), np.uint8) + np.array(values, np.uint8)[:, None, None]
    colors = ('gray', 'undefined', 'alpha') if alpha else ()
    image = GeoTiff(array, 32633, (10, 0, 500_000, 0, -10, 5_600_000), overviews=overviews, colors=colors)
    with opened(image.write(tmp_path / 'a.tif')) as (raster, _):
        assert statistics.uses_bytes(raster) is uses
    # A small part of the image is enough.
    array[:2, 500:520, 40:60] = 2
    with opened(image.write(tmp_path / 'b.tif')) as (raster, _):
        assert statistics.uses_bytes(raster) is True


def test_samples_are_spread_over_the_image(tmp_path: pathlib.Path, settings: Any) -> None:
    rows, columns = np.indices((1500, 2000))
    array = np.stack([columns // 8, rows // 8]).astype(np.uint8)
    image = GeoTiff(array, 32633, (10, 0, 500_000, 0, -10, 5_600_000), overviews=False)
    with opened(image.write(tmp_path / 'a.tif')) as (raster, _):
        found = dict(statistics.samples(raster, (1, 0)))
        assert {band: values.size for band, values in found.items()} == {0: 866 * 1155, 1: 866 * 1155}
        assert found[0].mean() == pytest.approx(array[0].mean(), abs=0.1)
        assert found[1].mean() == pytest.approx(array[1].mean(), abs=0.1)
        assert (found[0].min(), found[0].max()) == (0, 249)
        assert (found[1].min(), found[1].max()) == (0, 187)
        # Where that takes too much it is some of the blocks, evenly spread.
        settings.LARGE_IMAGE_MAX_DECODED_BYTES = 500_000
        fewer = dict(statistics.samples(raster, (0,)))
        assert 0.02 < fewer[0].size / found[0].size < 0.2
