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
    """Return a histogram for each band; with `only_min_max` instead the minima (`min`) and maxima (`max`) of all bands.

    The values are a sample of about a million pixels or, with `exact`, all. Those that the reader knows as not valid
    are left out. The range of the bins is [min, max + 1) for integers, so that with as many bins as values each is the
    left edge of a bin, and [min, max] for floats. Raises `InvalidParameter` for too many bins, and for `exact` above
    `MAX_EXACT_PIXELS` or `MAX_DECODED_BYTES`; and `ImageUnreadable`.
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
