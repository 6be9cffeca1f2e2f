"""A session: one request about one image, from its permissions to the answer."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar

from django.http import FileResponse, HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

import django_large_image
from django_large_image import handles
from django_large_image.access import ImageRef
from django_large_image.caching import tile_cache
from django_large_image.caching.flight import SingleFlight
from django_large_image.conf import settings
from django_large_image.exceptions import ImageChanged
from django_large_image.imaging import checks
from django_large_image.imaging.formats import Format
from django_large_image.imaging.style import canonical
from django_large_image.models import runtime_settings
from django_large_image.pixels import Json
from django_large_image.readers import reader_of
from django_large_image.readers.base import ImageReader
from django_large_image.readers.errors import reading
from django_large_image.readers.jsonsafe import json_safe
from django_large_image.rest import conditional
from django_large_image.rest.params import StyleParams

if TYPE_CHECKING:
    from django_large_image.rest.base import LargeImageBase

Produced = TypeVar('Produced')

#: The parameters of which only the style that they mean is part of an answer's key.
STYLE_NAMES = frozenset(StyleParams._declared_fields)
#: The settings that answers depend on.
ANSWER_SETTINGS = ('BACKGROUND', 'QUALITY', 'EMPTY_TILE_STATUS', 'SOURCES', 'DRIVERS', 'SIDECAR_FILES')

#: What is being made now, by key of the tile cache: of several requests for one answer only the first makes it.
_flights: SingleFlight[bytes] = SingleFlight()


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """What is asked for: the checked parameters of an endpoint by their names, and the format of a picture."""

    values: Mapping[str, Any]
    format: Format | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def source(self) -> str | None:
        """Return large-image's name of the source that must read the image; None for the best."""
        return self.values.get('source')

    @property
    def projection(self) -> str | None:
        """Return the projection, EPSG:n, None for the image's own pixels."""
        return self.values.get('projection')

    @property
    def resampling(self) -> str | None:
        """Return the method of resampling; None for what fits the data."""
        return self.values.get('resampling')

    @property
    def quality(self) -> int | None:
        """Return the quality of a lossy format, 1 to 100; None for the setting's."""
        return self.values.get('quality')

    @property
    def frame(self) -> int | None:
        """Return the frame, from 0; None for the first."""
        return self.values.get('frame')

    @property
    def has_style(self) -> bool:
        """Return whether the endpoint takes a style."""
        return 'style' in self.values

    @property
    def file_format(self) -> Format:
        """Return the format of an answer that is a picture."""
        assert self.format is not None
        return self.format


