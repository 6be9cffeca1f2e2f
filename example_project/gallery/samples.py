"""The sample images: real pictures that come with Python packages, written as the kinds of file people have.

Nothing is downloaded, and the same packages always make the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallery import earth, microscopy


@dataclass(frozen=True)
class Sample:
    """A sample image: what it is called, what writes its file, and how it is shown at first."""

    name: str
    description: str
    filename: str
    write: Callable[[Path], None]
    style: dict[str, Any] | None = None
    #: It takes long, so the site does not wait for it.
    large: bool = False


def band(number: int, palette: str | list[str], low: float, high: float) -> dict[str, Any]:
    """Return one band of a style."""
    return {'band': number, 'palette': palette, 'min': low, 'max': high}


SAMPLES = [
    Sample(
        'Blue Marble',
        'The earth without clouds, from NASA’s Blue Marble. A Cloud Optimized GeoTIFF of 5400 × 2700 pixels.',
        'blue-marble.tif',
        earth.blue_marble,
    ),
    Sample(
        'Shaded relief',
        'Land cover and relief of the world. A Cloud Optimized GeoTIFF of 10800 × 5400 pixels.',
        'shaded-relief.tif',
        earth.shaded_relief,
    ),
    Sample(
        'Jacksboro fault, elevation',
        'Heights in metres round a fault in Tennessee, from the Shuttle Radar Topography Mission: one band of '
        '32-bit floats, which a style turns into colours.',
        'jacksboro-fault.tif',
        earth.elevation,
        style={'bands': [band(1, 'terrain', 200, 1050)]},
    ),
    Sample(
        'Immunohistochemistry',
        'Colon tissue under the microscope, stained brown where the FHL2 protein is. A pyramidal tiled TIFF.',
        'immunohistochemistry.tif',
        microscopy.pyramid,
    ),
    Sample(
        'Retina',
        'The back of a human eye, photographed by Mikael Häggström (CC0). A plain JPEG.',
        'retina.jpg',
        microscopy.retina,
    ),
    Sample(
        'Stains of the tissue',
        'The same tissue, separated into hematoxylin and DAB, beside its brightness. An OME-TIFF of three frames.',
        'stains.ome.tif',
        microscopy.stains,
    ),
    Sample(
        'Fluorescence',
        'Four channels in seven depths, as of a fluorescence microscope, made from the stains: an OME-TIFF of 28 '
        'frames, with a slider for the channel and one for the depth.',
        'fluorescence.ome.tif',
        microscopy.fluorescence,
    ),
    Sample(
        'Europe and Africa, four bands',
        'Red, green, blue and a computed near infrared, 16 bits each, in false colours: plants are red.',
        'scene.tif',
        earth.scene,
        style={
            'bands': [
                band(4, '#ff0000', 300, 6000),
                band(1, '#00ff00', 200, 5000),
                band(2, '#0000ff', 200, 5000),
            ]
        },
    ),
    Sample(
        'A summer’s day',
        'Day and night over the world, every two hours: an OME-TIFF with an axis of time, to be played.',
        'daylight.ome.tif',
        earth.daylight,
    ),
    Sample(
        'A whole slide',
        'A section of tissue of 20992 × 20992 pixels, half a micrometre each. It is made while you look at the others.',
        'slide.tif',
        microscopy.slide,
        large=True,
    ),
]
