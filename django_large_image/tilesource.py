"""Names that projects of django-large-image 0.10 import from here. New code imports from `sources`."""

from __future__ import annotations

import pathlib
from typing import Any

from django_large_image import access, handles
from django_large_image.imaging import checks, formats
from django_large_image.imaging.style import load_style, parse_style
from django_large_image.pixels import Json

__all__ = ['get_formats', 'get_tilesource_from_path']


def get_tilesource_from_path(
    path: str | pathlib.Path,
    projection: str | None = None,
    style: str | Json | None = None,
    encoding: str | None = None,
    source: str | None = None,
) -> Any:
    """Open the image at `path` and return it as a tile source of large-image.

    `projection` is EPSG:n, `style` a dictionary or JSON, `encoding` PNG by default, and `source` large-image's name of
    the source that must read the image. The handle goes back to the pool when nothing refers to the tile source any
    more. Raises what `handles.borrow` raises.
    """
    parsed = load_style(style) if isinstance(style, str) else parse_style(style)
    lease = handles.borrow(access.image_ref(path), projection=projection, source=source)
    checks.check_style(lease.source, parsed)
    return lease.tile_source(parsed, encoding or 'PNG')


def get_formats(return_dict: bool = False) -> list[str] | dict[str, str]:
    """Return the extensions of the formats that can be written, or a dictionary of extension to media type."""
    table = {name: member.media_type for name, member in formats.by_extension().items()}
    return table if return_dict else list(table)
