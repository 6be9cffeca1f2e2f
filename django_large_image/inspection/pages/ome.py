"""The images that the OME-XML of a TIFF describes: which page is which channel, focal plane and time.

Format: https://docs.openmicroscopy.org/ome-model/6.3.1/ome-tiff/specification.html. Files whose XML says more than is
read here (planes that are missing or in other files, modulo annotations) are left to tifffile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.etree import ElementTree

from django_large_image.inspection.xmlguard import check_xml

#: The metres of a unit of length, by its sign in OME; without a sign it is the micrometre.
_METRES = {
    'm': 1.0,
    'dm': 1e-1,
    'cm': 1e-2,
    'mm': 1e-3,
    '\u00b5m': 1e-6,
    'nm': 1e-9,
    'pm': 1e-12,
    '\u00c5': 1e-10,
}


@dataclass(frozen=True, slots=True)
class OmeImage:
    """One image of a file."""

    name: str
    #: Channel, focal plane and time ('C', 'Z', 'T') with their sizes, slowest first.
    axes: tuple[tuple[str, int], ...]
    #: The pages by plane, in the order of `axes`: numbers in the file's main chain of directories.
    pages: tuple[int, ...]
    #: The samples of a pixel.
    samples: int
    #: Names of the channels; empty where the XML names none.
    channels: tuple[str, ...]
    #: Width and height of a pixel in millimetres, None where the XML does not say.
    pixel_mm: tuple[float | None, float | None]


def parse(description: bytes, pages: int) -> list[OmeImage] | None:
    """Return the images of a file of so many pages; None for XML that says what is not read here.

    Raises `ImageRefused` for XML that takes too long to parse.
    """
    check_xml(description)
    try:
        root = ElementTree.fromstring(description.decode('utf-8').strip('\0 \r\n\t'))  # noqa: S314 - just checked
        own = root.get('UUID')
        for element in root.iter():
            name = _name(element)
            if name in ('BinaryOnly', 'ModuloAlongC', 'ModuloAlongZ', 'ModuloAlongT'):
                return None
            if name == 'UUID' and (own is None or element.text != own):
                return None
        images: list[OmeImage] = []
        left = pages
        for element in root:
            image = _image(element, pages, left) if _name(element) == 'Image' else None
            if image is not None:
                images.append(image)
                left -= len(image.pages)
            elif _name(element) == 'Image':
                return None
    except (ElementTree.ParseError, ValueError, KeyError):
        return None
    return images or None


def _name(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition('}')[2]


def _image(image: ElementTree.Element, pages: int, left: int) -> OmeImage | None:
    """Return an image of a file of so many pages, of which `left` are those of no other image.

    Raises ValueError and KeyError for XML that lacks something or has words for numbers.
    """
    pixels = [element for element in image if _name(element) == 'Pixels']
    if len(pixels) != 1:
        return None
    attributes = pixels[0].attrib
    channels = [element for element in pixels[0] if _name(element) == 'Channel']
    every = {int(channel.get('SamplesPerPixel', 1)) for channel in channels} or {1}
    samples = every.pop()
    order = attributes['DimensionOrder']
    if every or samples < 1 or order[:2] != 'XY' or sorted(order[2:]) != ['C', 'T', 'Z']:
        return None
    sizes = {axis: int(attributes['Size' + axis]) for axis in 'CZT'}
    sizes['C'] //= samples
    axes = tuple((axis, sizes[axis]) for axis in reversed(order[2:]))
    planes = math.prod(sizes.values())
    if not 0 < planes <= left:
        return None
    placed: list[int | None] = [None] * planes
    stated = 0
    for data in (element for element in pixels[0] if _name(element) == 'TiffData'):
        first, number = 0, int(data.get('IFD', 0))
        for axis, size in axes:
            index = int(data.get('First' + axis, 0))
            if not 0 <= index < size:
                return None
            first = first * size + index
        count = int(data.get('PlaneCount', data.get('NumPlanes', 1 if 'IFD' in data.attrib else pages)))
        count = min(count, planes - first)
        stated += max(1, count)
        # Small XML could state all planes thousands of times.
        if number < 0 or number + count > pages or stated > 2 * planes:
            return None
        placed[first : first + count] = range(number, number + count)
    whole = tuple(page for page in placed if page is not None)
    if len(whole) != planes:
        return None
    names = tuple(channel.get('Name', '') for channel in channels)
    mm = _mm(attributes, 'X'), _mm(attributes, 'Y')
    return OmeImage(image.get('Name') or '', axes, whole, samples, names, mm)


def _mm(attributes: dict[str, str], axis: str) -> float | None:
    """Return a side of a pixel in millimetres; raises ValueError."""
    stated = attributes.get('PhysicalSize' + axis)
    metres = _METRES.get(attributes.get(f'PhysicalSize{axis}Unit', '\u00b5m'))
    size = 0.0 if stated is None or metres is None else float(stated) * metres * 1000
    return size if 0 < size < math.inf else None
