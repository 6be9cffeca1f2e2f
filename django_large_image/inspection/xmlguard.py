"""What the XML in a file may be and say, before the readers parse it and do what it says.

A tree of elements takes 80 times the memory of the text that it is made of, and seconds for each megabyte: measured
with tifffile 2026.3.3, which parses OME-XML several times.
"""

from __future__ import annotations

import os
from xml.etree import ElementTree

from django_large_image.conf import settings
from django_large_image.exceptions import ImageRefused

#: The most elements and attributes.
MAX_ELEMENTS, MAX_ATTRIBUTES = 65_536, 524_288


def check_xml(text: bytes) -> None:
    """Raise `ImageRefused` for XML that takes too long to parse, or that declares a document type."""
    most = settings.MAX_XML_BYTES
    if len(text) > most:
        raise ImageRefused(f'The file has {len(text)} bytes of XML; up to {most} are read.')
    elements = text.count(b'<') - text.count(b'</')
    if elements > MAX_ELEMENTS or text.count(b'=') > MAX_ATTRIBUTES:
        raise ImageRefused(
            f'The XML in the file has {elements} elements; up to {MAX_ELEMENTS} with {MAX_ATTRIBUTES} attributes are '
            'read.'
        )
    if b'<!ENTITY' in text or b'<!DOCTYPE' in text:
        raise ImageRefused('The XML in the file declares a document type, which is not read.')


def names_other_files(description: bytes, path: str) -> bool:
    """Return whether the OME-XML of the TIFF at `path` names other files, which tifffile 2026.3.3 would open and show.

    It opens each file whose UUID is not the XML's own, by whatever relative path the XML gives. Format:
    https://docs.openmicroscopy.org/ome-model/6.3.1/ome-tiff/specification.html
    """
    text = description.decode('utf-8', 'replace').strip('\0 \r\n\t')
    if not text.endswith('OME>'):
        return False
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - `check_xml` has bounded it, expat bounds entities
    except (ElementTree.ParseError, ValueError):
        return True  # another parser may be more lenient
    own = root.get('UUID')
    for element in root.iter():
        if element.tag.endswith('BinaryOnly'):
            return True
        if element.tag.endswith('UUID') and element.text != own:
            named = element.get('FileName', '').lower()
            if own is not None or named != os.path.basename(path).lower():
                return True
    return False
