"""Which web pages may open a socket. A browser tells where a page comes from, and sends the
person's cookies along, whoever wrote the page (cross-site WebSocket hijacking)."""

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

logger = logging.getLogger(__name__)
DEFAULT_PORT = {"http": 80, "https": 443}


def canonical(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin; None for what is none (RFC 6454, section 4)."""
    try:
        parts = urlsplit(origin)
        port = parts.port or DEFAULT_PORT.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.path or parts.query or parts.fragment:
        return None
    return parts.scheme, parts.hostname, port


def is_allowed(origin: str | None, own: str, others: list[str]) -> bool:
    """Whether a page of `origin` may speak for the person who looks at it. No origin is no
    browser's; in development, pages of any localhost port may."""
    if origin is None:
        return True
    if settings.DEBUG and re.fullmatch(settings.LOCALHOST_ORIGIN, origin):
        return True
    wanted = canonical(origin)
    return wanted is not None and wanted in map(canonical, [own, *others])


def own_origin(headers: Mapping[str, str], scheme: str) -> str:
    """The origin that the client was told to ask, or "" for a host that is not ours."""
    host = headers.get("host", "")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return ""
    # Stock Daphne tells no scheme of a socket.
    secure = scheme == "wss" or settings.SECURE_SSL_REDIRECT
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        secure = headers.get(name.removeprefix("HTTP_").replace("_", "-").lower()) == value
    return f"{'https' if secure else 'http'}://{host}"


class OriginGate:
    """ASGI middleware: refuses the handshake of a page that is neither ours nor allowed."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {
            name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]
        }
        origin = headers.get("origin")
        others = [*settings.CORS_ALLOWED_ORIGINS, *settings.CSRF_TRUSTED_ORIGINS]
        if is_allowed(origin, own_origin(headers, scope.get("scheme", "ws")), others):
            await self.application(scope, receive, send)
            return
        logger.warning("Refused a socket on %.100r to a page of %.100r.", scope["path"], origin)
        await receive()
        await send({"type": "websocket.close", "code": 4403, "reason": ""})
