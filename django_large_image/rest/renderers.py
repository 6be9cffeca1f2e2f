"""Content negotiation of image endpoints: the path's extension is the format, and an error is JSON."""

from __future__ import annotations

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer


class ImageNegotiation(BaseContentNegotiation):
    """Ignore Accept and `?format=`: an answer is bytes of the format in the path, or a JSON error."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Return the JSON parser for any body: the only body is a style."""
        return JSONParser()

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the JSON renderer."""
        return JSONRenderer(), JSONRenderer.media_type


#: The options of `@action` for an endpoint that answers with bytes.
IMAGE_ACTION: dict[str, Any] = {
    'renderer_classes': [JSONRenderer],
    'content_negotiation_class': ImageNegotiation,
}
