"""Whether XML in a file may be parsed: its size and the number of its elements, before any parser makes a tree of it.

A tree takes 80 times the memory of the text that it is made of, and seconds for each megabyte: measured with tifffile
2026.3.3, which parses OME-XML several times.
"""

from __future__ import annotations

from django_large_image.conf import settings
from django_large_image.exceptions import ImageRefused

#: The most elements and attributes.
MAX_ELEMENTS, MAX_ATTRIBUTES = 65_536, 524_288


def check_xml(text: bytes) -> None:
    """Raise `ImageRefused` for XML that takes too long to parse, or that declares entities."""
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
