"""Histograms of the file's own values, band by band."""

from __future__ import annotations

from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter
from django_large_image.imaging.tally import tally
from django_large_image.pixels import Json
from django_large_image.readers.base import ImageReader
from django_large_image.readers.errors import reading


def compute(
    reader: ImageReader, bins: int, density: bool, exact: bool, only_min_max: bool, frame: int | None
) -> list[Json] | dict[str, list[float | None]]:
    """Return one histogram a band; with `only_min_max` two lists instead, the minima and the maxima.

    The values come from the overview that has about a million pixels; with `exact` from every pixel. Nodata, masked
    and not-finite values are not counted. The range is [min, max + 1) for integers, so that each value is a bin's
    left edge, and [min, max] for floats. Raises `InvalidParameter` for `exact` above `MAX_EXACT_PIXELS`.
    """
    with reading():
        count = reader.band_count
        if exact:
            _check_exact(reader)
        if bins * count > 4 * settings.MAX_HISTOGRAM_BINS:
            most = 4 * settings.MAX_HISTOGRAM_BINS // count
            raise InvalidParameter('bins', bins, f'an integer from 1 to {most} for an image of {count} bands')
        tallies = (one for pieces in reader.values(exact, frame or 0) for one in tally(pieces, bins))
        if only_min_max:
            found = list(tallies)
            return {
                'min': [one.low if one.samples else None for one in found],
                'max': [one.high if one.samples else None for one in found],
            }
        return [one.body(density) for one in tallies]


def _check_exact(reader: ImageReader) -> None:
    matrix = reader.matrix
    pixels, most = matrix.width * matrix.height * reader.band_count, settings.MAX_EXACT_PIXELS
    size = pixels * reader.dtype.itemsize
    if pixels > most or size > settings.MAX_DECODED_BYTES:
        raise InvalidParameter(
            'exact',
            True,
            f'false for images of more than {most} pixels in all bands together, or {settings.MAX_DECODED_BYTES} bytes '
            f'(this has {pixels} pixels, {size} bytes)',
        )
