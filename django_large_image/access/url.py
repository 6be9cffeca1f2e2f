"""Images behind http and https URLs, of hosts that the project allows."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import socket
import threading
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import cast
from urllib.parse import parse_qsl, quote, unquote, urldefrag, urlencode, urlsplit

from django.http.request import validate_host

from django_large_image.access.path import remote_options
from django_large_image.access.ref import ImageRef
from django_large_image.access.versions import RemoteVersion, remote_versions, storage_error
from django_large_image.conf import settings
from django_large_image.exceptions import HostNotAllowed, ImageUnreadable, RemoteUnavailable

#: The parameters of a query that sign a URL and do not say which bytes it names: the one with the signature, and those
#: that come with it, by their names or, if those end in a hyphen, by how they begin.
SIGNATURES: tuple[tuple[str, frozenset[str]], ...] = (
    ('x-amz-signature', frozenset({'x-amz-'})),
    ('x-goog-signature', frozenset({'x-goog-'})),
    (
        'signature',
        frozenset({'signature', 'awsaccesskeyid', 'googleaccessid', 'expires', 'policy', 'key-pair-id'}),
    ),
    (
        'sig',
        frozenset(['sig', 'se', 'st', 'sp', 'sv', 'sr', 'spr', 'ske', 'skoid', 'sks', 'skt', 'sktid', 'skv']),
    ),
)
#: The networks of IPv6 that Python 3.11 takes for public, and that are not; see `is_public`.
_NOT_PUBLIC = tuple(
    ipaddress.IPv6Network(text)
    for text in ('::/96', 'fec0::/10', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32')
)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: an allowed host could send us to one that is not."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


class _Impatient(HTTPConnection):
    """A connection over which the headers have to come within the time-out: a host could send a byte now and then."""

    def getresponse(self) -> HTTPResponse:
        """Return the answer when all its headers are there; raises TimeoutError, and then the connection is over."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            with contextlib.suppress(OSError, AttributeError):
                self.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self.timeout or settings.REMOTE_TIMEOUT, give_up)
        timer.daemon = True
        timer.start()
        try:
            answer = super().getresponse()
        finally:
            timer.cancel()
        if late.is_set():
            # http.client takes the end of the connection for the end of the headers.
            answer.close()
            raise TimeoutError
        return answer


class _ImpatientTLS(_Impatient, HTTPSConnection):
    """The same with TLS."""


class _HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_Impatient, request)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_ImpatientTLS, request)


# No proxy of the environment: behind one, the look at the addresses of a host would mean nothing.
_opener = urllib.request.build_opener(
    _NoRedirect, urllib.request.ProxyHandler({}), _HTTPHandler, _HTTPSHandler
)


def url_ref(url: str, identity: str = '') -> ImageRef:
    """Return the `ImageRef` of a URL; asks the host for the version unless that was done in `REMOTE_VERSION_SECONDS`.

    Raises `HostNotAllowed` for a host that is not in `ALLOWED_HOSTS`, or that has a private address and is not in
    `PRIVATE_HOSTS`; `ImageUnreadable` for what is no http or https URL; `ImageMissing` and `RemoteUnavailable`.
    """
    url = urldefrag(url.strip()).url
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or '').lower(), parts.port
    except ValueError:
        raise ImageUnreadable('The image has no valid http or https URL.') from None
    if parts.scheme not in ('http', 'https') or not host or parts.username or parts.password:
        raise ImageUnreadable('The image has no valid http or https URL.')
    if any(ord(character) <= 32 for character in url):
        raise ImageUnreadable('The image has no valid http or https URL.')
    check_host(host)
    query, signed = _unsigned_query(parts.query)
    key = f'{parts.scheme}://{host}{f":{port}" if port else ""}{parts.path}{query}'

    def ask() -> RemoteVersion:
        return _ask(url, host)

    # Asked once for each signature, which the host then has checked; the caches are shared by all of them.
    version_key = hashlib.sha256(url.encode()).hexdigest() if signed else key
    known = remote_versions.get(version_key, ask)
    return ImageRef(
        key=key,
        version=known.version,
        # GDAL remembers the bytes of a URL as long as a handle of it is open; the fragment, which is not sent, makes
        # a replaced file another URL to it.
        path=f'/vsicurl/{url}#{hashlib.sha256(known.version.encode()).hexdigest()[:16]}'
        if known.ranges
        else None,
        name=os.path.basename(unquote(parts.path)) or 'image',
        identity=identity,
        remote=True,
        modified=known.modified,
        # A signature is for GET alone; otherwise GDAL would ask with GETs of the whole file for its size.
        options=remote_options() | known.condition | ({'CPL_VSIL_CURL_USE_HEAD': 'NO'} if signed else {}),
        version_key=version_key,
        ask=ask,
        fetch=lambda: _open(url, {'If-Match': known.etag} if known.condition else None),
    )


