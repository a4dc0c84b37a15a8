"""Which proxies are believed. A client can write any address into X-Forwarded-For. With
`--proxy-headers` we read it only if the connection comes from a trusted proxy."""

from functools import lru_cache
from typing import Any

from django.conf import settings

from realtime.requests.networks import Network, is_in, is_private, is_this_machine
from realtime.requests.request_id import HEADER as REQUEST_ID

# RFC 7239, section 6.2: a proxy was there, and its client is not known.
UNKNOWN_CLIENT = b"for=unknown"


@lru_cache(1024)
def is_trusted(peer: str | None, here: str | None, networks: tuple[Network, ...]) -> bool:
    """Whether a connection from `peer` to our address `here` comes from a trusted proxy: this
    machine, and the networks of TRUSTED_PROXIES, by default all private ones."""
    if is_this_machine(peer, here):
        return True
    return is_in(peer, networks) if networks else is_private(peer)


def remove_untrusted_headers(request: Any) -> None:
    """Removes the headers of a request that only a trusted proxy may set, unless a trusted proxy
    has sent it. Marks the request as one that came through a proxy, if it did."""
    server, headers = request.server, request.requestHeaders
    forwarded = [
        server.proxy_forwarded_address_header,
        server.proxy_forwarded_port_header,
        server.proxy_forwarded_proto_header,
    ]
    if not forwarded[0]:  # Without --proxy-headers they are not read.
        headers.removeHeader(REQUEST_ID)
        return
    peer, here = getattr(request.client, "host", None), getattr(request.host, "host", None)
    if is_trusted(peer, here, settings.TRUSTED_PROXIES):
        return
    headers.removeHeader(REQUEST_ID)
    for name in filter(None, forwarded):
        if headers.hasHeader(name):
            headers.removeHeader(name)
            headers.setRawHeaders(b"forwarded", [UNKNOWN_CLIENT])