class ImageSession:
    """A request to an endpoint, from its permissions to its answer. `close` gives back what it opened."""

    def __init__(self, hooks: LargeImageBase, request: Request, pk: object) -> None:
        """Begin a session with the hooks of a viewset. `pk` is the key of the object, None without one."""
        self.hooks, self.request, self.pk = hooks, request, pk
        #: What is asked for; empty until the parameters were checked.
        self.query = ImageQuery({})
        self.stack = contextlib.ExitStack()

    def close(self, error: BaseException | None) -> None:
        """Give back what was opened. `error` is what ended the request, if anything: a handle that failed is closed."""
        kind = None if error is None else type(error)
        self.stack.__exit__(kind, error, None if error is None else error.__traceback__)

    def authorize(self) -> None:
        """Check whether the request may see its image, before its parameters are checked.

        Without a queryset only the project's `get_path` can refuse it. Raises what `get_object` and the hooks raise.
        """
        self.hooks.authorize()
        if self.hooks._large_image_object is None:
            self.hooks.find_ref(self.request, self.pk)

    # -- the image

    @functools.cached_property
    def ref(self) -> ImageRef:
        """Return the `ImageRef` of the image; raises `NotLargeImage` if it may not be served.

        Whether it may is asked once for a session, since it may be a question to the database.
        """
        return self.hooks.image_ref(self.request, self.pk)

    @property
    def style(self) -> Json | None:
        """Return the style that is asked for; None for what fits the image, and if the endpoint takes no style."""
        return self.hooks.get_style(self.request) if self.query.has_style else None

    def open(self, style: Json | None) -> ImageReader:
        """Return the opened image with a style (None for what fits it).

        Raises what `handles.borrow` raises, and `InvalidParameter` for a band or a frame that the image does not have.
        """
        query, hooks = self.query, self.hooks
        if hooks._opens_itself:
            source = hooks.get_tile_source(self.request, self.pk, style=style or False)
            with reading():
                reader = reader_of(source)
                checks.check_style(reader, style)
        else:
            lease = handles.borrow(self.ref, projection=query.projection, source=query.source)
            self.stack.enter_context(lease)
            with reading():
                reader = lease.view()
                checks.check_style(reader, style)
                checks.check_resampling(reader, query.resampling)
                if style or query.resampling:
                    reader = lease.view(style, query.resampling)
        with reading():
            checks.check_frame(reader, query.frame)
            checks.check_deltas(reader, style, query.frame)
        return reader

    # -- the answer

    def key(self, name: str, query: ImageQuery, style: Json | None) -> str | None:
        """Return a text that names everything that an answer depends on; None if that is not known.

        `name` is that of the endpoint, with the format of a picture.
        """
        given = {
            name: value
            for name, value in query.values.items()
            if value is not None
            and not (query.has_style and name in STYLE_NAMES)
            and not (name == 'quality' and not query.file_format.lossy)
        }
        own = self.hooks.get_cache_key(self.request) if self.hooks._opens_itself else ''
        if own is None:
            return None
        kind = type(self.hooks)
        parts = (
            self.ref.digest,
            name,
            repr(sorted(given.items())),
            canonical(style) if style else '',
            f'{kind.__module__}.{kind.__qualname__}/{own}' if self.hooks._opens_itself else '',
            str(runtime_settings()['MAX_UNTILED_SIZE']),
            *(str(getattr(settings, setting)) for setting in ANSWER_SETTINGS),
            django_large_image.__version__,
        )
        return '\0'.join(parts)

    def answer_image(self, name: str, render: Callable[[ImageReader], bytes]) -> HttpResponse:
        """Answer with a picture: from the client's copy, from the tile cache, or rendered from the opened image."""
        fmt, ref, style = self.query.file_format, self.ref, self.style
        key = self.key(f'{name}.{fmt.name}', self.query, style)

        def respond(body: bytes) -> HttpResponse:
            response = HttpResponse(body, content_type=fmt.media_type)
            # A passthrough tile has bytes of the file, which a stranger may have uploaded: no browser may guess its
            # type.
            response['X-Content-Type-Options'] = 'nosniff'
            return response

        tag = key and conditional.etag_of(key, weak=not fmt.same_bytes)
        return self._answer(ref, key, tag, lambda: render(self.open(style)), respond)

    def answer_json(
        self, name: str, compute: Callable[[ImageReader], object], style: Json | None = None
    ) -> HttpResponse:
        """Answer with JSON about the image, in the renderer that the client asked for."""
        ref = self.ref
        key = self.key(name, self.query, style)
        tag = key and conditional.etag_of(f'{key}\0{self.request.accepted_media_type}')

        def produce() -> bytes:
            found = json_safe(compute(self.open(style)))
            # Sorted, because large-image makes some of the keys from sets, whose order differs between processes.
            return json.dumps(found, allow_nan=False, sort_keys=True).encode()

        return self._answer(ref, key, tag, produce, lambda body: Response(json.loads(body)))

    def answer_file(self, name: str, render: Callable[[ImageReader, bool], IO[bytes]]) -> HttpResponseBase:
        """Answer with a file that is too large for the tile cache: from the client's copy, or rendered.

        `render` takes the opened image, and whether a style is asked for.
        """
        fmt, ref, style = self.query.file_format, self.ref, self.style
        key = self.key(f'{name}.{fmt.name}', self.query, style)
        tag = key and conditional.etag_of(key, weak=not fmt.same_bytes)

        def respond() -> FileResponse:
            file = checked(ref, lambda: render(self.open(style), bool(style)))
            return FileResponse(file, content_type=fmt.media_type, filename=f'{name}.{fmt.extensions[0]}')

        return conditional.answer(self.request, ref, tag, respond)

    def answer_dump(self, name: str, compute: Callable[[ImageRef], object]) -> HttpResponseBase:
        """Answer with JSON about the file itself, which is not opened as an image."""
        ref = self.ref
        tag = conditional.etag_of(f'{ref.digest}\0{name}\0{self.request.accepted_media_type}')
        return conditional.answer(
            self.request, ref, tag, lambda: Response(checked(ref, lambda: compute(ref)))
        )

    def _answer(
        self,
        ref: ImageRef,
        key: str | None,
        tag: str | None,
        produce: Callable[[], bytes],
        respond: Callable[[bytes], HttpResponse],
    ) -> HttpResponse:
        """Answer from the client's copy, from the tile cache, or with what `produce` returns."""

        def make() -> HttpResponse:
            if key is None:
                return respond(checked(ref, produce))
            cache_key = tile_cache.key(key)
            body = tile_cache.get(cache_key)
            if body is None:
                body = _flights.run(cache_key, lambda: _kept(cache_key, ref, produce))
            return respond(body)

        return conditional.answer(self.request, ref, tag, make)


def _kept(cache_key: str, ref: ImageRef, produce: Callable[[], bytes]) -> bytes:
    body = checked(ref, produce)
    tile_cache.set(cache_key, body)
    return body


def checked(ref: ImageRef, produce: Callable[[], Produced]) -> Produced:
    """Return what `produce` returns; raises `ImageChanged` if the file was replaced meanwhile.

    Readers other than the engine do not check that, and an answer could have pixels of both versions.
    """
    found = produce()
    if not ref.is_current():
        raise ImageChanged()
    return found


def identity_of(ref: ImageRef) -> str:
    """Return the name of a file in the model `LargeImage`: its object and field, or else a hash of its key."""
    return ref.identity or 'sha256:' + hashlib.sha256(ref.key.encode()).hexdigest()


@contextlib.contextmanager
def opened(session: ImageSession) -> Iterator[ImageSession]:
    """Close a session at the end of the block, with the error that the block raises."""
    try:
        yield session
    except BaseException as error:
        session.close(error)
        raise
    session.close(None)
