"""Keep file paths, credentials and signatures out of the log lines of the image libraries."""

from __future__ import annotations

import logging
import re

#: The loggers whose messages may quote paths and URLs. GDAL's errors are logged by rasterio's.
LOGGERS = (
    'rasterio', 'rasterio._base', 'rasterio._env', 'rasterio._err', 'rasterio._filepath', 'rasterio._io',
    'rasterio._vsiopener', 'rasterio._warp', 'rasterio.env', 'rasterio.session', 'large_image', 'tifffile', 'PIL.Image',
    'PIL.TiffImagePlugin', 'PIL.PngImagePlugin', 'tifftools',
)  # fmt: skip

_URL = re.compile(r'\b(?:https?|s3)://[^\s\'"<>]+')
_QUOTED = re.compile(r'\'[^\']*/[^\']*\'|"[^"]*/[^"]*"')
_PATH = re.compile(r'(?<![\w/])/(?:[^\s\'",:;<>()/]+/)+[^\s\'",:;<>()]*')
_SECRET = re.compile(
    r'(?i)\b(AWS_\w*(?:KEY|TOKEN)\w*|X-Amz-\w+|Signature|Authorization)(\W{1,4})[^\s,\'"}&]+'
)


def redact(text: str) -> str:
    """Return `text` with URLs, paths and secrets replaced."""
    return _SECRET.sub(r'\1\2[…]', _PATH.sub('[path]', _QUOTED.sub('[path]', _URL.sub('[url]', text))))


class RedactingFilter(logging.Filter):
    """Redact the message of a record, and replace its traceback by the class of the exception."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record; return True, so that it is never dropped."""
        try:
            record.msg, record.args = redact(record.getMessage()), ()
        except Exception:  # the message does not fit its arguments
            record.msg, record.args = '[unreadable message]', ()
        if record.exc_info:
            kind = record.exc_info[0]
            record.msg += f' ({kind.__name__ if kind else "error"})'
            record.exc_info = record.exc_text = None
        return True


def install() -> None:
    """Add the filter to the loggers of the image libraries, once."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(present, RedactingFilter) for present in logger.filters):
            logger.addFilter(RedactingFilter())
