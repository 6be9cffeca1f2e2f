"""Values of image libraries turned into values that JSON can hold."""

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from django_large_image.loading import is_there, load


@functools.cache
def _affine() -> tuple[type[tuple[float, ...]], ...]:
    """Return the class of affine transforms, which in affine 3 are no longer tuples; nothing without the package."""
    return (load('affine').Affine,) if is_there('affine') else ()


def json_safe(value: object, hide: tuple[str, ...] = (), depth: int = 0) -> Any:
    """Return `value` with nothing but JSON's types in it.

    NaN and infinities become null, arrays become lists, and keys become texts. Bytes become a text if they are
    printable ASCII, else their length. Other objects, such as a CRS, become a number or else a text. Each text of
    `hide`, such as a path, is cut out of every text. What is nested deeper than 32 levels becomes null.
    """
    if depth > 32:
        return None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        for text in hide:
            value = value.replace(text, '')
        return value.replace('\0', '').encode('utf-8', 'replace').decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return json_safe(value.item(), hide, depth + 1)
    if isinstance(value, np.ndarray):
        return json_safe(value.tolist(), hide, depth + 1)
    if isinstance(value, Mapping):
        return {str(json_safe(key, hide)): json_safe(entry, hide, depth + 1) for key, entry in value.items()}
    if isinstance(value, bytes | bytearray):
        text = bytes(value[:4096]).decode('ascii', 'replace')
        return json_safe(text, hide) if text.isprintable() and len(value) <= 4096 else f'{len(value)} bytes'
    if isinstance(value, _affine()):
        value = tuple(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(entry, hide, depth + 1) for entry in value]
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    try:
        return json_safe(float(value), hide)  # type: ignore[arg-type]  # such as a rational of Exif or TIFF
    except (TypeError, ValueError, ArithmeticError):
        return json_safe(str(value)[:1000], hide)
