"""Content negotiation of endpoints that answer with a picture: the path has the format, and an error is JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, TypedDict

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from django_large_image.conf import settings
from django_large_image.exceptions import InvalidParameter


class StyleParser(BaseParser):
    """Read a body of any media type and of bounded length as text. It is a style, which `load_style` checks."""

    media_type = '*/*'

    def parse(  # type: ignore[override]  # the stubs know only parsers of forms
        self, stream: IO[bytes], media_type: str | None = None, parser_context: object = None
    ) -> str:
        """Return the body as text; raises `InvalidParameter` for a body that is too long, before all of it is read."""
        limit = 4 * settings.MAX_STYLE_LENGTH
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise InvalidParameter(
                'style', '(a long body)', f'at most {settings.MAX_STYLE_LENGTH} characters'
            )
        return str(body, 'utf-8', 'replace')


class ImageNegotiation(BaseContentNegotiation):
    """Ignore Accept and `?format=`: an answer is bytes of the format in the path, or a JSON error."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> StyleParser:
        """Return the parser of styles, for any body."""
        return StyleParser()

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the JSON renderer."""
        return JSONRenderer(), JSONRenderer.media_type


class ActionOptions(TypedDict):
    """Options of `@action`."""

    renderer_classes: list[type[BaseRenderer]]
    content_negotiation_class: type[BaseContentNegotiation]


#: The options of `@action` for an endpoint that answers with a picture.
IMAGE_ACTION: ActionOptions = {
    'renderer_classes': [JSONRenderer],
    'content_negotiation_class': ImageNegotiation,
}