def check_host(host: str) -> None:
    """Raise `HostNotAllowed` unless the project allows images from this host."""
    if not validate_host(host, list(settings.ALLOWED_HOSTS)):
        raise HostNotAllowed()


def check_addresses(host: str) -> None:
    """Raise `HostNotAllowed` if the host has an address that is not public and is not in `PRIVATE_HOSTS`.

    Raises `RemoteUnavailable` for a host without an address.
    """
    if validate_host(host, list(settings.PRIVATE_HOSTS)):
        return
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RemoteUnavailable() from None
    for *_, address in found:
        if not is_public(str(address[0]).partition('%')[0]):
            raise HostNotAllowed('The host of this image has an address that is not public.')


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet; an IPv4 address that is part of it has to be, too."""
    number = ipaddress.ip_address(address)
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        # An IPv4 address in the form of IPv6 (RFC 4291): what Python says of the form depends on its version.
        number = number.ipv4_mapped
    if not number.is_global or number.is_multicast:
        return False
    if isinstance(number, ipaddress.IPv4Address):
        return True
    # Python 3.11 takes some of these for global: site-local ones (RFC 3879), IPv4 addresses of a host (RFC 4291), and
    # what a gateway makes of an inner IPv4 address: NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380).
    return not any(number in network for network in _NOT_PUBLIC)


def _unsigned_query(query: str) -> tuple[str, bool]:
    """Return the query without what signs it, and whether anything did."""
    pairs = parse_qsl(query, keep_blank_values=True)
    present = {name.lower() for name, _ in pairs}
    for signature, companions in SIGNATURES:
        if signature in present:
            prefixes = tuple(name for name in companions if name.endswith('-'))
            pairs = [
                (name, value)
                for name, value in pairs
                if name.lower() not in companions and not (prefixes and name.lower().startswith(prefixes))
            ]
    signed = any(signature in present for signature, _ in SIGNATURES)
    return ('?' + urlencode(pairs, quote_via=quote) if pairs else ''), signed


def _ask(url: str, host: str) -> RemoteVersion:
    """Return what the host says of the bytes of a URL; raises what `check_addresses` and `_open` do.

    It is asked for the first byte: a signature may be for GET alone, and the answer shows whether ranges work.
    """
    check_addresses(host)
    with _open(url, {'Range': 'bytes=0-0'}) as answer:
        headers, status = answer.headers, answer.status
    changed = headers.get('Last-Modified', '')
    length = headers.get('Content-Range', '').rpartition('/')[2] or headers.get('Content-Length', '')
    try:
        modified = parsedate_to_datetime(changed).timestamp() if changed else None
    except (TypeError, ValueError):
        modified = None
    etag = headers.get('ETag', '')
    return RemoteVersion(f'{etag}/{changed}/{length}', modified, ranges=status == 206, etag=etag)


def _open(url: str, headers: dict[str, str] | None = None) -> HTTPResponse:
    """Return the answer to a GET; raises `ImageMissing`, `ImageChanged`, `ImageUnreadable` and `RemoteUnavailable`."""
    request = urllib.request.Request(url, headers={'User-Agent': 'django-large-image', **(headers or {})})  # noqa: S310
    try:
        return cast(HTTPResponse, _opener.open(request, timeout=settings.REMOTE_TIMEOUT))
    except urllib.error.HTTPError as error:
        error.close()
        if 300 <= error.code < 400:
            raise ImageUnreadable('The URL of the image redirects; redirects are not followed.') from None
        if error.code == 416:
            raise ImageUnreadable('The image file is empty.') from None
        raise storage_error(error.code) from None
    except (OSError, HTTPException, ValueError):
        raise storage_error(None) from None
